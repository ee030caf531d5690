"""How an answer gets the form that was asked for: by Bedrock itself, by a forced tool, or in words."""

from dataclasses import dataclass
from typing import Any, Literal

from gateway.dialects.bedrock.schemas import closed_schema
from gateway.dialects.bedrock.thinking import thinks_by_budget
from gateway.dialects.conversation.settings import TEXT, Form, form_of, settings_of
from gateway.dialects.conversation.structured import FORM_TOOL, FormCheck
from gateway.dialects.depth import written
from gateway.dialects.profiles import Facts
from gateway.generation import Generation

Way = Literal["none", "native", "tool", "words"]
_WORDS = "Answer with one JSON object and nothing else: no words before or after it, no code fence."


@dataclass(frozen=True, slots=True)
class FormPlan:
    """The form, and the way to it. A `native` one has the schema as Bedrock takes it."""

    form: Form = TEXT
    way: Way = "none"
    native: dict[str, Any] | None = None

    @property
    def held(self) -> Form | None:
        """The form that the answer is held to, where Bedrock does not."""
        return self.form if self.way in ("tool", "words") else None

    def check(self) -> FormCheck | None:
        """What holds the answer to it."""
        return None if self.held is None else FormCheck(self.held)

    def output_config(self) -> dict[str, Any]:
        """The native request for the form."""
        described = {"description": self.form.description} if self.form.description else {}
        schema = {"schema": written(self.native).decode(), "name": self.form.name, **described}
        return {"textFormat": {"type": "json_schema", "structure": {"jsonSchema": schema}}}

    def tool(self) -> dict[str, Any]:
        """The tool whose arguments are the answer."""
        description = self.form.description or f"Gives the answer, {self.form.name}. Call it once, when it is known."
        return {"toolSpec": {"name": FORM_TOOL, "description": description, "inputSchema": {"json": self.form.schema}}}

    def words(self) -> str:
        """The request for the form in words."""
        if self.form.schema is None:
            return _WORDS
        return f"{_WORDS} It must follow this JSON schema:\n{written(self.form.schema).decode()}"


NO_FORM = FormPlan()


def held_form(generation: Generation, facts: Facts) -> Form | None:
    """The form that the answer is held to, where Bedrock does not."""
    return form_plan(settings_of(generation), facts).held


def form_plan(settings: dict[str, Any], facts: Facts) -> FormPlan:
    """How the answer to a request with these settings gets its form.

    Bedrock's own way where the model has it and the schema is one that it takes. Else a tool that has to be called,
    which wants a model that can be made to call it, and an object; thinking by a budget rules it out. Else words.
    An object of which nothing is known has no schema that a tool could be given.
    """
    asked = settings.get("response_format")
    form = TEXT if asked is None else form_of(asked)
    if form.kind == "text":
        return NO_FORM
    if form.kind == "json_schema" and form.kind in facts.forms and (native := closed_schema(form.schema)) is not None:
        return FormPlan(form, "native", native)
    can_force = "required" in facts.tool_choices and not thinks_by_budget(settings, facts)
    if form.schema is not None and can_force and form.schema.get("type") == "object":
        return FormPlan(form, "tool")
    return FormPlan(form, "words")
