"""INSERT … ON CONFLICT, which both databases have and SQLAlchemy keeps in their two dialects."""

from importlib import import_module

from sqlalchemy import Connection, Table
from sqlalchemy.dialects.sqlite import Insert


def insert_into(connection: Connection, table: Table) -> Insert:
    """An INSERT with `on_conflict_…`, of the dialect in use; the other one is not imported, it costs memory.

    PostgreSQL's class has the methods of SQLite's under the same names.
    """
    statement: Insert = import_module(f"sqlalchemy.dialects.{connection.dialect.name}").insert(table)
    return statement
