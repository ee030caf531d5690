"""Gives the calls of an answer the names, namespaces and kinds that the client knows."""

import json
from functools import cached_property
from typing import Any

from gateway.dialects.base import Origin
from gateway.dialects.conversation.called import Called
from gateway.dialects.conversation.tool_choice import permitted
from gateway.dialects.conversation.toolbox import Toolbox, offers
from gateway.dialects.conversation.tools import INPUT
from gateway.errors import UpstreamDown
from gateway.events import ToolCall
from gateway.generation import Generation


class Translator:
    """Turns the calls of one answer back into calls of the client's tools, and lets no forbidden one through."""

    def __init__(self, generation: Generation, origin: Origin) -> None:
        self._generation = generation
        self._provider = origin.provider

    @cached_property
    def _toolbox(self) -> Toolbox:
        # Most answers call nothing, and then nobody needs it.
        return Toolbox(offers(self._generation))

    @cached_property
    def _permitted(self) -> frozenset[str] | None:
        return permitted(self._generation.tool_choice, self._toolbox)

    def begin(self, called: Called, index: int, call_id: str, choice: int) -> ToolCall:
        """The beginning of a call. Raises `UpstreamDown` for a tool that the request's tool choice rules out."""
        if self._permitted is not None and called.name not in self._permitted:
            message = f"{self._provider} called a tool that the request's tool_choice does not allow."
            raise UpstreamDown(message, code="upstream_bad_reply")
        offer = self._toolbox.offered(called.name)
        if offer is None or offer.kind is None:
            return ToolCall(index, call_id, called.name, choice, "custom" if called.is_text else "function")
        return ToolCall(index, call_id, offer.name, choice, offer.kind, offer.namespace)


def is_wrapped(call: ToolCall, called: Called) -> bool:
    """Whether the free text for a tool comes inside a function's arguments."""
    return call.kind == "custom" and not called.is_text


def free_text(arguments: str) -> str:
    """The free text in the arguments of a function that stands in for a tool: the text itself, if it is no JSON."""
    try:
        # Small models write line breaks into JSON as they are.
        document: Any = json.loads(arguments, strict=False)
    except (ValueError, RecursionError):
        return arguments
    match document:
        case dict() if not document:
            return ""
        case str():
            return document
        case dict() if isinstance(document.get(INPUT), str):
            return str(document[INPUT])
        case dict() if len(document) == 1 and isinstance(text := next(iter(document.values())), str):
            return text
        case _:
            return arguments
