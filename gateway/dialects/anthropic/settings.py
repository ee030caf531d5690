"""Writes the settings of a request: limit, thinking, sampling and the others; reports what Anthropic does not have."""

from gateway.dialects.anthropic.types import RequestBody
from gateway.dialects.profiles import Facts, Range
from gateway.dialects.report import Report
from gateway.neutral.json import (
    Json,
    JsonObject,
    integer_or_none,
    list_or_empty,
    number_or_none,
    object_or_none,
    text_or_none,
)

Settings = dict[str, Json]

_LEAST_BUDGET = 1024
# The dialect's own bounds (shared facts on providers, section 0.4).
_RANGES = {"temperature": Range(0, 1), "top_p": Range(0, 1)}
_LIMITS = ("max_tokens", "max_completion_tokens")
# For a model of which nothing is known.
_DEFAULT_LIMIT = 4096
_TIERS = {"auto": "auto", "default": "standard_only", "standard_only": "standard_only", "priority": "auto"}
# The answer would be another one without them (shared facts on providers, section 0.4).
_INDISPENSABLE = frozenset(
    {"n", "logprobs", "top_logprobs", "logit_bias", "modalities", "audio", "prediction"},
)
# Values that change nothing.
_DEFAULTS: JsonObject = {"n": 1, "modalities": ["text"], "presence_penalty": 0, "frequency_penalty": 0}


class Thinking:
    """The thinking that a request wants: by OpenAI's effort, or in Anthropic's own `thinking`."""

    def __init__(self, settings: Settings, facts: Facts, report: Report) -> None:
        self._facts = facts
        self._report = report
        self._thinking: JsonObject | None = None
        self._effort: str | None = None
        effort, own = settings.pop("reasoning_effort", None), object_or_none(settings.pop("thinking", None))
        if own is not None and text_or_none(own.get("type")) is not None:
            self._thinking = dict(own)
        elif effort is not None:
            self._translate(text_or_none(effort))
        self._name = "thinking" if self._thinking is not None and effort is None else "reasoning_effort"
        output = object_or_none(settings.pop("output_config", None) or {})
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
        thinking = self._facts.thinking
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
            body["max_tokens"] = _capped(body["max_tokens"] + budget, self._facts)
        if body["max_tokens"] <= budget:
            budget = max(body["max_tokens"] - 1, _LEAST_BUDGET)
        body["thinking"] = {**body["thinking"], "budget_tokens": budget}


def token_limit(settings: Settings, facts: Facts, report: Report) -> int:
    """The limit of the answer's tokens, which Anthropic requires: the model's own, where the request has none."""
    given = [value for name in _LIMITS if (value := integer_or_none(settings.pop(name, None))) is not None]
    if given and min(given) < 0:
        path = report.setting("max_completion_tokens")
        raise report.invalid(f"Invalid value for {path}: expected a whole number from 0 up", path)
    default: int = facts.defaults.get("max_tokens", _DEFAULT_LIMIT)
    return _capped(min(given) if given else default, facts)


def write_settings(settings: Settings, body: RequestBody, facts: Facts, report: Report) -> None:
    """Add what Anthropic has to the body, and report the rest as dropped.

    Raises `InvalidRequest` for a setting without which the answer would be another one.
    """
    if not settings:
        return
    _write_sampling(settings, body, facts, report)
    _write_stop(settings.pop("stop", None), body, report)
    _write_user(settings, body, report)
    tier = settings.pop("service_tier", None)
    name = _TIERS.get(text_or_none(tier) or "")
    if name is not None:
        body["service_tier"] = name
    elif tier is not None:
        report.drop_setting("service_tier")
    if (container := settings.pop("container", None)) is not None:
        body["container"] = container
    if (place := settings.pop("inference_geo", None)) is not None:
        body["inference_geo"] = place
    if (cache := settings.pop("cache_control", None)) is not None:
        body["cache_control"] = cache
    _drop_rest(settings, facts, report)


def _write_sampling(settings: Settings, body: RequestBody, facts: Facts, report: Report) -> None:
    """Add the sampling settings that this model takes, each within its bounds; the others are dropped."""
    for name in ("temperature", "top_p", "top_k"):
        value = settings.pop(name, None)
        if value is None:
            continue
        is_default = name == "temperature" and value == 1
        is_lost = name in facts.dropped_reasoning and not is_default and _is_thinking(body)
        is_second = name == "top_p" and "temperature" in body and "one_sampling" in facts.traits
        if name in facts.dropped or is_lost or is_second:
            report.drop_setting(name)
        else:
            body[name] = _within(value, facts.ranges.get(name, _RANGES.get(name)))


def _is_thinking(body: RequestBody) -> bool:
    return body.get("thinking", {}).get("type") in ("enabled", "adaptive")


def _within(value: Json, bounds: Range | None) -> Json:
    number = number_or_none(value)
    return value if bounds is None or number is None else min(max(number, bounds.least), bounds.most)


def _write_stop(given: Json, body: RequestBody, report: Report) -> None:
    """Texts to stop at. Blank ones are refused there."""
    stops = [given] if isinstance(given, str) else list_or_empty(given)
    taken = [stop for stop in stops if isinstance(stop, str) and stop.strip()]
    if taken:
        body["stop_sequences"] = taken
    if len(taken) < len(stops):
        report.drop_setting("stop")


def _write_user(settings: Settings, body: RequestBody, report: Report) -> None:
    user, identifier = settings.pop("user", None), settings.pop("safety_identifier", None)
    if user or identifier:
        body["metadata"] = {"user_id": user or identifier}
    if user and identifier and user != identifier:
        report.drop_setting("safety_identifier")


def _drop_rest(settings: Settings, facts: Facts, report: Report) -> None:
    for name, value in settings.items():
        if value is None or value is False or (name in _DEFAULTS and value == _DEFAULTS[name]):
            continue
        if value and (name in _INDISPENSABLE or name in facts.refused):
            raise report.unsupported(f"`{name}`", report.setting(name))
        report.drop_setting(name)


def _capped(limit: int, facts: Facts) -> int:
    return limit if facts.max_answer_tokens is None else min(limit, facts.max_answer_tokens)
