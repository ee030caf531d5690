"""Fits the messages of a request to what is particular to one upstream."""

import hashlib
import re
from typing import Any

from gateway.dialects.openai_chat.outputs import with_texts_only
from gateway.dialects.openai_chat.reasons import give_back
from gateway.dialects.profiles import Facts

Message = dict[str, Any]

_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_PLAIN = re.compile(r"[A-Za-z0-9]*")
# What the assistant says between a tool and somebody else, where it has to say something.
_ACKNOWLEDGED = "OK."
_JOINT = "\n\n"


def fit_messages(messages: list[Message], facts: Facts, dropped: list[str]) -> list[Message]:
    """The messages as this upstream takes them. Those that came are not changed, but copied where they have to be.

    Every request passes here: what a row does not say costs a look at it, and what no message has, one at each.
    """
    if not facts.takes_output_parts:
        messages = with_texts_only(messages)
    if not (facts.takes_developer_role and facts.takes_system_role):
        messages = _with_roles(messages, facts)
    if facts.reasoning_field or facts.reasoning_in_loops:
        messages = give_back(messages, facts)
    if facts.dropped_of_messages:
        messages = _without_fields(messages, facts.dropped_of_messages, dropped)
    if facts.call_id_length:
        messages = [_with_ids_of(message, facts.call_id_length) for message in messages]
    if not facts.takes_user_after_tool:
        messages = _with_answers(messages)
    if not facts.takes_turns_in_row:
        messages = _in_turns(messages)
    return _with_prefix(messages) if facts.marks_prefix else messages


def _with_roles(messages: list[Message], facts: Facts) -> list[Message]:
    known = "system" if facts.takes_system_role else "user"
    roles = {"system": known, "developer": "developer" if facts.takes_developer_role else known}
    changed = {given: there for given, there in roles.items() if given != there}
    if changed.keys().isdisjoint([message.get("role") for message in messages]):
        return messages
    return [
        {**message, "role": changed[role]} if (role := message.get("role")) in changed else message
        for message in messages
    ]


def _without_fields(messages: list[Message], gone: frozenset[str], dropped: list[str]) -> list[Message]:
    if all(map(gone.isdisjoint, messages)):
        return messages
    said = {name for message in messages for name in gone & message.keys() if message[name]}
    dropped += [f"messages[].{name}" for name in sorted(said - {"refusal"})]
    return [
        message if gone.isdisjoint(message) else {name: v for name, v in _spoken(message).items() if name not in gone}
        for message in messages
    ]


def _spoken(message: Message) -> Message:
    """A message whose refusal is its text: without it nothing would be left."""
    return (
        {**message, "content": message["refusal"]} if message.get("refusal") and not message.get("content") else message
    )


def _with_ids_of(message: Message, length: int) -> Message:
    """A message with other ids of calls, each the same in the call and in its output."""
    calls, answered = message.get("tool_calls"), message.get("tool_call_id")
    if isinstance(calls, list) and calls:
        return {**message, "tool_calls": [_with_id(call, "id", length) for call in calls]}
    return _with_id(message, "tool_call_id", length) if answered is not None else message


def _with_id(holder: Any, name: str, length: int) -> Any:
    given = holder.get(name) if isinstance(holder, dict) else None
    if not isinstance(given, str) or (len(given) == length and _PLAIN.fullmatch(given)):
        return holder
    number = int.from_bytes(hashlib.sha256(given.encode("utf-8", "replace")).digest())
    letters: list[str] = []
    for _ in range(length):
        number, rest = divmod(number, len(_ALPHABET))
        letters.append(_ALPHABET[rest])
    return {**holder, name: "".join(letters)}


def _with_answers(messages: list[Message]) -> list[Message]:
    """The assistant's word after the outputs of tools, wherever somebody else speaks right after them."""
    told: list[Message] = []
    for message in messages:
        if told and told[-1].get("role") == "tool" and message.get("role") not in ("tool", "assistant"):
            told.append({"role": "assistant", "content": _ACKNOWLEDGED})
        told.append(message)
    return told


def _in_turns(messages: list[Message]) -> list[Message]:
    """Each role once at a time: what it says in a row becomes one message."""
    told: list[Message] = []
    for message in messages:
        if told and _may_join(told[-1], message):
            told[-1] = {**told[-1], "content": _joined(told[-1].get("content"), message.get("content"))}
        else:
            told.append(message)
    return told


def _may_join(first: Message, second: Message) -> bool:
    role = first.get("role")
    return (
        role == second.get("role") and role != "tool" and not first.get("tool_calls") and not second.get("tool_calls")
    )


def _joined(first: Any, second: Any) -> Any:
    if isinstance(first, str) and isinstance(second, str):
        return first + _JOINT + second
    return [*_parts(first), *_parts(second)]


def _parts(content: Any) -> list[Any]:
    if isinstance(content, list):
        return content
    return [{"type": "text", "text": content}] if isinstance(content, str) and content else []


def _with_prefix(messages: list[Message]) -> list[Message]:
    last = messages[-1] if messages else {}
    if last.get("role") != "assistant" or last.get("tool_calls"):
        return messages
    return [*messages[:-1], {**last, "prefix": True}]
