"""Seals what only the author of an answer can use, so that clients carry it without reading or changing it."""

import hmac
import os
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import orjson

from gateway.neutral.json import JsonObject

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

SECRET_BYTES = 32
PREFIX = "waystone.1."
OTHER_MODEL = "model_mismatch"
"""Why nobody but the author may have it, in a word of the Responses API."""
_NONCE = 12


@dataclass(frozen=True, slots=True)
class Sealed:
    """What was sealed: the state, the provider and model that can use it, and the credential of the call."""

    provider: str
    model: str
    state: JsonObject
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

    def open_for(self, key_id: str, provider: str, model: str, text: str) -> JsonObject | str | None:
        """What is under a seal, for the author who is going to answer; or a word for why it is not theirs.

        None for a text that is no seal of the gateway's.
        """
        if not is_sealed(text):
            return None
        sealed = self.open(key_id, text)
        if sealed is None:
            return "organization_mismatch"
        return sealed.state if (sealed.provider, sealed.model) == (provider, model) else OTHER_MODEL

    def seal_bytes(self, key_id: str, purpose: str, plain: bytes) -> bytes:
        """Bytes that open for this key and this purpose only: 28 more than came."""
        nonce = os.urandom(_NONCE)
        return nonce + self._cipher.encrypt(nonce, plain, _bound_to(key_id, purpose))

    def open_bytes(self, key_id: str, purpose: str, sealed: bytes) -> bytes | None:
        """What `seal_bytes` sealed for this key and purpose; None for anything else."""
        try:
            return self._cipher.decrypt(sealed[:_NONCE], sealed[_NONCE:], _bound_to(key_id, purpose))
        except (ValueError, self._invalid):
            return None

    def digest(self, purpose: str, data: bytes) -> bytes:
        """32 bytes by which the same data can be found again, and which nobody can make without the secret."""
        keyed = hmac.new(self._secret, f"digest {purpose}\0".encode(), "sha256")
        keyed.update(data)
        return keyed.digest()

    @cached_property
    def _cipher(self) -> "ChaCha20Poly1305":
        # 11 MB, and a gateway whose models do not reason never needs it.
        from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

        return ChaCha20Poly1305(self._secret)

    @cached_property
    def _invalid(self) -> type[Exception]:
        from cryptography.exceptions import InvalidTag

        return InvalidTag


def _bound_to(key_id: str, purpose: str) -> bytes:
    # Never what `seal` binds to, which is an id alone.
    return orjson.dumps([purpose, key_id])


def is_sealed(text: object) -> bool:
    """Whether a text claims to be a seal of ours."""
    return isinstance(text, str) and text.startswith(PREFIX)
