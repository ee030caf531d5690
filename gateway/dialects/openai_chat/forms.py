"""Asks for an answer in a form, of an upstream that knows the form or does not."""

from typing import Any

from gateway.dialects.conversation.settings import Form, form_of
from gateway.dialects.depth import written
from gateway.dialects.profiles import Facts

Body = dict[str, Any]
_FIELD = "response_format"
_ASKS = "Answer with one JSON object and nothing else: no other text, no Markdown."


def fit_form(body: Body, facts: Facts) -> None:
    """Ask for the form as the upstream knows it, and in words for one that it does not know."""
    form = form_of(body[_FIELD])
    if form.kind == "json_schema" and facts.flattens_schema:
        body[_FIELD] = {"type": "json_schema", "schema": form.schema}
    if form.kind == "text" or form.kind in facts.forms:
        return
    if form.kind == "json_schema" and "json_object" in facts.forms:
        body[_FIELD] = {"type": "json_object"}
    else:
        del body[_FIELD]
    body["messages"] = _told(body["messages"], _in_words(form))


def _in_words(form: Form) -> str:
    said = f"{form.description}\n\n{_ASKS}" if form.description else _ASKS
    if form.schema is None:
        return said
    return f"{said} It must be valid against this JSON Schema:\n{written(form.schema).decode()}"


def _told(messages: list[Body], words: str) -> list[Body]:
    """The messages with words of ours at the end of the first one, or before all where that is not the system's."""
    first = messages[0] if messages else {}
    if first.get("role") not in ("system", "developer"):
        return [{"role": "system", "content": words}, *messages]
    content = first.get("content")
    if isinstance(content, list):
        return [{**first, "content": [*content, {"type": "text", "text": words}]}, *messages[1:]]
    return [{**first, "content": f"{content}\n\n{words}" if content else words}, *messages[1:]]
