"""Writes the settings of a prompt, whose names are chat's, as the Responses API has them."""

from gateway.dialects.profiles.base import Range
from gateway.dialects.settings import PendingSettings
from gateway.neutral.json import Json, JsonObject, object_or_none
from gateway.neutral.prompt import Prompt
from gateway.neutral.settings import PLACES, RULES, SAME
from gateway.neutral.structured_output import OutputFormat

_LOGPROBS = "message.output_text.logprobs"
# What OpenAI takes at least; chat takes any (shared facts on the Responses API, section 4, no. 23).
_LIMITS = Range(16, 2**63)
# OpenAI's Responses API has no penalties; the gateway's own has them. The others are decided for each request.
_ELSEWHERE = frozenset({"frequency_penalty", "presence_penalty", "store", "stream_options", "top_logprobs", *PLACES})
_SAME = {name: rule.kind for name, rule in RULES.items() if rule.place == SAME and name not in _ELSEWHERE}
"""The settings that are the same in both dialects, with their types. `top_k` is not OpenAI's, whose row drops it."""


def write_settings(prompt: Prompt, pending: PendingSettings) -> JsonObject:
    """The settings. Raises `InvalidRequest` for what cannot be left out, and has no place here."""
    body: JsonObject = {}
    if (limit := pending.token_limit(bounds=_LIMITS)) is not None:
        body["max_output_tokens"] = limit
    if (effort := pending.take("reasoning_effort")) is not None:
        body["reasoning"] = {"effort": effort}
    if text := _text(pending.take("verbosity"), prompt.output_format):
        body["text"] = text
    is_requested, most = pending.take("logprobs"), pending.integer("top_logprobs")
    if is_requested or most:
        body["include"] = [_LOGPROBS]
        if most is not None:
            body["top_logprobs"] = most
    for name, kind in _SAME.items():
        value = pending.number(name) if kind in ("number", "integer") else pending.take(name)
        if value is not None:
            body[name] = value
    pending.finish(body)
    return body


def _text(verbosity: Json, output_format: OutputFormat | None) -> JsonObject:
    text: JsonObject = {}
    if output_format is not None and output_format.body:
        text["format"] = _flat_format(output_format.body)
    if verbosity is not None:
        text["verbosity"] = verbosity
    return text


def _flat_format(given: JsonObject) -> JsonObject:
    """A response format, which chat nests under its type, flat."""
    if given.get("type") != "json_schema":
        return given
    schema = object_or_none(given.get("json_schema")) or given
    # Here it needs a schema, and a name; with no schema every object has its format.
    if not isinstance(schema.get("schema"), dict):
        return {"type": "json_object"}
    return {"type": "json_schema", "name": "answer", **schema} | {"type": "json_schema"}
