"""The settings of a Responses request under the names that the chat dialect has for them."""

from collections.abc import Mapping
from typing import Any

from gateway.errors import InvalidRequest

LOGPROBS = "message.output_text.logprobs"
_INCLUDED = (
    *(LOGPROBS, "reasoning.encrypted_content", "message.input_image.image_url", "code_interpreter_call.outputs"),
    *("web_search_call.results", "web_search_call.action.sources", "file_search_call.results"),
    "computer_call_output.output.image_url",
)

# Read into places of their own, or of no concern to a model.
_TAKEN = frozenset(
    (
        *("model", "input", "instructions", "tools", "tool_choice", "metadata", "provider"),
        *("stream", "stream_options", "store", "background", "conversation", "previous_response_id"),
    )
)
# The same in both dialects, and what chat clients are used to send.
_SHARED = frozenset(
    (
        *("temperature", "top_p", "top_k", "top_logprobs", "parallel_tool_calls", "user", "safety_identifier"),
        *("service_tier", "prompt_cache_key", "prompt_cache_retention", "prompt_cache_options", "moderation"),
        *("max_completion_tokens", "max_tokens", "n", "stop", "seed", "logit_bias", "logprobs"),
        *("presence_penalty", "frequency_penalty", "prediction", "response_format", "reasoning_effort", "verbosity"),
        "web_search_options",
    )
)

# Without these the answer would be another one: stored prompts, and sound, for which a Response has no item.
_INDISPENSABLE = frozenset({"prompt", "audio", "modalities"})


def chat_fields(body: Mapping[str, Any], provider: str) -> tuple[dict[str, Any], list[str]]:
    """The chat dialect's fields, and the names of those that mean something to the Responses API only.

    Raises `InvalidRequest` for what no other dialect has and an answer depends on.
    """
    fields: dict[str, Any] = {}
    untranslated: list[str] = []
    for name, value in body.items():
        if name in _TAKEN or value is None:
            continue
        if name in _SHARED:
            fields[name] = value
        elif name in _TRANSLATED:
            found, left = _TRANSLATED[name](value)
            fields.update(found)
            untranslated += left
        elif name in _INDISPENSABLE and value != ["text"]:
            message = f"{provider} has no place for `{name}`, and without it the answer would be another one."
            raise InvalidRequest(message, param=name, code="unsupported_parameter")
        elif name != "truncation" or value != "disabled":
            untranslated.append(name)
    if fields.get("top_logprobs"):
        fields["logprobs"] = True
    if not body.get("tools"):
        # OpenAI refuses it where there are none.
        fields.pop("parallel_tool_calls", None)
    return fields, untranslated


def travelling_fields(body: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """The same for a body of which the contract says little: what is not understood travels on under its own name."""
    fields: dict[str, Any] = {}
    untranslated: list[str] = []
    for name, value in body.items():
        if name in _TAKEN or value is None:
            continue
        if name in _TRANSLATED and isinstance(value, _SHAPES[name]):
            found, left = _TRANSLATED[name](value)
            fields = {**fields, **found}
            untranslated += left
        else:
            fields.setdefault(name, value)
    return fields, untranslated


def _limit(value: Any) -> tuple[dict[str, Any], list[str]]:
    return {"max_completion_tokens": value}, []


def _reasoning(value: Any) -> tuple[dict[str, Any], list[str]]:
    settings = {name: part for name, part in value.items() if part is not None}
    effort = settings.pop("effort", None)
    return {"reasoning_effort": effort} if effort else {}, [f"reasoning.{name}" for name in settings]


def _text(value: Any) -> tuple[dict[str, Any], list[str]]:
    fields: dict[str, Any] = {}
    if value.get("verbosity") is not None:
        fields["verbosity"] = value["verbosity"]
    match value.get("format"):
        case None | {"type": "text"}:
            pass
        case {"type": "json_schema", **schema}:
            given = {name: part for name, part in schema.items() if part is not None}
            fields["response_format"] = {"type": "json_schema", "json_schema": given}
        case other:
            fields["response_format"] = other
    return fields, [f"text.{name}" for name in value if name not in ("verbosity", "format")]


def _include(value: Any) -> tuple[dict[str, Any], list[str]]:
    # Most are about tools that a provider runs; where there are none, there is nothing to include.
    unknown = [f"include[{i}]" for i, name in enumerate(value) if name not in _INCLUDED]
    return {"logprobs": True} if LOGPROBS in value else {}, unknown


_TRANSLATED = {"max_output_tokens": _limit, "reasoning": _reasoning, "text": _text, "include": _include}
_SHAPES = {"max_output_tokens": int, "reasoning": dict, "text": dict, "include": list}
