"""Adapts the settings of a request to one upstream, in either of OpenAI's dialects.

The forms of a row's `Thinking` that OpenAI's dialects know, by which an effort is written:

* `effort`: a word in `reasoning_effort` (in the Responses API, in `reasoning.effort`).
* `thinking`: `thinking: {"type": "enabled"}` or `"disabled"`, and a word in `reasoning_effort` where there is one.
* `reasoning`: a word in `reasoning.effort`, also in chat.
* `enabled`: `reasoning: {"enabled": true}` or `false`.
"""

from collections.abc import Callable, Mapping, Sequence, Set

from gateway.dialects.profiles import Effort, Facts, Thinking
from gateway.errors import InvalidRequest
from gateway.neutral.json import Json, JsonObject, number_or_none, text_or_none

SettingPath = Callable[[str], str]
"""From a setting's name in chat to the path at which the client wrote it."""

_EFFORT = "reasoning_effort"
_LIMITS = ("max_completion_tokens", "max_tokens")
# The values that are OpenAI's defaults: where an upstream has no such setting, they are neither refused nor reported.
_DEFAULTS: Mapping[str, Sequence[Json]] = {
    "frequency_penalty": (0,),
    "logit_bias": ({},),
    "logprobs": (False,),
    "modalities": (["text"], []),
    "n": (1,),
    "parallel_tool_calls": (True,),
    "presence_penalty": (0,),
    "service_tier": ("auto", "default"),
    "stop": ([], ""),
    "store": (False,),
    "stream_options": ({"include_usage": True}, {"include_usage": False}, {}),
    "temperature": (1,),
    "top_logprobs": (0,),
    "top_p": (1,),
}

# The gateway's own account has it: where a provider has no place for it, nothing is lost.
_UNREPORTED = frozenset({"metadata"})


def adapt_settings(
    body: JsonObject, facts: Facts, provider: str, dropped: list[str], setting_path: SettingPath
) -> None:
    """Refuse, drop, clamp and rename what this upstream has otherwise. Raises `InvalidRequest`."""
    _refuse(body, facts.refused, provider, setting_path)
    drop_settings(body, facts.dropped, dropped)
    clamp_settings(body, facts, dropped)
    for name, there in facts.renamed.items():
        if name in body:
            body[there] = body.pop(name)


def drop_settings(body: JsonObject, names: Set[str], dropped: list[str]) -> None:
    """Remove settings, and report each that is not at its default."""
    for name in names & body.keys():
        value = body.pop(name)
        if name not in _UNREPORTED and not _is_default(name, value):
            dropped.append(name)


def clamp_settings(body: JsonObject, facts: Facts, dropped: list[str]) -> None:
    """Bring numbers within the bounds that the upstream has for them, and report it."""
    for name, bounds in facts.ranges.items():
        value = number_or_none(body.get(name))
        if value is not None and not bounds.least <= value <= bounds.most:
            body[name] = bounds.least if value < bounds.least else bounds.most
            dropped.append(name)


def drop_with_reasoning(body: JsonObject, facts: Facts, effort: Json, dropped: list[str]) -> None:
    """Drop what a model refuses while it reasons, if it does: `effort` is what the upstream is sent."""
    is_reasoning = facts.reasons if effort is None else effort != "none"
    for name in facts.dropped_reasoning & body.keys() if is_reasoning else ():
        if not _is_default(name, body[name]):
            del body[name]
            dropped.append(name)


def limit_answer_tokens(body: JsonObject, facts: Facts) -> None:
    """Cap the answer's tokens, and give the limit the name that the upstream has for it."""
    requested = {name: _token_limit(name, body[name]) for name in _LIMITS if body.get(name) is not None}
    limits = [*requested.values()]
    if facts.max_answer_tokens is not None:
        limits.append(facts.max_answer_tokens)
    if not limits:
        return
    for name in _LIMITS:
        body.pop(name, None)
    body[facts.token_limit_field or next(iter(requested), "max_tokens")] = min(limits)


def keep_known(body: JsonObject, known: Set[str], dropped: list[str]) -> JsonObject:
    """The body with the fields that are known, and no others."""
    unknown = [name for name in body if name not in known]
    if not unknown:
        return body
    dropped += [name for name in unknown if not _is_default(name, body[name])]
    return {name: value for name, value in body.items() if name in known}


def adapt_effort(body: JsonObject, thinking: Thinking, dropped: list[str]) -> None:
    """Write the effort of a chat request as the upstream reads it; one that it does not have is dropped.

    The upstream's own field for it has precedence where the client has sent it.
    """
    effort = body.pop(_EFFORT, None)
    if effort is None:
        return
    if not isinstance(effort, str) or effort not in thinking.efforts:
        dropped.append(_EFFORT)
        return
    _write_effort(body, thinking.form, thinking.efforts[effort])


def effort_value(effort: Json, thinking: Thinking) -> str | None:
    """The upstream's word for an effort in the Responses API; None where it has none."""
    value = thinking.efforts.get(effort) if isinstance(effort, str) else None
    return text_or_none(value) or None


def _write_effort(body: JsonObject, form: str, value: Effort) -> None:
    match form:
        case "thinking":
            body.setdefault("thinking", {"type": "disabled" if value is None else "enabled"})
            if value:
                body[_EFFORT] = value
        case "reasoning":
            body.setdefault("reasoning", {"effort": value})
        case "enabled":
            body.setdefault("reasoning", {"enabled": value is not None})
        case _:
            body[_EFFORT] = value


def _is_default(name: str, value: Json) -> bool:
    """Whether the answer is the same without this setting."""
    return value is None or value in _DEFAULTS.get(name, ())


def _refuse(body: JsonObject, refused: Set[str], provider: str, setting_path: SettingPath) -> None:
    for name in sorted(refused & body.keys()):
        if not _is_default(name, body[name]):
            path = setting_path(name)
            message = f"{provider} has no {path}, and without it the answer would be another one."
            raise InvalidRequest(message, param=path, code="unsupported_parameter")
        del body[name]


def _token_limit(name: str, value: Json) -> int:
    """A limit as an integer: to some servers one below 1 is no limit at all."""
    number = number_or_none(value)
    if number is None or number < 1 or number != number // 1:
        message = f"Invalid value for {name}: expected a whole number from 1 up."
        raise InvalidRequest(message, param=name, code="invalid_value")
    return int(number)
