"""Writes the tools on offer and the choice among them as Converse's `toolConfig`."""

from collections.abc import Iterable, Sequence
from typing import Any

from gateway.dialects.bedrock.blocks import CACHE, Block, BlockWriter
from gateway.dialects.bedrock.form import FormPlan
from gateway.dialects.bedrock.schemas import closed_schema
from gateway.dialects.conversation.report import Report
from gateway.dialects.conversation.structured import FORM_TOOL
from gateway.dialects.conversation.tool_choice import choose
from gateway.dialects.conversation.toolbox import Offer, Toolbox
from gateway.dialects.conversation.tools import Tool, chat_tools
from gateway.dialects.profiles import Facts
from gateway.generation import Generation

_GONE = "This tool is not available any more. Do not call it."
_DO_NOT_CALL = "Do not call any tool in your next answer."
_ANY_OBJECT = {"type": "object", "properties": {}}
# Nova 2 runs these itself (Amazon's guide to Nova 2; recordings bedrock/013 and 030).
_SYSTEM_TOOLS = {
    "code_interpreter": "nova_code_interpreter",
    "web_search": "nova_grounding",
    "web_search_preview": "nova_grounding",
}


class ToolConfig:
    """The `toolConfig` of one request, empty where it needs none, and what has to be said in words beside it."""

    def __init__(self, generation: Generation, toolbox: Toolbox, facts: Facts, report: Report) -> None:
        self.config: Block = {}
        self.words: list[str] = []
        self.is_forced = False
        """Whether the model has to call a tool."""
        self._choice = generation.tool_choice
        self._toolbox = toolbox
        self._facts = facts
        self._report = report

    def write(self, offered: Sequence[Offer], called: Iterable[str], plan: FormPlan) -> None:
        """Write everything. `called` are the tools of the history. Raises `InvalidRequest`."""
        run_by_it = {offer.path: _system_tool(offer, self._facts) for offer in offered}
        others = [offer for offer in offered if not run_by_it[offer.path]]
        system_tools = [{"systemTool": {"name": name}} for name in dict.fromkeys(run_by_it.values()) if name]
        tools = chat_tools(others, self._toolbox, self._facts, self._report)
        if system_tools and not tools and self._choice in ("required", "auto", "none"):
            # The choice is about tools that are there.
            shown, choice = tools, self._choice
        else:
            shown, choice = choose(self._choice, tools, self._toolbox, self._facts, self._report)
        if choice == "none":
            # It has no such choice: what is not shown is not called, but a history with calls wants its tools.
            system_tools = []
            shown = {name: tool for name, tool in shown.items() if name in called}
            choice = None
            if shown:
                self.words.append(_DO_NOT_CALL)
        written = [block for tool in shown.values() for block in self._tool(tool)] + system_tools
        chosen = self._chosen(choice)
        if plan.way == "tool" and choice in (None, "auto"):
            chosen = {"any": {}} if written else {"tool": {"name": FORM_TOOL}}
            if not written and "named" not in self._facts.tool_choices:
                chosen = {"any": {}}
            written.append(plan.tool())
        if not written:
            written = [_spec(name, _GONE, _ANY_OBJECT) for name in called]
        if written:
            self.config = {"tools": written, **({"toolChoice": chosen} if chosen else {})}
            self.is_forced = bool(chosen and "auto" not in chosen)

    def _chosen(self, choice: Any) -> Block:
        known = self._facts.tool_choices
        match choice:
            case None:
                return {}
            case "auto":
                return {"auto": {}} if "auto" in known else {}
            case "required" if "required" in known:
                return {"any": {}}
            case {"type": "function", "function": {"name": str() as name}} if "named" in known:
                return {"tool": {"name": name}}
            case _ if "choice_as_auto" in self._facts.traits:
                self._report.leave_out_field("tool_choice")
                return {}
            case _:
                raise self._report.unsupported("a tool choice that requires a call for this model", "tool_choice")

    def _tool(self, tool: Tool) -> list[Block]:
        function = tool["function"]
        schema = function.get("parameters")
        schema = schema if isinstance(schema, dict) and schema else _ANY_OBJECT
        block = _spec(function["name"], function.get("description"), schema)
        if function.get("strict") is True and "strict_tools" in self._facts.traits:
            closed = closed_schema({**schema, "type": "object"})
            if closed is not None:
                block["toolSpec"] |= {"inputSchema": {"json": closed}, "strict": True}
        mark = tool.get(CACHE) or function.get(CACHE)
        if mark is None:
            return [block]
        points = BlockWriter(self._report, takes_cache_points="tool_cache_points" in self._facts.traits)
        return [block, *points.cache_point(mark)]


def _system_tool(offer: Offer, facts: Facts) -> str | None:
    """The model's own tool that does what a hosted one does elsewhere."""
    kind = offer.tool.get("type") if isinstance(offer.tool, dict) else None
    return _SYSTEM_TOOLS.get(kind) if isinstance(kind, str) and "system_tools" in facts.traits else None


def _spec(name: str, description: Any, schema: dict[str, Any]) -> Block:
    said = {"description": description} if isinstance(description, str) and description else {}
    if schema.get("type") != "object":
        # What a tool is given is an object, always.
        schema = {**schema, "type": "object"}
    return {"toolSpec": {"name": name, **said, "inputSchema": {"json": schema}}}
