"""A configured provider: its dialect, its facts, its address and key, and the transport to it."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from gateway.dialects import Dialect
from gateway.dialects.base import Outbound, Refused
from gateway.errors import GatewayError, UpstreamDown, UpstreamError
from gateway.providers import Facts
from gateway.transport import Call, Stream, Transport

JSON_HEADERS = {"content-type": "application/json"}
_MESSAGE_CHARACTERS = 2000
_FIELD_CHARACTERS = 200


@dataclass(frozen=True, slots=True)
class Address:
    """Where an upstream is, and the headers that open it. Never shown: the headers hold its key."""

    base_url: str
    headers: Mapping[str, str] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Upstream:
    """One provider that requests can be routed to. `models` is None where its own list is to be asked.

    It may speak several dialects; the first is its own, to which everything else is translated.
    """

    name: str
    dialects: Sequence[Dialect]
    facts: Facts
    transport: Transport
    locate: Callable[[], Awaitable[Address]]
    secrets: Sequence[str] = field(default=(), repr=False)
    models: Sequence[str] | None = None
    note: str = ""

    def dialect(self, preferred: str | None) -> Dialect:
        """The dialect to speak with it: the preferred one, where it knows that."""
        for dialect in self.dialects:
            if dialect.name == preferred:
                return dialect
        return self.dialects[0]

    async def send(self, outbound: Outbound, dialect: Dialect) -> bytes:
        """The body of a plain answer. Raises `UpstreamError` for anything but a 2xx."""
        answer = await self.transport.send(await self._call(outbound))
        if not 200 <= answer.status < 300:
            raise self._refusal(dialect, answer.status, answer.headers, answer.body)
        return answer.body

    @asynccontextmanager
    async def stream(self, outbound: Outbound, dialect: Dialect) -> AsyncIterator[Stream]:
        """A streamed answer. Raises `UpstreamError` for anything but a 2xx."""
        async with self.transport.stream(await self._call(outbound)) as stream:
            if not 200 <= stream.status < 300:
                raise self._refusal(dialect, stream.status, stream.headers, await stream.read())
            yield stream

    async def list_models(self) -> Sequence[str]:
        """The names of its models, from the configuration or, where that has none, from the upstream's own list."""
        if self.models is not None:
            return self.models
        address, dialect = await self.locate(), self.dialects[0]
        url = address.base_url + dialect.models_path
        answer = await self.transport.send(Call(self.name, "GET", url, address.headers))
        if answer.status != 200:
            raise self._refusal(dialect, answer.status, answer.headers, answer.body)
        try:
            return dialect.decode_models(answer.body)
        except ValueError:
            message = f"{self.name} answered with no list of models."
            raise UpstreamDown(message, code="upstream_bad_reply") from None

    def redact(self, error: GatewayError) -> None:
        """Cut the secrets out of an error, and what is left to a length. A server may quote what it was sent."""
        error.message = self._clean(error.message, _MESSAGE_CHARACTERS)
        error.param = error.param and self._clean(error.param, _FIELD_CHARACTERS)
        error.code = error.code and self._clean(error.code, _FIELD_CHARACTERS)

    def _clean(self, text: str, length: int) -> str:
        for secret in self.secrets:
            text = text.replace(secret, "[redacted]")
        return text[:length]

    async def _call(self, outbound: Outbound) -> Call:
        address = await self.locate()
        return Call(self.name, "POST", address.base_url + outbound.path, address.headers, outbound.body)

    def _refusal(self, dialect: Dialect, status: int, headers: Mapping[str, str], body: bytes) -> UpstreamError:
        error = dialect.decode_error(Refused(self.name, status, headers, body), self.facts)
        self.redact(error)
        return error
