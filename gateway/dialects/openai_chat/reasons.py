"""Gives reasoning back in the field where its upstream wants it, and where it does."""

from typing import Any

from gateway.dialects.profiles import Facts

Message = dict[str, Any]
_NAMES = ("reasoning_content", "reasoning")
_EITHER = frozenset(_NAMES)


def give_back(messages: list[Message], facts: Facts) -> list[Message]:
    """The messages with their reasoning where this upstream takes it.

    A client of the chat surface may know it by either of its names, since the gateway tells both.
    """
    if all(map(_EITHER.isdisjoint, messages)):
        return messages
    asked = _last_question(messages) if facts.reasoning_in_loops else -1
    return [_fitted(message, number > asked, facts) for number, message in enumerate(messages)]


def _fitted(message: Message, is_now: bool, facts: Facts) -> Message:
    if message.get("role") != "assistant" or not any(name in message for name in _NAMES):
        return message
    text = next((message[name] for name in _NAMES if message.get(name)), None)
    left = {name: value for name, value in message.items() if name not in _NAMES}
    is_wanted = not facts.reasoning_in_loops or (is_now and message.get("tool_calls"))
    if not is_wanted or not isinstance(text, str):
        return left
    if facts.reasoning_field != "content":
        return {**left, facts.reasoning_field or next(name for name in _NAMES if message.get(name)): text}
    content = left.get("content")
    if isinstance(content, list):
        # It stands there already.
        return left
    said = [{"type": "text", "text": content}] if content else []
    return {**left, "content": [{"type": "thinking", "thinking": [{"type": "text", "text": text}]}, *said]}


def _last_question(messages: list[Message]) -> int:
    """The place of what the user said last."""
    return max((number for number, message in enumerate(messages) if message.get("role") == "user"), default=-1)
