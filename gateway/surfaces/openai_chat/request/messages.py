"""Reads chat messages into the items of a conversation."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, TypeGuard, get_args

from gateway.errors import InvalidRequest, misshapen
from gateway.neutral.items import EarlierReasoning, Item, Message, Position, Role, ToolCall, ToolOutput
from gateway.neutral.json import Json, text_or_empty
from gateway.neutral.parts import NOTHING_MORE, Part, TextPart
from gateway.neutral.tools import CallKind
from gateway.neutral.values import value
from gateway.surfaces.extensions import extensions
from gateway.surfaces.openai_chat.reasoning import END, FIELD, SHOWN, details_of, is_ours
from gateway.surfaces.openai_chat.request.body import MESSAGES
from gateway.surfaces.openai_chat.request.content import (
    CACHE_CONTROL,
    read_answer,
    read_content,
    takes_cache_control,
    with_cache_control,
)
from gateway.surfaces.openai_chat.request.omissions import Omissions
from gateway.surfaces.openai_chat.request.values import list_at, object_at, require_object, text_at

if TYPE_CHECKING:
    from generated import models

_SPEAKERS: Mapping[str, Role] = {role: role for role in get_args(Role)}
# What is read of a message, by its role. A participant's name, and what else there may be, has no place in an item.
_MESSAGE: "Annotated[frozenset[str], models.ChatCompletionRequestUserMessage]" = frozenset(
    {"role", "content", CACHE_CONTROL}
)
_ANSWER: "Annotated[frozenset[str], models.ChatCompletionRequestAssistantMessage]" = frozenset(
    {"role", "content", "refusal", "audio", "tool_calls", "function_call"}
)
_IS_ERROR = "is_error"
_TOOL: "Annotated[frozenset[str], models.ChatCompletionRequestToolMessage]" = frozenset(
    {"role", "content", "tool_call_id", _IS_ERROR, CACHE_CONTROL}
)
_FUNCTION: "Annotated[frozenset[str], models.ChatCompletionRequestFunctionMessage]" = frozenset(
    {"role", "content", "name", CACHE_CONTROL}
)
_FUNCTION_CALL = "function_call"
# Some clients send back the deltas of a stream with their index.
_INDEX = "index"
_CALL: "Annotated[frozenset[str], models.ChatCompletionRequestToolCall]" = frozenset(
    {"id", _INDEX, "type", "function", "custom"}
)
_CALLED: "Annotated[frozenset[str], models.FunctionCall]" = frozenset({"name", "arguments"})
_CUSTOM_CALL: "Annotated[frozenset[str], models.ChatCompletionMessageCustomToolCallCustom]" = frozenset(
    {"name", "input"}
)
# Answers have these also where there is nothing in them.
_OFTEN_EMPTY = ("annotations", FIELD, *SHOWN)


def _place(number: int) -> tuple[str, str]:
    """The path of a message, and that of its content."""
    return f"{MESSAGES}[{number}]", f"{MESSAGES}[{number}].content"


_PLACES = tuple(map(_place, range(128)))


def read_messages(messages: "Sequence[models.ChatCompletionRequestMessage]", omissions: Omissions) -> Sequence[Item]:
    """The items of the messages, in order. Raises `InvalidRequest` for a value of a wrong type."""
    reader = _Reader(omissions)
    items = reader.items
    places = _PLACES if len(messages) <= len(_PLACES) else [_place(number) for number in range(len(messages))]
    for message, (path, content_path) in zip(messages, places, strict=False):
        # Most are a role and a text, or a tool's output, which has an id more. What is a default is given, too: so it
        # costs no call.
        if type(message) is dict and type(content := message.get("content")) is str and len(message) <= 3:
            if len(message) == 2 and (role := _SPEAKERS.get(message.get("role", ""))) is not None:
                part = TextPart(content, content_path, (), NOTHING_MORE)
                items.append(Message(role, (part,), Position(len(items), path)))
                continue
            if message.get("role") == "tool" and type(call_id := message.get("tool_call_id")) is str:
                part = TextPart(content, content_path, (), NOTHING_MORE)
                items.append(ToolOutput(call_id, (part,), Position(len(items), path), f"{path}.tool_call_id"))
                continue
        reader.add(message, path)
    return items


@value
class _Sealed:
    """Reasoning of an answer, and what it comes before: the id of a call, `END`, or None for the text."""

    data: str
    before: Json
    path: str


class _Reader:
    """The items of the messages added so far."""

    def __init__(self, omissions: Omissions) -> None:
        self.items: list[Item] = []
        self._omissions = omissions
        # Deprecated function calls have no ids: they are answered by name, the oldest first.
        self._unanswered: dict[str, list[str]] = defaultdict(list)

    def add(self, message: "models.ChatCompletionRequestMessage", path: str) -> None:
        """Add the items of the message at `path`. Raises `InvalidRequest` for a value of a wrong type."""
        require_object(message, path)
        if "role" not in extensions(message):
            raise _no_role(path)
        match message["role"]:
            case "system" | "developer" | "user" as role:
                parts = read_content(message.get("content"), f"{path}.content", self._omissions)
                self.items.append(Message(role, _cached(parts, message, path), self._position(path)))
                self._omissions.leave_out(message, _MESSAGE, path)
            case "assistant":
                self._add_answer(message, path)
            case "tool":
                call_id = text_at(message.get("tool_call_id"), f"{path}.tool_call_id")
                self._add_output(message, call_id, f"{path}.tool_call_id", path)
                self._omissions.leave_out(message, _TOOL, path)
            case "function":
                self._add_output(message, self._answered(message, path), f"{path}.name", path)
                self._omissions.leave_out(message, _FUNCTION, path)
            case _:
                raise _no_role(path)

    def _position(self, path: str) -> Position:
        return Position(len(self.items), path)

    def _add_output(
        self,
        message: "models.ChatCompletionRequestToolMessage | models.ChatCompletionRequestFunctionMessage",
        call_id: str,
        call_id_path: str,
        path: str,
    ) -> None:
        content = message.get("content")
        given = "" if content is None else content
        parts = _cached(read_content(given, f"{path}.content", self._omissions), message, path)
        is_error = extensions(message).get(_IS_ERROR) is True
        self.items.append(ToolOutput(call_id, parts, self._position(path), call_id_path, is_error=is_error))

    def _answered(self, message: "models.ChatCompletionRequestFunctionMessage", path: str) -> str:
        """The id of the deprecated call that a function message answers."""
        unanswered = self._unanswered[text_at(message.get("name"), f"{path}.name")]
        return unanswered.pop(0) if unanswered else _own_id(path)

    def _add_answer(self, message: "models.ChatCompletionRequestAssistantMessage", path: str) -> None:
        """Add an earlier answer: a message for its text, an item for each of its calls, its reasoning before these."""
        if message.get("audio") is not None:
            self._omissions.refuse("an earlier answer's recording", f"{path}.audio")
        given = message.get("tool_calls")
        calls = given if type(given) is list else list_at(given, f"{path}.tool_calls")
        reasoning = list(_reasoning(message, calls, path)) if FIELD in extensions(message) else []
        if reasoning:
            self._add_reasoning(reasoning, None)
        parts = read_answer(message, path, self._omissions)
        if parts:
            content = with_cache_control(parts, message, path)
            self.items.append(Message("assistant", content, self._position(path)))
        for number, call in enumerate(calls):
            self._add_call(call, f"{path}.tool_calls[{number}]", reasoning)
        if (function := message.get("function_call")) is not None:
            if reasoning:
                self._add_reasoning(reasoning, _FUNCTION_CALL)
            self._add_function_call(function, path)
        if reasoning:
            self._add_reasoning(reasoning, END)
        if not message.keys() <= _ANSWER:
            self._leave_out_of_answer(message, parts, path)

    def _add_reasoning(self, reasoning: list[_Sealed], before: str | None) -> None:
        for entry in reasoning:
            if entry.before == before:
                self.items.append(EarlierReasoning(self._position(entry.path), entry.data))

    def _add_call(self, call: "models.ChatCompletionRequestToolCall", path: str, reasoning: list[_Sealed]) -> None:
        """Add a call, with the reasoning that comes before it. A call that only chat knows is not added."""
        function = call.get("function") if type(call) is dict and len(call) == 3 else None
        if (
            type(function) is dict
            and len(function) == 2
            and call.get("type") == "function"
            and type(call_id := call.get("id")) is str
            and type(name := function.get("name")) is str
            and type(arguments := function.get("arguments")) is str
            and arguments
        ):
            # Nearly all are this and nothing else.
            if reasoning:
                self._add_reasoning(reasoning, call_id)
            self.items.append(ToolCall(call_id, name, arguments, self._position(path), "function"))
            return
        require_object(call, path)
        self._omissions.leave_out(call, _CALL, path)
        kind: CallKind
        if _is_function_call(call):
            kind, call_id = "function", text_at(call.get("id"), f"{path}.id")
            name, arguments = _name_and_arguments(call.get("function"), f"{path}.function", self._omissions)
        elif call["type"] == "custom":
            kind, call_id = "custom", text_at(call.get("id"), f"{path}.id")
            custom = object_at(call.get("custom"), f"{path}.custom")
            self._omissions.leave_out(custom, _CUSTOM_CALL, f"{path}.custom")
            name = text_at(custom.get("name"), f"{path}.custom.name")
            arguments = text_at(custom.get("input"), f"{path}.custom.input")
        else:
            self._omissions.refuse("a call of this type", f"{path}.type")
            self._add_reasoning(reasoning, text_or_empty(extensions(call).get("id")))
            return
        if reasoning:
            self._add_reasoning(reasoning, call_id)
        self.items.append(ToolCall(call_id, name, arguments, self._position(path), kind))

    def _add_function_call(self, given: "models.FunctionCall", path: str) -> None:
        """Add the deprecated call of a message, of which there is one. Its id is made of the message's path."""
        name, arguments = _name_and_arguments(given, f"{path}.function_call", self._omissions)
        call_id = _own_id(path)
        self.items.append(ToolCall(call_id, name, arguments, self._position(f"{path}.function_call")))
        self._unanswered[name].append(call_id)

    def _leave_out_of_answer(
        self, message: "models.ChatCompletionRequestAssistantMessage", parts: list[Part], path: str
    ) -> None:
        """Note what of an answer no item has. The text of reasoning is not missed where its sealed state is there."""
        known = _ANSWER
        details = details_of(extensions(message))
        if takes_cache_control(parts):
            known = known | {CACHE_CONTROL}
        if details and all(map(is_ours, details)):
            known = known | {FIELD, *SHOWN}
        opened = extensions(message)
        known = known | {name for name in _OFTEN_EMPTY if not opened.get(name)}
        self._omissions.leave_out(message, known, path)


def _cached(parts: list[Part], message: "models.ChatCompletionRequestMessage", path: str) -> list[Part]:
    """The parts with the cache control of their message, which an empty content cannot have."""
    return with_cache_control(parts, message, path) if message.get("content") else parts


def _is_function_call(
    call: "models.ChatCompletionRequestToolCall",
) -> "TypeGuard[models.ChatCompletionMessageFunctionToolCall]":
    """Whether it is the call of a function; some clients leave out the type of what nearly every call is."""
    return extensions(call).get("type", "function") == "function"


def _name_and_arguments(given: "models.FunctionCall | None", path: str, omissions: Omissions) -> tuple[str, str]:
    """The name of a called function, and its arguments as JSON."""
    function = object_at(given, path)
    omissions.leave_out(function, _CALLED, path)
    name = text_at(function.get("name"), f"{path}.name")
    # A function without parameters is often called with an empty text, or none at all, which is no JSON.
    arguments = text_at(function.get("arguments", ""), f"{path}.arguments") or "{}"
    return name, arguments


def _own_id(path: str) -> str:
    return "call_" + path.replace("[", "_").rstrip("]")


def _no_role(path: str) -> InvalidRequest:
    return misshapen(f"{path}.role", "system, developer, user, assistant, tool or function")


def _reasoning(
    message: "models.ChatCompletionRequestAssistantMessage",
    calls: "Sequence[models.ChatCompletionRequestToolCall]",
    path: str,
) -> Iterator[_Sealed]:
    """The sealed reasoning of a message. What belongs to none of its calls comes before the text."""
    known = [*(extensions(call).get("id") for call in calls if isinstance(call, dict)), END]
    # The deprecated call has no id by which its reasoning could be known.
    other = _FUNCTION_CALL if message.get("function_call") is not None else None
    for number, detail in enumerate(details_of(extensions(message))):
        if is_ours(detail):
            entry = extensions(detail)
            before = entry.get("id")
            data = text_or_empty(entry.get("data"))
            if before not in known:
                before = None if before is None else other
            yield _Sealed(data, before, f"{path}.{FIELD}[{number}]")
