"""Answers in JSON: by Cohere's own response format, by a tool whose arguments are the answer, or validated alone."""

from typing import Literal

from gateway.dialects.cohere.types import ResponseFormat, Tool
from gateway.dialects.profiles import Facts
from gateway.dialects.report import Report
from gateway.dialects.structured_output import FORMAT_TOOL, requested_format
from gateway.neutral.generation import Generation
from gateway.neutral.prompt import Prompt
from gateway.neutral.structured_output import OutputFormat

OutputMethod = Literal["none", "response_format", "tool", "validation"]
"""`validation` alone is for objects of no schema: clients that request one also ask for JSON in their prompt."""


def output_method(prompt: Prompt) -> OutputMethod:
    """How the answer gets its format. Cohere takes a response format only where there are no tools and no documents."""
    output_format = requested_format(prompt)
    if output_format is None:
        return "none"
    has_no_tools = prompt.tool_choice == "none" or not prompt.tools
    if has_no_tools and not prompt.settings.values.get("documents"):
        return "response_format"
    return "tool" if output_format.kind == "json_schema" else "validation"


def format_to_validate(generation: Generation, facts: Facts) -> OutputFormat | None:
    """The format that the gateway validates the answer against, because Cohere does not guarantee it."""
    is_guaranteed = output_method(generation.prompt) in ("none", "response_format")
    return None if is_guaranteed else generation.prompt.output_format


def require_object_schema(output_format: OutputFormat | None, report: Report) -> None:
    """Raise `InvalidRequest` for a schema of another type.

    Neither Cohere's response format nor a tool takes one (shared facts on providers, section 8).
    """
    if output_format is None or output_format.schema is None or output_format.schema.get("type") == "object":
        return
    raise report.unsupported("forms that are not of type 'object'", output_format.path)


def response_format(output_format: OutputFormat) -> ResponseFormat:
    """Cohere's own response format."""
    if output_format.schema is None:
        return {"type": "json_object"}
    return {"type": "json_object", "json_schema": output_format.schema}


def format_tool(output_format: OutputFormat) -> Tool:
    """The tool whose arguments are the answer."""
    schema = output_format.schema or {}
    description = output_format.description or "Gives the final answer. Call it when no other tool is needed any more."
    return {"type": "function", "function": {"name": FORMAT_TOOL, "description": description, "parameters": schema}}
