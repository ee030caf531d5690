"""Tells which items of the tools that Anthropic ran come back in another way: whole, in the state of the reasoning."""

from dataclasses import replace
from typing import Any

from gateway.dialects.anthropic.hosted import is_use
from gateway.generation import Generation, Recovered

_KINDS = ("web_search_call", "code_interpreter_call", "tool_search_call", "mcp_call")
# An item that says nothing, in the place of one that is said otherwise: places in error messages stay the client's.
_SAID_OTHERWISE = {"type": "configuration_update"}


def without_recovered(generation: Generation) -> Generation:
    """The request without items whose calls and results are in the state that follows them."""
    items = generation.items
    found = [(place, _uses(item)) for place, item in enumerate(items) if isinstance(item, Recovered)]
    if not any(wanted for _, wanted in found):
        return generation
    left = list(items)
    for place, wanted in found:
        before = place - 1
        while wanted and before >= 0 and items[before].get("type") in (*_KINDS, "reasoning"):
            if items[before].get("type") in _KINDS:
                left[before], wanted = _SAID_OTHERWISE, wanted - 1
            before -= 1
    return replace(generation, items=left)


def _uses(item: Recovered) -> int:
    """How many calls the state of a reasoning item holds."""
    blocks: Any = item.state.get("blocks")
    if not isinstance(blocks, list):
        return 0
    return sum(isinstance(block, dict) and is_use(block.get("type")) for block in blocks)
