"""Writes the settings of a request under Cohere's names (shared facts on providers, sections 0.4 and 8)."""

from gateway.dialects.profiles import Facts, Range
from gateway.dialects.report import Report
from gateway.neutral.json import Json, JsonObject, number_or_none, text_or_none
from gateway.neutral.settings import Settings

_LIMITS = ("max_completion_tokens", "max_tokens")
_NUMBERS = {
    "temperature": "temperature",
    "top_p": "p",
    "p": "p",
    "top_k": "k",
    "k": "k",
    "seed": "seed",
    "presence_penalty": "presence_penalty",
    "frequency_penalty": "frequency_penalty",
}
# Cohere's own, which go through as they are.
_OWN = frozenset({"documents", "citation_options", "safety_mode", "thinking", "priority"})
# The values that request nothing.
_NEUTRAL: dict[str, tuple[Json, ...]] = {"n": (1,), "logit_bias": ({},), "modalities": (["text"], [])}
_MOST_STOPS = 5
# Cohere serves lower numbers first; 0 is the default (its API reference, August 2026).
_PRIORITIES = {"flex": 999, "priority": 0}
# A number that is moved by less is not reported: a top_p of 1 is sent as 0.99.
_NEGLIGIBLE = 0.011
_READ = frozenset({*_LIMITS, *_NUMBERS, *_OWN, "stop", "logprobs", "top_logprobs", "reasoning_effort"})
_ELSEWHERE = frozenset({"parallel_tool_calls", "service_tier"})


def write_settings(settings: Settings, facts: Facts, report: Report) -> JsonObject:
    """The body's fields beside messages, tools and response format.

    Raises `InvalidRequest` for a setting that changes the answer and that Cohere does not have.
    """
    values, body = settings.values, _unchanged(settings, facts, report)
    limit = _token_limit(settings, facts, report)
    if limit is not None:
        body["max_tokens"] = limit
    if stops := _stop_sequences(values.get("stop"), report):
        body["stop_sequences"] = stops
    if values.get("top_logprobs"):
        # Cohere returns log probabilities of the tokens of the answer, and no others.
        raise report.unsupported("a wish for the log probabilities of other tokens", report.setting("top_logprobs"))
    if values.get("logprobs"):
        body["logprobs"] = True
    _write_thinking(values.get("reasoning_effort"), limit, body, facts, report)
    _write_priority(settings, body, report)
    for name, value in facts.defaults.items():
        body.setdefault(name, value)
    return body


def _unchanged(settings: Settings, facts: Facts, report: Report) -> JsonObject:
    """The settings that differ in their names and ranges alone."""
    body: JsonObject = {}
    for name, value in settings.values.items():
        if value is None or name in _ELSEWHERE:
            continue
        if name in facts.refused and value not in _NEUTRAL.get(name, ()):
            raise report.unsupported(f"the parameter {name}", report.setting(name))
        if name in facts.dropped or name not in _READ | facts.refused:
            report.drop_setting(name)
        elif name in _NUMBERS:
            body[_NUMBERS[name]] = _within(facts.ranges.get(name), name, value, report)
        elif name in _OWN:
            body[name] = value
    return body


def _within(bounds: Range | None, name: str, value: Json, report: Report) -> Json:
    """The nearest number that Cohere takes."""
    number = number_or_none(value)
    if bounds is None or number is None:
        return value
    nearest = min(max(number, bounds.least), bounds.most)
    if nearest == number:
        return value
    if abs(nearest - number) > _NEGLIGIBLE:
        report.drop_setting(name)
    return int(nearest) if isinstance(number, int) and nearest == int(nearest) else nearest


def _token_limit(settings: Settings, facts: Facts, report: Report) -> int | None:
    limits = [] if facts.max_answer_tokens is None else [facts.max_answer_tokens]
    for name in _LIMITS:
        value = settings.values.get(name)
        if value is None:
            continue
        number = number_or_none(value)
        if number is None or number < 1 or number != number // 1:
            path = report.setting(name)
            raise report.invalid(f"Invalid value for {path}: expected a whole number from 1 up", path)
        limits.append(int(number))
    return min(limits, default=None)


def _stop_sequences(stop: Json, report: Report) -> Json:
    stops: Json = [stop] if isinstance(stop, str) else stop
    if isinstance(stops, list) and len(stops) > _MOST_STOPS:
        raise report.unsupported(f"more than {_MOST_STOPS} stop sequences", report.setting("stop"))
    return stops


def _write_thinking(effort: Json, limit: int | None, body: JsonObject, facts: Facts, report: Report) -> None:
    """The effort as a budget of tokens, which must leave some for the answer."""
    if effort is None or "thinking" in body:
        return
    efforts = facts.thinking.efforts if facts.thinking else {}
    name = text_or_none(effort)
    if name is None or name not in efforts:
        report.drop_setting("reasoning_effort")
        return
    budget = efforts[name]
    if budget is None:
        body["thinking"] = {"type": "disabled"}
    elif isinstance(budget, int):
        most = budget if limit is None else min(budget, limit - 1)
        body["thinking"] = {"type": "enabled", "token_budget": max(1, most)}
    else:
        body["thinking"] = {"type": "enabled"}


def _write_priority(settings: Settings, body: JsonObject, report: Report) -> None:
    tier = settings.values.get("service_tier")
    priority = _PRIORITIES.get(text_or_none(tier) or "")
    if priority is not None and "priority" not in body:
        body["priority"] = priority
    elif tier not in (None, "auto", "default"):
        report.drop_setting("service_tier")
    if settings.values.get("parallel_tool_calls") is False:
        # Cohere has no such setting.
        report.drop_setting("parallel_tool_calls")
