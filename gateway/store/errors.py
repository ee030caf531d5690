"""What can go wrong between the gateway and its database. No message holds a password.

StoreError
├── Unreachable   the database is away, locked or full: the same work may succeed later
└── Refused       the database will never take these values
"""


class StoreError(Exception):
    """The database did not do what it was asked to. The message is one line, for a person."""


class Unreachable(StoreError):
    """The database is away, locked, full or not ours to write: the same work may succeed later."""


class Refused(StoreError):
    """The values themselves were refused, and would be again: a NUL in PostgreSQL, a number out of range."""
