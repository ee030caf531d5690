"""Answers in JSON: by Cohere's own response format, by a tool whose arguments are the answer, or validated alone."""

from gateway.dialects.cohere.types import ResponseFormat, Tool
from gateway.dialects.profiles.cohere import CohereProfile
from gateway.dialects.report import Report
from gateway.dialects.structured_output import FormatPlan, native_plan, requested_format, substitute_plan
from gateway.neutral.prompt import Prompt
from gateway.neutral.structured_output import OutputFormat

_DESCRIPTION = "Gives the final answer. Call it when no other tool is needed any more."


def plan_format(prompt: Prompt, profile: CohereProfile) -> FormatPlan | None:
    """How the answer gets its format. Cohere takes a response format only where there are no tools and no documents.

    Nothing is sent for the method `prompt`: clients that request an object of no schema ask for it in their own words.
    """
    requested = requested_format(prompt.output_format)
    if requested is None:
        return None
    has_tools = bool(prompt.tools) and prompt.tool_choice != "none"
    if has_tools or prompt.settings.values.get("documents"):
        return substitute_plan(requested, can_call=True)
    return native_plan(requested)


def require_object_schema(output_format: OutputFormat, report: Report) -> None:
    """Raise `InvalidRequest` for a schema of another type.

    Neither Cohere's response format nor a tool takes one (shared facts on providers, section 8).
    """
    if output_format.schema is not None and output_format.schema.get("type") != "object":
        raise report.unsupported("forms that are not of type 'object'", output_format.path)


def response_format(output_format: OutputFormat) -> ResponseFormat:
    """Cohere's own response format."""
    if output_format.schema is None:
        return {"type": "json_object"}
    return {"type": "json_object", "json_schema": output_format.schema}


def format_tool(plan: FormatPlan) -> Tool:
    """The tool whose arguments are the answer."""
    name, description, parameters = plan.tool(_DESCRIPTION)
    return {"type": "function", "function": {"name": name, "description": description, "parameters": parameters}}
