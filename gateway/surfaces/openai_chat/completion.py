"""Folds the choices of chat chunks into the choices of a plain completion."""

from collections.abc import Iterable
from typing import Any

from gateway.surfaces.openai_chat.deltas import ChunkChoice
from gateway.surfaces.openai_chat.reasoning import FIELD


def fold(told: Iterable[ChunkChoice]) -> list[dict[str, Any]]:
    """The choices that a client puts together from the chunks, in the order of their index."""
    choices: dict[int, _Choice] = {}
    for choice in told:
        choices.setdefault(choice["index"], _Choice()).add(choice)
    return [choices[index].written(index) for index in sorted(choices)]


class _Choice:
    """One alternative answer. Its texts come in thousands of pieces, and are joined once."""

    def __init__(self) -> None:
        self._texts: dict[str, list[str]] = {"content": [], "refusal": [], "reasoning_content": []}
        self._calls: dict[int, dict[str, Any]] = {}
        self._inputs: dict[int, list[str]] = {}
        self._lists: dict[str, list[dict[str, Any]]] = {"annotations": [], "images": [], FIELD: []}
        self._logprobs: list[dict[str, Any]] = []
        self._finish_reason: str | None = None

    def add(self, choice: ChunkChoice) -> None:
        """Add what a chunk brings."""
        delta = choice["delta"]
        for name, texts in self._texts.items():
            if piece := delta.get(name):
                texts.append(piece)
        for piece in delta.get("tool_calls", ()):
            self._add_call(piece)
        for name, entries in self._lists.items():
            entries += delta.get(name, ())
        if choice["logprobs"]:
            self._logprobs += choice["logprobs"]["content"]
        self._finish_reason = choice["finish_reason"] or self._finish_reason

    def written(self, index: int) -> dict[str, Any]:
        """The choice of a plain completion."""
        return {
            "index": index,
            "message": self._message(),
            "logprobs": {"content": self._logprobs, "refusal": None} if self._logprobs else None,
            "finish_reason": self._finish_reason,
        }

    def _message(self) -> dict[str, Any]:
        content, refusal, reasoning = ("".join(texts) for texts in self._texts.values())
        says_otherwise = bool(self._calls or refusal)
        message: dict[str, Any] = {
            "role": "assistant",
            "content": None if says_otherwise and not content else content,
            "refusal": refusal or None,
            "annotations": [_without_index(entry) for entry in self._lists["annotations"]],
        }
        if images := self._lists["images"]:
            message["images"] = [_without_index(image) for image in images]
        if details := self._lists[FIELD]:
            message[FIELD] = details
        if reasoning:
            message["reasoning_content"] = reasoning
        if self._calls:
            message["tool_calls"] = [self._call(number) for number in sorted(self._calls)]
        return message

    def _add_call(self, piece: dict[str, Any]) -> None:
        number = piece["index"]
        if "id" in piece:
            self._calls[number] = {name: value for name, value in piece.items() if name != "index"}
            self._inputs[number] = []
        else:
            self._inputs[number] += (piece.get("function") or piece["custom"]).values()

    def _call(self, number: int) -> dict[str, Any]:
        call = self._calls[number]
        kind = call["type"]
        name = "input" if kind == "custom" else "arguments"
        return {**call, kind: {**call[kind], name: "".join(self._inputs[number])}}


def _without_index(entry: dict[str, Any]) -> dict[str, Any]:
    """An entry as it is in a whole list, where its place tells its number."""
    return {name: value for name, value in entry.items() if name != "index"}
