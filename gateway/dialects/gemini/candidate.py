"""Reads one candidate of an answer, whole or in pieces, into neutral events."""

from collections.abc import Mapping
from typing import Any

import orjson

from gateway.dialects.base import Origin
from gateway.dialects.conversation.answers import NotAnAnswer, Voice
from gateway.dialects.conversation.structured import FormCheck
from gateway.dialects.gemini import hosted
from gateway.dialects.gemini.arguments import Arguments
from gateway.dialects.gemini.citations import Sources
from gateway.dialects.gemini.identity import call_id, from_wire
from gateway.dialects.gemini.logprobs import logprobs_of
from gateway.errors import UpstreamDown
from gateway.events import Annotation, Event, FinishReason, ItemBegan, ItemEnded, ReasoningState, Summary
from gateway.generation import Generation

Part = dict[str, Any]

# Shared facts on providers, section 0.2. What is not here is a plain stop.
_FINISHES: Mapping[object, FinishReason] = {
    "MAX_TOKENS": "length",
    **dict.fromkeys(
        (
            *("SAFETY", "RECITATION", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII", "MODEL_ARMOR"),
            *("IMAGE_SAFETY", "IMAGE_PROHIBITED_CONTENT", "IMAGE_RECITATION"),
        ),
        "content_filter",
    ),
}
_BROKEN = frozenset(
    (
        *("MALFORMED_FUNCTION_CALL", "UNEXPECTED_TOOL_CALL", "TOO_MANY_TOOL_CALLS", "LANGUAGE", "OTHER"),
        *("NO_IMAGE", "IMAGE_OTHER", "MISSING_THOUGHT_SIGNATURE", "MALFORMED_RESPONSE"),
    )
)
# Enums in numbers, as Vertex AI writes them for clients that ask for it (recording `vertex/007`).
_NUMBERS = (
    *("FINISH_REASON_UNSPECIFIED", "STOP", "MAX_TOKENS", "SAFETY", "RECITATION", "OTHER", "BLOCKLIST"),
    *("PROHIBITED_CONTENT", "SPII", "MALFORMED_FUNCTION_CALL"),
)


class Candidate:
    """One choice. `read` takes what came of it, `finish` tells its end."""

    def __init__(self, generation: Generation, origin: Origin, choice: int, check: FormCheck | None) -> None:
        self._voice = Voice(generation, origin, choice, check)
        self._provider = origin.provider
        self._choice = choice
        self._hosted = hosted.Hosted(generation.asked, choice)
        self._sources = Sources()
        self._texts: list[str] = []
        self._start = 0
        """Where the text begins that is being written; it is the last of `_texts`."""
        self._is_writing = False
        self._owed: str | None = None
        """The signature of the text that is being written, which came after its first piece."""
        self._calls = 0
        self._partial: tuple[int, Arguments] | None = None
        self._reason: str | None = None
        self._message = ""

    @property
    def is_finished(self) -> bool:
        return self._reason is not None

    def read(self, candidate: dict[str, Any]) -> list[Event]:
        """The events of a candidate, or of a piece of it. Raises `NotAnAnswer` and `UpstreamDown`."""
        content = candidate.get("content")
        parts = content.get("parts") if type(content) is dict else None
        logprobs = logprobs_of(candidate["logprobsResult"]) if "logprobsResult" in candidate else None
        events: list[Event] = []
        if type(parts) is list:
            for part in parts:
                if type(part) is not dict:
                    raise NotAnAnswer
                events += self._part(part, logprobs)
                if type(part.get("text")) is str and not part.get("thought"):
                    logprobs = None
        if logprobs and self._is_writing:
            events += self._voice.text("", logprobs)
        if "groundingMetadata" in candidate or "citationMetadata" in candidate:
            self._sources.take(candidate)
        reason = candidate.get("finishReason")
        if reason is not None:
            self._end(reason, candidate.get("finishMessage"))
        return events

    def finish(self) -> list[Event]:
        """What waited for the end, and the end. Raises `UpstreamDown` for one that is no answer's."""
        if self._reason in _BROKEN:
            said = f": {self._message}" if self._message else "."
            message = f"{self._provider} broke the answer off with {self._reason}{said}"
            raise UpstreamDown(message, code="upstream_bad_reply")
        events = [*self._hosted.close(), *self._close_call()]
        whole = "".join(self._texts)
        events += [Annotation(note, self._choice) for note in self._sources.annotations(whole, self._start)]
        events += self._stop_writing()
        if self._sources.queries and not self._hosted.has_searched:
            item = hosted.search_item(self._sources.queries)
            events += [ItemBegan({**item, "status": "in_progress"}), ItemEnded(item)]
        return events + self._voice.finish(_FINISHES.get(self._reason, "stop"))

    def _end(self, reason: Any, message: Any) -> None:
        if type(reason) is int:
            reason = _NUMBERS[reason] if 0 <= reason < len(_NUMBERS) else "STOP"
        self._reason = str(reason)
        self._message = message if isinstance(message, str) else ""

    def _part(self, part: Part, logprobs: list[dict[str, Any]] | None) -> list[Event]:
        text, signature = part.get("text"), part.get("thoughtSignature")
        if type(text) is str:
            if part.get("thought"):
                return self._think(text, signature)
            return self._write(text, signature, logprobs)
        call = part.get("functionCall")
        if type(call) is dict:
            return self._call(call, signature)
        if any(name in part for name in hosted.NAMES):
            return [*self._stop_writing(), *self._close_call(), *self._hosted.take(part)]
        return [*self._stop_writing(), *self._signed(signature, "end")]

    def _think(self, text: str, signature: Any) -> list[Event]:
        events = [*self._stop_writing(), *self._hosted.close()]
        if text:
            events.append(Summary(text, self._choice))
        return events + self._signed(signature, "end")

    def _write(self, text: str, signature: Any, logprobs: list[dict[str, Any]] | None) -> list[Event]:
        if signature is None and self._is_writing:
            self._texts.append(text)
            return self._voice.text(text, logprobs)
        if not text and not logprobs and not self._is_writing:
            return self._signed(signature, "end")
        events: list[Event] = []
        if not self._is_writing:
            events = [*self._hosted.close(), *self._close_call(), *self._signed(signature, "text")]
            self._is_writing = True
            self._start = sum(map(len, self._texts))
        elif isinstance(signature, str):
            # A state told now would cut the text in two.
            self._owed = signature
        self._texts.append(text)
        return events + self._voice.text(text, logprobs)

    def _stop_writing(self) -> list[Event]:
        self._is_writing = False
        signature, self._owed = self._owed, None
        return self._signed(signature, "end")

    def _signed(self, signature: Any, on: str) -> list[Event]:
        if not isinstance(signature, str) or not signature:
            return []
        return [ReasoningState({"thought_signature": signature, "on": on}, self._choice)]

    def _call(self, call: dict[str, Any], signature: Any) -> list[Event]:
        """A call, whole or in pieces: those have a name first, then values, and end with nothing more to come."""
        name = call.get("name")
        goes_on = call.get("willContinue") is True
        events = [*self._stop_writing(), *self._hosted.close()]
        if isinstance(name, str) and name:
            events += [*self._close_call(), *self._signed(signature, "call")]
            index, self._calls = self._calls, self._calls + 1
            events += self._voice.call(index, call_id(call.get("id")), from_wire(name))
            self._partial = index, Arguments(call.get("args"))
        elif self._partial is None:
            return events + self._signed(signature, "end")
        _, arguments = self._partial
        if "partialArgs" in call:
            arguments.take(call["partialArgs"])
        return events if goes_on else events + self._close_call()

    def _close_call(self) -> list[Event]:
        """The arguments of the call that came in pieces, which are one document only at their end."""
        if self._partial is None:
            return []
        (index, arguments), self._partial = self._partial, None
        return self._voice.arguments(index, orjson.dumps(arguments.end()).decode())
