"""Many rows by few statements, past SQLAlchemy, which took longer over them than the database."""

import sqlite3
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Table

_SIZES = (256, 64, 16, *range(8, 0, -1))
"""Rows a statement on SQLite. Few sizes, so that each stays prepared; few statements, since its driver releases the
interpreter's lock at each one and then waits for it."""


def sqlite_driver(connection: Connection) -> sqlite3.Connection:
    """The driver's own connection, in the same transaction."""
    driver = connection.connection.driver_connection
    assert isinstance(driver, sqlite3.Connection)
    return driver


class BulkInsert:
    """Inserts whole rows into `table`; `on_conflict` is a clause that SQLite and PostgreSQL both understand.

    A row is a tuple in the order of the table's columns, JSON as text. Rows are inserted, and so locked, in the order
    given. If the clause updates, no key may be in `rows` twice.
    """

    def __init__(self, table: Table, on_conflict: str) -> None:
        self._columns = list(table.columns)
        self._into = f"INSERT INTO {table.name} ({', '.join(table.columns.keys())})"
        self._on_conflict = on_conflict
        self._for_sqlite = {size: self._by_values(size) for size in _SIZES}
        self._for_postgresql = ""

    def run(self, connection: Connection, rows: Sequence[tuple[Any, ...]]) -> None:
        """Insert the rows. Errors of SQLite are the driver's own."""
        if connection.dialect.name == "sqlite":
            self._run_on_sqlite(sqlite_driver(connection), rows)
        elif rows:
            self._for_postgresql = self._for_postgresql or self._by_arrays(connection)
            connection.exec_driver_sql(self._for_postgresql, tuple(map(list, zip(*rows, strict=True))))

    def _run_on_sqlite(self, driver: sqlite3.Connection, rows: Sequence[tuple[Any, ...]]) -> None:
        start = 0
        for size in _SIZES:
            while len(rows) - start >= size:
                driver.execute(self._for_sqlite[size], [value for row in rows[start : start + size] for value in row])
                start += size

    def _by_values(self, size: int) -> str:
        places = f"({', '.join('?' * len(self._columns))})"
        return f"{self._into} VALUES {', '.join([places] * size)} {self._on_conflict}"

    def _by_arrays(self, connection: Connection) -> str:
        """One statement for any number of rows: each column travels as an array."""
        types = [column.type.compile(connection.dialect) for column in self._columns]
        # asyncpg has no encoder for arrays of JSON as text.
        sent = ["TEXT" if type_ == "JSON" else type_ for type_ in types]
        arrays = ", ".join(f"${number}::{type_}[]" for number, type_ in enumerate(sent, 1))
        names = [column.name for column in self._columns]
        values = ", ".join(f"{name}::{type_}" for name, type_ in zip(names, types, strict=True))
        return f"{self._into} SELECT {values} FROM unnest({arrays}) AS given ({', '.join(names)}) {self._on_conflict}"
