"""The fields that Waystone's two operations have in common: numbers that must be whole."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from gateway.errors import InvalidRequest
from gateway.neutral.json import JsonObject

if TYPE_CHECKING:
    from generated import models

# The documents call these numbers; to every upstream they are counts.
COUNTS: Annotated[tuple[str, ...], models.WaystoneChatCompletionRequest] = ("n", "max_completion_tokens")
_LIMIT: Annotated[str, models.WaystoneChatCompletionRequest] = "max_completion_tokens"
_LARGEST = 2**53


def with_whole_counts(body: JsonObject) -> JsonObject:
    """The body with 2 for 2.0, and without a limit of 0, which is the documents' example and sets none.

    Raises `InvalidRequest` for a fraction, and for what no upstream reads.
    """
    if (limit := body.get(_LIMIT)) == 0 and type(limit) is not bool:
        body = {name: value for name, value in body.items() if name != _LIMIT}
    changed: JsonObject = {}
    for name in COUNTS:
        value = body.get(name)
        if not isinstance(value, float):
            continue
        if not value.is_integer():
            raise InvalidRequest(f"{name} must be a whole number, got {value}.", param=name, code="invalid_value")
        if abs(value) > _LARGEST:
            raise InvalidRequest(f"{name} is too large, got {value}.", param=name, code="invalid_value")
        changed[name] = int(value)
    return {**body, **changed} if changed else body
