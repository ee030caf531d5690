"""Reads a plain message."""

from typing import Any

from gateway.dialects.anthropic.answer import Telling
from gateway.dialects.anthropic.ending import Ending
from gateway.dialects.anthropic.errors import error_in_band
from gateway.dialects.base import Origin
from gateway.dialects.conversation.answers import NotAnAnswer, decode_whole
from gateway.events import Event, Usage
from gateway.generation import Generation


def decode_reply(body: bytes, generation: Generation, origin: Origin) -> list[Event]:
    """The events of one reply, ending in `Done`, or in `Failed` if it is no message."""
    ending = Ending()

    def usage(document: dict[str, Any]) -> Usage | None:
        ending.note(document)
        return ending.usage

    def said(document: dict[str, Any]) -> list[Event]:
        if document.get("type") == "error":
            raise error_in_band(document, origin)
        return _said(document, Telling(generation, origin), ending)

    return decode_whole(body, origin, "message", usage, said)


def _said(document: dict[str, Any], telling: Telling, ending: Ending) -> list[Event]:
    content = document.get("content")
    if not isinstance(content, list):
        raise NotAnAnswer
    events: list[Event] = []
    for index, block in enumerate(content):
        events += telling.begin(index, block)
        events += telling.end(index)
    return [*events, *telling.finish(ending.reason, ending.details), *ending.told()]
