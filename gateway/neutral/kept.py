"""Keeps what was made of things that clients send again and again, such as the tools of an agent."""

import hashlib
from collections.abc import Callable
from typing import Generic, TypeVar

import orjson

K = TypeVar("K")
T = TypeVar("T")

_MOST_BYTES = 128 * 1024
"""Of JSON that is kept: some hundred tools."""


class Kept(Generic[K, T]):
    """At most `most` things by their keys. Where there are more, all are dropped, and made again when needed.

    What is kept is shared by all requests, and must not be changed.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._made: dict[K, T] = {}

    def get(self, key: K, make: Callable[[], T]) -> T:
        """What is kept for the key, or has been made for it now. What `make` raises is not kept."""
        made = self._made.get(key)
        if made is None:
            made = make()
            if len(self._made) >= self._most:
                self._made.clear()
            self._made[key] = made
        return made


def digest_of(document: object, most_bytes: float = _MOST_BYTES) -> bytes | None:
    """What tells a JSON value from all others, the order of its fields included; None for a larger one, or no JSON."""
    try:
        text = orjson.dumps(document)
    except orjson.JSONEncodeError:
        return None
    return hashlib.blake2b(text, digest_size=16).digest() if len(text) <= most_bytes else None
