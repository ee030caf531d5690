"""How an answer gets its format: by Anthropic itself, by a tool whose arguments it is, or by instructions."""

from dataclasses import dataclass
from typing import Literal

from gateway.dialects.anthropic.schema import translate_schema
from gateway.dialects.anthropic.tools import ToolOffer
from gateway.dialects.anthropic.types import ClientTool, RequestBody
from gateway.dialects.profiles import Facts
from gateway.dialects.structured_output import FORMAT_TOOL, requested_format
from gateway.dialects.turns.tool_choice import may_answer_in_text
from gateway.neutral.json import JsonObject, written
from gateway.neutral.prompt import Prompt
from gateway.neutral.structured_output import OutputFormat

_ANY_OBJECT: JsonObject = {"type": "object", "additionalProperties": True}
_DESCRIPTION = "Gives the whole answer, as one JSON object with all that was asked for."


@dataclass(frozen=True, slots=True)
class FormatPlan:
    """The format of an answer, and how it is brought about.

    `schema` is what Anthropic is given of it; `is_checked` whether the gateway validates the answer.
    """

    format: OutputFormat
    method: Literal["native", "tool", "instruction"]
    schema: JsonObject
    is_checked: bool = True


def plan_format(prompt: Prompt, facts: Facts) -> FormatPlan | None:
    """The plan for a request; None for any text, and where a call is required: then the answer is no text at all."""
    requested = requested_format(prompt)
    if requested is None or not may_answer_in_text(prompt.tool_choice):
        return None
    if requested.schema is None:
        return FormatPlan(requested, "tool", _ANY_OBJECT)
    found = translate_schema(requested.schema) if "formats" in facts.traits else None
    if found is not None:
        return FormatPlan(requested, "native", found.schema, found.is_looser)
    # The arguments of a tool are an object, always.
    return FormatPlan(
        requested, "tool" if requested.schema.get("type") == "object" else "instruction", requested.schema
    )


def request_format(plan: FormatPlan, offer: ToolOffer, body: RequestBody, *, can_force: bool) -> ToolOffer:
    """Request the format in the body or by the tools; `can_force` is whether the model can be made to call one."""
    if plan.method == "native":
        body["output_config"] = {"format": {"type": "json_schema", "schema": plan.schema}}
        return offer
    if plan.method == "instruction":
        return ToolOffer(offer.tools, offer.choice, [*offer.instructions, instruction(plan)])
    found = _with_format_tool(plan, offer, can_force=can_force)
    if found.is_forced:
        return found
    return ToolOffer(found.tools, found.choice, [*found.instructions, instruction(plan)])


def instruction(plan: FormatPlan) -> str:
    """The format in words, for a model that cannot be made to call a tool."""
    if plan.method == "tool":
        return f"Give your final answer by calling the tool {FORMAT_TOOL}, without any other text."
    schema = written(plan.schema).decode()
    return f"Answer with JSON alone, without any other text, that fits this schema:\n{schema}"


def _with_format_tool(plan: FormatPlan, offer: ToolOffer, *, can_force: bool) -> ToolOffer:
    """The model may call a tool of the client's, or gives its answer by the one that stands in for the format."""
    tool: ClientTool = {
        "name": FORMAT_TOOL,
        "description": plan.format.description or _DESCRIPTION,
        "input_schema": plan.schema,
    }
    is_alone = not offer.tools or (offer.choice is not None and offer.choice["type"] == "none")
    if not can_force:
        return ToolOffer([tool] if is_alone else [*offer.tools, tool], {"type": "auto"}, offer.instructions)
    tools = [*offer.tools, tool]
    if is_alone:
        return ToolOffer(tools, {"type": "tool", "name": FORMAT_TOOL}, offer.instructions)
    return ToolOffer(tools, {"type": "any"}, offer.instructions)
