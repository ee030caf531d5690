"""The items of one answer while they come: messages and reasoning, calls, and what only a provider knows."""

from abc import ABC, abstractmethod

import orjson

from gateway.dialects.decoder import NotAnAnswer
from gateway.dialects.openai_responses.output.parts import Part
from gateway.dialects.openai_responses.output.queue import OutputQueue, QueuedOutput
from gateway.neutral.events import (
    Event,
    ItemBegan,
    ItemEnded,
    ItemProgress,
    PartKind,
    ReasoningState,
    ToolArguments,
    ToolCallBegan,
)
from gateway.neutral.identifiers import new_id
from gateway.neutral.json import Json, JsonObject, list_or_empty, object_or_empty, text_or_empty, text_or_none
from gateway.neutral.tools import CallKind

_LISTS: dict[str, tuple[tuple[str, frozenset[PartKind]], ...]] = {
    "message": (("content", frozenset({"output_text", "refusal"})),),
    "reasoning": (("summary", frozenset({"summary_text"})), ("content", frozenset({"reasoning_text"}))),
}
_PART_KINDS: dict[str, PartKind] = {
    "output_text": "output_text",
    "refusal": "refusal",
    "reasoning_text": "reasoning_text",
    "summary_text": "summary_text",
}
_CALLS: dict[str, tuple[CallKind, str]] = {
    "function_call": ("function", "arguments"),
    "custom_tool_call": ("custom", "input"),
}
# Longer texts of an item whose beginning was not sent are left for its end: an image is megabytes.
_SHORT = 256
_UNFINISHED = ("in_progress", "queued", "searching", "interpreting", "generating", "calling")


class Item(QueuedOutput, ABC):
    """One item. `given` is what is known of it at first; its end can add what never came before."""

    def __init__(self, given: JsonObject) -> None:
        super().__init__()
        self.given = given
        self.is_announced = False
        """Whether its upstream sent its beginning; otherwise an event that belongs to it was the first of it."""
        self.type = str(given.get("type"))

    @property
    def call_id(self) -> str | None:
        """What its output must name, if it is a call."""
        return text_or_none(self.given.get("call_id"))

    @abstractmethod
    def begin(self) -> list[Event]:
        """The item begins, if enough is known."""

    @abstractmethod
    def end(self, final: JsonObject, status: str) -> list[Event]:
        """The item is complete: what is missing, and what it has become. `status` stands in for one that it lacks."""


class TextItem(Item):
    """A message or reasoning: texts, one after the other."""

    def __init__(self, given: JsonObject) -> None:
        super().__init__(given)
        self._parts: dict[tuple[str, int], Part] = {}
        self._queue = OutputQueue()

    def begin(self) -> list[Event]:
        empty: JsonObject = {name: [] for name, _ in _LISTS[self.type] if name in self.given or self.type == "message"}
        skeleton = {**_public(self.given), **empty}
        if self.type == "message":
            skeleton["role"] = text_or_none(skeleton.get("role")) or "assistant"
        if self.type == "message" or "status" in skeleton:
            skeleton["status"] = "in_progress"
        return [ItemBegan(skeleton)]

    def takes(self, kind: str) -> bool:
        """Whether parts of this kind belong to it."""
        return any(kind in kinds for _, kinds in _LISTS[self.type])

    def part(self, kind: PartKind, index: int | None) -> tuple[Part, list[Event]]:
        """The part with this index, begun where it is new. Without an index: the last of its kind."""
        if index is None:
            known = [number for named, number in self._parts if named == kind]
            index = known[-1] if known else 0
        part = self._parts.get((kind, index))
        if part is not None:
            return part, []
        part = self._parts[kind, index] = Part(kind)
        self._queue.add(part)
        return part, self._queue.emit(part, [part.began])

    def add(self, part: Part, text: str, logprobs: Json = None) -> list[Event]:
        """Emit a piece of a part, when it is its turn."""
        return [] if self._is_past(part) else self._queue.emit(part, part.add(text, logprobs))

    def annotate(self, part: Part, annotation: Json) -> list[Event]:
        """Emit a citation in a part, when it is its turn."""
        return [] if self._is_past(part) else self._queue.emit(part, part.annotate(annotation))

    def complete(self, part: Part, final: Json) -> list[Event]:
        """Emit what is missing of a part as it is in the end."""
        return [] if self._is_past(part) else self._queue.emit(part, part.complete(final))

    def is_first(self, part: Part) -> bool:
        """Whether the events of a part are emitted at once."""
        return self._queue.is_first(part)

    def close(self, part: Part) -> list[Event]:
        """The part is done: what waited for that."""
        return self._queue.close(part)

    def end(self, final: JsonObject, status: str) -> list[Event]:
        events: list[Event] = []
        written: JsonObject = {}
        for name, kinds in _LISTS[self.type]:
            content, more = self._complete(final.get(name), kinds)
            events += more
            if name in final or content:
                written[name] = content
        for part in self._parts.values():
            events += self.close(part)
        if state := self._state(final):
            events.append(ReasoningState(state))
        ended = {**_public(final), **written}
        if self.type == "message" or "status" in ended:
            ended["status"] = _ended_status(ended, status)
        return [*events, ItemEnded(ended)]

    def _is_past(self, part: Part) -> bool:
        """Whether a part is done and another has begun: nothing can be added to it any more."""
        return part.is_done and not self._queue.is_first(part)

    def _complete(self, final: Json, kinds: frozenset[str]) -> tuple[list[Json], list[Event]]:
        """The parts of one list as they are in the end, and what was missing."""
        events: list[Event] = []
        content: list[Json] = []
        given_parts = list_or_empty(final)
        finals = [object_or_empty(given) for given in given_parts]
        # Those at their places first: none of them may stand in for another.
        places: list[tuple[str | None, int]] = [(part_kind(opened), index) for index, opened in enumerate(finals)]
        matched = self._parts.keys() & places
        for index, (given, opened) in enumerate(zip(given_parts, finals, strict=True)):
            kind = part_kind(opened)
            if kind is None or kind not in kinds:
                content.append(given)
                continue
            key = self._key(kind, index, matched)
            matched.add(key)
            part, began = self.part(kind, key[1])
            events += [*began, *self.complete(part, given)]
            content.append(part.written(opened))
        others = [part for key, part in self._parts.items() if key[0] in kinds and key not in matched]
        content += [part.written({}) for part in others if part.text]
        return content, events

    def _key(self, kind: str, index: int, matched: set[tuple[str, int]]) -> tuple[str, int]:
        """The part that a final one is: the one at its place, or the next that came under another index."""
        if (kind, index) in self._parts:
            return kind, index
        others = (key for key in self._parts if key[0] == kind and key not in matched)
        return next(others, (kind, index))

    def _state(self, final: JsonObject) -> JsonObject | None:
        """What the author of reasoning takes back; of readable reasoning its id alone, by which it is recognised."""
        if self.type != "reasoning":
            return None
        return {name: text for name in ("id", "encrypted_content") if (text := text_or_none(final.get(name)))}


class CallItem(Item):
    """A call of one of the client's tools. It begins when its name is known."""

    def __init__(self, given: JsonObject, index: int) -> None:
        super().__init__(given)
        self.index = index
        self.pieces: list[str] = []
        self._kind, self._field = _CALLS[self.type]
        self.has_begun = False
        self._held: list[Event] = []

    def begin(self) -> list[Event]:
        name = text_or_none(self.given.get("name"))
        if self.has_begun or not name:
            return []
        self.has_begun = True
        call_id = self.given["call_id"] = self.call_id or text_or_none(self.given.get("id")) or new_id("call")
        namespace = text_or_none(self.given.get("namespace"))
        call = ToolCallBegan(self.index, call_id, name, kind=self._kind, namespace=namespace)
        held, self._held = self._held, []
        return [call, *held]

    def learn(self, given: JsonObject) -> list[Event]:
        """Take in what is known of the call by now, and begin it if that was what it waited for."""
        if self.has_begun:
            return []
        known = {name: value for name, value in given.items() if value is not None and name != "type"}
        self.given = {**self.given, **known}
        return self.begin()

    def add(self, piece: str) -> list[Event]:
        """Emit a piece of the arguments, or of the input."""
        if not piece:
            return []
        self.pieces.append(piece)
        events: list[Event] = [ToolArguments(self.index, piece)]
        if self.has_begun:
            return events
        self._held += events
        return []

    def complete(self, final: Json) -> list[Event]:
        """Emit what is missing of the arguments as they are in the end. What was emitted otherwise stands."""
        whole, emitted = written_text(final), "".join(self.pieces)
        rest = whole[len(emitted) :] if whole is not None and whole.startswith(emitted) else ""
        return self.add(rest)

    def end(self, final: JsonObject, status: str) -> list[Event]:
        events = [*self.learn(final), *self.complete(final.get(self._field))]
        if not self.has_begun:
            raise NotAnAnswer
        if self._kind == "function" and not self.pieces:
            # A function without parameters is often called with an empty string, which is no JSON.
            events += self.add("{}")
        ended = {**_public(final), "call_id": self.call_id, self._field: "".join(self.pieces)}
        return [*events, ItemEnded({**ended, "status": _ended_status(final, status)})]


class HostedItem(Item):
    """A call of a tool that the provider runs, or an item of a kind yet to be invented."""

    def begin(self) -> list[Event]:
        if self.is_announced:
            return [ItemBegan(self.given)]
        return [ItemBegan({name: _first(name, value) for name, value in self.given.items()})]

    def progress(self, event: JsonObject) -> list[Event]:
        """Emit its progress, as its provider sends it."""
        return [ItemProgress(event)]

    def end(self, final: JsonObject, status: str) -> list[Event]:
        ended = final if "status" not in final else {**final, "status": _ended_status(final, status)}
        return [ItemEnded(ended)]


def new_item(given: JsonObject, calls: int) -> Item:
    """The item that begins like this; `calls` is how many calls there were before it."""
    kind = given.get("type")
    if not isinstance(kind, str):
        raise NotAnAnswer
    if kind in _LISTS:
        return TextItem(given)
    return CallItem(dict(given), calls) if kind in _CALLS else HostedItem(given)


def part_kind(part: JsonObject) -> PartKind | None:
    """The kind of a part; None for one that is not known."""
    return _PART_KINDS.get(text_or_empty(part.get("type")))


def written_text(value: Json) -> str | None:
    """Arguments as the text that they are; some servers send the object."""
    if value is None or isinstance(value, str):
        return value
    try:
        return orjson.dumps(value).decode()
    except orjson.JSONEncodeError:
        raise NotAnAnswer from None


def _public(item: JsonObject) -> JsonObject:
    """The item without what only its author can read: that travels as its state."""
    return {name: value for name, value in item.items() if name != "encrypted_content"}


def _first(name: str, value: Json) -> Json:
    """A field of an item as it is before anything has happened."""
    if name == "status":
        return "in_progress"
    if isinstance(value, list):
        return []
    return "" if isinstance(value, str) and len(value) > _SHORT else value


def _ended_status(item: JsonObject, status: str) -> str:
    given = text_or_none(item.get("status"))
    return status if given is None or given in _UNFINISHED else given
