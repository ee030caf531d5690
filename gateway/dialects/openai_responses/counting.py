"""Counts tokens with OpenAI: `POST /responses/input_tokens` (its API reference, August 2026)."""

from gateway.dialects.base import CountCalls, Counting, Origin, Outbound
from gateway.neutral.json import count_or_none, object_or_empty, parse, written

_PATH = "/responses/input_tokens"
# What it takes; a conversation and what came before stand in the input already.
_FIELDS = frozenset(
    ("model", "input", "tools", "text", "reasoning", "truncation", "instructions", "personality", "tool_choice")
) | {"parallel_tool_calls"}


def count_calls(sent: Outbound, origin: Origin) -> CountCalls:
    """The request as it would be sent, without what has no part in its input."""
    body = object_or_empty(parse(sent.body))
    counted = {name: value for name, value in body.items() if name in _FIELDS}
    return CountCalls([Outbound(_PATH, written(counted), headers=sent.headers)])


def read_count(body: bytes) -> int | None:
    """The tokens of the input."""
    return count_or_none(object_or_empty(parse(body)).get("input_tokens"))


COUNTING = Counting(count_calls, read_count)
