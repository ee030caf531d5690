"""How an answer gets its format: by Anthropic itself, by a tool whose arguments it is, or by instructions."""

from gateway.dialects.anthropic.schema import translate_schema
from gateway.dialects.anthropic.tools import ToolOffer
from gateway.dialects.anthropic.types import ClientTool, RequestBody
from gateway.dialects.profiles.anthropic import AnthropicProfile
from gateway.dialects.structured_output import FORMAT_TOOL, FormatPlan, native_plan, requested_format, substitute_plan
from gateway.dialects.turns.tool_choice import may_answer_in_text
from gateway.neutral.json import JsonObject
from gateway.neutral.prompt import Prompt

_ANY_OBJECT: JsonObject = {"type": "object", "additionalProperties": True}
_DESCRIPTION = "Gives the whole answer, as one JSON object with all that was asked for."


def plan_format(prompt: Prompt, profile: AnthropicProfile) -> FormatPlan | None:
    """The plan for a request; None for any text, and where a call is required: then the answer is no text at all."""
    requested = requested_format(prompt.output_format)
    if requested is None or not may_answer_in_text(prompt.tool_choice):
        return None
    if requested.schema is None:
        return FormatPlan(requested, "tool", _ANY_OBJECT)
    found = translate_schema(requested.schema) if profile.keeps_schemas else None
    if found is None:
        return substitute_plan(requested, can_call=True)
    return native_plan(requested, found.schema, is_looser=found.is_looser)


def request_format(plan: FormatPlan, offer: ToolOffer, body: RequestBody, *, can_force: bool) -> ToolOffer:
    """Request the format in the body or by the tools; `can_force` is whether the model can be made to call one."""
    if plan.method == "native":
        body["output_config"] = {"format": {"type": "json_schema", "schema": plan.schema}}
        return offer
    if plan.method == "prompt":
        return ToolOffer(offer.tools, offer.choice, [*offer.instructions, instruction(plan)])
    found = _with_format_tool(plan, offer, can_force=can_force)
    if found.is_forced:
        return found
    return ToolOffer(found.tools, found.choice, [*found.instructions, instruction(plan)])


def instruction(plan: FormatPlan) -> str:
    """The format in words, for a model that cannot be made to call a tool."""
    if plan.method == "tool":
        return f"Give your final answer by calling the tool {FORMAT_TOOL}, without any other text."
    return plan.instruction("Answer with JSON alone, without any other text,", "that fits this schema:")


def _with_format_tool(plan: FormatPlan, offer: ToolOffer, *, can_force: bool) -> ToolOffer:
    """The model may call a tool of the client's, or gives its answer by the one that stands in for the format."""
    name, description, schema = plan.tool(_DESCRIPTION)
    tool: ClientTool = {"name": name, "description": description, "input_schema": schema}
    is_alone = not offer.tools or (offer.choice is not None and offer.choice["type"] == "none")
    if not can_force:
        return ToolOffer([tool] if is_alone else [*offer.tools, tool], {"type": "auto"}, offer.instructions)
    tools = [*offer.tools, tool]
    if is_alone:
        return ToolOffer(tools, {"type": "tool", "name": name}, offer.instructions)
    return ToolOffer(tools, {"type": "any"}, offer.instructions)
