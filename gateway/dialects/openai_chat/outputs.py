"""Puts what a tool's message cannot hold, images above all, into a message of the user's below the outputs."""

from collections.abc import Iterator
from typing import Any

from gateway.dialects.conversation.content import is_text, split

Message = dict[str, Any]
Part = dict[str, Any]

_BELOW = "The output is in the message that follows."


def with_texts_only(messages: list[Message]) -> list[Message]:
    """The messages with nothing but texts in those of tools, as chat wants it; the list itself where it is so.

    All outputs of an answer's calls come first, then one message with everything else, each part below the call that
    it belongs to.
    """
    if not any(map(_shows_more, messages)):
        return messages
    told: list[Message] = []
    outputs: list[Message] = []
    for message in messages:
        if message.get("role") == "tool":
            outputs.append(message)
            continue
        told += [*_put(outputs), message]
        outputs = []
    return [*told, *_put(outputs)]


def _shows_more(message: Message) -> bool:
    if message.get("role") != "tool":
        return False
    content = message.get("content")
    if not isinstance(content, list) or not all(isinstance(part, dict) for part in content):
        # What is no part at all is left to its upstream, which has words for it.
        return False
    return any(part.get("type") != "text" for part in content)


def _put(outputs: list[Message]) -> Iterator[Message]:
    """The outputs of the calls that were made in one go, and what they show below them."""
    shown: list[Part] = []
    for message in outputs:
        if not _shows_more(message):
            yield message
            continue
        texts, others = split(message["content"], lambda part: part.get("type") == "text")
        is_plain = all(map(is_text, texts))
        content = "\n".join(str(part.get("text")) for part in texts) if is_plain else texts
        yield {**message, "content": content or _BELOW}
        if len(outputs) > 1:
            shown.append({"type": "text", "text": f"Output of {message.get('tool_call_id')}:"})
        shown += others
    if shown:
        yield {"role": "user", "content": shown}
