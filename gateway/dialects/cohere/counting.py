"""Counts tokens with Cohere: `POST /v1/tokenize`, which takes one text (its API reference, August 2026)."""

from collections.abc import Iterator

from gateway.dialects.base import CountCalls, Counting, Origin, Outbound
from gateway.neutral.json import (
    JsonObject,
    list_or_none,
    object_or_empty,
    objects_in,
    parse,
    text_or_empty,
    text_or_none,
    written,
)

_PATH = "/v1/tokenize"
_MOST_CHARACTERS = 65_536
_MOST_CALLS = 8
_AROUND_MESSAGE = 4
"""Tokens that mark where a message begins and ends, and whose it is."""
# What of a request is no text of a message: how Cohere writes it for the model is not published.
_OTHERS = frozenset(("tools", "documents", "response_format"))


def count_calls(sent: Outbound, origin: Origin) -> CountCalls | None:
    """The texts of all messages, in parts that it takes; None where there is more than texts, or too much of them."""
    body = object_or_empty(parse(sent.body))
    if not _OTHERS.isdisjoint(body):
        return None
    messages = objects_in(body.get("messages"))
    texts = [text for message in messages for text in _texts(message)]
    whole = "".join(text for text in texts if text is not None)
    if None in texts or not whole or len(whole) > _MOST_CHARACTERS * _MOST_CALLS:
        return None
    parts = (whole[start : start + _MOST_CHARACTERS] for start in range(0, len(whole), _MOST_CHARACTERS))
    calls = [Outbound(_PATH, written({"model": origin.model, "text": part})) for part in parts]
    return CountCalls(calls, added=_AROUND_MESSAGE * len(messages), is_whole=False)


def read_count(body: bytes) -> int | None:
    """The tokens of one text."""
    tokens = list_or_none(object_or_empty(parse(body)).get("tokens"))
    return None if tokens is None else len(tokens)


def _texts(message: JsonObject) -> Iterator[str | None]:
    """The texts of a message; None in the place of what is none."""
    content = message.get("content")
    yield text_or_empty(message.get("tool_plan"))
    if message.get("tool_calls"):
        yield None
    if isinstance(content, str):
        yield content
    for part in objects_in(content):
        yield text_or_none(part.get("text"))


COUNTING = Counting(count_calls, read_count)
