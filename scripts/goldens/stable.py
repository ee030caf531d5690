"""Makes what was recorded the same each time: random ids, dates, durations, ports and seals."""

import base64
import json
import re
import time
from collections.abc import Mapping, Sequence
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

_HEX = re.compile(r"(?<![0-9a-f])(?:(?<=req_)([0-9a-f]{24})|([0-9a-f]{40}))(?=(?:[0-9a-f]{4,5})?(?![0-9a-f]))")
_SEAL = re.compile(r"waystone\.1\.[A-Za-z0-9_=-]+")
_SECONDS = re.compile(r"(?<![\w.-])1[789]\d{8}(?:\.\d+)?(?![\w.])")
_LOCAL = re.compile(r"127\.0\.0\.1:\d+")
_NONCE = 12
_NOW = "1000000000"
# Signatures and what they are made of; they are recorded as being there.
_SIGNED = ("x-amz-date",)
_AWS = "AWS4-HMAC-SHA256"
_LENGTH = "content-length"
_HOST = "host"
# Its names come out of sets, in the order of this process's hashes.
_DROPPED = "x-waystone-dropped"
# Of a usage row, what is never the same twice.
_TIMES = ("first_event_ms", "duration_ms")
_NAMES = ("id", "request_id", "time")


class Stable:
    """Replaces what is random, within one case: the same thing always by the same stand-in, of the same length."""

    def __init__(self, began: float, secret: bytes) -> None:
        self._began = began
        self._ended = time.time()
        self._cipher = ChaCha20Poly1305(secret)
        self._known: dict[str, str] = {}
        self.seals: list[Any] = []
        """What was sealed, in the order in which the seals were met."""

    def text(self, text: str) -> str:
        """A text with stand-ins."""
        text = _SEAL.sub(lambda match: self._seal(match[0]), text)
        text = _HEX.sub(lambda match: self._random(match[0]), text)
        text = _LOCAL.sub("127.0.0.1:1", text)
        return _SECONDS.sub(lambda match: self._date(match[0]), text)

    def body(self, body: bytes) -> str:
        """A body as text with stand-ins."""
        try:
            return self.text(body.decode())
        except UnicodeDecodeError:
            return "base64:" + base64.b64encode(body).decode()

    def headers(self, headers: Sequence[tuple[str, str]], body: bytes) -> list[list[str]]:
        """Sorted headers with stand-ins."""
        found = []
        for name, value in headers:
            if name == _LENGTH and value == str(len(body)):
                value = "right"
            elif name == _HOST or name in _SIGNED or value.startswith(_AWS):
                value = "some"
            elif name == _DROPPED:
                value = ",".join(sorted(value.split(",")))
            found.append([name, self.text(value)])
        return sorted(found)

    def usage(self, row: Mapping[str, Any] | None) -> dict[str, Any] | None:
        """A usage row without what differs each time."""
        if row is None:
            return None
        told = {name: value for name, value in row.items() if name not in _NAMES}
        for name in _TIMES:
            told[name] = None if told[name] is None else "some"
        return {name: self.text(value) if isinstance(value, str) else value for name, value in told.items()}

    def _random(self, text: str) -> str:
        return self._known.setdefault(text, f"{len(self._known):0{len(text)}x}")

    def _date(self, text: str) -> str:
        return _NOW if self._began - 5 <= float(text) <= self._ended + 5 else text

    def _seal(self, text: str) -> str:
        if text not in self._known:
            content = self._opened(text)
            number = next((n for n, other in enumerate(self.seals) if other == content), len(self.seals))
            if number == len(self.seals):
                self.seals.append(content)
            self._known[text] = f"waystone.1.seal-{number}"
        return self._known[text]

    def _opened(self, text: str) -> Any:
        try:
            raw = base64.urlsafe_b64decode(text.removeprefix("waystone.1."))
        except ValueError:
            return None
        for key in ("env", "key_second"):
            try:
                plain = self._cipher.decrypt(raw[:_NONCE], raw[_NONCE:], key.encode())
            except (InvalidTag, ValueError):
                continue
            return json.loads(self.text(plain.decode()))
        return None
