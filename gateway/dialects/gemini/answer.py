"""Reads answers: a plain reply is one chunk of a stream, so both say the same."""

from typing import Any

from gateway.dialects.base import Origin
from gateway.dialects.conversation.answers import AnswerDecoder, NotAnAnswer
from gateway.dialects.conversation.structured import FormCheck
from gateway.dialects.gemini.candidate import Candidate
from gateway.dialects.gemini.errors import error_in_band
from gateway.dialects.gemini.forms import held_form
from gateway.dialects.gemini.tokens import Tokens
from gateway.errors import GatewayError
from gateway.events import Event, Finished, Told
from gateway.generation import Generation


def decode_reply(body: bytes, generation: Generation, origin: Origin) -> list[Event]:
    """The events of a plain reply."""
    decoder = GeminiDecoder(generation, origin, is_whole=True)
    return [*decoder.feed(body), *decoder.end()]


class GeminiDecoder(AnswerDecoder):
    """Reads one answer. A candidate of a plain reply is over without a word of its own."""

    what = "part of a Gemini answer"

    def __init__(self, generation: Generation, origin: Origin, *, is_whole: bool = False) -> None:
        super().__init__(origin)
        self._generation = generation
        self._is_whole = is_whole
        self._candidates: dict[int, Candidate] = {}
        self._tokens = Tokens()
        self._is_blocked = False

    def _read(self, document: dict[str, Any]) -> list[Event]:
        self._tokens.take(document)
        given = document.get("candidates")
        if type(given) is not list:
            self._read_other(document)
            return []
        events: list[Event] = []
        for candidate in given:
            if type(candidate) is not dict:
                raise NotAnAnswer
            events += self._candidate(candidate.get("index")).read(candidate)
        return events

    def _read_other(self, document: dict[str, Any]) -> None:
        """A chunk without candidates: an error, a prompt that was blocked, or mere counts."""
        if error := error_in_band(document, self.origin):
            raise error
        feedback = document.get("promptFeedback")
        if isinstance(feedback, dict) and feedback.get("blockReason"):
            self._is_blocked = True
        elif "usageMetadata" not in document and "responseId" not in document and feedback is None:
            raise NotAnAnswer

    def _candidate(self, index: Any) -> Candidate:
        number = index if type(index) is int and index >= 0 else 0
        found = self._candidates.get(number)
        if found is None:
            form = held_form(self._generation, self.origin.facts)
            check = FormCheck(form, number) if form is not None else None
            found = self._candidates[number] = Candidate(self._generation, self.origin, number, check)
        return found

    def _last(self) -> list[Event] | None:
        self.usage = self._tokens.usage()
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
        if self._tokens.tier:
            events.append(Told({"service_tier": self._tokens.tier}))
        return events

    def _fail(self, error: GatewayError) -> list[Event]:
        self.usage = self._tokens.usage()
        return super()._fail(error)
