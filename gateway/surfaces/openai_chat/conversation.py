"""Turns chat messages into the items of a conversation."""

from collections import defaultdict
from typing import Any

from gateway.surfaces.openai_chat.parts import answer_parts, input_content
from gateway.surfaces.openai_chat.remarks import Remarks
from gateway.surfaces.openai_chat.shapes import list_at, misshapen, object_at, text_at

_Object = dict[str, Any]

# What is read of a message, by its role. A participant's name, reasoning, and what else there may be has no place
# in an item.
_READ = {
    "system": ("role", "content"),
    "developer": ("role", "content"),
    "user": ("role", "content"),
    "assistant": ("role", "content", "refusal", "audio", "tool_calls", "function_call"),
    "tool": ("role", "content", "tool_call_id"),
    "function": ("role", "content", "name"),
}
# Some clients send back the pieces of a stream with their index.
_CALL = ("id", "index", "type", "function", "custom")


class Conversation:
    """The items of the messages added so far. What no item can hold is remarked."""

    def __init__(self, remarks: Remarks) -> None:
        self.items: list[_Object] = []
        self._remarks = remarks
        self._custom: set[str] = set()
        # Deprecated function calls have no ids: they are answered by name, the oldest first.
        self._unanswered: dict[str, list[str]] = defaultdict(list)

    def add(self, message: Any, number: int) -> None:
        """Add the message with this number. Raises `InvalidRequest` for one that cannot be translated."""
        place = f"messages[{number}]"
        role = object_at(message, place).get("role")
        match role:
            case "system" | "developer" | "user":
                content = input_content(message.get("content"), f"{place}.content", self._remarks)
                self.items.append({"type": "message", "role": role, "content": content})
            case "assistant":
                self._add_answer(message, place)
            case "tool":
                self._add_output(text_at(message.get("tool_call_id"), f"{place}.tool_call_id"), message, place)
            case "function":
                self._add_output(self._answered(message, place), message, place)
            case _:
                raise misshapen(f"{place}.role", "system, developer, user, assistant, tool or function")
        self._remarks.left_over(message, _READ[role], place)

    def _add_answer(self, message: _Object, place: str) -> None:
        """An earlier answer: a message item for what it says, and one item for each of its calls."""
        if message.get("audio") is not None:
            raise self._remarks.chat_only("an earlier answer's recording", f"{place}.audio")
        parts = answer_parts(message, place, self._remarks)
        if parts:
            self.items.append({"type": "message", "role": "assistant", "content": parts})
        for number, call in enumerate(list_at(message.get("tool_calls"), f"{place}.tool_calls")):
            self.items.append(self._call(call, f"{place}.tool_calls[{number}]"))
        if message.get("function_call") is not None:
            self.items.append(self._function_call(message["function_call"], place))

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
        kind = "custom_tool_call_output" if call_id in self._custom else "function_call_output"
        self.items.append({"type": kind, "call_id": call_id, "output": output})


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
