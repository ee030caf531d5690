"""Tries providers out, each by one of its models and by each of its keys."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from gateway.catalogue import Catalogue
from gateway.check.choice import chosen
from gateway.check.diagnosis import Finding, diagnose, nearest, not_on
from gateway.check.probe import Outcome, dialect_of, probe
from gateway.errors import GatewayError, InvalidRequest, ModelNotFound, UpstreamDown
from gateway.prices import Prices
from gateway.providers import ROWS
from gateway.routing.plan import Lane
from gateway.routing.router import Names, Route, Router
from gateway.upstream import Upstream

_PROVIDER_UNKNOWN = "provider_not_found"


@dataclass(frozen=True, slots=True)
class Way:
    """How to try: `seconds` to wait for an answer, and whether to ask a second time, for a stream."""

    seconds: float = 60.0
    with_stream: bool = False


@dataclass(frozen=True, slots=True)
class Report:
    """What one call came to; without an outcome none could be made. `why` says why this model was called."""

    provider: str
    model: str = ""
    why: str = ""
    key: str = ""
    outcome: Outcome | None = field(default=None, repr=False)
    finding: Finding | None = None

    def fields(self) -> dict[str, Any]:
        """The report for a program."""
        shown: dict[str, Any] = {"provider": self.provider, "model": self.model or None, "ok": self.finding is None}
        shown |= {name: value for name, value in (("why", self.why), ("key", self.key)) if value}
        if self.outcome is not None:
            shown |= _outcome(self.outcome)
        if self.finding is not None:
            finding = self.finding
            shown["problem"] = {"code": finding.code, "message": finding.message, "advice": finding.advice}
        return shown


class Checkup:
    """Tries out what is configured."""

    def __init__(self, upstreams: Mapping[str, Upstream], names: Names, way: Way) -> None:
        self._upstreams = upstreams
        self._catalogue = Catalogue(upstreams)
        self._router = Router(upstreams, self._catalogue, names)
        self._prices = Prices()
        self._way = way

    async def everything(self, providers: Sequence[str]) -> list[Report]:
        """A report for each call to each of these providers."""
        reports = await asyncio.gather(*(self._provider(self._upstreams[name]) for name in providers))
        return [report for several in reports for report in several]

    async def named(self, name: str) -> list[Report]:
        """Reports for a provider, for a model of one, or for everything that a name stands for.

        Raises `InvalidRequest` for a name that nothing here could be meant by.
        """
        provider, slash, model = name.partition("/")
        if name in self._upstreams:
            return await self.everything([name])
        try:
            steps = await self._router.steps(name)
        except (ModelNotFound, InvalidRequest) as error:
            if provider in ROWS and provider not in self._upstreams:
                return [Report(provider, model, finding=not_on(provider, ROWS[provider]))]
            if slash and provider in self._upstreams:
                raise self._not_configured(provider, model) from None
            raise self._unknown(name, error) from None
        routes = {route.name: route for step in steps for route in step.routes}
        reports = await asyncio.gather(*(self._route(route) for route in routes.values()))
        return [report for several in reports for report in several]

    async def _provider(self, upstream: Upstream) -> list[Report]:
        listing = await self._catalogue.listing(upstream)
        found = await chosen(upstream, listing, self._prices)
        if found is not None:
            return await self._route(Route(upstream, found[0]), found[1])
        is_empty = listing.is_known
        if not is_empty and (finding := await self._why_not_listed(upstream)):
            return [Report(upstream.name, finding=finding)]
        finding = Finding(
            "no_models",
            "It lists no model to talk to." if is_empty else f"Its models cannot be listed: {listing.reason}",
            f"Name one: `waystone check {upstream.name}/MODEL`, or below `models:` of this provider in waystone.yaml.",
        )
        return [Report(upstream.name, finding=finding)]

    async def _why_not_listed(self, upstream: Upstream) -> Finding | None:
        """What is wrong, where that is more than the lack of a list."""
        try:
            async with asyncio.timeout(self._way.seconds):
                await upstream.list_models()
        except TimeoutError:
            error: GatewayError = UpstreamDown(f"{upstream.name} did not answer in time.", code="upstream_timeout")
        except GatewayError as refused:
            error = refused
        else:
            return None
        if error.code in ("upstream_bad_reply", "model_not_found", "upstream_error"):
            return None
        return await diagnose(error, Lane(upstream, upstream.credentials[0], ""))

    async def _route(self, route: Route, why: str = "") -> list[Report]:
        """One report for each key, and a second where a stream is asked for, too."""
        credentials = route.upstream.credentials
        reports: list[Report] = []
        for number, credential in enumerate(credentials, 1):
            key = f"{number} of {len(credentials)} ({credential.label})" if len(credentials) > 1 else ""
            for is_stream in (False, True) if self._way.with_stream else (False,):
                outcome = await probe(
                    Lane(route.upstream, credential, route.model), is_stream=is_stream, seconds=self._way.seconds
                )
                finding = await diagnose(outcome.error, outcome.lane) if outcome.error else None
                reports.append(Report(route.upstream.name, route.model, why, key, outcome, finding))
        return reports

    def _not_configured(self, provider: str, model: str) -> GatewayError:
        configured = self._upstreams[provider].models or ()
        near = nearest(model, configured) or configured[:5]
        message = f"The model {model!r} is not among those of {provider}; there are {', '.join(near)}."
        return InvalidRequest(message, code="model_not_found")

    def _unknown(self, name: str, error: GatewayError) -> GatewayError:
        provider, slash, _ = name.partition("/")
        known = [*self._upstreams, *ROWS]
        if slash and provider not in known:
            near = nearest(provider, known)
            hint = f"did you mean {' or '.join(near)}?" if near else f"there are {', '.join(self._upstreams)}."
            return InvalidRequest(f"There is no provider {provider!r} here; {hint}", code=_PROVIDER_UNKNOWN)
        if near := nearest(name, known):
            return InvalidRequest(f"{error.message} Did you mean the provider {' or '.join(near)}?", code=error.code)
        return error


def _outcome(outcome: Outcome) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "dialect": dialect_of(outcome.lane),
        "stream": outcome.is_stream,
        "seconds": round(outcome.seconds, 3),
    }
    if outcome.first_seconds is not None:
        shown["first_event_seconds"] = round(outcome.first_seconds, 3)
    if outcome.usage is not None:
        usage = outcome.usage
        total = usage.prompt + usage.completion
        shown["usage"] = {
            "prompt_tokens": usage.prompt,
            "completion_tokens": usage.completion,
            "total_tokens": total,
        }
    if outcome.answer:
        shown["answer"] = outcome.answer
    return shown
