"""Lets pages of configured origins call the gateway from a browser (the Fetch standard, "CORS protocol").

Keys travel in headers, which such a page sets itself: there are no cookies here, and no credentials mode is needed.
"""

import re
from collections.abc import Awaitable, Callable, Sequence

from starlette.types import ASGIApp, Receive, Scope, Send

from gateway.contract.sending import client_of
from gateway.errors import Header

ANY = "*"
_MAX_AGE_SECONDS = 600
_METHODS = "GET, POST, DELETE"
_HEADER_NAMES = re.compile(rb"[\w!#$%&'*+.^`|~-]{1,100}(\s*,\s*[\w!#$%&'*+.^`|~-]{1,100}){0,50}")
# What a page may read of an answer's headers, beside the few that it always may.
_EXPOSED = ", ".join(
    (
        "retry-after",
        "x-request-id",
        "x-should-retry",
        "x-waystone-attempts",
        "x-waystone-dropped",
        "x-waystone-idempotency",
        "x-waystone-model",
        "x-waystone-provider",
        "x-waystone-replayed",
        "x-waystone-token-count",
    )
)


class Cors:
    """Adds the headers that a browser wants to every answer, and answers its questions before a request (preflights).

    `methods_on` are the methods of a path, separated by commas.
    """

    def __init__(self, app: ASGIApp, origins: Sequence[str], methods_on: Callable[[str], str | None]) -> None:
        self._app = app
        self._origins = frozenset(origin.encode("latin-1") for origin in origins)
        self._is_any = ANY in origins
        self._methods_on = methods_on

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        client = client_of(scope) if scope["type"] == "http" else None
        if client is None:
            return self._app(scope, receive, send)
        headers = dict(scope["headers"])
        origin = headers.get(b"origin")
        added: list[Header] = [] if self._is_any else [(b"vary", b"origin")]
        if origin is None or not (self._is_any or origin in self._origins):
            client.add_headers(added)
            return self._app(scope, receive, send)
        added.append((b"access-control-allow-origin", ANY.encode() if self._is_any else origin))
        if scope["method"] == "OPTIONS" and b"access-control-request-method" in headers:
            client.add_headers([*added, *self._preflight(scope["path"], headers)])
            return _send_nothing(send)
        client.add_headers([*added, (b"access-control-expose-headers", _EXPOSED.encode())])
        return self._app(scope, receive, send)

    def _preflight(self, path: str, headers: dict[bytes, bytes]) -> list[Header]:
        methods = self._methods_on(path) or _METHODS
        wanted = headers.get(b"access-control-request-headers", b"")
        answer = [
            (b"access-control-allow-methods", methods.encode()),
            (b"access-control-max-age", b"%d" % _MAX_AGE_SECONDS),
        ]
        # Each by its name: `*` would not cover `Authorization`.
        return [*answer, (b"access-control-allow-headers", wanted)] if _HEADER_NAMES.fullmatch(wanted) else answer


async def _send_nothing(send: Send) -> None:
    await send({"type": "http.response.start", "status": 204, "headers": []})
    await send({"type": "http.response.body", "body": b""})
