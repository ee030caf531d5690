"""Holds the cache marks of a request to the number that Anthropic takes."""

from collections.abc import Iterator
from typing import Any

Block = dict[str, Any]

_MARK = "cache_control"
_MOST = 4


def limit_marks(body: dict[str, Any]) -> bool:
    """Take marks away until there are few enough. True if any had to go.

    The first stays, for what all conversations begin with, and the last ones, for where this one goes on.
    """
    marked = [block for block in _blocks(body) if _MARK in block]
    most = _MOST - (_MARK in body)
    if len(marked) <= most:
        return False
    for block in marked[1 : len(marked) - most + 1]:
        del block[_MARK]
    return True


def _blocks(body: dict[str, Any]) -> Iterator[Block]:
    """Everything that can bear a mark, in the order of the prefix: tools, system, messages."""
    yield from body.get("tools", ())
    yield from body.get("system", ())
    for message in body["messages"]:
        for block in message["content"]:
            content = block.get("content") if block["type"] == "tool_result" else None
            if isinstance(content, list):
                yield from content
            yield block
