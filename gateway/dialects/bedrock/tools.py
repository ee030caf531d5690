"""Writes the tools and the choice among them as Converse's `toolConfig`."""

from collections.abc import Collection, Iterable, Mapping, Sequence

from gateway.dialects.bedrock.content import cache_point
from gateway.dialects.bedrock.schema import closed_schema
from gateway.dialects.bedrock.structured_output import format_tool
from gateway.dialects.bedrock.types import ContentBlock, Tool, ToolChoice, ToolConfig, ToolSpec
from gateway.dialects.profiles.bedrock import BedrockProfile
from gateway.dialects.report import Report
from gateway.dialects.structured_output import FORMAT_TOOL, FormatPlan
from gateway.dialects.tool_schemas import without_combinations
from gateway.dialects.turns.kept_tools import KeptTools
from gateway.dialects.turns.tool_choice import ToolSelection, select_tools
from gateway.dialects.turns.toolbox import Toolbox
from gateway.dialects.turns.tools import FlatTool, flat_tools, with_words
from gateway.neutral.json import JsonObject
from gateway.neutral.prompt import Prompt
from gateway.neutral.tools import FunctionTool, HostedTool
from gateway.neutral.tools import Tool as OfferedTool
from gateway.neutral.values import value

_UNAVAILABLE = "This tool is not available any more. Do not call it."
_DO_NOT_CALL = "Do not call any tool in your next answer."
# Nova 2 runs these itself (Amazon's guide to Nova 2; recordings bedrock/013 and 030).
_SYSTEM_TOOLS = {
    "code_interpreter": "nova_code_interpreter",
    "web_search": "nova_grounding",
    "web_search_preview": "nova_grounding",
}


@value
class _Offer:
    """The tools of a request as Converse has them, by their flat names and all together, and the choice."""

    selection: ToolSelection
    of_tool: Mapping[str, Sequence[Tool]]
    entries: Sequence[Tool]


_kept: KeptTools[_Offer] = KeptTools()


class ToolConfigWriter:
    """The `toolConfig` of one request, and the instructions that belong to it."""

    def __init__(self, profile: BedrockProfile, report: Report) -> None:
        self.config: ToolConfig | None = None
        """None where the request needs none."""
        self.instructions: list[ContentBlock] = []
        self.is_forced = False
        """Whether the model has to call a tool."""
        self._profile = profile
        self._report = report

    def write(self, prompt: Prompt, toolbox: Toolbox, called: Collection[str], plan: FormatPlan | None) -> None:
        """Write everything. `called` are the tools of the history. Raises `InvalidRequest`."""
        profile = self._profile
        offer = _kept.get(
            prompt, profile, self._report, lambda part: ToolConfigWriter(profile, part)._offer(prompt, toolbox)
        )
        selection, tools = offer.selection, [*offer.entries]
        if selection.mode == "none":
            # Converse has no such choice: what is not sent is not called, but a history with calls needs its tools.
            tools = [entry for name in selection.tools if name in called for entry in offer.of_tool[name]]
            if tools:
                self.instructions.append({"text": _DO_NOT_CALL})
        choice = self._choice(selection)
        is_free = selection.named is None and selection.mode in (None, "auto", "none")
        if plan is not None and plan.method == "tool" and is_free:
            choice = self._format_choice(has_others=bool(tools))
            tools.append(format_tool(plan))
        if not tools:
            tools = [{"toolSpec": _spec(name, _UNAVAILABLE, _any_object())} for name in called]
        if tools:
            self.config = {"tools": tools}
            if choice:
                self.config["toolChoice"] = choice
                self.is_forced = "auto" not in choice

    def _offer(self, prompt: Prompt, toolbox: Toolbox) -> _Offer:
        names = [_system_tool(tool, self._profile) for tool in prompt.tools]
        system_tools = [name for name in dict.fromkeys(names) if name is not None]
        others = [tool for tool, name in zip(prompt.tools, names, strict=True) if name is None]
        selection = self._select(prompt, others, toolbox, has_system_tools=bool(system_tools))
        of_tool = {name: self._tool(tool) for name, tool in selection.tools.items()}
        entries: list[Tool] = [entry for written in of_tool.values() for entry in written]
        entries += [{"systemTool": {"name": name}} for name in system_tools]
        return _Offer(selection, of_tool, entries)

    def _select(
        self, prompt: Prompt, tools: Iterable[OfferedTool], toolbox: Toolbox, *, has_system_tools: bool
    ) -> ToolSelection:
        flat = flat_tools(tools, toolbox, self._profile, self._report)
        choice = prompt.tool_choice
        if has_system_tools and not flat and isinstance(choice, str) and choice in ("required", "auto", "none"):
            # The choice is about the system tools.
            return ToolSelection(flat, choice)
        return select_tools(prompt, flat, toolbox, self._profile, self._report)

    def _choice(self, selection: ToolSelection) -> ToolChoice:
        known = self._profile.tool_choices
        if selection.named is not None:
            if "named" in known:
                return {"tool": {"name": selection.named.name}}
        elif selection.mode in (None, "none"):
            return {}
        elif selection.mode == "auto":
            return {"auto": {}} if "auto" in known else {}
        elif selection.mode == "required" and "required" in known:
            return {"any": {}}
        if not self._profile.weakens_required_calls:
            raise self._report.unsupported("a tool choice that requires a call for this model", "tool_choice")
        self._report.drop_setting("tool_choice")
        return {}

    def _format_choice(self, *, has_others: bool) -> ToolChoice:
        """The choice where one of the tools stands in for a structured answer."""
        if has_others or "named" not in self._profile.tool_choices:
            return {"any": {}}
        return {"tool": {"name": FORMAT_TOOL}}

    def _tool(self, flat: FlatTool) -> list[Tool]:
        schema = flat.parameters or _any_object()
        spec = _spec(flat.name, flat.description, schema)
        if flat.strict is True and self._profile.takes_strict_tools:
            closed = closed_schema({**schema, "type": "object"})
            if closed is not None:
                spec["inputSchema"] = {"json": closed}
                spec["strict"] = True
        tools: list[Tool] = [{"toolSpec": spec}]
        cache = flat.tool.cache if isinstance(flat.tool, FunctionTool) else ()
        if cache:
            point = cache_point(cache[-1:], self._report, is_supported=self._profile.caches_tools)
            tools += [{"cachePoint": point}] if point is not None else ()
        return tools


def _system_tool(tool: OfferedTool, profile: BedrockProfile) -> str | None:
    """The model's own tool that does what a hosted one does elsewhere."""
    if not isinstance(tool, HostedTool) or tool.kind is None or not profile.has_system_tools:
        return None
    return _SYSTEM_TOOLS.get(tool.kind)


def _spec(name: str, description: str, schema: JsonObject) -> ToolSpec:
    # The arguments of a tool are always an object, which Claude and Nova take as no choice of several.
    found, words = without_combinations(schema)
    spec: ToolSpec = {"name": name, "inputSchema": {"json": {**found, "type": "object"}}}
    if told := with_words(description, words):
        spec["description"] = told
    return spec


def _any_object() -> JsonObject:
    return {"type": "object", "properties": {}}
