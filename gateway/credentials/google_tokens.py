"""google-auth, over the gateway's own way to call others. Imported only where a provider uses it."""

import asyncio
import concurrent.futures
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC
from pathlib import Path
from typing import Any

import google.auth
import google.auth.transport
import orjson
from google.auth import identity_pool, impersonated_credentials
from google.auth.exceptions import DefaultCredentialsError, GoogleAuthError, TransportError
from google.oauth2 import credentials, service_account

from gateway.credentials.tokens import NoToken, Token
from gateway.errors import UpstreamError
from gateway.wire.transport import Answer, Call, Transport

_SCOPES = ("https://www.googleapis.com/auth/cloud-platform",)
_SECONDS = 30.0
_KINDS: Mapping[str, Any] = {
    "service_account": service_account.Credentials.from_service_account_info,
    "authorized_user": credentials.Credentials.from_authorized_user_info,
    "external_account": identity_pool.Credentials.from_info,
    "impersonated_service_account": impersonated_credentials.Credentials.from_impersonated_service_account_info,
}
"""The kinds of credentials files, and what reads each. google-auth's own reader of all of them is on its way out."""

# OAuth 2.0's error codes (RFC 6749, section 5.2). The rest of what a token server says is not repeated.
_CODE = re.compile(r"[a-z_]{3,40}")


@dataclass(frozen=True, slots=True)
class _Response:
    """An answer, in the form that google-auth reads."""

    status: int
    headers: Mapping[str, str]
    data: bytes


class _Requests(google.auth.transport.Request):
    """Calls from google-auth's thread, made on the gateway's loop."""

    def __init__(self, transport: Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport = transport
        self._loop = loop

    def __call__(
        self,
        url: str,
        method: str = "GET",
        body: bytes | str | None = None,
        headers: Mapping[str, str] | None = None,
        timeout: float | None = None,
        **_: Any,
    ) -> _Response:
        content = body.encode() if isinstance(body, str) else body
        call = Call("Google", method, url, dict(headers or {}), content)
        asked = asyncio.run_coroutine_threadsafe(self._send(call, timeout or _SECONDS), self._loop)
        try:
            answer = asked.result()
        except (UpstreamError, TimeoutError, concurrent.futures.CancelledError) as error:
            raise TransportError(str(error) or "no answer in time") from None  # type: ignore[no-untyped-call]
        return _Response(answer.status, answer.headers, answer.body)

    async def _send(self, call: Call, seconds: float) -> Answer:
        async with asyncio.timeout(seconds):
            return await self._transport.send(call)


class GoogleTokens:
    """Tokens of one account. Used by one thread at a time."""

    def __init__(self, transport: Transport, file: Path | None, loop: asyncio.AbstractEventLoop) -> None:
        self._requests = _Requests(transport, loop)
        self._file = file
        self._credentials: Any = None

    def fetch(self) -> Token:
        try:
            if self._credentials is None:
                self._credentials = self._load()
            self._credentials.refresh(self._requests)
        except TransportError:
            raise NoToken("the server that gives out Google's access tokens cannot be reached") from None
        except GoogleAuthError as error:
            raise NoToken(f"Google gives no access token for its account ({_code(error)})") from None
        # google-auth's times are in UTC and do not say so.
        return Token(self._credentials.token, self._credentials.expiry.replace(tzinfo=UTC).timestamp())

    def _load(self) -> Any:
        if self._file is not None:
            return _read(self._file)
        try:
            found, _ = google.auth.default(scopes=_SCOPES, request=self._requests)
        except (DefaultCredentialsError, OSError, ValueError):
            raise NoToken("there are no application-default credentials that can be read") from None
        return found


def _read(file: Path) -> Any:
    try:
        told = orjson.loads(file.read_bytes())
        return _KINDS[told["type"]](told, scopes=_SCOPES)
    # LookupError, TypeError: JSON of something else. ValueError: none at all, or a key in it that is none.
    except (OSError, LookupError, TypeError, ValueError, GoogleAuthError):
        raise NoToken("its credentials_file cannot be read") from None


def _code(error: GoogleAuthError) -> str:
    words = str(error.args[0]).partition(":")[0] if error.args else ""
    return words if _CODE.fullmatch(words) else "no reason that can be told"
