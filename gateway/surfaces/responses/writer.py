"""Writes a Response whole, or as the API's stream of server-sent events."""

from collections.abc import Iterable, Sequence

import orjson

from gateway.errors import GatewayError
from gateway.neutral.events import Event, Text
from gateway.neutral.generation import Generation
from gateway.neutral.identifiers import ResponseIds
from gateway.neutral.json import write_document
from gateway.neutral.values import value
from gateway.surfaces.base import Author, Ended
from gateway.surfaces.extensions import extensions
from gateway.surfaces.responses.assembly import Assembly
from gateway.surfaces.responses.document import move_output_last, new_response, response_error
from gateway.surfaces.responses.items import StreamEvent
from gateway.surfaces.responses.output import Output
from gateway.wire import sse

_DELTA = b'event: response.output_text.delta\ndata: {"type":"response.output_text.delta","item_id":"'


@value
class Announced:
    """What a client knows of a Response before it is begun: when it was created, and so many events of its stream."""

    created_at: int
    events: int


class ResponseWriter:
    """One Response, plain, or streamed and ended by its one terminal event and `[DONE]`."""

    def __init__(self, generation: Generation, author: Author, announced: Announced | None = None) -> None:
        ids = generation.ids or ResponseIds()
        self.response = new_response(generation, ids.response, author.provider)
        self.ended: Ended | None = None
        self._output = Output(self.response, ids, author.seal)
        if announced is None:
            self._assembly = Assembly(self._output)
        else:
            self.response["created_at"] = announced.created_at
            self._assembly = Assembly(self._output, announced.events)
        self._has_begun = False
        self._prefix: tuple[object, bytes, bytes] = (None, b"", b"")

    def reply(self, events: Sequence[Event]) -> bytes:
        if not self._assembly.take_message(events):
            for _ in self._assembly.take(events):
                pass
        self._end()
        assert self.ended is not None
        return self.ended.body

    def write(self, events: Sequence[Event]) -> bytes:
        parts: list[bytes] = []
        if not self._has_begun:
            self._has_begun = True
            self._assembly.note(events)
            parts += self._written(self._assembly.begin())
        for event in events:
            if type(event) is Text and (number := self._assembly.take_text(event)) is not None:
                parts += self._delta(event.text, number)
            else:
                parts += self._written(self._assembly.take((event,)))
        return b"".join(parts)

    def fail(self, error: GatewayError) -> None:
        """The answer could not be stored, so it has failed."""
        response = self.response
        response["status"], response["error"], response["completed_at"] = "failed", response_error(error), None
        move_output_last(extensions(response))
        self._end()

    def end(self) -> bytes:
        assert self.ended is not None
        kind = f"response.{self.ended.document['status']}"
        head = f'event: {kind}\ndata: {{"type":"{kind}","response":'.encode()
        number = self._assembly.last_sequence_number
        return b"".join((head, self.ended.body, f',"sequence_number":{number}}}\n\n'.encode(), sse.DONE))

    def _written(self, events: Iterable[StreamEvent]) -> list[bytes]:
        written: list[bytes] = []
        for event in events:
            if event.get("response") is self.response:
                # The terminal event, which is sent when the Response has been stored.
                self._end()
            else:
                written.append(sse.named_event(str(event["type"]), write_document(event)))
        return written

    def _delta(self, text: str, number: int) -> tuple[bytes, ...]:
        """The event that nine of ten are, written around the text: a dictionary for each takes three times as long."""
        message = self._output.writing
        assert message is not None
        part, before, after = self._prefix
        if part is not message.part:
            before, after = message.around_delta()
            self._prefix = (message.part, before, after)
        return (_DELTA, before, orjson.dumps(text), after, b"%d}\n\n" % number)

    def _end(self) -> None:
        self.ended = Ended(self.response, write_document(self.response))
