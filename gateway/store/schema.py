"""Brings a database to the revision that this code speaks, in whichever process comes first."""

import asyncio
import sys
from pathlib import Path

from sqlalchemy import Column, Connection, MetaData, String, Table, insert, inspect, select, text

from gateway.store.errors import StoreError
from gateway.store.location import Location
from gateway.store.tables import HEAD, metadata, state_conditions

_ROOT = Path(__file__).resolve().parents[2]
_LOCK = 0x57415953  # "WAYS": PostgreSQL's advisory locks are named by number

_version = Table("alembic_version", MetaData(), Column("version_num", String(32), primary_key=True))


def lock(connection: Connection) -> None:
    """Hold off every other process that asks for this lock until the transaction ends.

    On SQLite there is nothing to do: a write transaction has the database to itself from its first statement.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:number)"), {"number": _LOCK})


def revision(connection: Connection) -> str | None:
    """The revision of the database, None if it has none."""
    if not inspect(connection).has_table(_version.name):
        return None
    return connection.execute(select(_version.c.version_num)).scalar()


def create(connection: Connection) -> str:
    """Make the tables in a database that has none; return the revision that the database has then.

    A new database gets the newest tables at once, without Alembic, whose import alone takes half a second.
    """
    lock(connection)
    found = revision(connection)
    if found is not None:
        return found
    strangers = sorted(set(inspect(connection).get_table_names()) & set(metadata.tables))
    if strangers:
        raise StoreError(
            f"The database has tables called {', '.join(strangers)} that Waystone did not make. "
            "Give Waystone a database of its own."
        )
    state_conditions(connection.dialect.name)
    metadata.create_all(connection, checkfirst=False)
    _version.create(connection, checkfirst=True)
    connection.execute(insert(_version).values(version_num=HEAD))
    return HEAD


async def upgrade(location: Location) -> None:
    """Run the missing migrations in a short process of its own, so that this one never loads Alembic."""
    child = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "gateway.store.migrate"),
        stdin=asyncio.subprocess.PIPE,  # not argv, nor the environment: others could read the password there
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
        cwd=_ROOT,
    )
    _, said = await child.communicate(location.text.encode())
    if child.returncode:
        reason = (said.decode("utf-8", "replace").strip().splitlines() or [f"exit status {child.returncode}"])[-1]
        raise StoreError(f"The database {location.shown} could not be brought up to date: {reason}")
