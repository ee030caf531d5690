"""Makes up for models that take a response format or functions, but not both: the answer is a call then."""

from gateway.dialects.gemini.schema import subset
from gateway.dialects.gemini.tools import WrittenTools
from gateway.dialects.gemini.types import FunctionDeclaration
from gateway.dialects.profiles import Facts
from gateway.dialects.report import Report
from gateway.dialects.structured_output import FORMAT_TOOL, requested_format
from gateway.dialects.turns.tools import callable_tools
from gateway.neutral.generation import Generation
from gateway.neutral.structured_output import OutputFormat

_DESCRIPTION = "Gives the answer. Call it when no other function is needed any more."


def validated_format(generation: Generation, facts: Facts) -> OutputFormat | None:
    """The format that each choice is validated against, where `answer_by_call` has made it a call."""
    prompt = generation.prompt
    if facts.takes_forms_with_tools or prompt.tool_choice == "none":
        return None
    found = requested_format(prompt)
    has_tools = found is not None and any(tool.name for tool in callable_tools(prompt.tools))
    return found if has_tools else None


def answer_by_call(written: WrittenTools, requested: OutputFormat, facts: Facts, report: Report) -> OutputFormat | None:
    """Declare a function for the answer, and return the format that is still to be requested.

    Raises `InvalidRequest` for a format that cannot be that of a function's parameters.
    """
    calling = written.config.get("functionCallingConfig")
    mode = "AUTO" if calling is None else calling["mode"]
    if mode == "NONE":
        # What may not be called need not be shown.
        written.tools, written.config = [], {}
        return requested
    schema = requested.schema
    if schema is None or schema.get("type") != "object" or not written.declarations:
        raise report.unsupported("such a form of the answer together with tools", requested.path)
    if mode == "AUTO":
        answer: FunctionDeclaration = {"name": FORMAT_TOOL, "description": requested.description or _DESCRIPTION}
        if facts.takes_json_schema:
            answer["parametersJsonSchema"] = schema
        else:
            answer["parameters"] = subset(schema)
        written.declarations.append(answer)
        written.config["functionCallingConfig"] = {"mode": "ANY"}
    return None
