"""A page of a list, as a client asks for it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Page:
    """So many items behind the one with the id `after`, the newest first unless told otherwise."""

    limit: int = 20
    is_descending: bool = True
    after: str | None = None

    @classmethod
    def of(cls, query: Mapping[str, Any]) -> "Page":
        """The page that an operation's `limit`, `order` and `after` ask for."""
        return cls(query.get("limit", cls.limit), query.get("order") != "asc", query.get("after"))
