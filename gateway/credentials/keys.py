"""Credentials that are there from the start: a key, a token, or none at all."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from gateway.wire.transport import Call

_LABEL_CHARACTERS = 8


@dataclass(frozen=True, slots=True)
class KeyCredential:
    """A secret that travels in headers as it is."""

    secret: str = field(repr=False)
    fixed: Mapping[str, str] = field(repr=False)
    weight: float = 1.0
    label: str = field(init=False, default="")

    def __post_init__(self) -> None:
        # Once, and not for every request: it is the credential's name in routing and in seals.
        object.__setattr__(self, "label", fingerprint(self.secret))

    @property
    def secrets(self) -> Sequence[str]:
        return (self.secret,)

    async def headers(self, call: Call) -> Mapping[str, str]:
        return self.fixed

    def forget(self) -> bool:
        return False


@dataclass(frozen=True, slots=True)
class NoCredential:
    """For an upstream that lets everybody in, or whose configured headers open it."""

    label: str = "none"
    fixed: Mapping[str, str] = field(default_factory=dict)
    weight: float = 1.0
    secrets: Sequence[str] = ()

    async def headers(self, call: Call) -> Mapping[str, str]:
        return self.fixed

    def forget(self) -> bool:
        return False


def fingerprint(secret: str) -> str:
    """Eight characters that tell secrets apart, and from which none can be had back."""
    return hashlib.sha256(secret.encode()).hexdigest()[:_LABEL_CHARACTERS]
