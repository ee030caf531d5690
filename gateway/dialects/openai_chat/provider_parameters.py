"""Adapts a chat body to what is particular to one upstream: its settings, and its messages."""

import hashlib
import re
from functools import lru_cache
from itertools import takewhile

from gateway.dialects.base import Origin
from gateway.dialects.openai_chat.content import adapt_parts, is_limited
from gateway.dialects.openai_chat.messages import with_text_outputs
from gateway.dialects.openai_chat.reasoning import is_thinking, with_reasoning, with_required_reasoning
from gateway.dialects.openai_chat.settings import (
    adapt_effort,
    adapt_settings,
    has_two_limits,
    keep_known,
    limit_answer_tokens,
)
from gateway.dialects.openai_chat.structured_output import adapt_format
from gateway.dialects.openai_chat.system_messages import with_roles
from gateway.dialects.openai_chat.think_tags import reads_thoughts, without_thoughts
from gateway.dialects.openai_chat.tools import adapt_choice, drop_tools
from gateway.dialects.profiles.openai_chat import ChatProfile
from gateway.dialects.report import Report
from gateway.dialects.settings import drop_with_reasoning
from gateway.neutral.json import Json, JsonObject, list_or_empty, objects_in, texts_in

_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_PLAIN = re.compile(r"[A-Za-z0-9]*")
# The assistant message that is inserted between a tool message and a user message.
_ACKNOWLEDGED = "OK."
_JOINT = "\n\n"
_DEFAULTS = ChatProfile()


def adapt_body(body: JsonObject, profile: ChatProfile, origin: Origin, report: Report) -> JsonObject:
    """The body as this upstream takes it; what had to go is reported. Raises `InvalidRequest`.

    The messages that came are not changed: one that has to be another one is copied.
    """
    if profile.token_limit_field or profile.max_answer_tokens or has_two_limits(body):
        limit_answer_tokens(body, profile, report)
    if profile.thinking is not None and "reasoning_effort" in body:
        adapt_effort(body, profile.thinking, report)
    if profile.dropped_reasoning:
        drop_with_reasoning(body, profile, body.get("reasoning_effort"), report)
    if not profile.takes_tools:
        drop_tools(body, origin, report)
    elif body.get("tool_choice") is not None:
        adapt_choice(body, profile)
    if body.get("response_format") is not None:
        adapt_format(body, profile)
    if _adapts_messages(profile):
        body["messages"] = [*_messages(body, profile, origin, report)]
    if profile.refused or profile.dropped or profile.ranges or profile.renamed:
        adapt_settings(body, profile, report)
    for name, value in profile.defaults.items():
        if body.get(name) is None:
            body[name] = value
    return body if profile.fields is None else keep_known(body, profile, report)


@lru_cache(4096)
def is_adapted(profile: ChatProfile) -> bool:
    """Whether `adapt_body` changes any body for this upstream. Every request passes here, so the answer is kept."""
    return bool(
        profile.token_limit_field
        or profile.max_answer_tokens
        or profile.thinking
        or profile.dropped_reasoning
        or not profile.takes_tools
        or profile.tool_choices != _DEFAULTS.tool_choices
        or profile.renamed_choices
        or profile.formats != _DEFAULTS.formats
        or profile.flattens_schema
        or profile.refused
        or profile.dropped
        or profile.ranges
        or profile.renamed
        or profile.defaults
        or profile.fields is not None
        or _adapts_messages(profile)
    )


def _adapts_messages(profile: ChatProfile) -> bool:
    """Whether this upstream has any message otherwise."""
    return bool(
        not profile.takes_parts
        or not profile.takes_image_urls
        or profile.part_forms
        or not profile.takes_output_parts
        or not profile.takes_developer_role
        or profile.system_messages != "anywhere"
        or profile.reasoning_field
        or profile.reasoning_in_loops
        or profile.requires_reasoning
        or profile.think_tags != "never"
        or profile.dropped_of_messages
        or profile.call_id_length
        or not profile.takes_user_after_tool
        or not profile.takes_turns_in_row
        or profile.marks_prefix
        or profile.system_prompt
    )


def _messages(body: JsonObject, profile: ChatProfile, origin: Origin, report: Report) -> list[JsonObject]:
    """The messages of a body whose settings are ready."""
    messages = objects_in(body["messages"])
    if is_limited(profile):
        messages = adapt_parts(messages, profile, f"{origin.model} at {origin.provider}")
    is_required = profile.requires_reasoning and is_thinking(body, profile)
    # The loop begins after the user's last message; below, some are made that no user wrote.
    messages = _with_own_reasoning(messages, profile, report, is_required=is_required)
    messages = _adapted(messages, profile, report)
    if is_required and not profile.reasoning_in_loops:
        messages = with_required_reasoning(messages, profile)
    return messages


def _with_own_reasoning(
    messages: list[JsonObject], profile: ChatProfile, report: Report, *, is_required: bool
) -> list[JsonObject]:
    """The messages with the reasoning that this upstream takes where it takes it, and some where it requires it."""
    if reads_thoughts(profile, is_native=report.is_native):
        messages = without_thoughts(messages)
    if profile.reasoning_field or profile.reasoning_in_loops:
        messages = with_reasoning(messages, profile)
    if is_required and profile.reasoning_in_loops:
        messages = with_required_reasoning(messages, profile)
    return messages


def _adapted(messages: list[JsonObject], profile: ChatProfile, report: Report) -> list[JsonObject]:
    if not profile.takes_output_parts or (profile.reasoning_in_loops and not report.is_native):
        messages = with_text_outputs(messages)
    if not profile.takes_developer_role or profile.system_messages != "anywhere":
        messages = with_roles(messages, profile)
    if profile.dropped_of_messages:
        messages = _without_fields(messages, profile.dropped_of_messages, report)
    if profile.call_id_length:
        messages = [_with_call_ids(message, profile.call_id_length) for message in messages]
    if not profile.takes_user_after_tool:
        messages = _with_acknowledgements(messages)
    if not profile.takes_turns_in_row:
        messages = _with_joined_turns(messages)
    if profile.marks_prefix:
        messages = _with_prefix(messages)
    if profile.system_prompt and not any(message.get("role") in ("system", "developer") for message in messages):
        return [{"role": "system", "content": profile.system_prompt}, *messages]
    return messages


def _without_fields(messages: list[JsonObject], gone: frozenset[str], report: Report) -> list[JsonObject]:
    if all(map(gone.isdisjoint, messages)):
        return messages
    names = {name for message in messages for name in gone & message.keys() if message[name]}
    for name in sorted(names - {"refusal"}):
        report.drop_native(f"messages[].{name}")
    return [
        message
        if gone.isdisjoint(message)
        else {name: value for name, value in _with_refusal_as_text(message).items() if name not in gone}
        for message in messages
    ]


def _with_refusal_as_text(message: JsonObject) -> JsonObject:
    """A message whose refusal is its text: without it nothing would be left."""
    refusal = message.get("refusal")
    return {**message, "content": refusal} if refusal and not message.get("content") else message


def _with_call_ids(message: JsonObject, length: int) -> JsonObject:
    """A message with other ids of calls, each the same in the call and in its output."""
    calls = list_or_empty(message.get("tool_calls"))
    if calls:
        return {**message, "tool_calls": [_with_call_id(call, length) for call in calls]}
    answered = message.get("tool_call_id")
    return message if answered is None else {**message, "tool_call_id": _call_id(answered, length)}


def _with_call_id(call: Json, length: int) -> Json:
    return {**call, "id": _call_id(call["id"], length)} if isinstance(call, dict) and "id" in call else call


def _call_id(given: Json, length: int) -> Json:
    if not isinstance(given, str) or (len(given) == length and _PLAIN.fullmatch(given)):
        return given
    number = int.from_bytes(hashlib.sha256(given.encode("utf-8", "replace")).digest())
    letters: list[str] = []
    for _ in range(length):
        number, rest = divmod(number, len(_ALPHABET))
        letters.append(_ALPHABET[rest])
    return "".join(letters)


def _with_acknowledgements(messages: list[JsonObject]) -> list[JsonObject]:
    """The messages with one of the assistant's between a tool message and one of the user or system."""
    written: list[JsonObject] = []
    for message in messages:
        if written and written[-1].get("role") == "tool" and message.get("role") not in ("tool", "assistant"):
            written.append({"role": "assistant", "content": _ACKNOWLEDGED})
        written.append(message)
    return written


def _with_joined_turns(messages: list[JsonObject]) -> list[JsonObject]:
    """The messages with those of one role in a row joined to one."""
    rows: list[list[JsonObject]] = []
    for message in messages:
        if rows and _may_join(rows[-1][0], message):
            rows[-1].append(message)
        else:
            rows.append([message])
    return [row[0] if len(row) == 1 else {**row[0], "content": _joined(row)} for row in rows]


def _may_join(first: JsonObject, second: JsonObject) -> bool:
    role = first.get("role")
    return (
        role == second.get("role") and role != "tool" and not first.get("tool_calls") and not second.get("tool_calls")
    )


def _joined(row: list[JsonObject]) -> Json:
    contents = [message.get("content") for message in row]
    texts = texts_in([*takewhile(lambda content: isinstance(content, str), contents)])
    text = _JOINT.join(texts)
    if len(texts) == len(contents):
        return text
    return [*_parts(text), *(part for content in contents[len(texts) :] for part in _parts(content))]


def _parts(content: Json) -> list[Json]:
    if isinstance(content, list):
        return content
    return [{"type": "text", "text": content}] if isinstance(content, str) and content else []


def _with_prefix(messages: list[JsonObject]) -> list[JsonObject]:
    last = messages[-1] if messages else {}
    if last.get("role") != "assistant" or last.get("tool_calls"):
        return messages
    return [*messages[:-1], {**last, "prefix": True}]
