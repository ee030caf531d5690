"""A configured provider: its dialects and its profile in each, its address and credentials, and the transport to it."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from itertools import chain
from typing import TypeVar
from urllib.parse import quote

import orjson
import structlog

from gateway.credentials.base import Credential
from gateway.credentials.keys import NoCredential
from gateway.dialects import Dialect
from gateway.dialects.base import ListedModel, Outbound, Refused
from gateway.dialects.profiles.base import Profile
from gateway.errors import UPSTREAM_CODES, GatewayError, UpstreamDown, UpstreamError
from gateway.neutral.lenient import readable
from gateway.wire.tls import SYSTEM_TLS, TLS
from gateway.wire.transport import Answer, Call, FixedHeaders, Stream, Transport

AnyError = TypeVar("AnyError", bound=GatewayError)

# None at all would allow any coding.
JSON_HEADERS = {"content-type": "application/json", "accept-encoding": "identity"}
_MESSAGE_CHARACTERS = 2000
_FIELD_CHARACTERS = 200
_LONGEST_SECRET = 8192
_MOST_ERROR_BYTES = 256 * 1024
_MODEL = "{model}"
_LOCKED = (401, 403)
_FAILED = 500
_MOST_LOGGED = 16 * 1024
# A shorter one is part of ordinary words, and would be cut out of those.
_SHORTEST_SECRET = 8

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Address:
    """Where an upstream is, and the headers and the query that go with every request to it. Both may hold secrets.

    `{model}` in `base_url` stands for the model's name there. Header names are in lower case.
    """

    base_url: str
    headers: Mapping[str, str] = field(repr=False)
    query: str = field(default="", repr=False)
    models_url: str = ""
    """Where its list of models is, if not below `base_url`."""

    def url(self, path: str, body: bytes | None = None) -> str:
        """The address of a path, which may bring a query of its own."""
        base_url = self.base_url
        if _MODEL in base_url:
            # Azure's dated API reads the deployment there; what the body says of it counts for nothing.
            model = orjson.loads(body)["model"] if body else ""
            base_url = base_url.replace(_MODEL, quote(model, safe=""))
        if not self.query:
            return base_url + path
        return f"{base_url}{path}{'&' if '?' in path else '?'}{self.query}"


@dataclass(frozen=True, slots=True)
class Upstream:
    """One provider that requests can be routed to. `models` is None where its own list is to be asked.

    It may speak several dialects; the first is its own, to which everything else is translated. `profiles` has its
    profile in each of them, by the dialect's name. `row` is the name of the provider's row, or "" for a server that
    none is known of; `weight` its share next to other instances. `deployments` has what its models are called there,
    where that is something else. `credentials` is never empty.
    """

    name: str
    dialects: Sequence[Dialect]
    profiles: Mapping[str, Profile]
    transport: Transport
    locate: Callable[[], Awaitable[Address]]
    """Where it is. What has its place only while it runs, such as the embedded model, has no `address`."""
    credentials: Sequence[Credential] = (NoCredential(),)
    secrets: Sequence[str] = field(default=(), repr=False)
    models: Sequence[str] | None = None
    note: str = ""
    row: str = ""
    weight: float = 1.0
    deployments: Mapping[str, str] = field(default_factory=dict)
    windows: Mapping[str, int] = field(default_factory=dict)
    """How many tokens its models read at once, where the operator has set that; `*` is for all others."""
    tls: TLS = SYSTEM_TLS
    address: Address | None = None
    _headers: dict[tuple[object, ...], FixedHeaders] = field(init=False, default_factory=dict, repr=False)
    """The headers of its calls, by the label of the credential that opens it and what a request adds to them."""

    @property
    def own(self) -> Profile:
        """Its profile in its own dialect."""
        return self.profiles[self.dialects[0].name]

    def dialect(self, preferred: str | None) -> Dialect:
        """The dialect to speak with it: the preferred one, where it knows that."""
        for dialect in self.dialects:
            if dialect.name == preferred:
                return dialect
        return self.dialects[0]

    def named(self, model: str) -> str:
        """What a model of the gateway's clients is called there."""
        return self.deployments.get(model, model)

    def window(self, model: str) -> int | None:
        """How many tokens a model reads at once, where the operator has set that."""
        return self.windows.get(model) or self.windows.get("*")

    async def send(self, outbound: Outbound, dialect: Dialect, credential: Credential | None = None) -> Answer:
        """A plain answer. Raises `UpstreamError` for anything but a 2xx."""
        credential = credential or self.credentials[0]
        call = self.fixed_call(outbound, credential)
        if call is None:
            answer = await self._exchange(await self._call(outbound), credential)
        else:
            answer = await self.transport.send(call)
        return self.accepted(answer, dialect)

    def accepted(self, answer: Answer, dialect: Dialect) -> Answer:
        """Its plain answer. Raises `UpstreamError` for anything but a 2xx."""
        if not 200 <= answer.status < 300:
            raise self._refusal(dialect, answer.status, answer.headers, answer.body)
        return answer

    def stream(self, outbound: Outbound, credential: Credential | None = None) -> AbstractAsyncContextManager[Stream]:
        """A streamed answer, whatever its status: see `require_accepted`."""
        credential = credential or self.credentials[0]
        call = self.fixed_call(outbound, credential)
        return self._renewed_stream(outbound, credential) if call is None else self.transport.stream(call)

    async def require_accepted(self, stream: Stream, dialect: Dialect) -> None:
        """Raise the `UpstreamError` of a streamed answer that is anything but a 2xx."""
        if not 200 <= stream.status < 300:
            raise self._refusal(dialect, stream.status, stream.headers, await stream.read(self.name))

    @asynccontextmanager
    async def _renewed_stream(self, outbound: Outbound, credential: Credential) -> AsyncIterator[Stream]:
        """A streamed answer; to another call where the first was refused and the credential can be renewed."""
        async with AsyncExitStack() as stack:
            call = await _opened(await self._call(outbound), credential)
            stream = await stack.enter_async_context(self.transport.stream(call))
            if stream.status in _LOCKED and credential.forget():
                await stack.aclose()
                call = await _opened(await self._call(outbound), credential)
                stream = await stack.enter_async_context(self.transport.stream(call))
            yield stream

    async def list_models(self) -> Sequence[ListedModel]:
        """Its models, from the configuration or, where that has none, from the upstream's own list."""
        if self.models is not None:
            return [ListedModel(name) for name in self.models]
        dialect, credential = self.dialects[0], self.credentials[0]
        address = await self.locate()
        url = address.models_url or address.url(dialect.models_path)
        answer = await self._exchange(Call(self.name, "GET", url, address.headers), credential)
        if answer.status != 200:
            raise self._refusal(dialect, answer.status, answer.headers, answer.body)
        try:
            return dialect.decode_models(answer.body)
        except ValueError:
            message = f"{self.name} answered with no list of models."
            raise UpstreamDown(message, code="upstream_bad_reply") from None

    def redacted(self, error: AnyError) -> AnyError:
        """The error without secrets, and with short fields. A server may quote what it was sent."""
        code = error.code
        if code and code not in UPSTREAM_CODES:
            code = self._clean(code, _FIELD_CHARACTERS)
        message = self._clean(error.message, _MESSAGE_CHARACTERS)
        param = error.param and self._clean(error.param, _FIELD_CHARACTERS)
        return error.replaced(message=message, param=param, code=code)

    def _clean(self, text: str, length: int) -> str:
        # With what a secret may need that begins before the cut: none of it must be left when the rest is gone.
        text = text[: length + _LONGEST_SECRET]
        for secret in chain(self.secrets, *(credential.secrets for credential in self.credentials)):
            if len(secret) >= _SHORTEST_SECRET:
                text = text.replace(secret, "[redacted]")
        return text[:length]

    async def _exchange(self, call: Call, credential: Credential) -> Answer:
        """The answer to a call; to another one where the first was refused and the credential can be renewed."""
        answer = await self.transport.send(await _opened(call, credential))
        if answer.status in _LOCKED and credential.forget():
            answer = await self.transport.send(await _opened(call, credential))
        return answer

    def fixed_call(self, outbound: Outbound, credential: Credential) -> Call | None:
        """The call, where its address and its headers are the same for every request; None elsewhere."""
        address, fixed = self.address, credential.fixed
        if address is None or fixed is None:
            return None
        added = outbound.headers
        key = (credential.label, *added.items()) if added else (credential.label,)
        headers = self._headers.get(key)
        if headers is None:
            headers = FixedHeaders({**fixed, **_joined(address.headers, added)})
            # What requests add is a few names of betas, in a few combinations.
            self._headers[key] = headers
        return Call(self.name, "POST", address.url(outbound.path, outbound.body), headers, outbound.body)

    async def _call(self, outbound: Outbound) -> Call:
        address = self.address or await self.locate()
        headers = _joined(address.headers, outbound.headers) if outbound.headers else address.headers
        return Call(self.name, "POST", address.url(outbound.path, outbound.body), headers, outbound.body)

    def _refusal(self, dialect: Dialect, status: int, headers: Mapping[str, str], body: bytes) -> UpstreamError:
        if status >= _FAILED:
            # Its client is not told: such pages are about the server. Whoever runs the gateway may need them.
            text = self._clean(body[:_MOST_LOGGED].decode("utf-8", "replace"), _MESSAGE_CHARACTERS)
            log.warning("upstream_error_body", provider=self.name, status=status, body=text)
        # A page of that size is no error that anybody wrote for a client; reading it would hold up the others.
        told = readable(body) if len(body) <= _MOST_ERROR_BYTES else b""
        return self.redacted(
            dialect.decode_error(Refused(self.name, status, headers, told), self.profiles[dialect.name])
        )


async def _opened(call: Call, credential: Credential) -> Call:
    """The call with what opens the upstream for it."""
    # The operator's own headers come last: who sets `authorization` there means it.
    headers = {**await credential.headers(call), **call.headers}
    return Call(call.provider, call.method, call.url, headers, call.body)


def _joined(fixed: Mapping[str, str], added: Mapping[str, str]) -> dict[str, str]:
    """Both; a header that stands in both is a list of two, such as the betas of the operator and of the request."""
    headers = dict(fixed)
    for name, value in added.items():
        name = name.lower()
        headers[name] = f"{headers[name]},{value}" if name in headers else value
    return headers
