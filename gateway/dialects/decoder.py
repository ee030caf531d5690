"""What the decoders of answers share: how untrusted JSON is read, how an answer ends, the client's terms in it."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence

import orjson

from gateway.dialects.base import Origin
from gateway.dialects.error_bodies import listed_error
from gateway.dialects.errors import error_instead
from gateway.dialects.structured_output import FORMAT_TOOL, OutputCheck
from gateway.dialects.turns.client_calls import ClientCalls, free_text, is_wrapped
from gateway.errors import GatewayError, UpstreamDown
from gateway.neutral.events import (
    AnswerMetadata,
    Done,
    Event,
    Failed,
    Finished,
    FinishReason,
    Text,
    ToolArguments,
    Usage,
)
from gateway.neutral.json import Json, JsonObject, is_too_deep, parse, parse_all, parse_object
from gateway.neutral.lenient import readable
from gateway.neutral.prompt import Prompt
from gateway.neutral.values import lazy

END_MARK = b"[DONE]"
"""What ends a stream of OpenAI's chat, and of some others."""


class NotAnAnswer(Exception):
    """What came is not what this dialect answers with."""


class StreamDecoder(ABC):
    """Reads one streamed answer of JSON events. `what` names such an event in errors, as in "is no `what`"."""

    what = "part of an answer"

    def __init__(self, origin: Origin) -> None:
        self.origin = origin
        self.is_over = False
        self.usage: Usage | None = None

    @property
    @abstractmethod
    def has_ended(self) -> bool: ...

    def known_usage(self) -> Usage | None:
        return self.usage

    def feed(self, payload: bytes) -> Sequence[Event]:
        if self.is_over:
            return ()
        try:
            document: Json = orjson.loads(payload)
        except orjson.JSONDecodeError:
            return self._feed_words(payload)
        text = self._text_in(document) if type(document) is dict else None
        return self._feed_document(payload, document) if text is None else self._texts([text])

    def feed_all(self, payloads: Sequence[bytes]) -> list[Event]:
        events: list[Event] = []
        together = payloads[:-1] if payloads and payloads[-1] == END_MARK else payloads
        documents = parse_all(together) if len(together) > 1 else []
        texts: list[str] = []
        for payload, document in zip(together, documents, strict=False):
            if self.is_over:
                break
            text = self._text_in(document) if type(document) is dict else None
            if text is not None:
                texts.append(text)
                continue
            if texts:
                events += self._texts(texts)
                texts = []
            events += self._feed_document(payload, document)
        if texts:
            events += self._texts(texts)
        for payload in payloads[len(documents) :]:
            events += self.feed(payload)
        return events

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
            if type(document) is not dict:
                document = listed_error(document)
            if document is None or is_too_deep(payload, document):
                raise NotAnAnswer
            return self._read(document)
        except NotAnAnswer:
            return self._feed_words(payload)
        except GatewayError as error:
            return self._fail(error)

    def _text_in(self, document: JsonObject) -> str | None:
        """The text of an event that goes on with a text and does nothing else, as nine of ten do; None for any other.

        It changes nothing that the next one depends on: several are looked at before their texts are taken.
        """
        return None

    def _texts(self, texts: Sequence[str]) -> Sequence[Event]:
        """The events of texts that `_text_in` has found in a row; a decoder in which it finds any has its own."""
        raise NotImplementedError

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
        if words == END_MARK:
            return self.end()
        mended = readable(payload) if words else payload
        if mended is not payload:
            return self.feed(mended)
        if not words:
            return ()
        error = error_instead(parse(words), self.origin)
        return self._fail(error or bad_reply(self.origin, f"streamed something that is no {self.what}"))

    def _fail(self, error: GatewayError) -> list[Event]:
        self.is_over = True
        return [*([self.usage] if self.usage else []), Failed(error)]


class ChoiceBuilder:
    """One choice of an answer.

    Flat names of tools become the client's names, namespaces and kinds; free text comes out of its wrapping; the call
    that stands in for a structured answer becomes its text. `check`, where there is one, validates the text.
    """

    def __init__(self, prompt: Prompt, origin: Origin, choice: int = 0, check: OutputCheck | None = None) -> None:
        self._prompt = prompt
        self._origin = origin
        self._provider = origin.provider
        self._choice = choice
        self._check = check
        self._wrapped: dict[int, list[str]] = {}
        self._structured: set[int] = set()
        self._begun: set[int] = set()
        self._with_arguments: set[int] = set()
        self.has_calls = False

    @lazy
    def _calls(self) -> ClientCalls:
        # Most answers call nothing.
        return ClientCalls(self._prompt, self._origin)

    def text(self, text: str, logprobs: list[JsonObject] | None = None) -> list[Event]:
        """A piece of the answer's text. Nothing for none."""
        if self._check is not None:
            self._check.add(text)
        return [Text(text, self._choice, logprobs)] if text or logprobs else []

    def texts(self, texts: Sequence[str]) -> list[Event]:
        """Pieces of the answer's text, one after the other."""
        if self._check is not None:
            self._check.add("".join(texts))
        return [Text(text, self._choice) for text in texts if text]

    def call(self, index: int, call_id: str, name: str) -> list[Event]:
        """A call begins. Raises `UpstreamDown` for a tool that the request's tool choice rules out."""
        if self._check is not None and name == FORMAT_TOOL:
            self._structured.add(index)
            return []
        self.has_calls = True
        self._begun.add(index)
        begun = self._calls.begin(name, index, call_id, self._choice)
        if is_wrapped(begun):
            self._wrapped[index] = []
        return [begun]

    def arguments(self, index: int, piece: str) -> list[Event]:
        """A piece of a call's arguments, JSON."""
        if index in self._structured:
            return self.text(piece)
        if not piece:
            return []
        self._with_arguments.add(index)
        if index in self._wrapped:
            self._wrapped[index].append(piece)
            return []
        return [ToolArguments(index, piece, self._choice)]

    def finish(self, reason: FinishReason) -> list[Event]:
        """What waited until the choice was complete, and its end. Raises `UpstreamDown` for another format.

        A call without arguments was given `{}`. An answer that is all there ends with `tool_calls` where it calls, and
        with `stop` where the call only stood in for its text.
        """
        events: list[Event] = []
        for index, pieces in self._wrapped.items():
            if text := free_text("".join(pieces)):
                events.append(ToolArguments(index, text, self._choice))
        silent = self._begun - self._with_arguments - self._wrapped.keys()
        events += [ToolArguments(index, "{}", self._choice) for index in sorted(silent)]
        if reason in ("stop", "tool_calls"):
            reason = "tool_calls" if self.has_calls else "stop"
            if self._check is not None and not self.has_calls:
                events += self._check.finish(self._provider)
        return [*events, Finished(reason, self._choice)]


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
    if not isinstance(document, dict):
        document = listed_error(document)
    if document is None or is_too_deep(body, document):
        return [Failed(bad_reply(origin, f"answered with no {what}"))]
    usage = read_usage(document)
    last: list[Event] = [] if usage is None else [usage]
    try:
        return [*read(document), *last, Done()]
    except NotAnAnswer:
        return [*last, Failed(error_instead(document, origin) or bad_reply(origin, f"answered with no {what}"))]
    except GatewayError as error:
        return [*last, Failed(error)]


def whole_arguments(given: Json) -> str:
    """The whole arguments of a call as JSON. Some servers write the text of an object where it should be itself."""
    if isinstance(given, str) and parse_object(given) is not None:
        return given
    return orjson.dumps(given).decode()


def later_counts(known: JsonObject, later: JsonObject) -> JsonObject:
    """The counts of two reports: a later one counts, but for nothing or a zero where the earlier had a number.

    Some servers end with a zero for what they have counted at the beginning.
    """
    return {**known, **{name: count for name, count in later.items() if count or name not in known}}


def answered_by(model: Json) -> list[Event]:
    """Which model answers, by the upstream's own name for it; nothing where it reports none."""
    return [AnswerMetadata({"model": model})] if isinstance(model, str) and model else []


def bad_reply(origin: Origin, what: str) -> UpstreamDown:
    """The error for an answer that is none."""
    return UpstreamDown(f"{origin.provider} {what}.", code="upstream_bad_reply")
