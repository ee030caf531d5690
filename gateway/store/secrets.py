"""Secrets that the gateway makes for itself, the same for every worker and replica."""

from collections.abc import Callable

from sqlalchemy import Connection, select

from gateway.store.tables import secrets
from gateway.store.upsert import insert_into


def obtain(connection: Connection, name: str, make: Callable[[], bytes]) -> bytes:
    """The secret of this name; `make` gives its value if nobody has made it yet.

    Needs a transaction that may write. Of several processes that make it at once, one wins, and all get its value.
    """
    value = _find(connection, name)
    if value is None:
        made = make()
        # PostgreSQL waits here for another process that is making it, and then leaves that one's in place.
        insert = insert_into(connection, secrets).values(name=name, value=made)
        connection.execute(insert.on_conflict_do_nothing(index_elements=[secrets.c.name]))
        value = _find(connection, name)
        assert value is not None
    return value


def _find(connection: Connection, name: str) -> bytes | None:
    value = connection.execute(select(secrets.c.value).where(secrets.c.name == name)).scalar()
    return None if value is None else bytes(value)
