"""Adapts settings under OpenAI's names to one upstream: what it drops, its bounds, its words for an effort."""

from collections.abc import Set

from gateway.dialects.profiles.base import Profile, Thinking
from gateway.dialects.report import Report
from gateway.neutral.json import Json, JsonObject, number_or_none, text_or_none
from gateway.neutral.settings import requests_nothing

# The gateway's own account has it: where a provider has no place for it, nothing is lost.
_UNREPORTED = frozenset({"metadata"})


def drop_settings(body: JsonObject, names: Set[str], report: Report) -> None:
    """Remove settings, and report each that requests something."""
    for name in sorted(names & body.keys()):
        value = body.pop(name)
        if name not in _UNREPORTED and not requests_nothing(name, value):
            report.drop_setting(name)


def clamp_settings(body: JsonObject, facts: Profile, report: Report) -> None:
    """Bring numbers within the bounds that the upstream has for them, and report it."""
    for name, bounds in facts.ranges.items():
        value = number_or_none(body.get(name))
        if value is not None and not bounds.least <= value <= bounds.most:
            body[name] = bounds.least if value < bounds.least else bounds.most
            report.drop_setting(name)


def drop_with_reasoning(body: JsonObject, facts: Profile, effort: Json, report: Report) -> None:
    """Drop what a model refuses while it reasons, if it does: `effort` is what the upstream is sent."""
    is_reasoning = facts.reasons if effort is None else effort != "none"
    for name in sorted(facts.dropped_reasoning & body.keys()) if is_reasoning else ():
        if not requests_nothing(name, body[name]):
            del body[name]
            report.drop_setting(name)


def effort_value(effort: Json, thinking: Thinking) -> str | None:
    """The upstream's word for an effort in the Responses API; None where it has none."""
    value = thinking.efforts.get(effort) if isinstance(effort, str) else None
    return text_or_none(value) or None
