"""What the decoders of answers share: untrusted JSON is parsed at one place, ends and failures are emitted once."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence

import orjson

from gateway.dialects.base import Origin
from gateway.errors import GatewayError, UpstreamDown
from gateway.neutral.events import Done, Event, Failed, Usage
from gateway.neutral.json import Json, JsonObject, is_too_deep


class NotAnAnswer(Exception):
    """What came is not what this dialect answers with."""


class StreamDecoder(ABC):
    """Reads one streamed answer of JSON events. `what` names such an event in errors, as in "is no `what`"."""

    what = "part of an answer"

    def __init__(self, origin: Origin) -> None:
        self.origin = origin
        self.is_over = False
        self.usage: Usage | None = None

    def feed(self, payload: bytes) -> Sequence[Event]:
        if self.is_over:
            return ()
        try:
            document: Json = orjson.loads(payload)
        except orjson.JSONDecodeError:
            return self._feed_words(payload)
        return self._feed_document(payload, document)

    def end(self) -> Sequence[Event]:
        if self.is_over:
            return ()
        try:
            return self._finish()
        except GatewayError as error:
            return self._fail(error)

    def _feed_document(self, payload: bytes, document: Json) -> Sequence[Event]:
        """Read an event that is JSON."""
        try:
            if not isinstance(document, dict) or is_too_deep(payload, document):
                raise NotAnAnswer
            return self._read(document)
        except NotAnAnswer:
            return self._feed_words(payload)
        except GatewayError as error:
            return self._fail(error)

    @abstractmethod
    def _read(self, document: JsonObject) -> list[Event]:
        """The events of one of the upstream's. Raises `NotAnAnswer`, or an `UpstreamError` that it reports."""

    @abstractmethod
    def _last(self) -> list[Event] | None:
        """The stream is over: what is still owed, or None where the answer is not complete."""

    def _finish(self) -> list[Event]:
        """The end of the answer: what is owed, usage, and `Done`."""
        events = self._last()
        if events is None:
            message = f"{self.origin.provider} ended the stream before the answer was complete."
            return self._fail(UpstreamDown(message, code="upstream_cut_off"))
        self.is_over = True
        return [*events, *([self.usage] if self.usage else []), Done()]

    def _feed_words(self, payload: bytes) -> Sequence[Event]:
        """What is no JSON object: an end mark, or nonsense."""
        words = payload.strip()
        if words == b"[DONE]":
            return self.end()
        return self._fail(bad_reply(self.origin, f"streamed something that is no {self.what}")) if words else ()

    def _fail(self, error: GatewayError) -> list[Event]:
        self.is_over = True
        return [*([self.usage] if self.usage else []), Failed(error)]


def decode_whole(
    body: bytes,
    origin: Origin,
    what: str,
    read_usage: Callable[[JsonObject], Usage | None],
    read: Callable[[JsonObject], list[Event]],
) -> list[Event]:
    """The events of a plain reply, ending in `Done` or `Failed`, usage right before it.

    `read` raises `NotAnAnswer` for what is no `what`, or the error that the reply reports.
    """
    try:
        document: Json = orjson.loads(body)
    except orjson.JSONDecodeError:
        return [Failed(bad_reply(origin, "answered with something that is not JSON"))]
    if not isinstance(document, dict) or is_too_deep(body, document):
        return [Failed(bad_reply(origin, f"answered with no {what}"))]
    usage = read_usage(document)
    last: list[Event] = [] if usage is None else [usage]
    try:
        return [*read(document), *last, Done()]
    except NotAnAnswer:
        return [*last, Failed(bad_reply(origin, f"answered with no {what}"))]
    except GatewayError as error:
        return [*last, Failed(error)]


def bad_reply(origin: Origin, what: str) -> UpstreamDown:
    """The error for an answer that is none."""
    return UpstreamDown(f"{origin.provider} {what}.", code="upstream_bad_reply")
