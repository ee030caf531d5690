"""Reads a streamed message: each event has its own type, and unknown ones are ignored."""

from collections.abc import Sequence

from gateway.dialects.anthropic.errors import error_in_band
from gateway.dialects.anthropic.response import MessageEnd, MessageReader
from gateway.dialects.base import Origin
from gateway.dialects.decoder import NotAnAnswer, StreamDecoder, answered_by, bad_reply
from gateway.dialects.error_bodies import reports_error
from gateway.neutral.events import Event
from gateway.neutral.generation import Generation
from gateway.neutral.json import Json, JsonObject, object_or_none, text_or_none


class MessageDecoder(StreamDecoder):
    """Turns the events of one streamed message into neutral ones."""

    what = "event of a message"

    def __init__(self, generation: Generation, origin: Origin) -> None:
        super().__init__(origin)
        self._message = MessageReader(generation.prompt, origin)
        self._end = MessageEnd()
        self._has_begun = False

    @property
    def has_ended(self) -> bool:
        return self._end.reason is not None

    def _text_in(self, document: JsonObject) -> str | None:
        if document.get("type") == "content_block_delta":
            delta = document.get("delta")
            if type(delta) is dict and delta.get("type") == "text_delta" and type(text := delta.get("text")) is str:
                return None if self._message.unnamed else text
        return None

    def _texts(self, texts: Sequence[str]) -> list[Event]:
        return self._message.texts(texts)

    def _read(self, document: JsonObject) -> list[Event]:
        match document.get("type"):
            case "content_block_delta":
                return self._delta(document.get("index"), _inner(document, "delta"))
            case "content_block_start":
                return self._message.begin(document.get("index"), document.get("content_block"))
            case "content_block_stop":
                return self._message.end(document.get("index"))
            case "message_start":
                return self._begin(_inner(document, "message"))
            case "message_delta":
                self._end.note({**document, **_inner(document, "delta")})
            case "message_stop":
                self._end.reason = self._end.reason or "end_turn"
                return self._finish()
            case "error" | None if reports_error(document):
                raise error_in_band(document, self.origin)
        self.usage = self._end.usage
        return []

    def _begin(self, message: JsonObject) -> list[Event]:
        if self._has_begun:
            raise bad_reply(self.origin, "began a second message in one stream")
        self._has_begun = True
        self._end.note(message)
        self.usage = self._end.usage
        return answered_by(message.get("model"))

    def _delta(self, index: Json, delta: JsonObject) -> list[Event]:
        match delta.get("type"):
            case "text_delta":
                return [*self._message.name(index, "text"), *self._message.text(_piece(delta, "text"))]
            case "input_json_delta":
                return self._message.json(index, _piece(delta, "partial_json"))
            case "thinking_delta":
                begun = self._message.name(index, "thinking")
                return [*begun, *self._message.thinking(index, _piece(delta, "thinking"))]
            case "signature_delta":
                self._message.sign(index, _piece(delta, "signature"))
            case "citations_delta":
                self._message.cite(index, delta.get("citation"))
        return []

    def _last(self) -> list[Event] | None:
        return None if self._end.reason is None else self._message.finish(self._end)


def _inner(document: JsonObject, name: str) -> JsonObject:
    """An object in an event; an empty one for null. Raises `NotAnAnswer` for anything else."""
    given = document.get(name, 0)
    found = {} if given is None else object_or_none(given)
    if found is None:
        raise NotAnAnswer
    return found


def _piece(delta: JsonObject, name: str) -> str:
    """A text in a delta, by the same rule."""
    given = delta.get(name, 0)
    piece = "" if given is None else text_or_none(given)
    if piece is None:
        raise NotAnAnswer
    return piece
