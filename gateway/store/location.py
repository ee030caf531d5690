"""Reads a database URL: which engine, which driver, and how to name the place without its password."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from gateway.store.errors import StoreError

CONNECT_SECONDS = 10.0
BUSY_SECONDS = 10.0
"""How long a SQLite connection waits for another process's write before it gives up."""

_STATEMENT_SECONDS = 30.0
_LIBPQ_ONLY = frozenset(
    {"channel_binding", "connect_timeout", "gssencmode", "sslcompression", "sslsni", "tcp_user_timeout"}
    | {"keepalives", "keepalives_count", "keepalives_idle", "keepalives_interval"}
)
_EXPECTED = "sqlite:///path/to/file or postgresql://user:password@host/database"


@dataclass(frozen=True, slots=True)
class Location:
    """Where the database is. `shown` is for messages, `text` is the URL with its password."""

    engine_url: URL
    shown: str
    text: str = field(repr=False)
    connect_args: dict[str, Any] = field(repr=False)
    file: Path | None = None
    ignored: tuple[str, ...] = ()


def locate(text: str) -> Location:
    """Read `sqlite:///…`, `postgresql://…` or `postgres://…`. Raises `StoreError` for anything else."""
    try:
        url = make_url(text)
    except (ArgumentError, ValueError):
        raise StoreError(
            f"The database URL cannot be read. Expected {_EXPECTED}, with special characters in the password "
            "percent-encoded (@ is %40, / is %2F)."
        ) from None
    match url.drivername.partition("+")[0]:
        case "sqlite":
            return _sqlite(url)
        case "postgresql" | "postgres":
            return _postgresql(url)
        case other:
            raise StoreError(f"Waystone keeps its state in SQLite or PostgreSQL, not in {other!r}: {_EXPECTED}.")


def _sqlite(url: URL) -> Location:
    if not url.database or ":memory:" in url.database:
        raise StoreError(
            "A SQLite database in memory would be another one in each process: name a file, sqlite:///path."
        )
    file = Path(url.database).absolute()
    url = url.set(drivername="sqlite", database=str(file))
    # Autocommit in the driver: Database says BEGIN itself, IMMEDIATE where it will write.
    connect_args = {"isolation_level": None, "timeout": BUSY_SECONDS}
    shown = f"sqlite:///{file}"
    return Location(url, shown, _plain(url, "sqlite"), connect_args, file)


def _postgresql(url: URL) -> Location:
    # asyncpg reads libpq's parameters (sslmode, sslrootcert, host=/socket/folder, passfile, …) from the URL.
    # What it does not know it would send to the server as a setting, and be turned away.
    ignored = tuple(sorted(url.query.keys() & _LIBPQ_ONLY))
    seconds = url.query.get("connect_timeout")
    url = url.difference_update_query(ignored)
    connect_args: dict[str, Any] = {
        "dsn": _plain(url, "postgresql"),
        "timeout": float(seconds) if isinstance(seconds, str) and seconds.isdecimal() else CONNECT_SECONDS,
        "command_timeout": _STATEMENT_SECONDS,
    }
    if "application_name" not in url.query:
        connect_args["server_settings"] = {"application_name": "waystone"}
    shown = url.set(drivername="postgresql", query={}).render_as_string(hide_password=True)
    ignored = tuple(name for name in ignored if name != "connect_timeout")
    return Location(URL.create("postgresql+asyncpg"), shown, _plain(url, "postgresql"), connect_args, None, ignored)


def _plain(url: URL, drivername: str) -> str:
    return url.set(drivername=drivername).render_as_string(hide_password=False)
