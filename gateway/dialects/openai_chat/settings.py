"""Adapts the settings of a chat request to one upstream.

The forms of a row's `Thinking` that OpenAI's dialects know, by which an effort is written:

* `effort`: a word in `reasoning_effort` (in the Responses API, in `reasoning.effort`).
* `thinking`: `thinking: {"type": "enabled"}` or `"disabled"`, and a word in `reasoning_effort` where there is one.
* `reasoning`: a word in `reasoning.effort`, also in chat.
* `enabled`: `reasoning: {"enabled": true}` or `false`.
"""

from gateway.dialects.profiles.base import Effort, Thinking
from gateway.dialects.profiles.openai_chat import ChatProfile
from gateway.dialects.report import Report
from gateway.dialects.settings import (
    exclude_settings,
    hold_all_to_table,
    move_all_into_ranges,
    move_into_ranges,
    rename_settings,
    says_the_same,
    take_token_limit,
)
from gateway.neutral.json import JsonObject
from gateway.neutral.settings import (
    OLDER_TOKEN_LIMIT,
    TOKEN_LIMIT,
    TOKEN_LIMITS,
    Settings,
    is_required,
    requests_nothing,
)

_EFFORT = "reasoning_effort"


def write_settings(settings: Settings, profile: ChatProfile, report: Report) -> JsonObject:
    """The settings of a prompt, each of a type and in a range that is right. Raises `InvalidRequest`."""
    body: JsonObject = {**settings.values}
    hold_all_to_table(body, report)
    if profile.refused or profile.dropped:
        exclude_settings(body, profile, report)
    move_all_into_ranges(body, profile, report)
    return body


def adapt_settings(body: JsonObject, profile: ChatProfile, report: Report) -> None:
    """Refuse, drop, move into a range and rename what this upstream has otherwise. Raises `InvalidRequest`."""
    exclude_settings(body, profile, report)
    move_into_ranges(body, profile, report)
    rename_settings(body, profile, report)


def has_two_limits(body: JsonObject) -> bool:
    """Whether a body has a limit of the answer's tokens under both names. What is none is for others to judge."""
    one, other = body.get(TOKEN_LIMIT), body.get(OLDER_TOKEN_LIMIT)
    return type(one) is int and type(other) is int and one >= 1 <= other


def limit_answer_tokens(body: JsonObject, profile: ChatProfile, report: Report) -> None:
    """Cap the answer's tokens, and give the limit the name that the upstream has for it. Raises `InvalidRequest`.

    Of two limits the lower one is left, under the newer name where the upstream has none.
    """
    given = next((name for name in TOKEN_LIMITS if body.get(name) is not None), None)
    if given is None and profile.max_answer_tokens is None:
        return
    body[profile.token_limit_field or given or OLDER_TOKEN_LIMIT] = take_token_limit(body, profile, report)


def keep_known(body: JsonObject, profile: ChatProfile, report: Report) -> JsonObject:
    """The body with the fields that are known, and no others. Raises `InvalidRequest` for what has to be there."""
    # The operator may give the limit another name.
    known = {*(profile.fields or ()), profile.token_limit_field}
    unknown = [name for name in body if name not in known]
    if not unknown:
        return body
    for name in unknown:
        if requests_nothing(name, body[name]):
            continue
        if is_required(name, body[name]):
            raise report.unsupported_setting(name)
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
    _write_effort(body, thinking.form, thinking.efforts[effort], report)


def _write_effort(body: JsonObject, form: str, value: Effort, report: Report) -> None:
    match form:
        case "thinking":
            if _write_own(body, "thinking", {"type": "disabled" if value is None else "enabled"}, report) and value:
                body[_EFFORT] = value
        case "reasoning":
            _write_own(body, "reasoning", {"effort": value}, report)
        case "enabled":
            _write_own(body, "reasoning", {"enabled": value is not None}, report)
        case _:
            body[_EFFORT] = value


def _write_own(body: JsonObject, field: str, value: JsonObject, report: Report) -> bool:
    """Write the upstream's own field. False where the client's own says something else, which counts."""
    if body.get(field) is None:
        body[field] = value
    if says_the_same(body[field], value):
        return True
    report.drop_setting(_EFFORT)
    return False
