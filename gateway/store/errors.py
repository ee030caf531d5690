"""What can go wrong between the gateway and its database. No message holds a password.

StoreError
├── Unreachable   the database is away or locked: the same work may succeed later
│   ├── Contended   two transactions waited for each other, and this one gave way
│   └── Unwritable  it answers, and takes nothing: a full disk, a disk that fails, a database that is read-only
└── Refused       the database will never take these values
"""


class StoreError(Exception):
    """The database did not do what it was asked to. The message is one line, for a person."""


class Unreachable(StoreError):
    """The database is away, locked, or takes nothing: the same work may succeed later."""


class Contended(Unreachable):
    """Two transactions waited for each other, and the database undid this one. Anew, it may succeed at once."""


class Unwritable(Unreachable):
    """The database cannot write, whatever it is given. `reason` completes a sentence: "its disk is full"."""

    def __init__(self, message: str, reason: str) -> None:
        super().__init__(message)
        self.reason = reason


class Refused(StoreError):
    """The values themselves were refused, and would be again: a NUL in PostgreSQL, a number out of range."""


class Missing(LookupError):
    """What was named is not there, or belongs to another key. `what` is its kind, such as "response"."""

    def __init__(self, what: str, id_: str) -> None:
        super().__init__(f"{what} {id_} is not there")
        self.what = what
        self.id = id_


class TooLarge(Exception):
    """What was asked for, or would come of it, is over its limit. Both in bytes."""

    def __init__(self, size: int, limit: int) -> None:
        super().__init__(f"{size} bytes are more than {limit}")
        self.size = size
        self.limit = limit
