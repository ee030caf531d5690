"""Turns the errors of SQLAlchemy and of the drivers into `StoreError`s."""

import sqlite3

from sqlalchemy.exc import (
    DataError,
    DBAPIError,
    IntegrityError,
    InterfaceError,
    ProgrammingError,
    SQLAlchemyError,
    StatementError,
)

from gateway.store.errors import Contended, Refused, StoreError, Unreachable, Unwritable

DRIVER_ERRORS = (SQLAlchemyError, sqlite3.Error, OSError, ValueError, OverflowError, RecursionError)
"""What a transaction may raise because of the database or of the values it was given."""

_MESSAGE_LIMIT = 300

_VALUE_STATES = frozenset({"22", "23", "54"})
"""PostgreSQL's classes of errors that are the values' fault: data exception, constraint, program limit."""

_CONTENTION_STATE = "40"
"""PostgreSQL's class of errors that undo a transaction because of others: deadlocks, failures to serialise."""

_FULL, _READ_ONLY, _FAILS = "its disk is full", "its database is read-only", "its disk cannot be written"
_UNWRITABLE_STATES = {"53100": _FULL, "25006": _READ_ONLY, "58030": _FAILS}
"""PostgreSQL's codes of errors that any write would have: disk full, read-only transaction, I/O error."""
_UNWRITABLE_CODES = {
    sqlite3.SQLITE_FULL: _FULL,
    sqlite3.SQLITE_READONLY: _READ_ONLY,
    sqlite3.SQLITE_IOERR: _FAILS,
}
"""SQLite's, without what further distinguishes them. A limit on the size of files is an I/O error to it."""

_SQLITE_VALUE_ERRORS = (sqlite3.DataError, sqlite3.IntegrityError, sqlite3.InterfaceError, sqlite3.ProgrammingError)
"""Of statements that go past SQLAlchemy: it would have wrapped them in its own classes of the same names."""


def translated(error: Exception) -> StoreError:
    """The `StoreError` that a driver's error amounts to. Its message is the driver's own first line."""
    origin: BaseException = getattr(error, "orig", None) or error
    line = (str(origin).splitlines() or [""])[0].rpartition("'>: ")[2]
    message = line[:_MESSAGE_LIMIT] or type(origin).__name__
    state = str(getattr(origin, "sqlstate", None) or "")
    is_sqlite_value = isinstance(origin, sqlite3.Error) and isinstance(error, ProgrammingError | InterfaceError)
    if (
        is_sqlite_value
        or state[:2] in _VALUE_STATES
        or isinstance(error, (DataError, IntegrityError, *_SQLITE_VALUE_ERRORS))
        or isinstance(origin, ValueError | OverflowError | RecursionError)
        # not the driver's at all: SQLAlchemy could not turn a value into what the driver takes
        or (isinstance(error, StatementError) and not isinstance(error, DBAPIError))
    ):
        return Refused(message)
    if state[:2] == _CONTENTION_STATE:
        return Contended(message)
    code = getattr(origin, "sqlite_errorcode", 0) & 0xFF
    reason = _UNWRITABLE_STATES.get(state) or _UNWRITABLE_CODES.get(code)
    return Unreachable(message) if reason is None else Unwritable(message, reason)
