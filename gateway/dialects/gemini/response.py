"""Reads answers, streamed ones and plain ones: a plain reply is read as the only chunk of a stream."""

from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from gateway.dialects.base import Origin
from gateway.dialects.decoder import ChoiceBuilder, NotAnAnswer, StreamDecoder, answered_by
from gateway.dialects.gemini.citations import Sources
from gateway.dialects.gemini.errors import error_in_band
from gateway.dialects.gemini.hosted_tools import CODE_OUTPUTS, PART_NAMES, HostedItems, search_item
from gateway.dialects.gemini.stream import CallArguments
from gateway.dialects.gemini.structured_output import plan_format
from gateway.dialects.gemini.tools import client_call_id, flat_name
from gateway.dialects.gemini.usage import TokenCounts
from gateway.dialects.profiles.gemini import GeminiProfile
from gateway.dialects.structured_output import OutputCheck
from gateway.errors import GatewayError, UpstreamDown
from gateway.neutral.events import (
    Annotation,
    AnswerMetadata,
    Event,
    Finished,
    FinishReason,
    ItemBegan,
    ItemEnded,
    ReasoningState,
    Summary,
    Usage,
)
from gateway.neutral.generation import Generation
from gateway.neutral.json import (
    Json,
    JsonObject,
    list_or_empty,
    object_or_empty,
    object_or_none,
    objects_in,
    parse_object,
    text_or_empty,
    text_or_none,
)
from gateway.neutral.prompt import Prompt

# Shared facts on providers, section 0.2. What is not here is a plain stop.
_FINISHES: Mapping[str | None, FinishReason] = {
    "MAX_TOKENS": "length",
    **dict.fromkeys(
        (
            *("SAFETY", "RECITATION", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII", "MODEL_ARMOR"),
            *("IMAGE_SAFETY", "IMAGE_PROHIBITED_CONTENT", "IMAGE_RECITATION"),
        ),
        "content_filter",
    ),
}
_FAILURES = frozenset(
    (
        *("MALFORMED_FUNCTION_CALL", "UNEXPECTED_TOOL_CALL", "TOO_MANY_TOOL_CALLS", "LANGUAGE", "OTHER"),
        *("NO_IMAGE", "IMAGE_OTHER", "MISSING_THOUGHT_SIGNATURE", "MALFORMED_RESPONSE"),
    )
)
# What a piece of a candidate brings beside its content.
_UNUSUAL = frozenset({"finishReason", "logprobsResult", "groundingMetadata", "citationMetadata"})
# Enums in numbers, as Vertex AI writes them for clients that ask for it (recording `vertex/007`).
_NUMBERS = (
    *("FINISH_REASON_UNSPECIFIED", "STOP", "MAX_TOKENS", "SAFETY", "RECITATION", "OTHER", "BLOCKLIST"),
    *("PROHIBITED_CONTENT", "SPII", "MALFORMED_FUNCTION_CALL"),
)


def decode_reply(body: bytes, generation: Generation, origin: Origin) -> list[Event]:
    """The events of a plain reply."""
    decoder = ResponseDecoder(generation, origin, is_whole=True)
    return [*decoder.feed(body), *decoder.end()]


class ResponseDecoder(StreamDecoder):
    """Reads one answer. The candidates of a plain reply need no finish reason."""

    what = "part of a Gemini answer"

    def __init__(self, generation: Generation, origin: Origin, *, is_whole: bool = False) -> None:
        super().__init__(origin)
        self._generation = generation
        self._is_whole = is_whole
        self._candidates: dict[int, _Candidate] = {}
        self._counts = TokenCounts()
        self._latest: list[Json] = []
        """Counts that came with the texts that are still to be taken."""
        self._is_blocked = False
        self._model: Json = None

    @property
    def has_ended(self) -> bool:
        candidates = self._candidates.values()
        return bool(candidates) and all(candidate.is_finished for candidate in candidates)

    def known_usage(self) -> Usage | None:
        return self._counts.usage()

    def _text_in(self, document: JsonObject) -> str | None:
        found = self._candidates.get(0)
        if found is None or not found.is_text_open:
            return None
        given: Any = document
        try:
            (candidate,) = given["candidates"]
            (part,) = candidate["content"]["parts"]
            text = part["text"]
        except (LookupError, TypeError, ValueError):
            return None
        if type(text) is not str or len(part) != 1 or not _UNUSUAL.isdisjoint(candidate) or candidate.get("index", 0):
            return None
        if "usageMetadata" in document:
            self._latest.append(document["usageMetadata"])
        return text

    def _texts(self, texts: Sequence[str]) -> list[Event]:
        if self._latest:
            self._counts.add_all(self._latest)
            self._latest.clear()
        return self._candidates[0].go_on(texts)

    def _read(self, document: JsonObject) -> list[Event]:
        if "usageMetadata" in document:
            self._counts.add(document["usageMetadata"])
        events: list[Event] = []
        if not self._model and document.get("modelVersion"):
            self._model = document["modelVersion"]
            # What is told of a whole answer comes behind it.
            events = [] if self._is_whole else answered_by(self._model)
        candidates = document.get("candidates")
        if type(candidates) is not list:
            self._read_other(document)
            return events
        for candidate in candidates:
            if type(candidate) is not dict:
                raise NotAnAnswer
            index = candidate.get("index")
            events += self._candidate(index if type(index) is int and index >= 0 else 0).read(candidate)
        return events

    def _read_other(self, document: JsonObject) -> None:
        """A chunk without candidates: an error, a prompt that was blocked, or only token counts."""
        if error := error_in_band(document, self.origin):
            raise error
        feedback = document.get("promptFeedback")
        if object_or_empty(feedback).get("blockReason"):
            self._is_blocked = True
        elif "usageMetadata" not in document and "responseId" not in document and feedback is None:
            raise NotAnAnswer

    def _candidate(self, number: int) -> "_Candidate":
        found = self._candidates.get(number)
        if found is None:
            prompt = self._generation.prompt
            plan = plan_format(prompt, GeminiProfile.own(self.origin.profile))
            check = None if plan is None else plan.check(number)
            found = self._candidates[number] = _Candidate(prompt, self.origin, number, check)
        return found

    def _last(self) -> list[Event] | None:
        self.usage = self._counts.usage()
        events: list[Event] = []
        for number in sorted(self._candidates):
            candidate = self._candidates[number]
            if not (candidate.is_finished or self._is_whole or self._is_blocked):
                return None
            events += candidate.finish()
        if not self._candidates:
            if not self._is_blocked:
                return None
            events.append(Finished("content_filter"))
        if self._is_whole:
            events += answered_by(self._model)
        if (tier := self._counts.tier) is not None:
            events.append(AnswerMetadata({"service_tier": tier}))
        return events

    def _fail(self, error: GatewayError) -> list[Event]:
        self.usage = self._counts.usage()
        return super()._fail(error)


class _Candidate:
    """One choice, whole or in pieces."""

    def __init__(self, prompt: Prompt, origin: Origin, choice: int, check: OutputCheck | None) -> None:
        self._builder = ChoiceBuilder(prompt, origin, choice, check)
        self._provider = origin.provider
        self._choice = choice
        self._hosted = HostedItems(choice, with_outputs=CODE_OUTPUTS in prompt.include)
        self._sources: Sources | None = None
        self._texts: list[str] = []
        self._start = 0
        """Where the open text begins; it is the last of `_texts`."""
        self.is_text_open = False
        self._late_signature: str | None = None
        """The signature of the open text, which came after its first piece."""
        self._calls = 0
        self._open_call: tuple[int, CallArguments] | None = None
        self._reason: str | None = None
        self._message: Json = None

    @property
    def is_finished(self) -> bool:
        return self._reason is not None

    def read(self, candidate: JsonObject) -> list[Event]:
        """The events of a candidate, or of a piece of it. Raises `NotAnAnswer` and `UpstreamDown`."""
        logprobs = _logprobs(candidate["logprobsResult"]) if "logprobsResult" in candidate else None
        events: list[Event] = []
        content = candidate.get("content")
        parts = content.get("parts") if type(content) is dict else None
        for part in parts if type(parts) is list else ():
            if type(part) is not dict:
                raise NotAnAnswer
            events += self._part(part, logprobs)
            if type(part.get("text")) is str and not part.get("thought"):
                logprobs = None
        if logprobs and self.is_text_open:
            events += self._builder.text("", logprobs)
        if "groundingMetadata" in candidate or "citationMetadata" in candidate:
            self._sources = self._sources or Sources()
            self._sources.add(candidate)
        reason = candidate.get("finishReason")
        if reason is not None:
            self._reason = _reason_name(reason)
            self._message = candidate.get("finishMessage")
        return events

    def go_on(self, texts: Sequence[str]) -> list[Event]:
        """More of the text that is open."""
        self._texts += texts
        return self._builder.texts(texts)

    def finish(self) -> list[Event]:
        """The events that had to wait for the end, and the end. Raises `UpstreamDown` for one that is no answer's."""
        if self._reason in _FAILURES:
            detail = text_or_empty(self._message)
            reason = f"{self._reason}: {detail}" if detail else f"{self._reason}."
            message = f"{self._provider} broke the answer off with {reason}"
            raise UpstreamDown(message, code="upstream_bad_reply")
        events = [*self._hosted.close(), *self._end_call()]
        events += self._end_text() if self._sources is None else self._cite(self._sources)
        return events + self._builder.finish(_FINISHES.get(self._reason, "stop"))

    def _cite(self, sources: Sources) -> list[Event]:
        """The annotations of the last text, its end, and the search that has no part of its own."""
        annotations = sources.annotations("".join(self._texts), self._start)
        events = [*(Annotation(one, self._choice) for one in annotations), *self._end_text()]
        if sources.queries and not self._hosted.has_searched:
            item = search_item(sources.queries)
            events += [ItemBegan({**item, "status": "in_progress"}), ItemEnded(item)]
        return events

    def _part(self, part: JsonObject, logprobs: list[JsonObject] | None) -> list[Event]:
        text = part.get("text")
        signature = text_or_none(part["thoughtSignature"]) if "thoughtSignature" in part else None
        if type(text) is str:
            if part.get("thought"):
                return self._thought(text, signature)
            return self._text(text, signature, logprobs)
        call = part.get("functionCall")
        if type(call) is dict:
            return self._call(call, signature)
        if not PART_NAMES.isdisjoint(part):
            return [*self._end_text(), *self._end_call(), *self._hosted.read(part)]
        return [*self._end_text(), *self._state(signature, "end")]

    def _thought(self, text: str, signature: str | None) -> list[Event]:
        events = [*self._end_text(), *self._hosted.close()]
        if text:
            events.append(Summary(text, self._choice))
        return events + self._state(signature, "end")

    def _text(self, text: str, signature: str | None, logprobs: list[JsonObject] | None) -> list[Event]:
        if not text and not logprobs and not self.is_text_open:
            return self._state(signature, "end")
        events: list[Event] = []
        if not self.is_text_open:
            events = [*self._hosted.close(), *self._end_call(), *self._state(signature, "text")]
            self.is_text_open = True
            self._start = sum(map(len, self._texts))
        elif signature is not None:
            # A state emitted now would cut the text in two.
            self._late_signature = signature
        self._texts.append(text)
        return events + self._builder.text(text, logprobs)

    def _end_text(self) -> list[Event]:
        self.is_text_open = False
        if self._late_signature is None:
            return []
        signature, self._late_signature = self._late_signature, None
        return self._state(signature, "end")

    def _state(self, signature: str | None, on: str) -> list[Event]:
        return [ReasoningState({"thought_signature": signature, "on": on}, self._choice)] if signature else []

    def _call(self, call: JsonObject, signature: str | None) -> list[Event]:
        """A call, whole or in pieces: those have a name first, then values, and end with nothing more to come."""
        name = text_or_empty(call.get("name"))
        events = [*self._end_text(), *self._hosted.close()]
        if name:
            events += [*self._end_call(), *self._state(signature, "call")]
            index, self._calls = self._calls, self._calls + 1
            events += self._builder.call(index, client_call_id(text_or_none(call.get("id"))), flat_name(name))
            self._open_call = index, CallArguments(_arguments(call.get("args")))
        elif self._open_call is None:
            return events + self._state(signature, "end")
        _, arguments = self._open_call
        arguments.add(call.get("partialArgs"))
        return events if call.get("willContinue") is True else events + self._end_call()

    def _end_call(self) -> list[Event]:
        """The arguments of the call that came in pieces, which are one document only at their end."""
        if self._open_call is None:
            return []
        (index, arguments), self._open_call = self._open_call, None
        return self._builder.arguments(index, orjson.dumps(arguments.end()).decode())


def _arguments(given: Json) -> JsonObject | None:
    """The arguments of a call, which some servers write as a text."""
    return parse_object(given) if isinstance(given, str) else object_or_none(given)


def _reason_name(reason: Json) -> str:
    if type(reason) is int:
        return _NUMBERS[reason] if 0 <= reason < len(_NUMBERS) else "STOP"
    return text_or_empty(reason)


def _logprobs(result: Json) -> list[JsonObject] | None:
    """The tokens that were chosen, each with its alternatives, as chat has them; None where there are none."""
    given = object_or_empty(result)
    alternatives = [object_or_empty(one).get("candidates") for one in list_or_empty(given.get("topCandidates"))]
    entries: list[JsonObject] = []
    for index, token in enumerate(list_or_empty(given.get("chosenCandidates"))):
        entry = _logprob(object_or_empty(token))
        if entry is not None:
            others = objects_in(alternatives[index]) if index < len(alternatives) else []
            top: list[Json] = [one for one in map(_logprob, others) if one is not None]
            entries.append({**entry, "top_logprobs": top})
    return entries or None


def _logprob(given: JsonObject) -> JsonObject | None:
    token, probability = given.get("token"), given.get("logProbability")
    if not isinstance(token, str) or not isinstance(probability, int | float):
        return None
    return {"token": token, "logprob": probability, "bytes": [*token.encode("utf-8", "replace")]}
