"""Writes the tools and the choice among them, and adapts both to what one upstream knows."""

from collections.abc import Mapping
from typing import Literal

from gateway.dialects.base import Origin
from gateway.dialects.openai_chat.types import CustomDefinition, NamedTool, Tool, ToolChoice, ToolOffer
from gateway.dialects.profiles.openai_chat import ChatProfile
from gateway.dialects.report import Report
from gateway.dialects.turns.tool_choice import ToolSelection, select_tools
from gateway.dialects.turns.toolbox import Toolbox
from gateway.dialects.turns.tools import FlatTool, flat_tools
from gateway.errors import InvalidRequest
from gateway.neutral.json import Json, JsonObject, list_or_empty, object_or_empty
from gateway.neutral.prompt import Prompt
from gateway.neutral.tools import FunctionTool

ChoiceKind = Literal["auto", "none", "required", "named"]

_WORDS: Mapping[str, ChoiceKind] = {
    "auto": "auto",
    "none": "none",
    "required": "required",
    # Mistral's own word for it (shared facts on providers, section 9).
    "any": "required",
}


def offer_tools(prompt: Prompt, toolbox: Toolbox, profile: ChatProfile, report: Report) -> ToolOffer:
    """The tools and the choice. Raises `InvalidRequest` for what only other providers have."""
    offer: ToolOffer = {}
    flat = flat_tools(prompt.tools, toolbox, profile, report, takes_custom=profile.takes_custom_tools)
    selection = select_tools(prompt, flat, toolbox, profile, report, takes_allowed=profile.takes_allowed_tools)
    if selection.tools:
        offer["tools"] = [_tool(tool) for tool in selection.tools.values()]
    choice = _choice(selection)
    if choice is not None:
        offer["tool_choice"] = choice
    return offer


def _tool(tool: FlatTool) -> Tool:
    if tool.is_custom:
        return {"type": "custom", "custom": _custom_definition(tool)}
    function: JsonObject = {**(tool.extra or {}), **{control.name: control.value for control in tool.tool.cache}}
    function["name"] = tool.name
    description = tool.tool.description if isinstance(tool.tool, FunctionTool) else tool.description or None
    if description is not None:
        function["description"] = description
    if tool.parameters is not None:
        function["parameters"] = tool.parameters
    if tool.strict is not None:
        function["strict"] = tool.strict
    return {"type": "function", "function": function}


def _custom_definition(tool: FlatTool) -> CustomDefinition:
    definition: CustomDefinition = {"name": tool.name}
    if tool.description:
        definition["description"] = tool.description
    if tool.grammar is not None:
        grammar = tool.grammar
        definition["format"] = {
            "type": "grammar",
            "grammar": {"syntax": grammar.syntax, "definition": grammar.definition},
        }
    return definition


def _choice(selection: ToolSelection) -> ToolChoice | None:
    if selection.named is not None:
        return _named(selection.named)
    if selection.allowed and selection.mode is not None:
        allowed = [_named(tool) for tool in selection.allowed]
        return {"type": "allowed_tools", "allowed_tools": {"mode": selection.mode, "tools": allowed}}
    return selection.mode


def _named(tool: FlatTool) -> NamedTool:
    if tool.is_custom:
        return {"type": "custom", "custom": {"name": tool.name}}
    return {"type": "function", "function": {"name": tool.name}}


def kind_of_choice(choice: Json) -> ChoiceKind | None:
    """What the tool choice of a body requires; None for one that is not known."""
    match choice:
        case str():
            return _WORDS.get(choice)
        case {"type": "allowed_tools", "allowed_tools": {"mode": "required"}}:
            return "required"
        case {"type": "allowed_tools", "allowed_tools": dict()}:
            return "auto"
        case {"type": "allowed_tools"}:
            return "required" if object_or_empty(choice).get("mode") == "required" else "auto"
        case {"function": dict()} | {"custom": dict()} | {"name": str()}:
            return "named"
        case _:
            return None


def adapt_choice(body: JsonObject, profile: ChatProfile) -> None:
    """Write the choice in the upstream's words. One that it does not know is expressed by the tools it is sent."""
    choice = body["tool_choice"]
    kind = kind_of_choice(choice)
    if isinstance(choice, str) and choice in profile.renamed_choices:
        body["tool_choice"] = profile.renamed_choices[choice]
    if kind is None or kind in profile.tool_choices:
        return
    del body["tool_choice"]
    if kind == "none":
        # A model without tools calls none.
        body.pop("tools", None)
        body.pop("parallel_tool_calls", None)
    elif kind == "named":
        name = _name_in(choice)
        body["tools"] = [tool for tool in list_or_empty(body.get("tools")) if _name_in(tool) == name]
        if "required" in profile.tool_choices:
            body["tool_choice"] = profile.renamed_choices.get("required", "required")


def drop_tools(body: JsonObject, origin: Origin, report: Report) -> None:
    """Remove the tools for a model that cannot call any. Raises `InvalidRequest` where it has to."""
    choice = body.pop("tool_choice", None)
    if choice not in (None, "auto", "none"):
        message = f"{origin.model} at {origin.provider} cannot call tools, so tool_choice must be auto or none."
        raise InvalidRequest(message, param="tool_choice", code="unsupported_parameter")
    body.pop("parallel_tool_calls", None)
    if body.pop("tools", None):
        report.drop("tools")


def _name_in(named: Json) -> Json:
    """The name in a tool, or in a choice that names one."""
    given = object_or_empty(named)
    return object_or_empty(given.get("function") or given.get("custom") or given).get("name")
