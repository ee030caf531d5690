"""Answers of a requested format: by the upstream itself, by a tool whose arguments are the answer, or by words.

Where the upstream does not see to it, the answer is validated: an object by the dialect, a schema by `gateway.run`.
"""

from collections.abc import Sequence

import orjson

from gateway.dialects.report import Report
from gateway.errors import UpstreamDown
from gateway.neutral.events import Unvalidated
from gateway.neutral.json import Json
from gateway.neutral.prompt import Prompt
from gateway.neutral.structured_output import OutputFormat

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


def requested_format(prompt: Prompt) -> OutputFormat | None:
    """The format that the answer has to have; None where it may be any text."""
    found = prompt.output_format
    return None if found is None or found.kind in ("text", "unknown") else found


def require_known_format(prompt: Prompt, report: Report) -> None:
    """Raise `InvalidRequest` for a format that is not known: an answer of no format is another one."""
    found = prompt.output_format
    if found is not None and found.kind == "unknown":
        kind = found.body.get("type")
        raise report.unsupported(f"a response format of type {kind!r}", f"{found.path}.type")
