"""A page of a list, as a client asks for it."""

from collections.abc import Mapping
from dataclasses import dataclass

from gateway.neutral.json import Json, integer_or_none, text_or_none


@dataclass(frozen=True)
class Page:
    """So many items behind the one with the id `after`, the newest first unless told otherwise."""

    limit: int = 20
    is_descending: bool = True
    after: str | None = None

    @classmethod
    def of(cls, query: Mapping[str, Json]) -> "Page":
        """The page that an operation's `limit`, `order` and `after` ask for."""
        limit, after = integer_or_none(query.get("limit")), text_or_none(query.get("after"))
        return cls(cls.limit if limit is None else limit, query.get("order") != "asc", after)
