"""Writes the tools for Cohere, the choice among them, and the tool that stands in for a structured answer."""

from collections.abc import Sequence
from dataclasses import field

from gateway.dialects.cohere.structured_output import format_tool
from gateway.dialects.cohere.types import Function, Tool, ToolChoice
from gateway.dialects.profiles.cohere import CohereProfile
from gateway.dialects.report import Report
from gateway.dialects.structured_output import FormatPlan
from gateway.dialects.turns.tool_choice import ToolSelection, select_tools
from gateway.dialects.turns.toolbox import Toolbox
from gateway.dialects.turns.tools import FlatTool, flat_tools
from gateway.neutral.json import JsonObject
from gateway.neutral.paths import field_path
from gateway.neutral.prompt import Prompt
from gateway.neutral.tools import FunctionTool
from gateway.neutral.values import value

_CHOICES: dict[str | None, ToolChoice] = {"required": "REQUIRED", "none": "NONE"}


@value
class OfferedTools:
    """The tools of the request. `is_strict` is about all of them."""

    tools: list[Tool] = field(default_factory=list)
    choice: ToolChoice | None = None
    is_strict: bool = False


def offered_tools(
    prompt: Prompt, toolbox: Toolbox, plan: FormatPlan | None, profile: CohereProfile, report: Report
) -> OfferedTools:
    """The tools and the choice. Raises `InvalidRequest` for a choice or an output format that Cohere cannot have."""
    is_by_tool = plan is not None and plan.method == "tool"
    if not prompt.tools and prompt.tool_choice is None and not is_by_tool:
        return OfferedTools()
    tools, mode = _selected(prompt, toolbox, profile, report)
    if mode == "none" and ("none" not in profile.tool_choices or plan is not None):
        tools = []
    # Where the request itself requires a call, there is no answer that could have a format.
    if plan is not None and is_by_tool and not (tools and mode == "required"):
        _require_forced_calls(profile, report, plan.format.path)
        _drop_strict(prompt, report)
        return OfferedTools([*map(_tool, tools), format_tool(plan)], "REQUIRED")
    if not tools:
        return OfferedTools()
    if mode == "required":
        _require_forced_calls(profile, report, "tool_choice")
    return OfferedTools([*map(_tool, tools)], _CHOICES.get(mode), _is_strict(prompt, tools, report))


def _selected(
    prompt: Prompt, toolbox: Toolbox, profile: CohereProfile, report: Report
) -> tuple[list[FlatTool], str | None]:
    """The tools among which the model chooses, and how."""
    flat = flat_tools(prompt.tools, toolbox, profile, report)
    selection = select_tools(prompt, flat, toolbox, profile, report)
    if selection.tools and not profile.takes_tools:
        return _without_tools(selection, report), selection.mode
    if selection.named is not None:
        # A call of one tool cannot be required, so the others are not sent (shared facts on providers, section 8).
        return [selection.named], "required"
    return [*selection.tools.values()], selection.mode


def _require_forced_calls(profile: CohereProfile, report: Report, path: str) -> None:
    if "required" not in profile.tool_choices:
        raise report.unsupported("required tool calls with this model", path)


def _without_tools(selection: ToolSelection, report: Report) -> list[FlatTool]:
    if selection.named is not None or selection.mode not in (None, "auto", "none"):
        raise report.unsupported("required tool calls with this model, which calls none", "tool_choice")
    report.drop("tools")
    return []


def _tool(tool: FlatTool) -> Tool:
    no_parameters: JsonObject = {"type": "object", "properties": {}}
    parameters = no_parameters if tool.parameters is None else tool.parameters
    function: Function = {"name": tool.name, "parameters": parameters}
    if tool.description or tool.tool.description is not None:
        function["description"] = tool.description
    return {"type": "function", "function": function}


def _is_strict(prompt: Prompt, tools: Sequence[FlatTool], report: Report) -> bool:
    """Whether Cohere can enforce the schemas: of all tools or of none, and each must require something."""
    if all(tool.strict and tool.parameters and tool.parameters.get("required") for tool in tools):
        return True
    _drop_strict(prompt, report)
    return False


def _drop_strict(prompt: Prompt, report: Report) -> None:
    strict = (tool for tool in prompt.tools if isinstance(tool, FunctionTool) and tool.strict)
    report.drop_all(field_path(tool.path, "strict") for tool in strict)
