"""Writes the settings of a request: limit, thinking, sampling and the others; reports what Anthropic does not have."""

from gateway.dialects.anthropic.types import Message, RequestBody, TextBlock
from gateway.dialects.profiles.anthropic import AnthropicProfile
from gateway.dialects.profiles.base import Range
from gateway.dialects.report import Report
from gateway.dialects.settings import PendingSettings
from gateway.neutral.json import (
    JsonObject,
    integer_or_none,
    object_or_empty,
    object_or_none,
    text_or_none,
)

_LEAST_BUDGET = 1024
# The dialect's own bounds (shared facts on providers, section 0.4).
_RANGES = {"temperature": Range(0, 1), "top_p": Range(0, 1)}
_TIERS = {"auto": "auto", "default": "standard_only", "standard_only": "standard_only", "priority": "auto"}


class Thinking:
    """The thinking that a request sets: by OpenAI's effort, or in Anthropic's own `thinking`."""

    def __init__(self, pending: PendingSettings, profile: AnthropicProfile, report: Report) -> None:
        self._profile = profile
        self._report = report
        self._thinking: JsonObject | None = None
        self._effort: str | None = None
        effort, own = pending.take("reasoning_effort"), object_or_none(pending.take("thinking"))
        if own is not None and text_or_none(own.get("type")) is not None:
            self._thinking = dict(own)
        elif effort is not None:
            self._translate(text_or_none(effort))
        self._name = "thinking" if self._thinking is not None and effort is None else "reasoning_effort"
        output = object_or_none(pending.take("output_config") or {})
        if output is None:
            raise report.invalid("An output_config is an object", "output_config")
        self._output_config = output

    @property
    def has_budget(self) -> bool:
        """Whether it is of the kind that goes with no forced call, and only with thinking in the history."""
        return self._thinking is not None and self._thinking["type"] == "enabled"

    def drop(self) -> None:
        """Do without it and report that: the rest of the request rules it out."""
        self._thinking = self._effort = None
        self._report.drop_setting(self._name)

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
        if value is None:
            self._thinking = {"type": "disabled"}
        elif thinking.form == "budget":
            self._thinking = {"type": "enabled", "budget_tokens": value}
        else:
            self._thinking, self._effort = {"type": "adaptive"}, str(value)
            if thinking.form == "adaptive-shown":
                self._thinking["display"] = "summarized"

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
    for name in ("temperature", "top_p", "top_k"):
        if name not in pending:
            continue
        is_default = name == "temperature" and pending.peek(name) == 1
        is_lost = name in profile.dropped_reasoning and not is_default and _is_thinking(body)
        is_second = name == "top_p" and "temperature" in body and profile.takes_one_of_sampling
        if is_lost or is_second:
            pending.drop(name)
        elif (number := pending.number(name, _RANGES.get(name))) is not None:
            body[name] = number


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
