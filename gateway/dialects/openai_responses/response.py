"""Reads a plain Response, and the end of any: how it ended, what it used, and what is reported of it as a whole."""

from functools import partial

from gateway.dialects.base import Origin
from gateway.dialects.decoder import NotAnAnswer, decode_whole
from gateway.dialects.error_bodies import reports_error
from gateway.dialects.openai_responses.errors import error_in_band, failure
from gateway.dialects.openai_responses.fast_path import RepeatedDelta
from gateway.dialects.openai_responses.output.builder import OutputBuilder
from gateway.dialects.openai_responses.usage import read_usage
from gateway.neutral.events import AnswerMetadata, Event, Finished, FinishReason, Usage
from gateway.neutral.json import JsonObject, object_or_empty, text_or_none

_REASONS: dict[str, FinishReason] = {
    "max_output_tokens": "length",
    "max_tokens": "length",
    "content_filter": "content_filter",
}
_BROKEN = ("failed", "cancelled", "incomplete")
_UNFINISHED = ("queued", "in_progress")
# What the gateway writes itself, what only repeats the request, and what is between the upstream and its own customer.
_UNREPORTED = frozenset(
    (
        *("id", "object", "created_at", "completed_at", "status", "error", "incomplete_details", "output", "usage"),
        *("output_text", "provider", "metadata", "conversation", "previous_response_id", "store"),
        *("instructions", "prompt", "tools", "tool_choice", "parallel_tool_calls", "max_tool_calls", "text"),
        *("reasoning", "temperature", "top_p", "top_k", "top_logprobs", "truncation", "max_output_tokens", "user"),
        *("safety_identifier", "prompt_cache_key", "prompt_cache_retention", "prompt_cache_options"),
        *(
            "presence_penalty",
            "frequency_penalty",
            "context_management",
            "input_transformations",
            "billing",
            "background",
        ),
    )
)


def decode_reply(body: bytes, origin: Origin) -> list[Event]:
    """The events of one reply, ending in `Done`, or in `Failed` if it is no Response or one that failed."""
    return decode_whole(body, origin, "Response", usage_of, partial(_read, origin=origin))


def status_of(response: JsonObject, event_status: str | None = None) -> str:
    """How an answer ended; `event_status` is that of the event that ended it. Raises `NotAnAnswer` if it has not."""
    given = response.get("status")
    if response.get("error"):
        return "failed"
    if given in _BROKEN:
        return str(given)
    if event_status is None and given in _UNFINISHED:
        raise NotAnAnswer
    return event_status or "completed"


def ended(output: OutputBuilder, response: JsonObject, status: str, origin: Origin) -> list[Event]:
    """The last events of an answer, streamed or not, by the whole Response. Raises the error of one that failed."""
    if status in ("failed", "cancelled"):
        raise failure(response, status, origin)
    events = output.ended(response.get("output"), "incomplete" if status == "incomplete" else "completed")
    return [*events, *_conclusion(response, status, has_calls=output.has_calls)]


def usage_of(response: JsonObject) -> Usage | None:
    """The tokens that it used; None where they are not reported."""
    raw = object_or_empty(response.get("usage"))
    return read_usage(raw) if raw else None


def _conclusion(response: JsonObject, status: str, *, has_calls: bool) -> list[Event]:
    """What the upstream reports of the answer as a whole, and how it ended."""
    fields: JsonObject = {
        name: value for name, value in response.items() if name not in _UNREPORTED and value is not None
    }
    if not text_or_none(response.get("model")):
        fields.pop("model", None)
    reason: FinishReason = "tool_calls" if has_calls else "stop"
    if status == "incomplete":
        details = object_or_empty(response.get("incomplete_details"))
        given = text_or_none(details.get("reason"))
        known = None if given is None else _REASONS.get(given)
        if given is not None and known is None:
            fields["incomplete_details"] = details
        reason = known or "length"
    events: list[Event] = [AnswerMetadata(fields)] if fields else []
    return [*events, Finished(reason)]


def _read(document: JsonObject, origin: Origin) -> list[Event]:
    if "output" not in document and document.get("object") != "response":
        if not reports_error(document):
            raise NotAnAnswer
        raise error_in_band(document, origin)
    status = status_of(document)
    # Null is what some servers write for an empty list.
    if status in ("completed", "incomplete") and not isinstance(document.get("output", 0), list | None):
        raise NotAnAnswer
    return ended(OutputBuilder(RepeatedDelta()), document, status, origin)
