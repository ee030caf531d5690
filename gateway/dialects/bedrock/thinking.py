"""Tells a model how much to reason, in the words of its family.

The forms of `Thinking` that this dialect knows (shared facts on providers, sections 4 and 7):

    budget              Claude until 4.5: a budget in tokens, which the token limit has to exceed
    adaptive            Claude from 4.6 on: it decides itself, by an effort
    reasoning_effort    gpt-oss
    reasoning_config    Qwen
    nova                Nova 2
"""

from typing import Any

from gateway.dialects.profiles import Facts

Fields = dict[str, Any]

_OFF = {"type": "disabled"}
# Nova 2 decides these itself where it reasons the most (Amazon's guide to Nova 2).
_NOVAS_OWN = ("temperature", "top_p", "max_tokens", "max_completion_tokens")


def knows_effort(effort: Any, facts: Facts) -> bool:
    """Whether this effort can be asked for."""
    return facts.thinking is not None and isinstance(effort, str) and effort in facts.thinking.efforts


def thinks_by_budget(settings: Fields, facts: Facts) -> bool:
    """Whether the request makes the model think by a budget: then it can be made to call no tool."""
    effort, thinking = settings.get("reasoning_effort"), facts.thinking
    if thinking is None or thinking.form != "budget" or not isinstance(effort, str):
        return False
    return thinking.efforts.get(effort) is not None


def thinking_fields(effort: str, facts: Facts) -> Fields:
    """The fields of the model that ask for an effort which it knows."""
    assert facts.thinking is not None
    value = facts.thinking.efforts[effort]
    match facts.thinking.form:
        case "budget":
            return {"thinking": _OFF if value is None else {"type": "enabled", "budget_tokens": value}}
        case "adaptive":
            if value is None:
                return {"thinking": _OFF}
            return {"thinking": {"type": "adaptive"}, "output_config": {"effort": value}}
        case "nova":
            if value is None:
                return {"reasoningConfig": _OFF}
            return {"reasoningConfig": {"type": "enabled", "maxReasoningEffort": value}}
        case form:
            return {form: value}


def ruled_out(effort: str, facts: Facts) -> frozenset[str]:
    """The settings that the model refuses while it reasons with this effort."""
    assert facts.thinking is not None
    value = facts.thinking.efforts[effort]
    if value is None:
        return frozenset()
    if facts.thinking.form == "nova":
        return frozenset(_NOVAS_OWN) if value == "high" else frozenset()
    return facts.dropped_reasoning
