"""How much the model is told to think, and what must not be asked for while it does."""

from typing import Any

from gateway.dialects.conversation.report import Report
from gateway.dialects.profiles import Facts, Range

Body = dict[str, Any]
Settings = dict[str, Any]

_LEAST_BUDGET = 1024
# The dialect's own bounds (shared facts on providers, section 0.4).
_RANGES = {"temperature": Range(0, 1), "top_p": Range(0, 1)}
_LIMITS = ("max_tokens", "max_completion_tokens")
# What a model surely takes of which nothing is known.
_USUAL_LIMIT = 4096


class Thinking:
    """What a request says about thinking: by OpenAI's effort, or in Anthropic's own words."""

    def __init__(self, settings: Settings, facts: Facts, report: Report) -> None:
        self._facts = facts
        self._report = report
        self._form: Body | None = None
        self._effort: str | None = None
        asked, own = settings.pop("reasoning_effort", None), settings.pop("thinking", None)
        if isinstance(own, dict) and isinstance(own.get("type"), str):
            self._form = dict(own)
        elif asked is not None:
            self._ask(asked)
        self._name = "thinking" if self._form is not None and asked is None else "reasoning_effort"
        output = settings.pop("output_config", None) or {}
        if not isinstance(output, dict):
            raise report.invalid("An output_config is an object", "output_config")
        self.output: Body = output

    @property
    def is_budget(self) -> bool:
        """Whether it is of the kind that goes with no forced call, and only with thinking in the history."""
        return self._form is not None and self._form["type"] == "enabled"

    def give_up(self) -> None:
        """Do without, and say so: the rest of the request rules it out."""
        self._form = self._effort = None
        self._report.leave_out_field(self._name)

    def write(self, body: Body) -> None:
        """Add it to the body, whose limit is raised above the budget where there is one."""
        output = {**self.output, **({"effort": self._effort} if self._effort else {})}
        if output:
            body["output_config"] = {**output, **body.get("output_config", {})}
        if self._form is None:
            return
        body["thinking"] = self._form
        budget = self._form.get("budget_tokens")
        if isinstance(budget, int) and self.is_budget:
            self._fit_budget(body, budget)

    def _ask(self, asked: Any) -> None:
        thinking = self._facts.thinking
        if thinking is None or asked not in thinking.efforts:
            self._report.leave_out_field("reasoning_effort")
            return
        value = thinking.efforts[asked]
        if thinking.form == "off":
            return
        if value is None:
            self._form = {"type": "disabled"}
        elif thinking.form == "budget":
            self._form = {"type": "enabled", "budget_tokens": value}
        else:
            shown = {"display": "summarized"} if thinking.form == "adaptive-shown" else {}
            self._form, self._effort = {"type": "adaptive", **shown}, str(value)

    def _fit_budget(self, body: Body, budget: int) -> None:
        if body["max_tokens"] <= budget:
            body["max_tokens"] = _capped(body["max_tokens"] + budget, self._facts)
        if body["max_tokens"] <= budget:
            budget = max(body["max_tokens"] - 1, _LEAST_BUDGET)
        body["thinking"] = {**body["thinking"], "budget_tokens": budget}


def token_limit(settings: Settings, facts: Facts, report: Report) -> int:
    """The limit of the answer's tokens, which Anthropic must be told: the model's own, where the request has none."""
    asked = [value for name in _LIMITS if isinstance(value := settings.pop(name, None), int)]
    if asked and min(asked) < 0:
        field = report.field("max_completion_tokens")
        raise report.invalid(f"Invalid value for {field}: expected a whole number from 0 up", field)
    usual = facts.defaults.get("max_tokens", _USUAL_LIMIT)
    return _capped(min(asked) if asked else usual, facts)


def write_sampling(settings: Settings, body: Body, facts: Facts, report: Report) -> None:
    """Add the sampling fields that this model takes, each within its bounds; the others are left out and said."""
    is_thinking = body.get("thinking", {}).get("type") in ("enabled", "adaptive")
    for name in ("temperature", "top_p", "top_k"):
        value = settings.pop(name, None)
        if value is None:
            continue
        is_usual = name == "temperature" and value == 1
        is_lost = is_thinking and name in facts.dropped_reasoning and not is_usual
        is_second = name == "top_p" and "temperature" in body and "one_sampling" in facts.traits
        if name in facts.dropped or is_lost or is_second:
            report.leave_out_field(name)
        else:
            body[name] = _within(value, facts.ranges.get(name, _RANGES.get(name)))


def _within(value: Any, bounds: Range | None) -> Any:
    if bounds is None or not isinstance(value, int | float):
        return value
    return min(max(value, bounds.least), bounds.most)


def _capped(limit: int, facts: Facts) -> int:
    return limit if facts.max_answer_tokens is None else min(limit, facts.max_answer_tokens)
