"""The Response object, every field present with its effective value."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Annotated

from gateway.errors import GatewayError, Stopped
from gateway.neutral.configuration import Configuration, configuration_of
from gateway.neutral.events import Usage
from gateway.neutral.generation import Generation
from gateway.neutral.json import Json, JsonObject, object_or_empty, object_or_none
from gateway.surfaces.extensions import extensions
from gateway.surfaces.responses.defaults import NEW_RESPONSE
from gateway.surfaces.responses.request.prompt import create_response
from gateway.surfaces.responses.settings import (
    effective_format,
    effective_tool_choice,
    effective_tools,
    reasoning_settings,
    text_settings,
)

if TYPE_CHECKING:
    from generated import models


INTERRUPTED = "server_interrupted"
"""The code of a Response whose server stopped, or died, before it was complete. It is the gateway's own."""


# A body of Waystone's own operation may hold anything under names that its contract does not list.
def _text(given: str | None) -> str | None:
    return given if type(given) is str else None


def _integer(given: int | None) -> int | None:
    return given if type(given) is int else None


def _number(given: float | None) -> float | None:
    return given if type(given) is int or type(given) is float else None


def _boolean(given: bool | None) -> bool | None:
    return given if type(given) is bool else None


def _conversation(given: str | models.ResponseConversation | None) -> JsonObject | None:
    return {"id": given} if isinstance(given, str) else _with_id(given)


def _with_id(given: models.Prompt | models.ResponseConversation | None) -> JsonObject | None:
    fields = extensions(given)
    return fields if isinstance(fields.get("id"), str) else None


def _service_tier(given: str | None) -> str | None:
    """What served the request in the end is no longer `auto`; an upstream that has tiers reports which it was."""
    return None if given == "auto" else _text(given)


def _options(given: object) -> JsonObject | None:
    """What has a place in a Response only where the request has it."""
    return extensions(given) or None


_EFFECTIVE: Annotated[Mapping[str, Callable[[models.CreateResponse], Json]], models.CreateResponse] = {
    "access_programs": lambda body: _options(body.get("access_programs")),
    "background": lambda body: _boolean(body.get("background")),
    "conversation": lambda body: _conversation(body.get("conversation")),
    "frequency_penalty": lambda body: _number(body.get("frequency_penalty")),
    "image": lambda body: _options(body.get("image")),
    "instructions": lambda body: _text(body.get("instructions")),
    "max_output_tokens": lambda body: _integer(body.get("max_output_tokens")),
    "max_tool_calls": lambda body: _integer(body.get("max_tool_calls")),
    "parallel_tool_calls": lambda body: _boolean(body.get("parallel_tool_calls")),
    "presence_penalty": lambda body: _number(body.get("presence_penalty")),
    "previous_response_id": lambda body: _text(body.get("previous_response_id")),
    "prompt": lambda body: _with_id(body.get("prompt")),
    "prompt_cache_key": lambda body: _text(body.get("prompt_cache_key")),
    "prompt_cache_options": lambda body: _options(body.get("prompt_cache_options")),
    "prompt_cache_retention": lambda body: _text(body.get("prompt_cache_retention")),
    "reasoning": lambda body: reasoning_settings(body.get("reasoning")),
    "safety_identifier": lambda body: _text(body.get("safety_identifier")),
    "service_tier": lambda body: _service_tier(body.get("service_tier")),
    "store": lambda body: _boolean(body.get("store")),
    "temperature": lambda body: _number(body.get("temperature")),
    "text": lambda body: text_settings(body.get("text")),
    "tool_choice": lambda body: effective_tool_choice(body.get("tool_choice")),
    "tools": lambda body: effective_tools(body.get("tools")),
    "top_logprobs": lambda body: _integer(body.get("top_logprobs")),
    "top_p": lambda body: _number(body.get("top_p")),
    "truncation": lambda body: "auto" if body.get("truncation") == "auto" else None,
    "user": lambda body: _text(body.get("user")),
}
"""The values that the settings of a request have in its Response; None keeps the default."""


def new_response(generation: Generation, response_id: str, provider: str) -> models.Response:
    """A Response in progress: the request's settings, defaults for the rest, no output yet."""
    response: models.Response = {
        **NEW_RESPONSE,
        "id": response_id,
        "created_at": int(time.time()),
        "model": generation.model,
        "provider": provider,
        "metadata": {**(generation.metadata or {})},
        "output": [],
    }
    fields, body = extensions(response), create_response(generation.body)
    for name in generation.body:
        effective = _EFFECTIVE.get(name)
        if effective is not None and (value := effective(body)) is not None:
            fields[name] = value
    if generation.template is not None:
        fields["prompt"] = generation.template.reference
    if type(generation.body.get("input")) is list:
        _change(fields, configuration_of(generation.body, generation.history))
    if generation.removed:
        fields["input_transformations"] = [*generation.removed]
        move_output_last(fields)
    return response


def _change(fields: JsonObject, configuration: Configuration) -> None:
    """Write what items of the conversation have changed of the settings."""
    if configuration.effort is not None:
        fields["reasoning"] = {**object_or_empty(fields["reasoning"]), "effort": configuration.effort.value}
    form = None if configuration.output_format is None else object_or_none(configuration.output_format.value)
    if form is not None:
        fields["text"] = {**object_or_empty(fields["text"]), "format": effective_format(form)}


def move_output_last(fields: JsonObject) -> None:
    """Make the output the last field of a Response, so that a stored one can be taken apart without being parsed."""
    fields["output"] = fields.pop("output")


def response_usage(reported: Usage | None) -> models.ResponseUsage:
    """Token counts under the Responses API's names, GoModel's beside them; all 0 where the upstream reported none.

    A Response that has ended without counts is one that strict clients discard: OpenAI's schema knows no null here.
    """
    usage = _NO_USAGE if reported is None else reported
    prompt, completion, raw = usage.prompt, usage.completion, usage.raw
    cached, reasoning = min(usage.cached, prompt), min(usage.reasoning, completion)
    given = _details(raw.get("prompt_tokens_details") or raw.get("input_tokens_details"), prompt)
    made = _details(raw.get("completion_tokens_details") or raw.get("output_tokens_details"), completion)
    audio, image = given.get("audio_tokens", 0), given.get("image_tokens", 0)
    return {
        "input_tokens": prompt,
        "input_tokens_details": {"cached_tokens": cached, "cache_write_tokens": min(usage.cache_write, prompt)},
        "output_tokens": completion,
        "output_tokens_details": {"reasoning_tokens": reasoning},
        "total_tokens": prompt + completion,
        "prompt_tokens_details": {
            "audio_tokens": audio,
            "cached_tokens": cached,
            "image_tokens": image,
            "text_tokens": given.get("text_tokens", max(0, prompt - audio - image)),
        },
        "completion_tokens_details": {
            "accepted_prediction_tokens": made.get("accepted_prediction_tokens", 0),
            "audio_tokens": made.get("audio_tokens", 0),
            "reasoning_tokens": reasoning,
            "rejected_prediction_tokens": made.get("rejected_prediction_tokens", 0),
        },
        "raw_usage": raw,
    }


def response_error(error: GatewayError) -> models.ResponseError:
    """Why a Response failed. The code is from the API's own list; the gateway's finer one is in the message's words."""
    if isinstance(error, Stopped):
        return {"code": INTERRUPTED, "message": error.message}
    code = "rate_limit_exceeded" if error.status == 429 else "server_error"
    return {"code": code, "message": error.message}


_NO_USAGE = Usage(0, 0)
_NO_DETAILS: Mapping[str, int] = {}


def _details(given: Json, most: int) -> Mapping[str, int]:
    """The details of a count that are counts themselves; none exceeds the whole."""
    if type(given) is not dict:
        return _NO_DETAILS
    return {name: min(value, most) for name, value in given.items() if type(value) is int and value >= 0}
