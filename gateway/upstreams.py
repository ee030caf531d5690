"""Builds the upstreams that the settings name."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace

from gateway.dialects import DIALECTS
from gateway.embedded import MODEL, EmbeddedModel
from gateway.providers import ROWS, Facts, compatible, embedded
from gateway.providers.row import Row
from gateway.settings import ProviderSettings, Settings
from gateway.transport import HTTPTransport, Timeouts
from gateway.upstream import JSON_HEADERS, Address, Upstream


@asynccontextmanager
async def open_upstreams(settings: Settings) -> AsyncIterator[dict[str, Upstream]]:
    """The upstreams by name, the embedded one last. Their connections are closed when the context is left."""
    async with AsyncExitStack() as stack:
        transports: dict[Timeouts, HTTPTransport] = {}

        def transport(timeouts: Timeouts) -> HTTPTransport:
            # One for all providers with the same timeouts: each holds its own set of root certificates, some 5 MB.
            if timeouts not in transports:
                transports[timeouts] = HTTPTransport(timeouts)
                stack.push_async_callback(transports[timeouts].close)
            return transports[timeouts]

        upstreams = {
            name: _upstream(name, provider, transport(Timeouts(**provider.timeouts.model_dump())))
            for name, provider in settings.providers.items()
        }
        if settings.embedded.enabled:
            model = EmbeddedModel(settings.data_dir)
            stack.push_async_callback(model.close)
            upstreams[embedded.ROW.name] = _embedded(model, transport(Timeouts()))
        yield upstreams


def _upstream(name: str, provider: ProviderSettings, transport: HTTPTransport) -> Upstream:
    row = ROWS.get(name) or Row(name, (), "", facts=compatible.FACTS)
    dialects = [DIALECTS[dialect] for dialect in provider.dialect or row.dialects]
    key = provider.api_key.get_secret_value() if provider.api_key else None
    extra = {header: value.get_secret_value() for header, value in (provider.headers or {}).items()}
    headers = {**JSON_HEADERS, **(dialects[0].authorize(key) if key else {}), **extra}
    return Upstream(
        name=name,
        dialects=dialects,
        facts=_facts(row.facts, provider),
        transport=transport,
        locate=_fixed(Address((provider.base_url or row.base_url).rstrip("/"), headers)),
        secrets=[secret for secret in (key, *extra.values()) if secret],
        # An empty list names nothing; the upstream is asked, as without one.
        models=provider.models or None,
        note=row.note,
    )


def _facts(facts: Facts, provider: ProviderSettings) -> Facts:
    if provider.token_limit_field is not None:
        facts = replace(facts, token_limit_field=provider.token_limit_field)
    if provider.stream_usage is not None:
        facts = replace(facts, stream_usage=provider.stream_usage)
    if provider.hosted_tools is not None:
        facts = replace(facts, drops_hosted_tools=provider.hosted_tools == "drop")
    return facts


def _fixed(address: Address) -> Callable[[], Awaitable[Address]]:
    async def locate() -> Address:
        return address

    return locate


def _embedded(model: EmbeddedModel, transport: HTTPTransport) -> Upstream:
    row = embedded.ROW
    dialects = [DIALECTS[dialect] for dialect in row.dialects]

    async def locate() -> Address:
        place = await model.address()
        return Address(place.base_url, {**JSON_HEADERS, **dialects[0].authorize(place.api_key)})

    return Upstream(row.name, dialects, row.facts, transport, locate, models=(MODEL,), note=row.note)
