"""Answers of a requested format: by Bedrock itself, by a tool that has to be called, or by instructions."""

from dataclasses import dataclass
from typing import Literal

from gateway.dialects.bedrock.reasoning import reasons_by_budget
from gateway.dialects.bedrock.schema import closed_schema
from gateway.dialects.bedrock.types import OutputConfig, OutputSchema, Tool
from gateway.dialects.profiles import Facts
from gateway.dialects.structured_output import FORMAT_TOOL, OutputCheck, requested_format
from gateway.neutral.generation import Generation
from gateway.neutral.json import JsonObject, written
from gateway.neutral.prompt import Prompt
from gateway.neutral.structured_output import OutputFormat

_INSTRUCTIONS = "Answer with one JSON object and nothing else: no words before or after it, no code fence."


@dataclass(frozen=True, slots=True)
class OutputPlan:
    """The format, and how the answer gets it. For `native`, `native_schema` is the schema as Bedrock takes it."""

    format: OutputFormat
    method: Literal["native", "tool", "prompt"]
    native_schema: JsonObject | None = None

    @property
    def validated(self) -> OutputFormat | None:
        """The format that the gateway validates the answer against, because Bedrock does not guarantee it."""
        return None if self.method == "native" else self.format

    @property
    def output_config(self) -> OutputConfig:
        """Bedrock's own request for the format."""
        schema: OutputSchema = {"schema": written(self.native_schema).decode(), "name": self.format.name}
        if self.format.description:
            schema["description"] = self.format.description
        return {"textFormat": {"type": "json_schema", "structure": {"jsonSchema": schema}}}

    @property
    def tool(self) -> Tool:
        """The tool whose arguments are the answer."""
        requested = self.format
        description = requested.description or f"Gives the answer, {requested.name}. Call it once, when it is known."
        schema = requested.schema or {}
        return {"toolSpec": {"name": FORMAT_TOOL, "description": description, "inputSchema": {"json": schema}}}

    @property
    def instructions(self) -> str:
        """The request for the format as a system prompt."""
        if self.format.schema is None:
            return _INSTRUCTIONS
        return f"{_INSTRUCTIONS} It must follow this JSON schema:\n{written(self.format.schema).decode()}"


def plan_output(prompt: Prompt, facts: Facts) -> OutputPlan | None:
    """How the answer gets its format; None where it may be any text.

    By Bedrock itself where the model has it and the schema is one that it takes. Else by a tool that has to be called,
    which takes a model that can be made to call it, and an object; reasoning by a budget rules it out. Else by
    instructions. An object without a schema has none that a tool could be given.
    """
    requested = requested_format(prompt)
    if requested is None:
        return None
    if requested.kind in facts.forms and (native := closed_schema(requested.schema)) is not None:
        return OutputPlan(requested, "native", native)
    can_force = "required" in facts.tool_choices and not reasons_by_budget(prompt.settings, facts)
    if requested.schema is not None and can_force and requested.schema.get("type") == "object":
        return OutputPlan(requested, "tool")
    return OutputPlan(requested, "prompt")


def format_to_validate(generation: Generation, facts: Facts) -> OutputFormat | None:
    """The format that the gateway validates the answer against."""
    plan = plan_output(generation.prompt, facts)
    return None if plan is None else plan.validated


def output_check(plan: OutputPlan | None) -> OutputCheck | None:
    """The validation of one answer."""
    return None if plan is None or plan.validated is None else OutputCheck(plan.validated)
