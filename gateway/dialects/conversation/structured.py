"""Holds an answer to the form that was asked for, where the upstream cannot be told of it in its own words."""

from collections.abc import Sequence

import orjson

from gateway.dialects.conversation.settings import Form
from gateway.errors import UpstreamDown
from gateway.events import Unvalidated

FORM_TOOL = "answer_in_form"
"""The name of the tool that a model is made to call so that its arguments are the answer."""


class FormCheck:
    """Collects the text of one choice, and holds it to its form."""

    def __init__(self, form: Form, choice: int = 0) -> None:
        self._pieces: list[str] = []
        self._form = form
        self._choice = choice

    def take(self, text: str) -> None:
        """Add a piece of the text."""
        self._pieces.append(text)

    def require(self, provider: str) -> Sequence[Unvalidated]:
        """The whole text, where it has to be valid against a schema: that is looked into outside the dialect.

        Raises `UpstreamDown` where it has to be an object of any kind, and is none.
        """
        text = "".join(self._pieces)
        if self._form.schema is not None:
            return [Unvalidated(text, self._choice)]
        try:
            document = orjson.loads(text)
        except orjson.JSONDecodeError:
            message = f"{provider} answered with something that is not JSON, though the response format asks for it."
            raise UpstreamDown(message, code="upstream_bad_reply") from None
        if not isinstance(document, dict):
            message = f"{provider} answered with JSON that is not of the form that the response format asks for."
            raise UpstreamDown(message, code="upstream_bad_reply")
        return ()
