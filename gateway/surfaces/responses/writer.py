"""Writes a Response whole, or as the API's stream of server-sent events."""

from collections.abc import Iterable, Sequence
from typing import Any

import orjson

from gateway import sse
from gateway.events import Done, Event, Failed
from gateway.surfaces.responses.assembly import Assembly
from gateway.surfaces.responses.items import StreamEvent


def write_response(response: dict[str, Any], events: Sequence[Event]) -> bytes:
    """The Response that a stream of these events would end with."""
    for _ in Assembly(response).take(events):
        pass
    return orjson.dumps(response)


class ResponseWriter:
    """The events of one streamed Response, ended by its one terminal event and `[DONE]`."""

    def __init__(self, response: dict[str, Any]) -> None:
        self._assembly = Assembly(response)
        self._has_begun = False

    def write(self, events: Sequence[Event]) -> bytes:
        parts: list[bytes] = []
        if not self._has_begun:
            self._has_begun = True
            parts += _written(self._assembly.begin())
        parts += _written(self._assembly.take(events))
        if events and isinstance(events[-1], Done | Failed):
            parts.append(sse.DONE)
        return b"".join(parts)


def _written(events: Iterable[StreamEvent]) -> list[bytes]:
    return [sse.named_event(event["type"], orjson.dumps(event)) for event in events]
