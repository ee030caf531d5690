"""Writes tools, and the choice among them, as Anthropic has them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from gateway.dialects.anthropic.blocks import mark_of
from gateway.dialects.anthropic.provided import provided_tool
from gateway.dialects.anthropic.schema import fitted
from gateway.dialects.conversation.report import Report
from gateway.dialects.conversation.tool_choice import choose
from gateway.dialects.conversation.toolbox import Identity, Offer, Toolbox
from gateway.dialects.conversation.tools import chat_tools
from gateway.dialects.profiles import Facts

Tool = dict[str, Any]
Choice = dict[str, Any]

_EMPTY = {"type": "object", "properties": {}}
# Fields of a tool that only Anthropic knows; chat's form has no place for them.
_OWN = ("cache_control", "defer_loading", "eager_input_streaming", "input_examples", "allowed_callers")
# More strict tools in one request are refused.
_MOST_STRICT = 20
_MODES: dict[Any, Choice] = {"auto": {"type": "auto"}, "none": {"type": "none"}, "required": {"type": "any"}}


@dataclass(frozen=True, slots=True)
class Chosen:
    """The tools to be shown and the choice among them; `note` are words that stand in for a choice."""

    tools: list[Tool]
    choice: Choice | None
    note: str = ""

    @property
    def is_forced(self) -> bool:
        return self.choice is not None and self.choice["type"] in ("any", "tool")


class Offering:
    """The tools of one request: the client's, and those that Anthropic runs."""

    def __init__(self, offered: Sequence[Offer], facts: Facts, report: Report) -> None:
        self._facts = facts
        self._report = report
        self._offers: list[Offer] = []
        self._originals: dict[Identity, Offer] = {}
        self._provided: dict[str, Tool] = {}
        self._kinds: dict[str, str] = {}
        for offer in offered:
            self._take(offer)

    def add_search(self, options: Any) -> None:
        """Add the search of the web that chat asks for outside of the tools."""
        if isinstance(options, dict) and "web_search" not in self._provided:
            tool = provided_tool({**options, "type": "web_search"}, "web_search_options", self._report)
            self._provided["web_search"] = tool or {}

    def choose(self, choice: Any, toolbox: Toolbox) -> Chosen:
        """The tools to be shown, and the choice in Anthropic's form. Raises `InvalidRequest`."""
        tools = chat_tools(self._offers, toolbox, self._facts, self._report)
        for name in self._provided:
            tools.setdefault(name, {"type": "function", "function": {"name": name}})
        kind = choice.get("type") if isinstance(choice, dict) else None
        if kind in self._kinds:
            shown, chosen = tools, tools[self._kinds[kind]]
        else:
            shown, chosen = choose(choice, tools, toolbox, self._facts, self._report)
        offers = {toolbox.name_of(*identity): offer for identity, offer in self._originals.items()}
        written = [self._provided.get(name) or self._tool(name, tool, offers[name]) for name, tool in shown.items()]
        return self._met(_limited(written), _written(chosen))

    def _take(self, offer: Offer) -> None:
        if offer.kind is None:
            tool = provided_tool(offer.tool, offer.path, self._report)
            if tool is not None:
                self._provided[tool["name"]] = tool
                self._kinds[offer.tool["type"]] = tool["name"]
                return
        else:
            self._originals[offer.identity] = offer
            if not offer.tool.keys().isdisjoint(_OWN):
                plain = {name: value for name, value in offer.tool.items() if name not in _OWN}
                offer = replace(offer, tool=plain)
        self._offers.append(offer)

    def _tool(self, name: str, tool: Tool, offer: Offer) -> Tool:
        function = tool["function"]
        schema = function.get("parameters")
        written: Tool = {"name": name}
        if function.get("description"):
            written["description"] = function["description"]
        written["input_schema"] = {**schema, "type": "object"} if isinstance(schema, dict) and schema else _EMPTY
        if offer.definition.get("strict") is True:
            self._be_strict(written, offer)
        for own in _OWN[1:]:
            value = offer.definition.get(own, offer.tool.get(own))
            if value and (own != "defer_loading" or self._can_defer):
                written[own] = value
            elif value:
                self._report.leave_out(f"{offer.path}.{own}")
        return {**written, **mark_of(offer.definition), **mark_of(offer.tool)}

    @property
    def _can_defer(self) -> bool:
        """Whether there is a tool to find tools by that are not loaded from the start."""
        return any(tool["type"].startswith("tool_search_tool") for tool in self._provided.values())

    def _be_strict(self, tool: Tool, offer: Offer) -> None:
        """Hold the model to the schema, where Anthropic can do so with this one."""
        found = fitted(tool["input_schema"]) if "formats" in self._facts.traits else None
        if found is not None and not found.is_looser:
            tool["input_schema"], tool["strict"] = found.schema, True
        elif tool["input_schema"].get("properties"):
            self._report.leave_out(f"{offer.path}.strict")

    def _met(self, tools: list[Tool], choice: Choice | None) -> Chosen:
        """The choice as this model takes it. Where none can be forced, it is asked for in words."""
        if choice is None or choice["type"] not in ("any", "tool"):
            return Chosen(tools, choice)
        is_named = choice["type"] == "tool"
        if ("named" if is_named else "required") in self._facts.tool_choices:
            return Chosen(tools, choice)
        self._report.leave_out("tool_choice")
        if is_named:
            tools = [tool for tool in tools if tool["name"] == choice["name"]]
        note = f"Call the tool {choice['name']} now." if is_named else "Call at least one of your tools now."
        return Chosen(tools, {"type": "auto"}, note)


def _limited(tools: list[Tool]) -> list[Tool]:
    strict = 0
    for tool in tools:
        strict += tool.get("strict") is True
        if strict > _MOST_STRICT:
            tool.pop("strict", None)
    return tools


def _written(choice: Any) -> Choice | None:
    if isinstance(choice, dict):
        return {"type": "tool", "name": choice["function"]["name"]}
    return None if choice is None else dict(_MODES[choice])
