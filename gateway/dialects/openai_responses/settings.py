"""Writes the settings of a prompt, whose names are chat's, as the Responses API has them."""

from gateway.dialects.report import Report
from gateway.errors import InvalidRequest
from gateway.neutral.json import Json, JsonObject, object_or_none
from gateway.neutral.prompt import Prompt
from gateway.neutral.structured_output import OutputFormat

_LOGPROBS = "message.output_text.logprobs"
# What OpenAI takes at least; chat takes any (shared facts on the Responses API, section 4, no. 23).
_LEAST_LIMIT = 16
_LIMITS = ("max_completion_tokens", "max_tokens", "max_output_tokens")
# The same in both dialects. `top_k` is not OpenAI's, and its row says so.
_SAME = frozenset(
    {
        "moderation",
        "parallel_tool_calls",
        "prompt_cache_key",
        "prompt_cache_options",
        "prompt_cache_retention",
        "safety_identifier",
        "service_tier",
        "temperature",
        "top_k",
        "top_p",
        "user",
    }
)
# Without these the answer would be another one; the values that ask for nothing are no reason to refuse.
_REFUSED: dict[str, tuple[Json, ...]] = {
    "audio": (),
    "frequency_penalty": (0,),
    "logit_bias": ({},),
    "modalities": (["text"], []),
    "n": (1,),
    "presence_penalty": (0,),
    "stop": ([], ""),
    "web_search_options": (),
}
_READ = frozenset({*_LIMITS, "logprobs", "top_logprobs", "reasoning_effort", "verbosity"})


def write_settings(prompt: Prompt, report: Report) -> JsonObject:
    """The settings. Raises `InvalidRequest` for what cannot be left out, and has no place here."""
    values = prompt.settings.values
    body: JsonObject = {}
    for name in _LIMITS:
        if values.get(name) is not None:
            body["max_output_tokens"] = _limit(name, values[name], report)
            break
    if values.get("reasoning_effort") is not None:
        body["reasoning"] = {"effort": values["reasoning_effort"]}
    if text := _text(values.get("verbosity"), prompt.output_format):
        body["text"] = text
    if values.get("logprobs"):
        body["include"] = [_LOGPROBS]
        if values.get("top_logprobs") is not None:
            body["top_logprobs"] = values["top_logprobs"]
    for name, value in values.items():
        if value is None or name in _READ:
            continue
        if name in _SAME:
            body[name] = value
        else:
            _require_dispensable(name, value, report.provider)
            report.drop(name)
    return body


def _require_dispensable(name: str, value: Json, provider: str) -> None:
    """Raises `InvalidRequest` for a setting that the answer depends on."""
    if name in _REFUSED and value not in _REFUSED[name]:
        message = (
            f"{provider} is asked through the Responses API, which has no {name}: the answer would be another one."
        )
        raise InvalidRequest(message, param=name, code="unsupported_parameter")


def _limit(name: str, value: Json, report: Report) -> Json:
    """The token limit, raised to the least that is taken; that it was raised is reported."""
    if isinstance(value, bool) or not isinstance(value, int | float) or value >= _LEAST_LIMIT or value < 1:
        return value
    report.drop(name)
    return _LEAST_LIMIT


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
