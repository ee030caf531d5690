"""Writes how much a model is to reason, as its family has it.

The values of `Thinking.form` that this dialect knows (shared facts on providers, sections 4 and 7):

    budget              Claude until 4.5: a budget in tokens, which the token limit has to exceed
    adaptive            Claude from 4.6 on: it decides itself, by an effort
    reasoning_effort    gpt-oss
    reasoning_config    Qwen
    nova                Nova 2
"""

from gateway.dialects.profiles.base import Thinking
from gateway.dialects.profiles.bedrock import BedrockProfile
from gateway.neutral.json import Json, JsonObject, text_or_none
from gateway.neutral.settings import TOKEN_LIMITS, Settings

_OFF: JsonObject = {"type": "disabled"}
# Nova 2 decides these itself where it reasons the most (Amazon's guide to Nova 2).
_NOVAS_OWN = frozenset({"temperature", "top_p", *TOKEN_LIMITS})


def known_effort(effort: Json, profile: BedrockProfile) -> str | None:
    """The effort; None where the model has no such one."""
    name = text_or_none(effort)
    return name if name is not None and profile.thinking is not None and name in profile.thinking.efforts else None


def reasons_by_budget(settings: Settings, profile: BedrockProfile) -> bool:
    """Whether the request makes the model reason by a budget: then it cannot be made to call a tool."""
    effort, thinking = known_effort(settings.values.get("reasoning_effort"), profile), profile.thinking
    if effort is None or thinking is None or thinking.form != "budget":
        return False
    return thinking.efforts[effort] is not None


def reasoning_fields(effort: str, thinking: Thinking) -> JsonObject:
    """The model's own fields for an effort that it knows."""
    value = thinking.efforts[effort]
    match thinking.form:
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
        case field:
            return {field: value}


def excluded_settings(effort: str, thinking: Thinking, profile: BedrockProfile) -> frozenset[str]:
    """The settings that the model refuses while it reasons with this effort."""
    value = thinking.efforts[effort]
    if value is None:
        return frozenset()
    if thinking.form == "nova":
        return _NOVAS_OWN if value == "high" else frozenset()
    return profile.dropped_reasoning
