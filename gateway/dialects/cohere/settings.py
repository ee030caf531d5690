"""Writes the settings of a request under Cohere's names (shared facts on providers, sections 0.4 and 8)."""

from gateway.dialects.profiles.cohere import CohereProfile
from gateway.dialects.report import Report
from gateway.dialects.settings import PendingSettings, says_the_same
from gateway.neutral.json import JsonObject, object_or_empty, text_or_none
from gateway.neutral.settings import Settings

_NUMBERS = {
    "temperature": "temperature",
    "top_p": "p",
    "top_k": "k",
    "seed": "seed",
    "presence_penalty": "presence_penalty",
    "frequency_penalty": "frequency_penalty",
}
# Cohere's own, which go through as they are.
_OWN = ("p", "k", "documents", "citation_options", "safety_mode", "thinking", "priority")
_MOST_STOPS = 5
# Cohere serves lower numbers first; 0 is the default (its API reference, August 2026).
_PRIORITIES = {"flex": 999, "priority": 0}


def write_settings(settings: Settings, profile: CohereProfile, report: Report) -> JsonObject:
    """The body's fields beside messages, tools and response format.

    Raises `InvalidRequest` for a setting that changes the answer and that Cohere does not have.
    """
    pending = PendingSettings(settings, profile, report)
    body: JsonObject = {}
    limit = pending.token_limit()
    if limit is not None:
        body["max_tokens"] = limit
    _write_own(pending, body)
    for name, field in _NUMBERS.items():
        given = pending.peek(name)
        if field not in body:
            if (number := pending.number(name)) is not None:
                body[field] = number
        elif given == body[field]:
            pending.take(name)
        elif given is not None:
            pending.drop(name)
    if stops := pending.stop_sequences(_MOST_STOPS):
        body["stop_sequences"] = [*stops]
    # Cohere returns log probabilities of the tokens of the answer, and no others.
    if pending.take_requested("logprobs"):
        body["logprobs"] = True
    _write_thinking(pending, limit, body, profile)
    _write_priority(pending, body)
    pending.finish(body)
    for name, value in profile.defaults.items():
        body.setdefault(name, value)
    return body


def _write_own(pending: PendingSettings, body: JsonObject) -> None:
    if text_or_none(object_or_empty(pending.peek("thinking")).get("type")) is None:
        # Other providers have a field of this name as well.
        pending.drop("thinking")
    for name in _OWN:
        if (value := pending.take(name)) is not None:
            body[name] = value


def _write_thinking(pending: PendingSettings, limit: int | None, body: JsonObject, profile: CohereProfile) -> None:
    """The effort as a budget of tokens, which must leave some for the answer."""
    effort = text_or_none(pending.peek("reasoning_effort"))
    efforts = profile.thinking.efforts if profile.thinking else {}
    if effort is None:
        return
    if effort not in efforts:
        pending.drop("reasoning_effort")
        return
    thinking: JsonObject = {"type": "disabled" if efforts[effort] is None else "enabled"}
    if isinstance(budget := efforts[effort], int):
        thinking["token_budget"] = max(1, budget if limit is None else min(budget, limit - 1))
    if says_the_same(body.setdefault("thinking", thinking), thinking):
        pending.take("reasoning_effort")
    else:
        pending.drop("reasoning_effort")


def _write_priority(pending: PendingSettings, body: JsonObject) -> None:
    priority = _PRIORITIES.get(text_or_none(pending.peek("service_tier")) or "")
    if priority is not None and "priority" not in body:
        body["priority"] = priority
        pending.take("service_tier")
