"""How an answer is made to have its form: by Anthropic itself, by a tool whose arguments it is, or by words."""

from dataclasses import dataclass
from typing import Any, Literal

from gateway.dialects.anthropic.schema import fitted
from gateway.dialects.conversation.settings import TEXT, Form, form_of, settings_of
from gateway.dialects.conversation.structured import FORM_TOOL, FormCheck
from gateway.dialects.depth import written
from gateway.dialects.profiles import Facts
from gateway.generation import Generation

Tool = dict[str, Any]
Choice = dict[str, Any]

_FREE = {"type": "object", "additionalProperties": True}
_WHOLE = "Gives the whole answer, as one JSON object with all that was asked for."


@dataclass(frozen=True, slots=True)
class Shape:
    """The form, and how it is come by. `schema` is what Anthropic is given of it; `is_checked` whether we look."""

    form: Form
    kind: Literal["free", "native", "tool", "words"]
    schema: dict[str, Any] | None = None
    is_checked: bool = True


_FREELY = Shape(TEXT, "free", is_checked=False)


def shape_of(settings: dict[str, Any], choice: Any, facts: Facts) -> Shape:
    """How the answer to these settings gets its form. Where a call is required, the answer is no text at all."""
    form = form_of(settings["response_format"]) if "response_format" in settings else TEXT
    if form.kind == "text" or not (choice in (None, "auto", "none") or _allows(choice)):
        return _FREELY
    if form.schema is None:
        return Shape(form, "tool", _FREE)
    found = fitted(form.schema) if "formats" in facts.traits else None
    if found is not None:
        return Shape(form, "native", found.schema, found.is_looser)
    # The arguments of a tool are an object, always.
    return Shape(form, "tool" if form.schema.get("type") == "object" else "words", form.schema)


def form_check(shape: Shape) -> FormCheck | None:
    """What holds the answer to its form, where Anthropic does not."""
    return FormCheck(shape.form) if shape.is_checked else None


def held_form(generation: Generation, facts: Facts) -> Form | None:
    """The form that the answer is held to, where Anthropic does not."""
    shape = shape_of(settings_of(generation), generation.tool_choice, facts)
    return shape.form if shape.is_checked else None


def form_tool(shape: Shape) -> Tool:
    """The tool whose arguments are the answer."""
    return {"name": FORM_TOOL, "description": shape.form.description or _WHOLE, "input_schema": shape.schema}


def instruction(shape: Shape) -> str:
    """The form in words, for a model that cannot be made to call a tool."""
    if shape.kind == "tool":
        return f"Give your final answer by calling the tool {FORM_TOOL}, without any other text."
    return f"Answer with JSON alone, without any other text, that fits this schema:\n{_written(shape.schema)}"


def _written(schema: Any) -> str:
    return written(schema).decode()


def _allows(choice: Any) -> bool:
    """Whether a choice among some of the tools lets the model answer without a call."""
    if not isinstance(choice, dict) or choice.get("type") != "allowed_tools":
        return False
    nested = choice.get("allowed_tools")
    allowed: dict[str, Any] = nested if isinstance(nested, dict) else choice
    return bool(allowed.get("mode", "auto") == "auto")
