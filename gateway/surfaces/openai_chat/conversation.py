"""Turns chat messages into the items of a conversation."""

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from gateway.surfaces.openai_chat.parts import CACHE, answer_parts, input_content, output_text, with_cache_control
from gateway.surfaces.openai_chat.places import Places
from gateway.surfaces.openai_chat.reasoning import END, FIELD, SHOWN, details_of, is_ours
from gateway.surfaces.openai_chat.remarks import Remarks
from gateway.surfaces.openai_chat.shapes import list_at, misshapen, object_at, text_at

_Object = dict[str, Any]

# What is read of a message, by its role. A participant's name, and what else there may be has no place in an item.
_READ = {
    "system": {"role", "content", CACHE},
    "developer": {"role", "content", CACHE},
    "user": {"role", "content", CACHE},
    "assistant": {"role", "content", "refusal", "audio", "tool_calls", "function_call"},
    "tool": {"role", "content", "tool_call_id", "is_error", CACHE},
    "function": {"role", "content", "name", CACHE},
}
# Some clients send back the pieces of a stream with their index.
_CALL = {"id", "index", "type", "function", "custom"}


class Conversation:
    """The items of the messages added so far. What no item can hold is remarked."""

    def __init__(self, remarks: Remarks) -> None:
        self.items: list[_Object] = []
        self.places = Places()
        self._remarks = remarks
        self._custom: set[str] = set()
        # Deprecated function calls have no ids: they are answered by name, the oldest first.
        self._unanswered: dict[str, list[str]] = defaultdict(list)

    def add(self, message: Any, number: int) -> None:
        """Add the message with this number. Raises `InvalidRequest` for one that cannot be translated."""
        if self._add_usual(message, number):
            return
        place = f"messages[{number}]"
        role = object_at(message, place).get("role")
        match role:
            case "system" | "developer" | "user":
                content = input_content(message.get("content"), f"{place}.content", self._remarks)
                content = with_cache_control(content, message.get(CACHE), "input_text")
                self._put({"type": "message", "role": role, "content": content}, place, message)
            case "assistant":
                self._add_answer(message, place)
            case "tool":
                self._add_output(text_at(message.get("tool_call_id"), f"{place}.tool_call_id"), message, place)
            case "function":
                self._add_output(self._answered(message, place), message, place)
            case _:
                raise misshapen(f"{place}.role", "system, developer, user, assistant, tool or function")
        if role != "assistant":
            self._remarks.left_over(message, _READ[role], place)

    def _add_usual(self, message: Any, number: int) -> bool:
        """Add a message that is a role and a text, as most are. False, and nothing added, for others."""
        if not isinstance(message, dict) or len(message) != 2 or not isinstance(content := message.get("content"), str):
            return False
        match message.get("role"):
            case "user" | "system" | "developer" as role:
                self.items.append({"type": "message", "role": role, "content": content})
            case "assistant":
                self.items.append({"type": "message", "role": "assistant", "content": [output_text(content)]})
            case _:
                return False
        self.places.add_text(number)
        return True

    def _put(self, item: _Object, place: str, message: _Object | None = None) -> None:
        """Add an item that stands at `place`; `message` is there where the item has that one's content."""
        self.items.append(item)
        self.places.add(place, is_text=message is not None and not isinstance(message.get("content"), list))

    def _add_answer(self, message: _Object, place: str) -> None:
        """An earlier answer: a message item for what it says, an item for each of its calls, its reasoning before."""
        if message.get("audio") is not None:
            raise self._remarks.chat_only("an earlier answer's recording", f"{place}.audio")
        calls = list_at(message.get("tool_calls"), f"{place}.tool_calls")
        thoughts = list(_thoughts(message, calls, place)) if FIELD in message else []
        self._think(thoughts, None)
        parts = answer_parts(message, place, self._remarks)
        if parts:
            content = with_cache_control(parts, message.get(CACHE), "output_text")
            self._put({"type": "message", "role": "assistant", "content": content}, place, message)
        for number, call in enumerate(calls):
            written = self._call(call, f"{place}.tool_calls[{number}]")
            self._think(thoughts, written["call_id"])
            self._put(written, f"{place}.tool_calls[{number}]")
        if message.get("function_call") is not None:
            self._put(self._function_call(message["function_call"], place), f"{place}.function_call")
        self._think(thoughts, END)
        self._leave_over(message, place, has_spoken=bool(parts))

    def _think(self, thoughts: list[tuple[str | None, str, str]], before: str | None) -> None:
        """Add the reasoning that stands before something."""
        for position, data, place in thoughts:
            if position == before:
                self._put({"type": "reasoning", "summary": [], "encrypted_content": data}, place)

    def _leave_over(self, message: _Object, place: str, *, has_spoken: bool) -> None:
        """Note what of an answer goes nowhere; words of reasoning that is there under its seal are not missed."""
        details = details_of(message)
        read = _READ["assistant"]
        if has_spoken:
            read = read | {CACHE}
        if details and all(map(is_ours, details)):
            read = read | {FIELD, *SHOWN}
        self._remarks.left_over(message, read, place)

    def _call(self, given: Any, place: str) -> _Object:
        call = object_at(given, place)
        self._remarks.left_over(call, _CALL, place)
        match call.get("type", "function"):
            case "function":
                call_id = text_at(call.get("id"), f"{place}.id")
                return _function_call(call_id, call.get("function"), f"{place}.function")
            case "custom":
                call_id = text_at(call.get("id"), f"{place}.id")
                custom = object_at(call.get("custom"), f"{place}.custom")
                self._custom.add(call_id)
                return {
                    "type": "custom_tool_call",
                    "call_id": call_id,
                    "name": text_at(custom.get("name"), f"{place}.custom.name"),
                    "input": text_at(custom.get("input"), f"{place}.custom.input"),
                }
            case _:
                raise self._remarks.chat_only("a call of this type", f"{place}.type")

    def _function_call(self, given: Any, place: str) -> _Object:
        """A deprecated call, of which there is one in a message. Its id is made of the message's place."""
        call = _function_call(_own_id(place), given, f"{place}.function_call")
        self._unanswered[call["name"]].append(call["call_id"])
        return call

    def _answered(self, message: _Object, place: str) -> str:
        """The id of the deprecated call that a function message answers."""
        unanswered = self._unanswered[text_at(message.get("name"), f"{place}.name")]
        return unanswered.pop(0) if unanswered else _own_id(place)

    def _add_output(self, call_id: str, message: _Object, place: str) -> None:
        content = message.get("content")
        output = "" if content is None else input_content(content, f"{place}.content", self._remarks)
        output = with_cache_control(output, message.get(CACHE), "input_text")
        kind = "custom_tool_call_output" if call_id in self._custom else "function_call_output"
        failed = {"is_error": True} if message.get("is_error") is True else {}
        self._put({"type": kind, "call_id": call_id, "output": output, **failed}, place, message)


def _function_call(call_id: str, given: Any, place: str) -> _Object:
    function = object_at(given, place)
    return {
        "type": "function_call",
        "call_id": call_id,
        "name": text_at(function.get("name"), f"{place}.name"),
        # A function without parameters is often called with an empty string, which is no JSON.
        "arguments": text_at(function.get("arguments", ""), f"{place}.arguments") or "{}",
    }


def _own_id(place: str) -> str:
    return "call_" + place.replace("[", "_").rstrip("]")


def _thoughts(message: _Object, calls: list[Any], place: str) -> Iterator[tuple[str | None, str, str]]:
    """The seals of a message: before what each stands, the seal, and its own place."""
    ids = [call.get("id") for call in calls if isinstance(call, dict)]
    known = [*ids, END]
    for number, detail in enumerate(details_of(message)):
        if is_ours(detail):
            before = detail.get("id")
            yield before if before in known else None, detail["data"], f"{place}.{FIELD}[{number}]"
