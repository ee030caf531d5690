"""The deprecated form of calls: who offers `functions` reads one `function_call`, and no `tool_calls`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Annotated

from gateway.neutral.json import JsonObject

if TYPE_CHECKING:
    from generated import models

_FUNCTIONS: Annotated[str, models.CreateChatCompletionRequest] = "functions"
_TOOLS: Annotated[str, models.CreateChatCompletionRequest] = "tools"


def asks_for_functions(body: JsonObject) -> bool:
    """Whether the client of a chat body knows calls in their deprecated form only."""
    return bool(body.get(_FUNCTIONS)) and not body.get(_TOOLS)


def as_functions(choices: Iterable[models.ChatCompletionChunkChoice]) -> Iterator[models.ChatCompletionChunkChoice]:
    """The choices of chunks with calls in that form. It has room for one call, so the first is told.

    The model may call the others again, when it has got the output of that one.
    """
    for choice in choices:
        delta = choice["delta"]
        pieces = delta.pop("tool_calls", None)
        for piece in pieces or ():
            if piece["index"] == 0 and (function := piece.get("function")) is not None:
                delta["function_call"] = function
        if choice["finish_reason"] == "tool_calls":
            choice["finish_reason"] = "function_call"
        if pieces is None or delta:
            yield choice
