"""Identifiers in OpenAI's manner: a prefix for the kind, and hexadecimal digits."""

import os
import re
import time

_HEX = 40
_ITEM = re.compile(rf"[a-z]+_([0-9a-f]{{{_HEX}}})[0-9a-f]{{4,5}}")
_OWN = re.compile(rf"[a-z]+_[0-9a-f]{{{_HEX}}}(?:[0-9a-f]{{4,5}})?")
_PREFIXES = {
    "message": "msg",
    "function_call": "fc",
    "function_call_output": "fco",
    "custom_tool_call": "ctc",
    "custom_tool_call_output": "ctco",
    "reasoning": "rs",
    "web_search_call": "ws",
    "file_search_call": "fs",
    "code_interpreter_call": "ci",
    "image_generation_call": "ig",
    "computer_call": "cu",
    "mcp_call": "mcp",
    "mcp_list_tools": "mcpl",
    "mcp_approval_request": "mcpr",
    "compaction": "cmp",
    "computer_call_output": "cuo",
    "mcp_approval_response": "mcpa",
    "local_shell_call": "lsh",
    "local_shell_call_output": "lsho",
    "shell_call": "sh",
    "shell_call_output": "sho",
    "apply_patch_call": "apc",
    "apply_patch_call_output": "apco",
    "tool_search_call": "tsc",
    "tool_search_output": "tso",
    "additional_tools": "at",
    "configuration_update": "cfg",
    "program": "prog",
    "program_output": "po",
}


def new_id(prefix: str) -> str:
    """A fresh identifier, such as `conv_…`."""
    return f"{prefix}_{_digits()}"


def new_completion_id() -> str:
    """A fresh identifier of a chat completion, whose prefix OpenAI ends otherwise."""
    return f"chatcmpl-{os.urandom(_HEX // 2).hex()}"


def item_prefix(kind: str) -> str:
    """The prefix of an item's id by the item's type."""
    return _PREFIXES.get(kind, "item")


class ResponseIds:
    """The ids of one response and of its items. An item's id contains its response's: references need no index."""

    __slots__ = ("_count", "_hex")

    def __init__(self, response_id: str = "") -> None:
        """`response_id` is that of a response which has one already."""
        # Made at its first use: most answers of chat need none.
        self._hex = response_id.removeprefix("resp_")
        self._count = 0

    @property
    def response(self) -> str:
        """The response's own id."""
        self._hex = self._hex or _digits()
        return f"resp_{self._hex}"

    def item(self, kind: str) -> str:
        """The id of the next item, of this type."""
        self._hex = self._hex or _digits()
        self._count += 1
        return f"{_PREFIXES.get(kind, 'item')}_{self._hex}{self._count - 1:04x}"


def _digits() -> str:
    """The time in milliseconds, then 112 random bits.

    Ids that are made together are stored together: each at a place of its own would have the database write a page of
    its index for it.
    """
    return f"{time.time_ns() // 1_000_000:012x}{os.urandom(14).hex()}"


def is_own_id(text: str) -> bool:
    """Whether an id is of the gateway's making; those of OpenAI are longer."""
    return _OWN.fullmatch(text) is not None


def response_of(item_id: str) -> str | None:
    """The id of the response that an item belongs to, by the item's id; None for an id that is not of our making."""
    match = _ITEM.fullmatch(item_id)
    return f"resp_{match[1]}" if match else None
