"""What a source of access tokens is."""

from dataclasses import dataclass, field
from typing import Protocol


class NoToken(Exception):
    """There is no token to be had; the text says why, in words that show no secret."""


@dataclass(frozen=True, slots=True)
class Token:
    """An access token, and the moment at which it ends, in seconds since 1970."""

    text: str = field(repr=False)
    expires: float


class Source(Protocol):
    """Where tokens come from. Blocks, so it is called in a thread."""

    def fetch(self) -> Token:
        """A new token. Raises `NoToken`."""
