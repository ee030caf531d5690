"""Writes tools and the choice among them in the Responses API's flat form."""

from gateway.dialects.report import Report
from gateway.neutral.json import JsonObject
from gateway.neutral.prompt import Prompt
from gateway.neutral.tools import (
    AllowedTools,
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
    namespaces: dict[str, list[JsonObject]] = {}
    for tool in prompt.tools:
        body = _tool(tool, report)
        if tool.namespace is None:
            written.append(body)
            continue
        if tool.namespace not in namespaces:
            namespaces[tool.namespace] = []
            written.append({"type": "namespace", "name": tool.namespace, **_description(prompt, tool.namespace)})
        namespaces[tool.namespace].append(body)
    return [_with_tools(tool, namespaces) if tool.get("type") == "namespace" else tool for tool in written]


def _description(prompt: Prompt, namespace: str) -> JsonObject:
    description = prompt.namespaces.get(namespace)
    return {} if description is None else {"description": description}


def _with_tools(namespace: JsonObject, tools: dict[str, list[JsonObject]]) -> JsonObject:
    name = namespace.get("name")
    return {**namespace, "tools": [*tools[name]]} if isinstance(name, str) and name in tools else namespace


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
    body: JsonObject = {"type": "function", "name": tool.name, "parameters": tool.parameters, **tool.extra}
    if tool.description is not None:
        body["description"] = tool.description
    if not tool.is_strict_by_default:
        body["strict"] = bool(tool.strict)
    return body


def _custom(tool: CustomTool, report: Report) -> JsonObject:
    report.drop_all(cache.path for cache in tool.cache)
    body: JsonObject = {"type": "custom", "name": tool.name, **tool.extra}
    if tool.description is not None:
        body["description"] = tool.description
    if (grammar := tool.grammar) is not None:
        body["format"] = {"type": "grammar", "syntax": grammar.syntax, "definition": grammar.definition}
    return body


def write_tool_choice(choice: ToolChoice) -> str | JsonObject:
    """The choice, the name of a tool flat."""
    match choice:
        case str():
            return choice
        case AllowedTools(mode, tools):
            return {"type": "allowed_tools", "mode": mode, "tools": [_reference(tool) for tool in tools]}
        case _:
            return _reference(choice)


def _reference(reference: ToolReference) -> JsonObject:
    match reference:
        case NamedTool(kind, name, namespace):
            return {"type": kind, "name": name} if namespace is None else _namespaced(kind, name, namespace)
        case Namespace(name):
            return {"type": "namespace", "name": name}
        case HostedChoice(body=body):
            return body


def _namespaced(kind: str, name: str, namespace: str) -> JsonObject:
    return {"type": kind, "name": name, "namespace": namespace}
