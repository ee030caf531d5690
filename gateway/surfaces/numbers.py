"""Whole numbers that came as fractions of nothing: 2.0 is an integer to JSON Schema, and none to OpenAI."""

from collections.abc import Iterable
from typing import Any


def make_whole(body: dict[str, Any], names: Iterable[str], limit: int) -> None:
    """Turn 2.0 into 2 in these fields, in place. What is no whole number below `limit` stays for others to refuse."""
    for name in names:
        if type(value := body.get(name)) is float and value.is_integer() and abs(value) < limit:
            body[name] = int(value)
