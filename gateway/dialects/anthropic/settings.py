"""Writes the settings of a request: limit, thinking, sampling and the others; reports what Anthropic does not have."""

from collections.abc import Sequence
from typing import Literal

from gateway.dialects.anthropic.types import Message, RequestBody, TextBlock
from gateway.dialects.profiles.anthropic import AnthropicProfile
from gateway.dialects.profiles.base import Range
from gateway.dialects.report import Report
from gateway.dialects.settings import PendingSettings, says_the_same
from gateway.neutral.json import Json, JsonObject, integer_or_none, object_or_empty, text_or_none
from gateway.neutral.settings import requests_nothing

_LEAST_BUDGET = 1024
# The dialect's own bounds (shared facts on providers, section 0.4).
_SAMPLING: Sequence[Literal["temperature", "top_p", "top_k"]] = ("temperature", "top_p", "top_k")
_RANGES = {"temperature": Range(0, 1), "top_p": Range(0, 1)}
_TIERS = {"auto": "auto", "default": "standard_only", "standard_only": "standard_only", "priority": "auto"}


class Thinking:
    """The thinking that a request sets: by OpenAI's effort, or in Anthropic's own `thinking`."""

    def __init__(self, pending: PendingSettings, profile: AnthropicProfile, report: Report) -> None:
        self._profile = profile
        self._report = report
        self._thinking: JsonObject | None = None
        self._effort: str | None = None
        self._names: list[str] = []
        output, effort = pending.take("output_config"), pending.take("reasoning_effort")
        self._output_config = object_or_empty(output)
        if output is not None and not isinstance(output, dict):
            report.drop_setting("output_config")
        if effort is not None:
            self._translate(text_or_none(effort))
        own = pending.take("thinking")
        if own is not None or self._thinking is not None:
            self._prefer_own(own)

    @property
    def has_budget(self) -> bool:
        """Whether it is of the kind that goes with no forced call, and only with thinking in the history."""
        return self._thinking is not None and self._thinking["type"] == "enabled"

    def drop(self) -> None:
        """Do without it and report that: the rest of the request rules it out."""
        self._thinking = self._effort = None
        for name in self._names:
            self._report.drop_setting(name)

    def write(self, body: RequestBody) -> None:
        """Add it to the body, whose limit is raised above the budget where there is one."""
        output: JsonObject = {**self._output_config, **({"effort": self._effort} if self._effort else {})}
        if output:
            body["output_config"] = {**output, **body.get("output_config", {})}
        if self._thinking is None:
            return
        body["thinking"] = self._thinking
        budget = integer_or_none(self._thinking.get("budget_tokens"))
        if budget is not None and self.has_budget:
            self._limit_budget(body, budget)

    def _translate(self, effort: str | None) -> None:
        thinking = self._profile.thinking
        if thinking is None or effort is None or effort not in thinking.efforts:
            self._report.drop_setting("reasoning_effort")
            return
        value = thinking.efforts[effort]
        if thinking.form == "off":
            return
        self._names.append("reasoning_effort")
        if value is None:
            self._thinking = {"type": "disabled"}
        elif thinking.form == "budget":
            self._thinking = {"type": "enabled", "budget_tokens": value}
        else:
            self._thinking, self._effort = {"type": "adaptive"}, str(value)

    def _prefer_own(self, given: Json) -> None:
        """Let Anthropic's own fields count, where the client sent them, and not an effort that says something else."""
        own = object_or_empty(given)
        is_own = _is_anthropics(own)
        if given is not None and not is_own:
            self._report.drop_setting("thinking")
        if self._thinking is not None:
            is_other = is_own and not says_the_same(own, self._thinking)
            if is_other or self._output_config.get("effort") not in (None, self._effort):
                self.drop()
                self._names.clear()
        if is_own:
            self._thinking = dict(own)
            self._names.append("thinking")
        elif self._effort and self._profile.thinking and self._profile.thinking.form == "adaptive-shown":
            self._thinking = {"type": "adaptive", "display": "summarized"}

    def _limit_budget(self, body: RequestBody, budget: int) -> None:
        if body["max_tokens"] <= budget:
            body["max_tokens"] = _capped(body["max_tokens"] + budget, self._profile)
        if body["max_tokens"] <= budget:
            budget = max(body["max_tokens"] - 1, _LEAST_BUDGET)
        body["thinking"] = {**body["thinking"], "budget_tokens": budget}


def begin_body(
    model: str, system: list[TextBlock], messages: list[Message], pending: PendingSettings, profile: AnthropicProfile
) -> RequestBody:
    """The body with what every request has. The limit is the model's own where the request sets none."""
    default = profile.default_answer_tokens
    limit = pending.token_limit(default)
    return {
        "model": model,
        "max_tokens": default if limit is None else limit,
        "system": system,
        "messages": messages,
    }


def write_settings(pending: PendingSettings, body: RequestBody, profile: AnthropicProfile) -> None:
    """Add what Anthropic has to the body, and report the rest as dropped.

    Raises `InvalidRequest` for a setting without which the answer would be another one.
    """
    if not pending:
        return
    _write_sampling(pending, body, profile)
    # Blank ones are refused there.
    if stops := pending.stop_sequences(takes_blank=False):
        body["stop_sequences"] = stops
    _write_user(pending, body)
    name = _TIERS.get(text_or_none(pending.peek("service_tier")) or "")
    if name is not None:
        body["service_tier"] = name
        pending.take("service_tier")
    if (container := pending.take("container")) is not None:
        body["container"] = container
    if (place := pending.take("inference_geo")) is not None:
        body["inference_geo"] = place
    if (cache := pending.take("cache_control")) is not None:
        body["cache_control"] = cache
    pending.finish(object_or_empty(body))


def _write_sampling(pending: PendingSettings, body: RequestBody, profile: AnthropicProfile) -> None:
    """Add the sampling settings that this model takes, each within its bounds; the others are dropped."""
    if profile.dropped_reasoning and _is_thinking(body):
        for name in _SAMPLING:
            # A thinking model takes the one temperature that requests nothing.
            is_idle = name == "temperature" and requests_nothing(name, pending.peek(name))
            if name in profile.dropped_reasoning and not is_idle:
                pending.drop(name)
    if profile.takes_one_of_sampling:
        pending.keep_one("temperature", "top_p")
    for name in _SAMPLING:
        if name in pending and (number := pending.number(name, _RANGES.get(name))) is not None:
            body[name] = number


def _is_anthropics(thinking: JsonObject) -> bool:
    """Whether it is Anthropic's own: other providers have a field of this name, and none of their budgets in it."""
    kind = text_or_none(thinking.get("type"))
    return kind is not None and (kind != "enabled" or integer_or_none(thinking.get("budget_tokens")) is not None)


def _is_thinking(body: RequestBody) -> bool:
    return body.get("thinking", {}).get("type") in ("enabled", "adaptive")


def _write_user(pending: PendingSettings, body: RequestBody) -> None:
    user, identifier = pending.take("user"), pending.peek("safety_identifier")
    if user or identifier:
        body["metadata"] = {"user_id": user or identifier}
    if not user or user == identifier:
        pending.take("safety_identifier")


def _capped(limit: int, profile: AnthropicProfile) -> int:
    return limit if profile.max_answer_tokens is None else min(limit, profile.max_answer_tokens)
