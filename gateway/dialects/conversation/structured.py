"""Holds an answer to the form that was asked for, where the upstream cannot be told of it in its own words."""

from typing import Any

import jsonschema_rs
import orjson

from gateway.dialects.conversation.settings import Form
from gateway.errors import InvalidRequest, UpstreamDown

FORM_TOOL = "answer_in_form"
"""The name of the tool that a model is made to call so that its arguments are the answer."""


def _fetch_nothing(uri: str) -> Any:
    # A schema is a caller's: what it refers to is never looked up.
    raise ValueError(f"not part of the schema: {uri}")


class FormCheck:
    """Collects the text of one choice, and tells whether it has its form. Raises `InvalidRequest` for a bad schema."""

    def __init__(self, form: Form) -> None:
        self._pieces: list[str] = []
        self._validator: Any = None
        if form.schema is None:
            return
        try:
            self._validator = jsonschema_rs.validator_for(
                form.schema, retriever=_fetch_nothing, pattern_options=jsonschema_rs.RegexOptions()
            )
        except (jsonschema_rs.ValidationError, jsonschema_rs.ReferencingError, ValueError, RecursionError):
            message = "The schema of response_format is not one that an answer can be checked against."
            raise InvalidRequest(message, param="response_format", code="invalid_json_schema") from None

    def take(self, text: str) -> None:
        """Add a piece of the text."""
        self._pieces.append(text)

    def require(self, provider: str) -> None:
        """Raise `UpstreamDown` if the whole text has not the form."""
        try:
            document = orjson.loads("".join(self._pieces))
        except orjson.JSONDecodeError:
            message = f"{provider} answered with something that is not JSON, though the response format asks for it."
            raise UpstreamDown(message, code="upstream_bad_reply") from None
        is_right = isinstance(document, dict) if self._validator is None else self._validator.is_valid(document)
        if not is_right:
            message = f"{provider} answered with JSON that is not of the form that the response format asks for."
            raise UpstreamDown(message, code="upstream_bad_reply")
