"""Answers of a requested format: by the upstream itself, by a tool whose arguments are the answer, or by words.

Where the upstream does not see to it, the answer is validated: an object by the dialect, a schema by `gateway.run`.
"""

from collections.abc import Sequence
from typing import Literal, NamedTuple

import orjson

from gateway.dialects.report import Report
from gateway.errors import UpstreamDown
from gateway.neutral.events import Unvalidated
from gateway.neutral.json import Json, JsonObject, object_or_empty, written
from gateway.neutral.prompt import Prompt
from gateway.neutral.structured_output import OutputFormat
from gateway.neutral.values import value

_SCHEMA = "json_schema"
_SCHEMA_FIELDS = ("name", "schema", "description", "strict")
FORMAT_TOOL = "answer_in_form"
"""The name of the tool that a model is made to call so that its arguments are the answer."""


class OutputCheck:
    """Collects the text of one choice, and validates it against its format."""

    def __init__(self, output_format: OutputFormat, choice: int = 0) -> None:
        self._pieces: list[str] = []
        self._format = output_format
        self._choice = choice

    def add(self, text: str) -> None:
        """Add a piece of the text."""
        self._pieces.append(text)

    def finish(self, provider: str) -> Sequence[Unvalidated]:
        """The whole text, where it has to be valid against a schema: that is validated outside the dialect.

        Raises `UpstreamDown` where it has to be an object of any kind, and is none.
        """
        text = "".join(self._pieces)
        if self._format.schema is not None:
            return [Unvalidated(text, self._choice)]
        try:
            document: Json = orjson.loads(text)
        except orjson.JSONDecodeError:
            message = f"{provider} answered with something that is not JSON, though the response format asks for it."
            raise UpstreamDown(message, code="upstream_bad_reply") from None
        if not isinstance(document, dict):
            message = f"{provider} answered with JSON that is not of the form that the response format asks for."
            raise UpstreamDown(message, code="upstream_bad_reply")
        return ()


class FormatTool(NamedTuple):
    """The tool whose arguments are the answer; each dialect writes it as it writes tools."""

    name: str
    description: str
    parameters: JsonObject


@value
class FormatPlan:
    """How an answer gets its format: by the upstream, by a tool that has to be called, or by words in the prompt.

    `schema` is what the upstream is sent of it, empty for an object of any kind; `is_checked` is whether the gateway
    validates the answer, because the upstream does not guarantee it.
    """

    format: OutputFormat
    method: Literal["native", "tool", "prompt"]
    schema: JsonObject
    is_checked: bool = True

    @property
    def validated(self) -> OutputFormat | None:
        """The format that the gateway validates the answer against."""
        return self.format if self.is_checked else None

    def check(self, choice: int = 0) -> OutputCheck | None:
        """The validation of one choice."""
        return OutputCheck(self.format, choice) if self.is_checked else None

    def tool(self, default_description: str) -> FormatTool:
        """The tool that stands in for the format, under the client's description where there is one."""
        return FormatTool(FORMAT_TOOL, self.format.description or default_description, self.schema)

    def instruction(self, request: str, schema_request: str) -> str:
        """The format in words: the request for JSON and, where there is a schema, the request to keep to it."""
        if self.format.schema is None:
            return request
        return f"{request} {schema_request}\n{written(self.schema).decode()}"


def native_plan(requested: OutputFormat, schema: JsonObject | None = None, *, is_looser: bool = False) -> FormatPlan:
    """The upstream's own format; `schema` is the client's as the upstream takes it, where it takes only a subset.

    An answer of a schema that `is_looser` than the client's need not fit that one.
    """
    sent = schema if schema is not None else requested.schema or {}
    return FormatPlan(requested, "native", sent, is_checked=is_looser)


def substitute_plan(requested: OutputFormat, *, can_call: bool) -> FormatPlan:
    """For an upstream without the format: a tool, where the model can be made to call it, else the prompt.

    The arguments of a tool are an object, always.
    """
    schema = requested.schema or {}
    return FormatPlan(requested, "tool" if can_call and schema.get("type") == "object" else "prompt", schema)


def requested_format(found: OutputFormat | None) -> OutputFormat | None:
    """The format that the answer has to have; None where it may be any text."""
    return None if found is None or found.kind in ("text", "unknown") else found


def require_known_format(prompt: Prompt, report: Report, *, is_rewritten: bool = False) -> None:
    """Raise `InvalidRequest` for a format that is not known: an answer of no format is another one.

    Unknown fields of one that is known are reported where it `is_rewritten` in the upstream's own words.
    """
    found = prompt.output_format
    if found is None:
        return
    kind = found.body.get("type")
    if found.kind == "unknown":
        raise report.unsupported(f"a response format of type {kind!r}", f"{found.path}.type")
    if not is_rewritten:
        return
    nested = object_or_empty(found.body.get(_SCHEMA)) if kind == _SCHEMA else {}
    inner = found.schema_path.removesuffix(".schema") or found.path
    for fields, known, path in (
        (found.body, ("type", _SCHEMA) if kind == _SCHEMA else ("type",), found.path),
        (nested, _SCHEMA_FIELDS, inner),
    ):
        report.drop_all(f"{path}.{name}" for name, it in fields.items() if name not in known and it is not None)
