"""Seals what only the author of an answer can use, so that clients carry it without reading or changing it."""

import os
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import orjson

SECRET_BYTES = 32
PREFIX = "waystone.1."
_NONCE = 12


@dataclass(frozen=True, slots=True)
class Sealed:
    """What was sealed: the state, the provider and model that can use it, and by which credential they were asked."""

    provider: str
    model: str
    state: dict[str, Any]
    credential: str = ""


class Sealer:
    """Seals with ChaCha20-Poly1305 under a secret that all workers share; each seal opens for its own key only."""

    def __init__(self, secret: bytes) -> None:
        self._secret = secret

    def seal(self, key_id: str, sealed: Sealed) -> str:
        """Text of printable ASCII, some 4/3 of the state's JSON long."""
        nonce = os.urandom(_NONCE)
        plain = orjson.dumps([sealed.provider, sealed.model, sealed.state, sealed.credential])
        return PREFIX + urlsafe_b64encode(nonce + self._cipher.encrypt(nonce, plain, key_id.encode())).decode()

    def open(self, key_id: str, text: str) -> Sealed | None:
        """What was sealed for this key; None for what was not, or was changed since."""
        try:
            raw = urlsafe_b64decode(text.removeprefix(PREFIX))
            plain = self._cipher.decrypt(raw[:_NONCE], raw[_NONCE:], key_id.encode())
        except (ValueError, self._invalid):
            return None
        return Sealed(*orjson.loads(plain))

    @cached_property
    def _cipher(self) -> Any:
        # 11 MB, and a gateway whose models do not reason never needs it.
        from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

        return ChaCha20Poly1305(self._secret)

    @cached_property
    def _invalid(self) -> type[Exception]:
        from cryptography.exceptions import InvalidTag

        return InvalidTag


def is_sealed(text: Any) -> bool:
    """Whether a text claims to be a seal of ours."""
    return isinstance(text, str) and text.startswith(PREFIX)
