"""Builds the upstreams that the settings name."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from urllib.parse import quote_plus, urlencode

import structlog
from pydantic import SecretStr

from gateway.credentials.aws import AWSCredential, Chain, Source, StaticKeys
from gateway.credentials.base import Credential
from gateway.credentials.embedded import EmbeddedCredential
from gateway.credentials.google import GoogleCredential, application_default
from gateway.credentials.keys import KeyCredential, NoCredential
from gateway.dialects import DIALECTS, Dialect
from gateway.embedded import MODEL, EmbeddedModel
from gateway.providers import ROWS, embedded
from gateway.providers.address import address, fill, headers
from gateway.providers.row import Row
from gateway.settings import ProviderSettings, Settings
from gateway.upstream import JSON_HEADERS, Address, Upstream
from gateway.wire.tls import TLS
from gateway.wire.transport import Timeouts, Transport
from gateway.wire.transports import Options, Transports

log = structlog.get_logger(__name__)
_KEY_HEADERS = {"azure": "api-key"}
"""The header of a key, by scheme, where it is another than that of the dialect."""


@asynccontextmanager
async def open_upstreams(settings: Settings) -> AsyncIterator[dict[str, Upstream]]:
    """The upstreams by name, the embedded one last. Their connections are closed when the context is left."""
    async with AsyncExitStack() as stack:
        transports = Transports(settings.proxies)
        stack.push_async_callback(transports.close)
        upstreams = {
            name: upstream(name, provider, transports.of(_options(provider)))
            for name, provider in settings.providers.items()
        }
        if settings.embedded.enabled:
            model = EmbeddedModel(settings.data_dir)
            stack.push_async_callback(model.close)
            upstreams[embedded.ROW.name] = _embedded(model, transports.of(Options()))
        yield upstreams


def _options(provider: ProviderSettings) -> Options:
    """How its transport is to be."""
    timeouts, tls = Timeouts(**provider.timeouts.model_dump()), TLS(**provider.tls.model_dump())
    return Options(timeouts, tls, provider.max_connections, provider.http2)


def upstream(name: str, provider: ProviderSettings, transport: Transport, rows: Mapping[str, Row] = ROWS) -> Upstream:
    """One provider of the settings."""
    row = provider.row(name, rows)
    dialects = [DIALECTS[dialect] for dialect in provider.dialect or row.dialects]
    for setting in provider.without_use([dialect.name for dialect in dialects]):
        # No error: files that were written before it was known go on to work.
        log.warning("setting_without_use", provider=name, setting=setting)
    own = {header.lower(): value for header, value in _texts(provider.headers).items()}
    base_url, query = address(row, provider.base_url, provider.given())
    place = Address(
        base_url,
        {**JSON_HEADERS, **headers(row, provider.given()), **own},
        "&".join(part for part in (query, urlencode(_texts(provider.query))) if part),
        "" if provider.base_url else fill(row.models_url, provider.given()),
    )
    return Upstream(
        name=name,
        dialects=dialects,
        profiles={dialect.name: provider.profile_in(row, dialect.profile_type) for dialect in dialects},
        transport=transport,
        locate=_fixed(place),
        address=place,
        credentials=_credentials(name, provider, row, dialects[0], transport),
        secrets=_secrets(provider),
        # What is empty names nothing; the upstream is asked, as without it.
        models=provider.models or list(provider.deployments or ()) or None,
        note=row.note,
        row=row.name if row.name in rows else "",
        weight=provider.weight,
        deployments=provider.deployments or {},
        windows=provider.context_windows or {},
        tls=TLS(**provider.tls.model_dump()),
    )


def _credentials(
    name: str, provider: ProviderSettings, row: Row, dialect: Dialect, transport: Transport
) -> Sequence[Credential]:
    """What opens it: its keys, a token of Azure's, what Google or AWS have for it, or nothing."""
    if keys := provider.own_keys():
        return [_key(key.key, key.weight, row, dialect) for key in keys]
    if provider.azure_ad_token:
        token = provider.azure_ad_token.get_secret_value()
        return [KeyCredential(token, {"authorization": f"Bearer {token}"})]
    match row.scheme:
        case "google":
            file = provider.credentials_file
            return [GoogleCredential(name, file, partial(application_default, transport, file))]
        case "aws":
            return [AWSCredential(_aws_source(provider), provider.region or "")]
        case _:
            return [NoCredential()]


def _aws_source(provider: ProviderSettings) -> Source:
    if provider.access_key_id and provider.secret_access_key:
        token = provider.session_token
        return StaticKeys(
            provider.access_key_id.get_secret_value(),
            provider.secret_access_key.get_secret_value(),
            token.get_secret_value() if token else None,
        )
    return Chain(provider.profile)


def _key(key: SecretStr, weight: float, row: Row, dialect: Dialect) -> KeyCredential:
    text = key.get_secret_value()
    header = _KEY_HEADERS.get(row.scheme)
    return KeyCredential(text, {header: text} if header else dialect.authorize(text), weight)


def _secrets(provider: ProviderSettings) -> Sequence[str]:
    """What is secret beside the credentials. What stands in the address can come back as it stands there."""
    query = _texts(provider.query).values()
    access_key = provider.access_key_id.get_secret_value() if provider.access_key_id else ""
    found = (*_texts(provider.headers).values(), *query, *map(quote_plus, query), access_key)
    return [secret for secret in dict.fromkeys(found) if secret]


def _texts(secrets: Mapping[str, SecretStr] | None) -> dict[str, str]:
    return {name: value.get_secret_value() for name, value in (secrets or {}).items()}


def _fixed(address: Address) -> Callable[[], Awaitable[Address]]:
    async def locate() -> Address:
        return address

    return locate


def _embedded(model: EmbeddedModel, transport: Transport) -> Upstream:
    row = embedded.ROW
    dialects = [DIALECTS[dialect] for dialect in row.dialects]

    async def locate() -> Address:
        place = await model.address()
        return Address(place.base_url, JSON_HEADERS)

    credential = EmbeddedCredential(model, dialects[0].authorize)
    return Upstream(
        row.name,
        dialects,
        {profile.dialect: profile for profile in row.profiles},
        transport,
        locate,
        [credential],
        models=(MODEL,),
        note=row.note,
        row=row.name,
    )
