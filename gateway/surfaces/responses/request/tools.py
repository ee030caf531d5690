"""Reads the tools of a request, and the choice among them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

from gateway.errors import InvalidRequest
from gateway.neutral.json import Json, JsonObject, list_or_none, object_or_empty, object_or_none, text_or_empty
from gateway.neutral.json import boolean_or_none as boolean
from gateway.neutral.json import text_or_none as text
from gateway.neutral.kept import Kept, digest_of
from gateway.neutral.parts import CacheControl
from gateway.neutral.paths import field_path
from gateway.neutral.tools import (
    AllowedTools,
    CallKind,
    CustomTool,
    FunctionTool,
    Grammar,
    HostedChoice,
    HostedTool,
    NamedTool,
    Namespace,
    SharedTools,
    Tool,
    ToolChoice,
    ToolReference,
)
from gateway.surfaces.extensions import extensions
from gateway.surfaces.responses.request.content import invalid, other_fields

if TYPE_CHECKING:
    from generated import models

_CACHE = "cache_control"
_NAME: Annotated[str, models.FunctionTool] = "name"
# Chat nests the definition of a tool in a field of its type's name, and some clients do so here.
_FUNCTION, _CUSTOM, _ALLOWED = "function", "custom", "allowed_tools"
_KNOWN_OF_FUNCTIONS: Annotated[frozenset[str], models.FunctionTool] = frozenset(
    {"type", "name", "description", "parameters", "strict", _FUNCTION, _CACHE}
)
_KNOWN_OF_CUSTOM: Annotated[frozenset[str], models.CustomToolParam] = frozenset(
    {"type", "name", "description", "format", _CUSTOM, _CACHE}
)
_KNOWN_OF_NAMESPACES: Annotated[frozenset[str], models.NamespaceToolParam] = frozenset(
    {"type", "name", "description", "tools"}
)
# What is read of a choice, by its type; chat nests it.
_KNOWN_OF_NAMED = frozenset({"type", "name", "namespace"})
_KNOWN_OF_CHOICES = {
    _FUNCTION: _KNOWN_OF_NAMED | {_FUNCTION},
    _CUSTOM: _KNOWN_OF_NAMED | {_CUSTOM},
    _ALLOWED: frozenset({"type", "mode", "tools", _ALLOWED}),
}

_API = b"responses "
_kept: Kept[bytes, SharedTools] = Kept(32)


def offered_tools(tools: list[models.Tool]) -> Sequence[Tool]:
    """The tools of a request's own field. None for what is no list."""
    digest = digest_of(tools)
    if digest is None:
        return read_tools(tools)
    return _kept.get(digest, lambda: SharedTools.of(read_tools(tools), _API + digest))


def read_tools(tools: list[models.Tool] | None, path: str = "tools", *, in_history: bool = False) -> list[Tool]:
    """The tools, those of a namespace one by one. `path` is where the list is written. None for what is no list."""
    if not isinstance(tools, list):
        return []
    return [
        found
        for index, tool in enumerate(tools)
        for found in unfolded(tool, path if in_history else f"{path}[{index}]", in_history=in_history)
    ]


def namespace_descriptions(tools: Iterable[object], untranslated: list[str]) -> dict[str, str]:
    """What is said of the namespaces among the tools, by their names. Paths of other fields go to `untranslated`."""
    found: dict[str, str] = {}
    for index, tool in enumerate(tools):
        given = object_or_empty(tool)
        if given.get("type") == "namespace":
            untranslated += other_fields(given, _KNOWN_OF_NAMESPACES, f"tools[{index}]")
            if description := text_or_empty(given.get("description")):
                found[text_or_empty(given.get("name"))] = description
    return found


def unfolded(tool: models.Tool, path: str, *, in_history: bool = False) -> Iterator[Tool]:
    """The tool, or those of a namespace one by one.

    Waystone's documents do not list tools, so there each field may be anything; what is not of its type is not there.
    """
    if not isinstance(tool, dict) or tool.get("type") != "namespace":
        yield _tool(tool, path)
        return
    inner, name = tool.get("tools"), tool.get("name")
    if not isinstance(inner, list) or not isinstance(name, str):
        yield HostedTool("namespace", extensions(tool), path)
        return
    description = text_or_empty(tool.get("description"))
    for index, one in enumerate(inner):
        found = _tool(one, path if in_history else f"{path}.tools[{index}]", name)
        if description and not isinstance(found, HostedTool):
            found = replace(found, namespace_description=description)
        yield found


def _tool(tool: models.Tool | models.NamespacedTool, path: str, namespace: str | None = None) -> Tool:
    if not isinstance(tool, dict) or text(tool.get("type")) is None:
        return HostedTool(None, extensions(tool), path, namespace)
    if tool["type"] == "function":
        return _function(tool, path, namespace)
    if tool["type"] == "custom":
        return _custom(tool, path, namespace)
    return HostedTool(text(tool["type"]), extensions(tool), path, namespace)


def _function(tool: models.FunctionTool, path: str, namespace: str | None) -> FunctionTool:
    given = extensions(tool)
    nested = object_or_none(given.get(_FUNCTION))
    if nested is not None:
        return _nested_function(given, nested, path, namespace)
    return FunctionTool(
        text_or_empty(tool.get("name")),
        path,
        field_path(path, _NAME),
        namespace,
        text(tool.get("description")),
        _parameters(tool.get("parameters"), f"{path}.parameters"),
        # Null means false here.
        tool["strict"] is True if "strict" in tool else None,
        is_strict_by_default="strict" not in tool,
        cache=_cache(given, path),
        extra=_extra(given, _KNOWN_OF_FUNCTIONS),
    )


def _nested_function(given: JsonObject, nested: JsonObject, path: str, namespace: str | None) -> FunctionTool:
    """A function in chat's own form, which some clients send here, too."""
    return FunctionTool(
        text_or_empty(nested.get("name")),
        path,
        field_path(path, "function.name"),
        namespace,
        text(nested.get("description")),
        _parameters(nested.get("parameters"), f"{path}.function.parameters"),
        boolean(nested.get("strict")),
        cache=(*_cache(nested, field_path(path, _FUNCTION)), *_cache(given, path)),
        extra=_extra(given, _KNOWN_OF_FUNCTIONS) | _extra(nested, _KNOWN_OF_FUNCTIONS),
    )


def _parameters(given: object, path: str) -> JsonObject | None:
    if given is not None and not isinstance(given, dict):
        raise invalid("The parameters of a function are a schema", path)
    return given


def _custom(tool: models.CustomToolParam, path: str, namespace: str | None) -> CustomTool:
    given = extensions(tool)
    nested = object_or_none(given.get(_CUSTOM))
    if nested is not None:
        name, name_path = text_or_empty(nested.get("name")), field_path(path, "custom.name")
        description, format_ = text(nested.get("description")), object_or_empty(nested.get("format"))
    else:
        name, name_path = text_or_empty(tool.get("name")), field_path(path, _NAME)
        description, format_ = text(tool.get("description")), extensions(tool.get("format"))
    cache = (*_cache(nested or {}, field_path(path, _CUSTOM)), *_cache(given, path))
    extra = _extra(given, _KNOWN_OF_CUSTOM) | _extra(nested or {}, _KNOWN_OF_CUSTOM)
    if format_ and format_.get("type") != "grammar":
        extra["format"] = format_
    return CustomTool(name, path, name_path, namespace, description, _grammar(format_), cache, extra)


def _grammar(given: JsonObject) -> Grammar | None:
    """The grammar that the text must follow: flat, or nested as in chat."""
    if given.get("type") != "grammar":
        return None
    source = object_or_none(given.get("grammar")) or given
    return Grammar(source.get("syntax"), source.get("definition"))


def read_tool_choice(choice: models.ToolChoiceParam) -> ToolChoice | None:
    """The choice; None where the client leaves it open. Raises `InvalidRequest` for an object that is none."""
    if choice is None or isinstance(choice, str):
        return choice
    given = object_or_empty(choice)
    if given.get("type") == "allowed_tools":
        return _allowed(_inside(given, "allowed_tools"))
    if text(given.get("type")) is None:
        raise _invalid("The tool choice has no type")
    found = read_reference(given)
    return found if isinstance(found, NamedTool) else HostedChoice(text(given.get("type")), given)


def choice_omissions(choice: models.ToolChoiceParam) -> list[str]:
    """The paths of what no upstream of another dialect gets of a choice."""
    given = object_or_empty(choice)
    kind = text_or_empty(given.get("type"))
    known = _KNOWN_OF_CHOICES.get(kind)
    if known is None:
        return []
    nested = object_or_empty(given.get(kind))
    return [
        *other_fields(given, known, "tool_choice"),
        *other_fields(nested, known - {kind, "type"}, f"tool_choice.{kind}"),
    ]


def _allowed(allowed: Mapping[str, Json]) -> AllowedTools:
    mode, tools = allowed.get("mode", "auto"), list_or_none(allowed.get("tools"))
    if mode not in ("auto", "required") or tools is None:
        raise _invalid("allowed_tools needs a mode, auto or required, and a list of tools")
    return AllowedTools(
        "required" if mode == "required" else "auto", [read_reference(object_or_empty(tool)) for tool in tools]
    )


def read_reference(given: JsonObject) -> ToolReference:
    """A tool, or a namespace of them, that a tool choice names."""
    match given.get("type"):
        case "function":
            return _named("function", _inside(given, "function"))
        case "custom":
            return _named("custom", _inside(given, "custom"))
        case "namespace" if (name := text(given.get("name"))) is not None:
            return Namespace(name)
        case kind:
            return HostedChoice(text(kind), given)


def _named(kind: CallKind, given: JsonObject) -> NamedTool:
    return NamedTool(kind, text_or_empty(given.get("name")), text(given.get("namespace")))


def _inside(choice: JsonObject, kind: str) -> JsonObject:
    """What chat nests under the type, and the Responses API does not."""
    nested = object_or_none(choice.get(kind))
    return choice if nested is None else nested


def _cache(given: JsonObject, path: str) -> Sequence[CacheControl]:
    return (CacheControl(_CACHE, given[_CACHE], field_path(path, _CACHE)),) if given.get(_CACHE) is not None else ()


def _extra(given: JsonObject, known: frozenset[str]) -> JsonObject:
    if given.keys() <= known:
        return {}
    return {name: value for name, value in given.items() if name not in known and value is not None}


def _invalid(why: str) -> InvalidRequest:
    return InvalidRequest(f"{why}; see tool_choice.", param="tool_choice", code="invalid_value")
