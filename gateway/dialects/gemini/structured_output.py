"""Makes up for models that take a response format or functions, but not both: the answer is a call then."""

from gateway.dialects.gemini.schema import subset
from gateway.dialects.gemini.tools import WrittenTools
from gateway.dialects.gemini.types import FunctionDeclaration
from gateway.dialects.profiles.gemini import GeminiProfile
from gateway.dialects.report import Report
from gateway.dialects.structured_output import FormatPlan, native_plan, requested_format, substitute_plan
from gateway.dialects.tool_schemas import alone_references
from gateway.dialects.turns.tools import callable_tools
from gateway.neutral.prompt import Prompt
from gateway.neutral.structured_output import OutputFormat

_DESCRIPTION = "Gives the answer. Call it when no other function is needed any more."


def plan_format(prompt: Prompt, profile: GeminiProfile) -> FormatPlan | None:
    """How each choice gets its format: by Gemini, or where that takes no functions beside it, by `answer_by_call`."""
    requested = requested_format(prompt.output_format)
    if requested is None:
        return None
    if profile.takes_formats_with_tools or prompt.tool_choice == "none":
        return native_plan(requested)
    has_functions = any(tool.name for tool in callable_tools(prompt.tools))
    return substitute_plan(requested, can_call=True) if has_functions else native_plan(requested)


def answer_by_call(
    written: WrittenTools, requested: OutputFormat, profile: GeminiProfile, report: Report
) -> OutputFormat | None:
    """Declare a function for the answer, and return the format that is still to be requested.

    Raises `InvalidRequest` for a format that cannot be that of a function's parameters.
    """
    calling = written.config.get("functionCallingConfig")
    mode = "AUTO" if calling is None else calling["mode"]
    if mode == "NONE":
        # What may not be called need not be shown.
        written.tools, written.config = [], {}
        return requested
    plan = substitute_plan(requested, can_call=bool(written.declarations))
    if plan.method != "tool":
        raise report.unsupported("such a form of the answer together with tools", requested.path)
    if mode == "AUTO":
        name, description, schema = plan.tool(_DESCRIPTION)
        answer: FunctionDeclaration = {"name": name, "description": description}
        if profile.takes_json_schema:
            answer["parametersJsonSchema"] = alone_references(schema)
        else:
            answer["parameters"] = subset(schema)
        written.declarations.append(answer)
        written.config["functionCallingConfig"] = {"mode": "ANY"}
    return None
