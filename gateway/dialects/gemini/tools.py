"""Writes function declarations and the choice between them, and the names and ids that tools and calls have there."""

from dataclasses import dataclass, field
from functools import partial

from gateway.dialects.gemini.hosted_tools import HostedToolWriter, hosted_tool_name
from gateway.dialects.gemini.schema import subset
from gateway.dialects.gemini.types import FunctionCallingConfig, FunctionDeclaration, HostedToolName, Tool, ToolConfig
from gateway.dialects.profiles.gemini import GeminiProfile
from gateway.dialects.report import Report
from gateway.dialects.tool_schemas import alone_references
from gateway.dialects.turns.tool_choice import ToolSelection, select_tools
from gateway.dialects.turns.toolbox import BAD_START, Toolbox
from gateway.dialects.turns.tools import FlatTool, flat_tools, leave_out_hosted
from gateway.errors import InvalidRequest
from gateway.neutral.identifiers import new_id
from gateway.neutral.json import JsonObject
from gateway.neutral.paths import field_path
from gateway.neutral.prompt import Prompt
from gateway.neutral.tools import HostedTool
from gateway.neutral.tools import Tool as NeutralTool

SEARCH_OPTIONS = "web_search_options"
"""Chat's options of a search that is not among the tools."""

_ID_PREFIX = "gemini_"


def gemini_name(flat_name: str) -> str:
    """A flat name as Gemini takes it: it begins with a letter or an underscore (facts on providers, section 5).

    Names that differ there differ here: underscores before a digit or a dash are counted.
    """
    return f"_{flat_name}" if BAD_START.match(flat_name) else flat_name


def flat_name(name: str) -> str:
    """The flat name of a function by its name there."""
    return name[1:] if name.startswith("_") and BAD_START.match(name) else name


def client_call_id(gemini_id: str | None) -> str:
    """The id of a call for the client: Gemini's own with a prefix, or a new one where it gave none."""
    return f"{_ID_PREFIX}{gemini_id}" if gemini_id else new_id("call")


def gemini_call_id(call_id: str) -> str | None:
    """The id that Gemini gave a call; None for ids that others made, which it does not know."""
    return call_id.removeprefix(_ID_PREFIX) if call_id.startswith(_ID_PREFIX) else None


@dataclass(slots=True)
class WrittenTools:
    """The tools of a request and the choice between them."""

    tools: list[Tool] = field(default_factory=list)
    config: ToolConfig = field(default_factory=ToolConfig)
    declarations: list[FunctionDeclaration] = field(default_factory=list)
    """The functions among the tools: the same list as in `tools`."""


def write_tools(
    prompt: Prompt, search: JsonObject | None, toolbox: Toolbox, profile: GeminiProfile, report: Report
) -> WrittenTools:
    """The tools and the choice between them; with chat's options of a `search`, it is one of the tools.

    Raises `InvalidRequest` for a tool or a choice that Gemini cannot be given.
    """
    return _ToolWriter(toolbox, profile, report).write(prompt, search)


class _ToolWriter:
    def __init__(self, toolbox: Toolbox, profile: GeminiProfile, report: Report) -> None:
        self._toolbox = toolbox
        self._profile = profile
        self._report = report

    def write(self, prompt: Prompt, search: JsonObject | None) -> WrittenTools:
        hosted: dict[HostedToolName, Tool] = {}
        paths: list[str] = []
        """Where they were requested; several names may be one tool there."""
        others: list[NeutralTool] = []
        writer = HostedToolWriter(self._report)
        for tool in prompt.tools:
            name = hosted_tool_name(tool.kind) if isinstance(tool, HostedTool) else None
            if name is None or not isinstance(tool, HostedTool):
                others.append(tool)
            else:
                try:
                    hosted[name] = writer.write(name, tool.body, partial(field_path, tool.path))
                    paths.append(tool.path)
                except InvalidRequest as reason:
                    leave_out_hosted(tool.path, reason, self._profile, self._report)
        if search is not None:
            try:
                hosted["googleSearch"] = writer.write("googleSearch", search, f"{SEARCH_OPTIONS}.{{}}".format)
                paths.append(SEARCH_OPTIONS)
            except InvalidRequest as reason:
                leave_out_hosted(SEARCH_OPTIONS, reason, self._profile, self._report)
        functions = flat_tools(others, self._toolbox, self._profile, self._report)
        choice = prompt.tool_choice
        if choice == "none":
            hosted = {}
        if hosted and functions and not self._profile.takes_hosted_with_tools:
            for path in paths:
                mixed = self._report.unsupported("tools that it runs itself together with functions", path)
                leave_out_hosted(path, mixed, self._profile, self._report)
            hosted = {}
        if choice == "required" and hosted and not functions:
            raise self._report.unsupported("a required call of tools that it runs itself", "tool_choice")
        selection = select_tools(prompt, functions, self._toolbox, self._profile, self._report)
        return self._combine([*hosted.values()], selection)

    def _combine(self, hosted: list[Tool], selection: ToolSelection) -> WrittenTools:
        functions = selection.tools
        written = WrittenTools([*hosted])
        if functions:
            written.declarations = [self._declaration(function) for function in functions.values()]
            written.tools.append({"functionDeclarations": written.declarations})
            if (calling := _calling_config(selection)) is not None:
                written.config["functionCallingConfig"] = calling
            if hosted and self._profile.tells_hosted_calls:
                written.config["includeServerSideToolInvocations"] = True
        return written

    def _declaration(self, function: FlatTool) -> FunctionDeclaration:
        declaration: FunctionDeclaration = {"name": gemini_name(function.name)}
        if function.description:
            declaration["description"] = function.description
        if function.parameters and self._profile.takes_json_schema:
            declaration["parametersJsonSchema"] = alone_references(function.parameters)
        elif function.parameters and (parameters := subset(function.parameters)).get("properties"):
            # An object without properties is refused in `parameters`.
            declaration["parameters"] = parameters
        return declaration


def _calling_config(selection: ToolSelection) -> FunctionCallingConfig | None:
    """The choice between the functions; None where it is open."""
    if selection.named is not None:
        return {"mode": "ANY", "allowedFunctionNames": [gemini_name(selection.named.name)]}
    match selection.mode:
        case "auto":
            return {"mode": "AUTO"}
        case "none":
            return {"mode": "NONE"}
        case "required":
            return {"mode": "ANY"}
        case _:
            return None
