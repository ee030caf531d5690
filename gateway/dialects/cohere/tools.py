"""Which tools Cohere is shown, which it must call, and how the form of an answer is asked for beside them."""

from dataclasses import dataclass
from typing import Any, Literal

from gateway.dialects.conversation.report import Report
from gateway.dialects.conversation.settings import Form, form_of, settings_of
from gateway.dialects.conversation.structured import FORM_TOOL
from gateway.dialects.conversation.tool_choice import choose
from gateway.dialects.conversation.toolbox import Offer, Toolbox
from gateway.dialects.conversation.tools import Tool, chat_tools
from gateway.dialects.profiles import Facts
from gateway.generation import Generation

Way = Literal["none", "native", "tool", "check"]
"""How a form is had: not at all, by Cohere's own word for it, by a tool whose arguments are the answer, or by the
prompt, which asks for JSON wherever a client asks for an object of no particular form."""


@dataclass(frozen=True, slots=True)
class Shown:
    """What is sent of tools and form."""

    tools: list[Tool]
    choice: Literal["REQUIRED", "NONE"] | None
    way: Way


def form_way(generation: Generation, form: Form) -> Way:
    """How the form is had. Cohere takes a response format only where there are no tools and no documents."""
    if form.kind == "text":
        return "none"
    is_free = generation.tool_choice == "none" or not _has_tools(generation)
    if is_free and not generation.fields.get("documents"):
        return "native"
    return "tool" if form.kind == "json_schema" else "check"


def held_form(generation: Generation, facts: Facts) -> Form | None:
    """The form that the answer is held to, where Cohere itself does not."""
    form = form_of(settings_of(generation).get("response_format"))
    return form if form_way(generation, form) in ("tool", "check") else None


def shown_tools(
    generation: Generation, offered: list[Offer], toolbox: Toolbox, form: Form, facts: Facts, report: Report
) -> Shown:
    """The tools and the choice among them. Raises `InvalidRequest` for a choice or a form that cannot be met."""
    way = form_way(generation, form)
    if form.schema is not None and form.schema.get("type") != "object":
        # Neither its response format nor a tool takes another one (shared facts on providers, section 8).
        raise report.unsupported("forms that are not of type 'object'", report.field("response_format"))
    if not offered and generation.tool_choice is None and way != "tool":
        return Shown([], None, way)
    written = chat_tools(offered, toolbox, facts, report)
    tools, choice = choose(generation.tool_choice, written, toolbox, facts, report)
    if tools and not facts.takes_tools:
        tools = _without_tools(tools, choice, report)
    if isinstance(choice, dict):
        # Nothing can be named, so the one is all there is (shared facts on providers, section 8).
        name = choice[choice["type"]]["name"]
        tools, choice = {name: tools[name]}, "required"
    if choice == "none" and ("none" not in facts.tool_choices or way != "none"):
        tools = {}
    if way == "tool":
        return _with_form(tools, choice, form, facts, report)
    if not tools:
        return Shown([], None, way)
    if choice == "required":
        _require(facts, report, "tool_choice")
    words: dict[Any, Literal["REQUIRED", "NONE"]] = {"required": "REQUIRED", "none": "NONE"}
    return Shown([*tools.values()], words.get(choice), way)


def _with_form(tools: dict[str, Tool], choice: Any, form: Form, facts: Facts, report: Report) -> Shown:
    """The tools, and one more to answer in form, of which the model must call one.

    Where the request itself requires a call, there is no answer that could have a form.
    """
    _require(facts, report, report.field("tool_choice" if choice == "required" else "response_format"))
    listed = [*tools.values()]
    if choice != "required" or not listed:
        description = form.description or "Gives the final answer. Call it when no other tool is needed any more."
        function = {"name": FORM_TOOL, "description": description, "parameters": form.schema}
        listed.append({"type": "function", "function": function})
    return Shown(listed, "REQUIRED", "tool")


def _require(facts: Facts, report: Report, path: str) -> None:
    if "required" not in facts.tool_choices:
        raise report.unsupported("required tool calls with this model", path)


def _without_tools(tools: dict[str, Tool], choice: Any, report: Report) -> dict[str, Tool]:
    if choice not in (None, "auto", "none"):
        raise report.unsupported("required tool calls with this model, which calls none", "tool_choice")
    report.leave_out("tools")
    return {}


def _has_tools(generation: Generation) -> bool:
    return bool(generation.tools) or any(item.get("type") == "additional_tools" for item in generation.items)
