"""The time by which leases run: the database's own where several machines share it, whose clocks differ."""

import time

from sqlalchemy import Connection, text

_CLOCK = text("SELECT extract(epoch FROM clock_timestamp())::double precision")


def now(connection: Connection) -> float:
    """Seconds since 1970."""
    if connection.dialect.name == "postgresql":
        found: float = connection.execute(_CLOCK).scalar_one()
        return found
    return time.time()
