"""Writes tools, and the choice among them, as Anthropic has them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from gateway.dialects.anthropic.hosted_tools import hosted_tool, web_search_tool
from gateway.dialects.anthropic.schema import translate_schema
from gateway.dialects.anthropic.types import ClientTool, Tool, ToolChoice
from gateway.dialects.cache_control import anthropic_control
from gateway.dialects.profiles.anthropic import AnthropicProfile
from gateway.dialects.report import Report
from gateway.dialects.tool_schemas import without_combinations
from gateway.dialects.turns.tool_choice import ToolSelection, select_tools
from gateway.dialects.turns.toolbox import Toolbox
from gateway.dialects.turns.tools import FlatTool, flat_tools, leave_out_hosted, with_words
from gateway.errors import InvalidRequest
from gateway.neutral.json import Json, JsonObject, object_or_none, text_or_empty
from gateway.neutral.paths import field_path
from gateway.neutral.prompt import Prompt
from gateway.neutral.tools import FunctionTool, HostedChoice, HostedTool
from gateway.neutral.tools import Tool as OfferedTool
from gateway.neutral.values import value

_EMPTY: JsonObject = {"type": "object", "properties": {}}
# Fields of a tool that only Anthropic has.
_OWN_FIELDS = frozenset(
    {"defer_loading", "eager_input_streaming", "input_examples", "allowed_callers", "prompt_cache_breakpoint"}
)
_WEB_SEARCH = "web_search"
# More strict tools in one request are refused.
_MOST_STRICT = 20
_MODES: Mapping[str, ToolChoice] = {"auto": {"type": "auto"}, "none": {"type": "none"}, "required": {"type": "any"}}


@value
class ToolOffer:
    """The tools that Anthropic is shown, the choice among them, and instructions that stand in for a choice."""

    tools: Sequence[Tool] = ()
    choice: ToolChoice | None = None
    instructions: Sequence[str] = ()

    @property
    def is_forced(self) -> bool:
        """Whether the model has to call a tool."""
        return self.choice is not None and self.choice["type"] in ("any", "tool")


NO_TOOLS = ToolOffer()


def offer_tools(prompt: Prompt, search: Json, toolbox: Toolbox, profile: AnthropicProfile, report: Report) -> ToolOffer:
    """The tools of a request. `search` is chat's `web_search_options`, a search that is not among the tools.

    Raises `InvalidRequest` for tools that Anthropic does not have, and for a choice that cannot be met.
    """
    return _ToolWriter(profile, report).write(prompt, object_or_none(search), toolbox)


@dataclass(slots=True)
class _ToolWriter:
    profile: AnthropicProfile
    report: Report
    hosted: dict[str, JsonObject] = field(default_factory=dict)
    """The tools that Anthropic runs, by name."""
    names: dict[str | None, str] = field(default_factory=dict)
    """Their names by the types under which the client has them."""

    def write(self, prompt: Prompt, search: JsonObject | None, toolbox: Toolbox) -> ToolOffer:
        others = [tool for tool in prompt.tools if not self._is_hosted(tool)]
        if search is not None and _WEB_SEARCH not in self.hosted:
            try:
                self.hosted[_WEB_SEARCH] = web_search_tool(search, "web_search_options.{}".format, self.report)
            except InvalidRequest as reason:
                leave_out_hosted("web_search_options", reason, self.profile, self.report)
        flat = flat_tools(others, toolbox, self.profile, self.report, _OWN_FIELDS)
        for name in self.hosted:
            flat.setdefault(name, FlatTool(name, FunctionTool(name, name, name)))
        selection = self._select(prompt, flat, toolbox)
        tools: list[Tool] = [self.hosted.get(name) or self._tool(tool) for name, tool in selection.tools.items()]
        return self._offer(_limit_strict(tools), self._choice(selection))

    def _is_hosted(self, tool: OfferedTool) -> bool:
        """Whether Anthropic runs the tool, which is then noted, or lacks an option of it, and it is left out."""
        if not isinstance(tool, HostedTool):
            return False
        try:
            found = hosted_tool(tool, self.report)
        except InvalidRequest as reason:
            leave_out_hosted(tool.path, reason, self.profile, self.report)
            return True
        if found is None:
            return False
        name = text_or_empty(found["name"])
        self.hosted[name], self.names[tool.kind] = found, name
        return True

    def _select(self, prompt: Prompt, flat: Mapping[str, FlatTool], toolbox: Toolbox) -> ToolSelection:
        choice = prompt.tool_choice
        if isinstance(choice, HostedChoice) and choice.kind in self.names:
            return ToolSelection(flat, named=flat[self.names[choice.kind]])
        return select_tools(prompt, flat, toolbox, self.profile, self.report)

    def _tool(self, flat: FlatTool) -> ClientTool:
        tool = flat.tool
        schema, words = without_combinations(flat.parameters or {})
        written: ClientTool = {"name": flat.name, "input_schema": {**schema, "type": "object"} if schema else _EMPTY}
        if description := with_words(flat.description, words):
            written["description"] = description
        if isinstance(tool, FunctionTool) and tool.strict:
            self._make_strict(written, tool.path, is_whole=not words)
        if tool.extra:
            self._write_own(written, tool.extra, tool.path)
        if (cache := anthropic_control(tool.cache)) is not None:
            written["cache_control"] = cache
        return written

    def _write_own(self, tool: ClientTool, extra: Mapping[str, Json], path: str) -> None:
        if extra.get("defer_loading"):
            # There has to be a tool by which tools are found that are not loaded from the start.
            if any(text_or_empty(hosted["type"]).startswith("tool_search_tool") for hosted in self.hosted.values()):
                tool["defer_loading"] = extra["defer_loading"]
            else:
                self.report.drop(field_path(path, "defer_loading"))
        for name in ("eager_input_streaming", "input_examples", "allowed_callers"):
            if extra.get(name):
                tool[name] = extra[name]
        if extra.get("prompt_cache_breakpoint"):
            tool["cache_control"] = {"type": "ephemeral"}

    def _make_strict(self, tool: ClientTool, path: str, *, is_whole: bool) -> None:
        """Make the model keep to the schema, where it is the client's whole one and Anthropic can do so with it."""
        found = translate_schema(tool["input_schema"]) if is_whole and self.profile.keeps_schemas else None
        if found is not None and not found.is_looser:
            tool["input_schema"], tool["strict"] = found.schema, True
        elif tool["input_schema"].get("properties"):
            self.report.drop(field_path(path, "strict"))

    def _choice(self, selection: ToolSelection) -> ToolChoice | None:
        if selection.named is not None:
            return {"type": "tool", "name": selection.named.name}
        if selection.mode is None:
            return None
        if selection.mode not in _MODES:
            raise self.report.unsupported(f"the tool choice {selection.mode!r}", "tool_choice")
        return _MODES[selection.mode].copy()

    def _offer(self, tools: list[Tool], choice: ToolChoice | None) -> ToolOffer:
        """The choice as this model takes it. Where none can be forced, it is an instruction."""
        if choice is None or choice["type"] not in ("any", "tool"):
            return ToolOffer(tools, choice)
        name = choice.get("name")
        if ("required" if name is None else "named") in self.profile.tool_choices:
            return ToolOffer(tools, choice)
        self.report.drop("tool_choice")
        if name is None:
            return ToolOffer(tools, {"type": "auto"}, ["Call at least one of your tools now."])
        named = [tool for tool in tools if tool["name"] == name]
        return ToolOffer(named, {"type": "auto"}, [f"Call the tool {name} now."])


def _limit_strict(tools: list[Tool]) -> list[Tool]:
    strict = 0
    for tool in tools:
        strict += tool.get("strict") is True
        if strict > _MOST_STRICT:
            tool.pop("strict", None)
    return tools
