"""Writes tools and the choice among them in the Responses API's flat form."""

from gateway.dialects.openai_responses import types
from gateway.dialects.report import Report
from gateway.neutral.json import JsonObject, object_or_empty
from gateway.neutral.prompt import Prompt
from gateway.neutral.tools import (
    AllowedTools,
    CallKind,
    CustomTool,
    FunctionTool,
    HostedChoice,
    HostedTool,
    NamedTool,
    Namespace,
    Tool,
    ToolChoice,
    ToolReference,
)


def write_tools(prompt: Prompt, report: Report) -> list[JsonObject]:
    """The tools; those of a namespace stand in it."""
    written: list[JsonObject] = []
    namespaces: dict[str, types.NamespaceTool] = {}
    for tool in prompt.tools:
        body = _tool(tool, report)
        if tool.namespace is None:
            written.append(body)
            continue
        if tool.namespace not in namespaces:
            namespaces[tool.namespace] = _namespace(tool.namespace, prompt.namespaces.get(tool.namespace))
            written.append(object_or_empty(namespaces[tool.namespace]))
        namespaces[tool.namespace]["tools"].append(body)
    return written


def _namespace(name: str, description: str | None) -> types.NamespaceTool:
    if description is None:
        return {"type": "namespace", "name": name, "tools": []}
    return {"type": "namespace", "name": name, "description": description, "tools": []}


def _tool(tool: Tool, report: Report) -> JsonObject:
    match tool:
        case FunctionTool():
            return _function(tool, report)
        case CustomTool():
            return _custom(tool, report)
        case HostedTool():
            return tool.body


def _function(tool: FunctionTool, report: Report) -> JsonObject:
    """A function. Of one that did not say whether it is strict, the Responses API decides so itself.

    OpenAI's own description of the API requires `parameters`, if only to be null.
    """
    report.drop_all(cache.path for cache in tool.cache)
    function: types.FunctionTool = {"type": "function", "name": tool.name, "parameters": tool.parameters}
    if tool.description is not None:
        function["description"] = tool.description
    if not tool.is_strict_by_default:
        function["strict"] = bool(tool.strict)
    return {**object_or_empty(function), **tool.extra}


def _custom(tool: CustomTool, report: Report) -> JsonObject:
    report.drop_all(cache.path for cache in tool.cache)
    custom: types.CustomTool = {"type": "custom", "name": tool.name}
    if tool.description is not None:
        custom["description"] = tool.description
    if (grammar := tool.grammar) is not None:
        custom["format"] = {"type": "grammar", "syntax": grammar.syntax, "definition": grammar.definition}
    return {**object_or_empty(custom), **tool.extra}


def write_tool_choice(choice: ToolChoice) -> types.ToolChoice:
    """The choice, the name of a tool flat."""
    match choice:
        case str():
            return choice
        case AllowedTools(mode, tools):
            return {"type": "allowed_tools", "mode": mode, "tools": [_reference(tool) for tool in tools]}
        case _:
            return _reference(choice)


def _reference(reference: ToolReference) -> types.ToolReference:
    match reference:
        case NamedTool(kind, name, namespace):
            return _named(kind, name, namespace)
        case Namespace(name):
            return {"type": "namespace", "name": name}
        case HostedChoice(body=body):
            return body


def _named(kind: CallKind, name: str, namespace: str | None) -> types.NamedTool:
    named: types.NamedTool = {"type": kind, "name": name}
    if namespace is not None:
        named["namespace"] = namespace
    return named
