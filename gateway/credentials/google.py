"""Google's access tokens: fetched for a service account or for what the machine has, and renewed in time."""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import structlog

from gateway.credentials.keys import fingerprint
from gateway.credentials.tokens import NoToken, Source, Token
from gateway.errors import GatewayError, UpstreamDown
from gateway.wire.transport import Call, Transport

# Google's tokens hold an hour. One is renewed behind the caller's back when so much is left of it, and not used at all
# when less is left than a request takes on its way.
_EARLY_SECONDS = 300.0
_LATE_SECONDS = 15.0
# A token so young that is refused is not what is wrong, and a refresh that failed is not tried again at once.
_YOUNG_SECONDS = 60.0

log = structlog.get_logger(__name__)


def application_default(transport: Transport, file: Path | None, loop: asyncio.AbstractEventLoop) -> Source:
    """Tokens of a credentials file or, without one, of the application-default credentials."""
    from gateway.credentials.google_tokens import GoogleTokens

    return GoogleTokens(transport, file, loop)


class GoogleCredential:
    """One Google account. `provider` names its upstream in errors."""

    fixed = None

    weight = 1.0

    def __init__(
        self,
        provider: str,
        file: Path | None,
        open_source: Callable[[asyncio.AbstractEventLoop], Source],
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.label = fingerprint(str(file)) if file else "default"
        self._provider = provider
        self._open_source = open_source
        self._clock = clock
        self._source: Source | None = None
        self._token: Token | None = None
        self._fetched = self._tried = float("-inf")
        self._headers: Mapping[str, str] = {}
        self._fetching: asyncio.Task[None] | None = None

    @property
    def secrets(self) -> Sequence[str]:
        return (self._token.text,) if self._token else ()

    async def headers(self, call: Call) -> Mapping[str, str]:
        now = self._clock()
        left = self._token.expires - now if self._token else 0.0
        if left < _LATE_SECONDS:
            # Shielded: the first caller leaving must not take the token from the others.
            try:
                await asyncio.shield(self._begin(now))
            except GatewayError as error:
                # All who wait get the same error, and raising it would add the traceback of each to it.
                raise error.replaced() from None
        elif left < _EARLY_SECONDS and now - self._tried >= _YOUNG_SECONDS:
            self._begin(now)
        return self._headers

    def forget(self) -> bool:
        if self._clock() - self._fetched < _YOUNG_SECONDS:
            return False
        self._token = None
        return True

    def _begin(self, now: float) -> asyncio.Task[None]:
        if self._fetching is None:
            self._tried = now
            self._fetching = asyncio.create_task(self._fetch(), name="fetch an access token")
            self._fetching.add_done_callback(self._fetched_or_failed)
        return self._fetching

    async def _fetch(self) -> None:
        try:
            token = await asyncio.to_thread(self._ask, asyncio.get_running_loop())
        except NoToken as error:
            log.warning("no_access_token", provider=self._provider, reason=str(error))
            message = f"{self._provider} cannot be opened: {error}. The operator of this gateway must mend it."
            raise UpstreamDown(message, code="upstream_auth") from None
        self._token, self._fetched = token, self._clock()
        self._headers = {"authorization": f"Bearer {token.text}"}

    def _ask(self, loop: asyncio.AbstractEventLoop) -> Token:
        if self._source is None:
            self._source = self._open_source(loop)
        return self._source.fetch()

    def _fetched_or_failed(self, fetching: asyncio.Task[None]) -> None:
        self._fetching = None
        if not fetching.cancelled():
            fetching.exception()  # seen, even where every caller has left
