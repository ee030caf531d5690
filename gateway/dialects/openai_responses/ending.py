"""Reads the end of an answer: how it ended, what it used, and what is said of it as a whole."""

from gateway.dialects.decoder import NotAnAnswer
from gateway.dialects.openai_responses.usage import read_usage
from gateway.neutral.events import AnswerMetadata, Event, Finished, FinishReason, Usage
from gateway.neutral.json import JsonObject

_REASONS: dict[str, FinishReason] = {
    "max_output_tokens": "length",
    "max_tokens": "length",
    "content_filter": "content_filter",
}
_BROKEN = ("failed", "cancelled", "incomplete")
_UNFINISHED = ("queued", "in_progress")
# What the gateway says itself, what only repeats the request, and what is between the upstream and its own customer.
_NOT_TOLD = frozenset(
    (
        *("id", "object", "created_at", "completed_at", "status", "error", "incomplete_details", "output", "usage"),
        *(
            "output_text",
            "model",
            "provider",
            "metadata",
            "conversation",
            "previous_response_id",
            "store",
            "background",
        ),
        *("instructions", "prompt", "tools", "tool_choice", "parallel_tool_calls", "max_tool_calls", "text"),
        *("reasoning", "temperature", "top_p", "top_k", "top_logprobs", "truncation", "max_output_tokens", "user"),
        *("safety_identifier", "prompt_cache_key", "prompt_cache_retention", "prompt_cache_options"),
        *("presence_penalty", "frequency_penalty", "context_management", "input_transformations", "billing"),
    )
)


def status_of(response: JsonObject, told: str | None = None) -> str:
    """How an answer ended; `told` is what the event that ended it is called by. Raises `NotAnAnswer` if it has not."""
    said = response.get("status")
    if response.get("error"):
        return "failed"
    if said in _BROKEN:
        return str(said)
    if told is None and said in _UNFINISHED:
        raise NotAnAnswer
    return told or "completed"


def usage_of(response: JsonObject) -> list[Usage]:
    """The tokens that it used, where they are said."""
    raw = response.get("usage")
    return [read_usage(raw)] if isinstance(raw, dict) and raw else []


def conclusion(response: JsonObject, status: str, *, has_calls: bool) -> list[Event]:
    """What the upstream reports of the answer as a whole, and how it ended."""
    fields: JsonObject = {
        name: value for name, value in response.items() if name not in _NOT_TOLD and value is not None
    }
    reason: FinishReason = "tool_calls" if has_calls else "stop"
    if status == "incomplete":
        details = response.get("incomplete_details")
        said = details.get("reason") if isinstance(details, dict) else None
        known = _REASONS.get(said) if isinstance(said, str) else None
        if isinstance(said, str) and known is None:
            fields["incomplete_details"] = details
        reason = known or "length"
    events: list[Event] = [AnswerMetadata(fields)] if fields else []
    return [*events, Finished(reason)]
