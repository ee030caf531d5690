"""Turns tools and tool choices from chat's nested form into the Responses API's flat one."""

from typing import Any

from gateway.surfaces.openai_chat.parts import CACHE
from gateway.surfaces.openai_chat.remarks import Remarks
from gateway.surfaces.openai_chat.shapes import list_at, misshapen, object_at, text_at

_Object = dict[str, Any]
_FUNCTION = ("name", "description", "parameters", "strict", CACHE)
_CUSTOM = ("name", "description", "format", CACHE)
_OF_FUNCTIONS, _OF_CUSTOM = {*_FUNCTION}, {*_CUSTOM}
_OF_TOOLS = {"function": {"type", "function", CACHE}, "custom": {"type", "custom", CACHE}}


def read_tools(body: _Object, remarks: Remarks) -> list[_Object]:
    """The tools of a body, deprecated functions last. What a flat tool does not have is remarked.

    Tools of types that are not chat's own are passed on as they are: a provider may run them itself.
    """
    tools: list[_Object] = []
    for number, given in enumerate(list_at(body.get("tools"), "tools")):
        place = f"tools[{number}]"
        tool = object_at(given, place)
        match tool.get("type"):
            case "function":
                tools.append(_function(tool.get("function"), f"{place}.function", remarks))
            case "custom":
                tools.append(_custom(tool.get("custom"), f"{place}.custom", remarks))
            case _:
                tools.append(tool)
                continue
        remarks.left_over(tool, _OF_TOOLS[tool["type"]], place)
        if CACHE in tool:
            tools[-1] |= _said(tool, (CACHE,))
    for number, given in enumerate(list_at(body.get("functions"), "functions")):
        tools.append(_function(given, f"functions[{number}]", remarks))
    return tools


def read_tool_choice(body: _Object) -> Any:
    """The tool choice of a body, or what a deprecated function call asks for. None where it leaves it open."""
    choice = body.get("tool_choice")
    if choice is None:
        return _named_function(body.get("function_call"))
    if isinstance(choice, str):
        return choice
    match object_at(choice, "tool_choice"):
        case {"type": "function" | "custom"}:
            return _named(choice, "tool_choice")
        case {"type": "allowed_tools"}:
            return _allowed(choice.get("allowed_tools"))
        case _:
            return choice


def _function(given: Any, place: str, remarks: Remarks) -> _Object:
    function = object_at(given, place)
    _require_name(function, place)
    remarks.left_over(function, _OF_FUNCTIONS, place)
    # Left out, `strict` means false in chat and true in the Responses API.
    return {"type": "function", **_said(function, _FUNCTION), "strict": bool(function.get("strict"))}


def _custom(given: Any, place: str, remarks: Remarks) -> _Object:
    custom = object_at(given, place)
    _require_name(custom, place)
    remarks.left_over(custom, _OF_CUSTOM, place)
    tool = {"type": "custom", **_said(custom, _CUSTOM)}
    match tool.get("format"):
        case {"type": "grammar", "grammar": dict() as grammar}:
            tool["format"] = {**grammar, "type": "grammar"}
    return tool


def _require_name(definition: _Object, place: str) -> None:
    if not text_at(definition.get("name"), f"{place}.name"):
        raise misshapen(f"{place}.name", "a name")


def _said(given: _Object, names: tuple[str, ...]) -> _Object:
    return {name: given[name] for name in names if given.get(name) is not None}


def _named(choice: _Object, place: str) -> _Object:
    """A choice or a reference of a tool by its name, which chat nests under its type."""
    kind = choice["type"]
    nested = object_at(choice.get(kind), f"{place}.{kind}")
    return {"type": kind, "name": text_at(nested.get("name"), f"{place}.{kind}.name")}


def _named_function(choice: Any) -> Any:
    if choice is None or isinstance(choice, str):
        return choice
    named = object_at(choice, "function_call")
    return {"type": "function", "name": text_at(named.get("name"), "function_call.name")}


def _allowed(given: Any) -> _Object:
    place = "tool_choice.allowed_tools"
    allowed = object_at(given, place)
    if allowed.get("mode") not in ("auto", "required"):
        raise misshapen(f"{place}.mode", "auto or required")
    tools = []
    for number, reference in enumerate(list_at(allowed.get("tools"), f"{place}.tools")):
        at = f"{place}.tools[{number}]"
        is_chats = object_at(reference, at).get("type") in ("function", "custom")
        tools.append(_named(reference, at) if is_chats else reference)
    return {"type": "allowed_tools", "mode": allowed["mode"], "tools": tools}
