"""Reads the tools of a chat body, and the choice among them."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Annotated, cast

from gateway.errors import misshapen
from gateway.neutral.json import JsonObject, text_or_none
from gateway.neutral.kept import Kept, digest_of
from gateway.neutral.parts import CacheControl
from gateway.neutral.tools import (
    AllowedTools,
    CallKind,
    CustomTool,
    FunctionTool,
    Grammar,
    HostedChoice,
    HostedTool,
    NamedTool,
    SharedTools,
    Tool,
    ToolChoice,
    ToolReference,
)
from gateway.surfaces.extensions import extensions
from gateway.surfaces.openai_chat.request.content import CACHE_CONTROL, cache_controls
from gateway.surfaces.openai_chat.request.omissions import Omissions
from gateway.surfaces.openai_chat.request.values import (
    list_at,
    object_at,
    optional_text_at,
    require_object,
    text_at,
)
from gateway.surfaces.responses.request.tools import read_reference, unfolded

if TYPE_CHECKING:
    from generated import models

_FUNCTION: "Annotated[frozenset[str], models.FunctionObject]" = frozenset(
    {"name", "description", "parameters", "strict", CACHE_CONTROL}
)
_CUSTOM: "Annotated[frozenset[str], models.CustomToolObject]" = frozenset(
    {"name", "description", "format", CACHE_CONTROL}
)
_FUNCTION_TOOL: "Annotated[frozenset[str], models.ChatCompletionTool]" = frozenset({"type", "function", CACHE_CONTROL})
_CUSTOM_TOOL: "Annotated[frozenset[str], models.CustomToolChatCompletions]" = frozenset(
    {"type", "custom", CACHE_CONTROL}
)
_FUNCTION_CHOICE: "Annotated[frozenset[str], models.ChatCompletionNamedToolChoice]" = frozenset({"type", "function"})
_CUSTOM_CHOICE: "Annotated[frozenset[str], models.ChatCompletionNamedToolChoiceCustom]" = frozenset({"type", "custom"})
_ALLOWED_CHOICE: "Annotated[frozenset[str], models.ChatCompletionAllowedToolsChoice]" = frozenset(
    {"type", "allowed_tools"}
)
_ALLOWED: "Annotated[frozenset[str], models.ChatCompletionAllowedTools]" = frozenset({"mode", "tools"})
_NAMED = frozenset({"name"})

_API = b"chat "
_kept: Kept[bytes, tuple[SharedTools, Omissions]] = Kept(32)


def read_tools(body: "models.CreateChatCompletionRequest", omissions: Omissions) -> Sequence[Tool]:
    """The tools of a body, deprecated functions last. Raises `InvalidRequest` for a value of a wrong type.

    Tools of types that are not chat's own stay as they are: a provider may run them itself.
    """
    given, functions = list_at(body.get("tools"), "tools"), list_at(body.get("functions"), "functions")
    if functions:
        return [*_listed(given, omissions), *_deprecated(functions, omissions)]
    digest = digest_of(given) if given else None
    if digest is None:
        return _listed(given, omissions)

    def read() -> tuple[SharedTools, Omissions]:
        found = Omissions()
        return SharedTools.of(_listed(given, found), _API + digest), found

    tools, part = _kept.get(digest, read)
    omissions.add(part)
    return tools


def _listed(given: "Sequence[models.ChatCompletionToolParam]", omissions: Omissions) -> list[Tool]:
    tools: list[Tool] = []
    for number, tool in enumerate(given):
        if extensions(tool).get("type") == "namespace":
            # The Responses API's: some clients send it here, too.
            tools += unfolded(cast("models.NamespaceToolParam", tool), f"tools[{number}]")
        else:
            tools.append(_tool(tool, f"tools[{number}]", omissions))
    return tools


def _deprecated(given: "Sequence[models.FunctionObject]", omissions: Omissions) -> Iterator[Tool]:
    for number, function in enumerate(given):
        path = f"functions[{number}]"
        require_object(function, path)
        yield _function(function, path, path, (), omissions)


def read_tool_choice(body: "models.CreateChatCompletionRequest", omissions: Omissions) -> ToolChoice | None:
    """The tool choice of a body, or its deprecated function call. None where the body has neither.

    Raises `InvalidRequest` for a value of a wrong type.
    """
    choice = body.get("tool_choice")
    if choice is None:
        return _function_choice(body)
    if isinstance(choice, str):
        return choice
    require_object(choice, "tool_choice")
    opened = extensions(choice)
    if "type" not in opened:
        return HostedChoice(None, opened)
    match choice["type"]:
        case "function":
            function = object_at(choice.get("function"), "tool_choice.function")
            omissions.leave_out(choice, _FUNCTION_CHOICE, "tool_choice")
            omissions.leave_out(function, _NAMED, "tool_choice.function")
            return NamedTool("function", text_at(function.get("name"), "tool_choice.function.name"))
        case "custom":
            custom = object_at(choice.get("custom"), "tool_choice.custom")
            omissions.leave_out(choice, _CUSTOM_CHOICE, "tool_choice")
            omissions.leave_out(custom, _NAMED, "tool_choice.custom")
            return NamedTool("custom", text_at(custom.get("name"), "tool_choice.custom.name"))
        case "allowed_tools":
            omissions.leave_out(choice, _ALLOWED_CHOICE, "tool_choice")
            return _allowed_tools(choice, omissions)
        case kind:
            return HostedChoice(text_or_none(kind), opened)


def _tool(tool: "models.ChatCompletionToolParam", path: str, omissions: Omissions) -> Tool:
    require_object(tool, path)
    opened = extensions(tool)
    if "type" not in opened:
        return HostedTool(None, opened, path)
    read: Tool
    match tool["type"]:
        case "function":
            nested = f"{path}.function"
            function = object_at(tool.get("function"), nested)
            read = _function(function, path, nested, cache_controls(tool, path), omissions)
            omissions.leave_out(tool, _FUNCTION_TOOL, path)
        case "custom":
            nested = f"{path}.custom"
            custom = object_at(tool.get("custom"), nested)
            read = _custom(custom, path, nested, cache_controls(tool, path), omissions)
            omissions.leave_out(tool, _CUSTOM_TOOL, path)
        case kind:
            read = HostedTool(text_or_none(kind), opened, path)
    return read


def _function(
    function: "models.FunctionObject", path: str, nested: str, cache: tuple[CacheControl, ...], omissions: Omissions
) -> FunctionTool:
    """A function whose definition is at `nested`. The cache control of the tool comes before that of the definition."""
    name = _name(function.get("name"), f"{nested}.name")
    omissions.leave_out(function, _FUNCTION, nested)
    parameters = function.get("parameters")
    if parameters is not None:
        require_object(parameters, f"{nested}.parameters")
    return FunctionTool(
        name,
        path,
        name_path=f"{nested}.name",
        description=optional_text_at(function.get("description"), f"{nested}.description"),
        parameters=parameters,
        # Left out, it means false in chat.
        strict=bool(function.get("strict")),
        cache=cache or cache_controls(function, nested),
    )


def _custom(
    custom: "models.CustomToolObject", path: str, nested: str, cache: tuple[CacheControl, ...], omissions: Omissions
) -> CustomTool:
    name = _name(custom.get("name"), f"{nested}.name")
    omissions.leave_out(custom, _CUSTOM, nested)
    given = extensions(custom.get("format"))
    is_grammar = given.get("type") == "grammar"
    return CustomTool(
        name,
        path,
        name_path=f"{nested}.name",
        description=optional_text_at(custom.get("description"), f"{nested}.description"),
        grammar=_grammar(given) if is_grammar else None,
        cache=cache or cache_controls(custom, nested),
        extra={"format": given} if given and not is_grammar else {},
    )


def _grammar(given: JsonObject) -> Grammar:
    """The grammar of a custom tool, which chat nests and the Responses API does not; some clients mix them up."""
    nested = given.get("grammar")
    source = nested if isinstance(nested, dict) else given
    return Grammar(source.get("syntax"), source.get("definition"))


def _name(value: object, path: str) -> str:
    if name := text_at(value, path):
        return name
    raise misshapen(path, "a name")


def _function_choice(body: "models.CreateChatCompletionRequest") -> ToolChoice | None:
    choice = body.get("function_call")
    if choice is None or isinstance(choice, str):
        return choice
    require_object(choice, "function_call")
    return NamedTool("function", text_at(choice.get("name"), "function_call.name"))


def _allowed_tools(choice: "models.ChatCompletionAllowedToolsChoice", omissions: Omissions) -> AllowedTools:
    path = "tool_choice.allowed_tools"
    allowed = object_at(choice.get("allowed_tools"), path)
    omissions.leave_out(allowed, _ALLOWED, path)
    mode = allowed.get("mode")
    if mode != "auto" and mode != "required":
        raise misshapen(f"{path}.mode", "auto or required")
    references = list_at(allowed.get("tools"), f"{path}.tools")
    return AllowedTools(mode, [_reference(tool, f"{path}.tools[{number}]") for number, tool in enumerate(references)])


def _reference(tool: object, path: str) -> ToolReference:
    """One of the allowed tools, whose fields the contract does not list."""
    require_object(tool, path)
    opened = extensions(tool)
    match opened.get("type"):
        case "function":
            return _named_tool("function", opened, path)
        case "custom":
            return _named_tool("custom", opened, path)
        case _:
            return read_reference(opened)


def _named_tool(kind: CallKind, reference: JsonObject, path: str) -> NamedTool:
    nested = f"{path}.{kind}"
    named = object_at(reference.get(kind), nested)
    return NamedTool(kind, text_at(extensions(named).get("name"), f"{nested}.name"))
