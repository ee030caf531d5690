"""Reads a plain message."""

from typing import Any

import orjson

from gateway.dialects.anthropic.answer import Telling
from gateway.dialects.anthropic.ending import Ending
from gateway.dialects.anthropic.errors import error_in_band
from gateway.dialects.base import Origin
from gateway.dialects.conversation.answers import NotAnAnswer, nonsense
from gateway.dialects.depth import is_too_deep
from gateway.errors import GatewayError
from gateway.events import Done, Event, Failed
from gateway.generation import Generation


def decode_reply(body: bytes, generation: Generation, origin: Origin) -> list[Event]:
    """The events of one reply, ending in `Done`, or in `Failed` if it is no message."""
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError:
        return [Failed(nonsense(origin, "answered with something that is not JSON"))]
    if not isinstance(document, dict) or is_too_deep(body, document):
        return [Failed(nonsense(origin, "answered with no message"))]
    if document.get("type") == "error":
        return [Failed(error_in_band(document, origin))]
    ending = Ending()
    ending.note(document)
    last: list[Event] = [ending.usage] if ending.usage else []
    try:
        return [*_said(document, Telling(generation, origin), ending), *last, Done()]
    except NotAnAnswer:
        return [*last, Failed(nonsense(origin, "answered with no message"))]
    except GatewayError as error:
        return [*last, Failed(error)]


def _said(document: dict[str, Any], telling: Telling, ending: Ending) -> list[Event]:
    content = document.get("content")
    if not isinstance(content, list):
        raise NotAnAnswer
    events: list[Event] = []
    for index, block in enumerate(content):
        events += telling.begin(index, block)
        events += telling.end(index)
    return [*events, *telling.finish(ending.reason, ending.details), *ending.told()]
