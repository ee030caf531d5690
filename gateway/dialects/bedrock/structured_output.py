"""Answers of a requested format: by Bedrock itself, by a tool that has to be called, or by instructions."""

from gateway.dialects.bedrock.reasoning import reasons_by_budget
from gateway.dialects.bedrock.schema import closed_schema
from gateway.dialects.bedrock.types import OutputConfig, OutputSchema, Tool
from gateway.dialects.profiles.bedrock import BedrockProfile
from gateway.dialects.structured_output import FormatPlan, native_plan, requested_format, substitute_plan
from gateway.neutral.json import written
from gateway.neutral.prompt import Prompt

_INSTRUCTIONS = "Answer with one JSON object and nothing else: no words before or after it, no code fence."


def plan_format(prompt: Prompt, profile: BedrockProfile) -> FormatPlan | None:
    """How the answer gets its format; None where it may be any text.

    Reasoning by a budget rules out calls that the model is made to make. An object without a schema has none that a
    tool could be given.
    """
    requested = requested_format(prompt.output_format)
    if requested is None:
        return None
    if requested.kind in profile.formats and (schema := closed_schema(requested.schema)) is not None:
        return native_plan(requested, schema)
    can_call = "required" in profile.tool_choices and not reasons_by_budget(prompt.settings, profile)
    return substitute_plan(requested, can_call=can_call)


def output_config(plan: FormatPlan) -> OutputConfig:
    """Bedrock's own request for the format."""
    schema: OutputSchema = {"schema": written(plan.schema).decode(), "name": plan.format.name}
    if plan.format.description:
        schema["description"] = plan.format.description
    return {"textFormat": {"type": "json_schema", "structure": {"jsonSchema": schema}}}


def format_tool(plan: FormatPlan) -> Tool:
    """The tool whose arguments are the answer."""
    name, description, schema = plan.tool(f"Gives the answer, {plan.format.name}. Call it once, when it is known.")
    return {"toolSpec": {"name": name, "description": description, "inputSchema": {"json": schema}}}


def instruction(plan: FormatPlan) -> str:
    """The request for the format as a system prompt."""
    return plan.instruction(_INSTRUCTIONS, "It must follow this JSON schema:")
