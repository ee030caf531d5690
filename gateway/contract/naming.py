"""Which function handles which operation."""

import keyword
import re
from collections.abc import Sequence

_WORD_START = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


def handler_of(operation_id: str, tags: Sequence[str]) -> tuple[str, str]:
    """The module and the function for an operation.

    `chat.completions.create` is `handlers.chat.completions` and `create`. An id without a dot, as Waystone's
    documents have them, lives in the module of the operation's first tag, under its name in snake case.
    Raises `ValueError` where that gives no Python name.
    """
    *folders, function = operation_id.split(".")
    if not folders:
        if not tags:
            raise ValueError(f"operation {operation_id!r} has neither a dot in its id nor a tag to name its module")
        folders, function = [tags[0]], _WORD_START.sub("_", function).lower()
    for name in (*folders, function):
        if not name.isidentifier() or keyword.iskeyword(name):
            raise ValueError(f"operation {operation_id!r} needs a handler named {name!r}, which is no Python name")
    return ".".join(("handlers", *folders)), function
