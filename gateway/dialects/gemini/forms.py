"""Makes up for models that take a form of the answer or functions, but not both: the answer is a call then."""

from typing import Any

from gateway.dialects.conversation.report import Report
from gateway.dialects.conversation.settings import TEXT, Form, form_of, settings_of
from gateway.dialects.conversation.structured import FORM_TOOL
from gateway.dialects.conversation.toolbox import Toolbox, offers
from gateway.dialects.gemini.schema import subset
from gateway.dialects.gemini.tools import Tooling
from gateway.dialects.profiles import Facts
from gateway.generation import Generation

_FIELD = "response_format"
_DESCRIPTION = "Gives the answer. Call it when no other function is needed any more."


def held_form(generation: Generation, facts: Facts) -> Form | None:
    """The form that each choice is held to, where `with_tools` has made it a call."""
    if facts.takes_forms_with_tools or generation.tool_choice == "none":
        return None
    form = form_of(settings_of(generation).get(_FIELD))
    return form if form.kind != "text" and len(Toolbox(offers(generation))) else None


def with_tools(tooling: Tooling, form: Form, facts: Facts, report: Report) -> Form:
    """The form that is left to be asked for. Raises `InvalidRequest` for one that cannot be had by a call."""
    config: dict[str, Any] = tooling.config.get("functionCallingConfig", {})
    mode = config.get("mode", "AUTO")
    if mode == "NONE":
        # What may not be called need not be shown.
        tooling.tools, tooling.config = [], {}
        return form
    if form.schema is None or form.schema.get("type") != "object" or not tooling.functions:
        raise report.unsupported("such a form of the answer together with tools", report.field(_FIELD))
    if mode == "AUTO":
        declared = tooling.tools[-1]["functionDeclarations"]
        name = "parametersJsonSchema" if facts.takes_json_schema else "parameters"
        schema = form.schema if facts.takes_json_schema else subset(form.schema)
        declared.append({"name": FORM_TOOL, "description": form.description or _DESCRIPTION, name: schema})
        tooling.config["functionCallingConfig"] = {"mode": "ANY"}
    return TEXT
