"""Writes the settings of a request in Cohere's words."""

from typing import Any

from gateway.dialects.conversation.report import Report
from gateway.dialects.conversation.settings import Form
from gateway.dialects.profiles import Facts, Range

_Body = dict[str, Any]

_LIMITS = ("max_completion_tokens", "max_tokens")
# The same, but for their names (shared facts on providers, sections 0.4 and 8).
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
# Cohere's own, for clients that know whom they ask.
_OWN = frozenset({"documents", "citation_options", "safety_mode", "thinking", "priority"})
# What they ask for where they ask for nothing.
_EMPTY: dict[str, tuple[Any, ...]] = {"n": (1,), "logit_bias": ({},), "modalities": (["text"], [])}
_MOST_STOPS = 5
# Cohere serves what has a lower number first; 0 is where nothing is said (its API reference, 2026).
_PRIORITIES = {"flex": 999, "priority": 0}
# Closer than this, nobody can tell the difference: a top_p of 1 goes as 0.99.
_NEAR = 0.011
_READ = frozenset({*_LIMITS, *_NUMBERS, *_OWN, "stop", "logprobs", "top_logprobs", "reasoning_effort"})
_ELSEWHERE = frozenset({"response_format", "parallel_tool_calls", "service_tier"})


def cohere_fields(settings: _Body, facts: Facts, report: Report) -> _Body:
    """The body's fields beside messages, tools and form. Raises `InvalidRequest` for what Cohere cannot be asked."""
    body: _Body = {}
    for name, value in settings.items():
        if value is None or name in _ELSEWHERE:
            continue
        if name in facts.refused and value not in _EMPTY.get(name, ()):
            raise report.unsupported(f"the parameter {name}", report.field(name))
        if name in facts.dropped or name not in _READ | facts.refused:
            report.leave_out_field(name)
        elif name in _NUMBERS:
            body[_NUMBERS[name]] = _ranged(name, value, facts.ranges.get(name), report)
        elif name in _OWN:
            body[name] = value
    _limit(body, settings, facts, report)
    _stop(body, settings.get("stop"), report)
    _logprobs(body, settings, report)
    _think(body, settings.get("reasoning_effort"), facts, report)
    _serve(body, settings, report)
    for name, value in facts.defaults.items():
        body.setdefault(name, value)
    return body


def form_field(form: Form) -> _Body:
    """Cohere's response format: the schema is not wrapped."""
    if form.kind == "json_schema":
        return {"type": "json_object", "json_schema": form.schema}
    return {"type": "json_object"}


def _ranged(name: str, value: Any, bounds: Range | None, report: Report) -> Any:
    if bounds is None or isinstance(value, bool) or not isinstance(value, int | float):
        return value
    taken = min(max(value, bounds.least), bounds.most)
    if taken == value:
        return value
    if abs(taken - value) > _NEAR:
        report.leave_out_field(name)
    return int(taken) if isinstance(value, int) and taken == int(taken) else taken


def _limit(body: _Body, settings: _Body, facts: Facts, report: Report) -> None:
    limits = []
    for name in _LIMITS:
        value = settings.get(name)
        if value is None:
            continue
        if isinstance(value, bool) or not isinstance(value, int | float) or value < 1 or value != value // 1:
            field = report.field(name)
            raise report.invalid(f"Invalid value for {field}: expected a whole number from 1 up", field)
        limits.append(int(value))
    if facts.max_answer_tokens is not None:
        limits.append(facts.max_answer_tokens)
    if limits:
        body["max_tokens"] = min(limits)


def _stop(body: _Body, stop: Any, report: Report) -> None:
    stops = [stop] if isinstance(stop, str) else stop
    if not stops:
        return
    if isinstance(stops, list) and len(stops) > _MOST_STOPS:
        raise report.unsupported(f"more than {_MOST_STOPS} stop sequences", report.field("stop"))
    body["stop_sequences"] = stops


def _logprobs(body: _Body, settings: _Body, report: Report) -> None:
    if settings.get("top_logprobs"):
        # It tells how likely its own tokens were, and no others.
        raise report.unsupported("a wish for the log probabilities of other tokens", report.field("top_logprobs"))
    if settings.get("logprobs"):
        body["logprobs"] = True


def _think(body: _Body, effort: Any, facts: Facts, report: Report) -> None:
    """The effort as a budget of tokens, which must leave some for the answer."""
    if effort is None or "thinking" in body:
        return
    efforts = facts.thinking.efforts if facts.thinking else {}
    if effort not in efforts:
        report.leave_out_field("reasoning_effort")
        return
    budget = efforts[effort]
    if budget is None:
        body["thinking"] = {"type": "disabled"}
        return
    body["thinking"] = {"type": "enabled"}
    if isinstance(budget, int):
        most = body.get("max_tokens", budget + 1) - 1
        body["thinking"]["token_budget"] = max(1, min(budget, most))


def _serve(body: _Body, settings: _Body, report: Report) -> None:
    tier = settings.get("service_tier")
    if tier in _PRIORITIES and "priority" not in body:
        body["priority"] = _PRIORITIES[tier]
    elif tier not in (None, "auto", "default"):
        report.leave_out_field("service_tier")
    if settings.get("parallel_tool_calls") is False:
        # It has no word for it; a model that is not asked to calls one tool at a time, or several.
        report.leave_out_field("parallel_tool_calls")
