"""Adapts the settings of a chat request to one upstream.

The forms of a row's `Thinking` that OpenAI's dialects know, by which an effort is written:

* `effort`: a word in `reasoning_effort` (in the Responses API, in `reasoning.effort`).
* `thinking`: `thinking: {"type": "enabled"}` or `"disabled"`, and a word in `reasoning_effort` where there is one.
* `reasoning`: a word in `reasoning.effort`, also in chat.
* `enabled`: `reasoning: {"enabled": true}` or `false`.
"""

from collections.abc import Set

from gateway.dialects.profiles.base import Effort, Thinking
from gateway.dialects.profiles.openai_chat import ChatProfile
from gateway.dialects.report import Report
from gateway.dialects.settings import clamp_settings, drop_settings
from gateway.errors import InvalidRequest
from gateway.neutral.json import Json, JsonObject, number_or_none
from gateway.neutral.settings import requests_nothing

_EFFORT = "reasoning_effort"
_LIMITS = ("max_completion_tokens", "max_tokens")


def adapt_settings(body: JsonObject, facts: ChatProfile, report: Report) -> None:
    """Refuse, drop, clamp and rename what this upstream has otherwise. Raises `InvalidRequest`."""
    _refuse(body, facts.refused, report)
    drop_settings(body, facts.dropped, report)
    clamp_settings(body, facts, report)
    for name, there in facts.renamed.items():
        if name in body:
            body[there] = body.pop(name)


def limit_answer_tokens(body: JsonObject, facts: ChatProfile, report: Report) -> None:
    """Cap the answer's tokens, and give the limit the name that the upstream has for it. Raises `InvalidRequest`."""
    requested = {name: _token_limit(report.setting(name), body[name]) for name in _LIMITS if body.get(name) is not None}
    limits = [*requested.values()]
    if facts.max_answer_tokens is not None:
        limits.append(facts.max_answer_tokens)
    if not limits:
        return
    for name in _LIMITS:
        body.pop(name, None)
    body[facts.token_limit_field or next(iter(requested), "max_tokens")] = min(limits)


def keep_known(body: JsonObject, known: Set[str], report: Report) -> JsonObject:
    """The body with the fields that are known, and no others."""
    unknown = [name for name in body if name not in known]
    if not unknown:
        return body
    for name in unknown:
        if not requests_nothing(name, body[name]):
            report.drop_setting(name)
    return {name: value for name, value in body.items() if name in known}


def adapt_effort(body: JsonObject, thinking: Thinking, report: Report) -> None:
    """Write the effort of a chat request as the upstream reads it; one that it does not have is dropped.

    The upstream's own field for it has precedence where the client has sent it.
    """
    effort = body.pop(_EFFORT, None)
    if effort is None:
        return
    if not isinstance(effort, str) or effort not in thinking.efforts:
        report.drop_setting(_EFFORT)
        return
    _write_effort(body, thinking.form, thinking.efforts[effort])


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


def _refuse(body: JsonObject, refused: Set[str], report: Report) -> None:
    for name in sorted(refused & body.keys()):
        if not requests_nothing(name, body[name]):
            path = report.setting(name)
            message = f"{report.provider} has no {path}, and without it the answer would be another one."
            raise InvalidRequest(message, param=path, code="unsupported_parameter")
        del body[name]


def _token_limit(path: str, value: Json) -> int:
    """A limit as an integer: to some servers one below 1 is no limit at all."""
    number = number_or_none(value)
    if number is None or number < 1 or number != number // 1:
        message = f"Invalid value for {path}: expected a whole number from 1 up."
        raise InvalidRequest(message, param=path, code="invalid_value")
    return int(number)
