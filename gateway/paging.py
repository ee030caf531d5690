"""A page of a list, as a client requests it, and what of the list it is a page of."""

from collections.abc import Mapping
from dataclasses import dataclass

from gateway.neutral.json import Json, boolean_or_none, integer_or_none, text_or_none


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


@dataclass(frozen=True)
class ResponseFilter:
    """Which responses are listed: those that match every field that is not None. Times in seconds since 1970."""

    status: str | None = None
    conversation_id: str | None = None
    background: bool | None = None
    created_after: int | None = None
    created_before: int | None = None

    @classmethod
    def of(cls, query: Mapping[str, Json]) -> "ResponseFilter":
        """The filter that the parameters of `responses.list` describe."""
        return cls(
            text_or_none(query.get("status")),
            text_or_none(query.get("conversation")),
            boolean_or_none(query.get("background")),
            integer_or_none(query.get("created_after")),
            integer_or_none(query.get("created_before")),
        )
