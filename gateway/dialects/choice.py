"""Builds the events of one choice of an answer in the client's terms."""

from functools import cached_property

from gateway.dialects.base import Origin
from gateway.dialects.structured_output import FORMAT_TOOL, OutputCheck
from gateway.dialects.turns.client_calls import ClientCalls, free_text, is_wrapped
from gateway.neutral.events import Event, Finished, FinishReason, Text, ToolArguments
from gateway.neutral.json import JsonObject
from gateway.neutral.prompt import Prompt


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

    @cached_property
    def _calls(self) -> ClientCalls:
        # Most answers call nothing.
        return ClientCalls(self._prompt, self._origin)

    def text(self, text: str, logprobs: list[JsonObject] | None = None) -> list[Event]:
        """A piece of the answer's text. Nothing for none."""
        if self._check is not None:
            self._check.add(text)
        return [Text(text, self._choice, logprobs)] if text or logprobs else []

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
