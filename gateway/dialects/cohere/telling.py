"""Tells an answer of Cohere's in neutral events, the same ones whether it came whole or in pieces."""

from typing import Any

from gateway.dialects.base import Origin
from gateway.dialects.cohere.citations import annotations
from gateway.dialects.cohere.messages import PLAN, THINKING
from gateway.dialects.cohere.tools import held_form
from gateway.dialects.conversation.answers import NotAnAnswer, Voice
from gateway.dialects.conversation.structured import FormCheck
from gateway.events import Event, FinishReason, PartBegan, Reasoning, ReasoningState
from gateway.generation import Generation
from gateway.identifiers import new_id

_FINISH: dict[Any, FinishReason] = {"MAX_TOKENS": "length", "TOOL_CALL": "tool_calls"}
# What Cohere gives to a tool that takes nothing (recording cohere/026).
_NULL = "null"


class Telling:
    """One answer, told as it goes on."""

    def __init__(self, generation: Generation, origin: Origin) -> None:
        form = held_form(generation, origin.facts)
        self._voice = Voice(generation, origin, check=FormCheck(form) if form is not None else None)
        self._thoughts: dict[str, list[str]] = {THINKING: [], PLAN: []}
        self._texts = 0
        self._citations = 0
        self._held: dict[int, str] = {}

    def think(self, text: str, name: str) -> list[Event]:
        """A piece of reasoning, by the name of its state."""
        if not text:
            return []
        self._thoughts[name].append(text)
        return [Reasoning(text)]

    def thought(self) -> list[Event]:
        """Something else begins: the reasoning so far is complete."""
        states: list[Event] = []
        for name, pieces in self._thoughts.items():
            if pieces:
                states.append(ReasoningState({name: "".join(pieces)}))
                self._thoughts[name] = []
        return states

    def begin_text(self) -> list[Event]:
        """A part of the content begins that is text."""
        self._texts += 1
        begun: list[Event] = [PartBegan("output_text")] if self._texts > 1 else []
        return [*self.thought(), *begun]

    def text(self, text: str, logprobs: list[dict[str, Any]] | None = None) -> list[Event]:
        """A piece of the text that is open."""
        return self._voice.text(text, logprobs)

    def cite(self, citation: Any) -> list[Event]:
        """A citation in the text that is open, or was."""
        self._citations += 1
        return [*annotations(citation, self._citations - 1)]

    def call(self, index: int, call: Any) -> list[Event]:
        """A call begins, maybe with its arguments. Raises `NotAnAnswer` for one without a name."""
        function = call.get("function") if isinstance(call, dict) else None
        if not isinstance(function, dict) or not isinstance(function.get("name"), str):
            raise NotAnAnswer
        given = call.get("id")
        call_id = given if isinstance(given, str) and given else new_id("call")
        self._held[index] = ""
        begun = self._voice.call(index, call_id, function["name"])
        return [*self.thought(), *begun, *self.arguments(index, function.get("arguments"))]

    def arguments(self, index: int, piece: Any) -> list[Event]:
        """A piece of a call's arguments, held back as long as it may yet turn out to be none."""
        if not isinstance(piece, str) or not piece:
            return []
        held = self._held.get(index)
        if held is None:
            return self._voice.arguments(index, piece)
        piece = held + piece
        if _NULL.startswith(piece.strip()):
            self._held[index] = piece
            return []
        del self._held[index]
        return self._voice.arguments(index, piece)

    def finish(self, reason: Any) -> list[Event]:
        """The end of an answer that did not break off."""
        ended = _FINISH.get(reason, "stop") if isinstance(reason, str) else "stop"
        return [*self.thought(), *self._voice.finish(ended)]


def logprobs(given: Any) -> list[dict[str, Any]] | None:
    """Log probabilities in OpenAI's form. Cohere's are for pieces of text: one of several tokens has their sum."""
    entries = given if isinstance(given, list) else [given]
    found = [_entry(entry) for entry in entries if isinstance(entry, dict) and entry.get("logprobs")]
    return [entry for entry in found if entry] or None


def _entry(given: dict[str, Any]) -> dict[str, Any]:
    text, values = given.get("text"), given.get("logprobs")
    if (
        not isinstance(text, str)
        or not isinstance(values, list)
        or not all(type(value) in (int, float) for value in values)
    ):
        return {}
    return {"token": text, "logprob": float(sum(values)), "bytes": list(text.encode("utf-8", "replace"))}
