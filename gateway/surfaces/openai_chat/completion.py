"""Folds the choices of chat chunks into the choices of a plain completion."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from gateway.neutral.events import AnswerMetadata, Done, Event, Finished, Text, Usage
from gateway.neutral.json import JsonObject, object_or_empty, text_or_empty
from gateway.surfaces.extensions import extensions

if TYPE_CHECKING:
    from generated import models


_ABOUT_ALL = frozenset((AnswerMetadata, Usage, Done))
"""Events that are about the answer as a whole."""


def fold(choices: Iterable[models.ChatCompletionChunkChoice]) -> list[models.ChatCompletionChoice]:
    """The choices that a client puts together from the chunks, in the order of their index."""
    folded: dict[int, _Choice] = {}
    for choice in choices:
        folded.setdefault(choice["index"], _Choice()).add(choice)
    return [folded[index].written(index) for index in sorted(folded)]


def only_text(events: Sequence[Event]) -> list[models.ChatCompletionChoice] | None:
    """Fast path: the choices of an answer that is one text, as most are; None for any other.

    The result is the same without it, and takes five times as long.
    """
    first, finished = events[:2] if len(events) > 1 else (None, None)
    # Looks at types take a fraction of what a match takes.
    if type(first) is not Text or not first.text or first.choice or first.logprobs:
        return None
    if type(finished) is not Finished or finished.choice or not _ABOUT_ALL.issuperset(map(type, events[2:])):
        return None
    message: models.ChatCompletionResponseMessage = {"role": "assistant", "content": first.text, "refusal": None}
    extensions(message)["annotations"] = []
    return [{"index": 0, "message": message, "logprobs": None, "finish_reason": finished.reason}]


@dataclass(slots=True)
class _Call:
    """A tool call. Its arguments, or its input, come in thousands of pieces, and are joined once."""

    id: str
    name: str
    is_custom: bool
    pieces: list[str] = field(default_factory=list)

    def written(self) -> models.ChatCompletionMessageFunctionToolCall | models.ChatCompletionMessageCustomToolCall:
        """The call in a whole message."""
        text = "".join(self.pieces)
        if self.is_custom:
            return {"id": self.id, "type": "custom", "custom": {"name": self.name, "input": text}}
        return {"id": self.id, "type": "function", "function": {"name": self.name, "arguments": text}}


class _Choice:
    """One alternative answer. Its texts come in thousands of pieces, and are joined once."""

    def __init__(self) -> None:
        self._content: list[str] = []
        self._refusal: list[str] = []
        self._reasoning: list[str] = []
        self._calls: dict[int, _Call] = {}
        self._function: _Call | None = None
        """The call in the deprecated form."""
        self._annotations: list[JsonObject] = []
        self._citations: list[JsonObject] = []
        self._images: list[JsonObject] = []
        self._details: list[JsonObject] = []
        self._logprobs: list[models.ChatCompletionTokenLogprob] = []
        self._finish_reason: models.FinishReason = "stop"

    def add(self, choice: models.ChatCompletionChunkChoice) -> None:
        """Add a chunk's choice."""
        delta = choice["delta"]
        if content := delta.get("content"):
            self._content.append(content)
        if refusal := delta.get("refusal"):
            self._refusal.append(refusal)
        if reasoning := delta.get("reasoning_content"):
            self._reasoning.append(reasoning)
        for piece in delta.get("tool_calls") or ():
            self._add_call(piece)
        if function := delta.get("function_call"):
            self._function = self._function or _Call("", function.get("name") or "", is_custom=False)
            self._function.pieces.append(function.get("arguments") or "")
        self._annotations += map(_without_index, delta.get("annotations") or ())
        self._citations += delta.get("citations") or ()
        self._images += map(_without_index, delta.get("images") or ())
        self._details += delta.get("reasoning_details") or ()
        if logprobs := choice.get("logprobs"):
            self._logprobs += logprobs.get("content") or ()
        self._finish_reason = choice["finish_reason"] or self._finish_reason

    def written(self, index: int) -> models.ChatCompletionChoice:
        """The choice of a plain completion."""
        return {
            "index": index,
            "message": self._message(),
            "logprobs": {"content": self._logprobs, "refusal": None} if self._logprobs else None,
            "finish_reason": self._finish_reason,
        }

    def _message(self) -> models.ChatCompletionResponseMessage:
        content, refusal, reasoning = "".join(self._content), "".join(self._refusal), "".join(self._reasoning)
        message: models.ChatCompletionResponseMessage = {
            "role": "assistant",
            "content": None if (self._calls or self._function or refusal) and not content else content,
            "refusal": refusal or None,
        }
        # Entries may have fields that the contract does not list.
        extensions(message)["annotations"] = [*self._annotations]
        if self._citations:
            message["citations"] = self._citations
        if self._images:
            extensions(message)["images"] = [*self._images]
        if self._details:
            message["reasoning_details"] = self._details
        if reasoning:
            message["reasoning_content"] = reasoning
        if self._function is not None:
            message["function_call"] = {"name": self._function.name, "arguments": "".join(self._function.pieces)}
        if self._calls:
            message["tool_calls"] = [self._calls[number].written() for number in sorted(self._calls)]
        return message

    def _add_call(self, piece: models.ChatCompletionMessageToolCallChunk) -> None:
        number, call_id, function = piece["index"], piece.get("id"), piece.get("function")
        custom = object_or_empty(extensions(piece).get("custom"))
        if call_id is not None:
            name = function.get("name") if function is not None else text_or_empty(custom.get("name"))
            self._calls[number] = _Call(call_id, name or "", is_custom=function is None)
        elif function is not None:
            self._calls[number].pieces.append(function.get("arguments") or "")
        else:
            self._calls[number].pieces.append(text_or_empty(custom.get("input")))


def _without_index(entry: models.ChatCompletionAnnotation | models.ChatCompletionImage) -> JsonObject:
    """An entry as it is in a whole list, where it needs no index."""
    return {name: value for name, value in extensions(entry).items() if name != "index"}
