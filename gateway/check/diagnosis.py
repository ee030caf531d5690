"""Says in words that a person can act on why a provider does not answer."""

import asyncio
import difflib
import math
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

from gateway.check.probe import dialect_of
from gateway.check.reach import obstacle
from gateway.errors import GatewayError, UpstreamError
from gateway.providers import ROWS, Row
from gateway.providers.address import needed
from gateway.providers.row import Scheme
from gateway.routing.plan import Lane

_FILE = "waystone.yaml"
_LIST_SECONDS = 10.0
_UNKNOWN = "model_not_found"
_REFUSED = "upstream_auth"
_UNREACHED = frozenset({"upstream_unreachable", "upstream_cut_off", "upstream_timeout"})
_BY_KEY = frozenset({"key", "none"})
_WAYS_IN: Mapping[Scheme, Sequence[str]] = MappingProxyType(
    {
        "key": ("api_key",),
        "google": ("api_key", "credentials_file"),
        "aws": ("api_key", "profile", "access_key_id"),
        "azure": ("api_key", "azure_ad_token"),
    }
)
"""The settings that open a provider, by how its requests are authorised."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong, and what to do about it. `code` is the gateway's own, for programs."""

    code: str
    message: str
    advice: str


async def diagnose(error: GatewayError, lane: Lane) -> Finding:
    """The finding for the error of a call. May ask the upstream for its models, or try to connect to it."""
    upstream, code = lane.upstream, error.code or "error"
    if code == _REFUSED:
        return _locked_out(error, lane)
    if code == _UNKNOWN:
        return await _unknown_model(lane)
    if code in _UNREACHED and (found := await obstacle((await upstream.locate()).base_url, upstream.tls)):
        return Finding("upstream_unreachable", found.message, found.advice.format(upstream.name))
    message, advise = _ADVICE.get(code, ("", _ask_elsewhere))
    return Finding(code, message or error.message, advise(error, lane))


def not_on(name: str, row: Row) -> Finding:
    """The finding for a provider that is known, and has nothing to open it with."""
    is_open = row.scheme not in _WAYS_IN
    ways = [] if is_open else [_ways_in(name, row)]
    ways += [_place(name, row, setting) for setting in needed(row, None) or (("base_url",) if is_open else ())]
    return Finding("no_key", "It is not configured.", f"Set {'; and '.join(ways)}.")


def nearest(name: str, known: Collection[str]) -> Sequence[str]:
    """Up to three of the known names that are like this one."""
    by_lower = {one.lower(): one for one in known}
    close = difflib.get_close_matches(name.lower(), list(by_lower), n=3, cutoff=0.5)
    return [by_lower[one] for one in close]


def _locked_out(error: GatewayError, lane: Lane) -> Finding:
    upstream = lane.upstream
    row = ROWS.get(upstream.row) or Row(upstream.name, (), "")
    ways = _ways_in(upstream.name, row)
    if row.scheme in _BY_KEY and not (lane.credential.secrets or upstream.secrets):
        return Finding("no_key", "It wants a key, and none is set.", f"Set {ways}.")
    # Where a key is all there is to it, the words for the client say no more than this.
    return Finding(_REFUSED, "It refused the key." if row.scheme in _BY_KEY else error.message, f"Mend {ways}.")


async def _unknown_model(lane: Lane) -> Finding:
    upstream = lane.upstream
    model = upstream.named(lane.model)
    message = f"It does not know the model {model!r}."
    try:
        async with asyncio.timeout(_LIST_SECONDS):
            listed = {one.name for one in await replace(upstream, models=None).list_models()}
    except (GatewayError, TimeoutError):
        # Nothing is where it should be: rather a wrong address than a wrong name.
        return Finding(_UNKNOWN, f"{message} Nor has it a list of models.", _elsewhere(lane))
    if model in listed:
        return Finding(_UNKNOWN, f"{message} It is on its list, though.", "The key may have no access to this model.")
    near = nearest(model, listed)
    advice = f"Did you mean {' or '.join(near)}?" if near else f"It lists {len(listed)} others: see `waystone models`."
    return Finding(_UNKNOWN, message, advice)


def _ways_in(name: str, row: Row) -> str:
    """Where what opens a provider is set: variables count for a provider under its own name only."""
    ways = _WAYS_IN.get(row.scheme, ("headers",))
    named = (row.key_variable, *row.key_variables, *(variable for way in ways for variable in _variables(row, way)))
    variables = [variable for variable in named if variable and name == row.name]
    places = [f"{' or '.join(variables)} in the environment"] if variables else []
    settings = " or ".join(f"`providers.{name}.{way}`" for way in ways)
    return ", or ".join([*places, f"{settings} in {_FILE}"])


def _place(name: str, row: Row, setting: str) -> str:
    """Where a setting is set that a provider's address needs."""
    variables = _variables(row, setting)
    places = [f"{' or '.join(variables)} in the environment"] if variables and name == row.name else []
    return ", or ".join([*places, f"`providers.{name}.{setting}` in {_FILE}"])


def _variables(row: Row, setting: str) -> Sequence[str]:
    given = row.base_url_variable if setting == "base_url" else row.variables.get(setting)
    return [given] if isinstance(given, str) else list(given or ())


def _no_credit(error: GatewayError, lane: Lane) -> str:
    return "Top up the account at the provider, or set the key of another one."


def _limited(error: GatewayError, lane: Lane) -> str:
    wait = error.wait if isinstance(error, UpstreamError) else None
    when = f"Try again in {_duration(wait)}" if wait else "Try again in a minute"
    return f"{when}; if it is always so, ask the provider for a higher limit."


def _later(error: GatewayError, lane: Lane) -> str:
    wait = error.wait if isinstance(error, UpstreamError) else None
    return f"Try again {f'in {_duration(wait)}' if wait else 'later'}; the provider's status page may say more."


def _slow(error: GatewayError, lane: Lane) -> str:
    return f"Try again; if it is always so, raise --timeout here and `providers.{lane.upstream.name}.timeouts`."


def _ask_elsewhere(error: GatewayError, lane: Lane) -> str:
    return "It is what the provider says to a request of a few words; its documents may tell more."


def _look_at_address(error: GatewayError, lane: Lane) -> str:
    return _elsewhere(lane)


def _elsewhere(lane: Lane) -> str:
    upstream = lane.upstream
    return (
        f"See whether `providers.{upstream.name}.base_url` is the address below which {dialect_of(lane)} is spoken "
        "(many servers want /v1 at its end), and whether `dialect` is right."
    )


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{math.ceil(seconds)} s"
    return f"{math.ceil(seconds / 60)} min" if seconds < 5400 else f"{math.ceil(seconds / 3600)} h"


_ADVICE: Mapping[str, tuple[str, Callable[[GatewayError, Lane], str]]] = MappingProxyType(
    {
        "insufficient_quota": ("The account has no credit left.", _no_credit),
        "rate_limit_exceeded": ("", _limited),
        "overloaded": ("", _later),
        "upstream_timeout": ("", _slow),
        **dict.fromkeys(
            ("upstream_cut_off", "upstream_unreachable", "upstream_bad_reply", "upstream_error"), ("", _look_at_address)
        ),
    }
)
"""What to say for a code (nothing: what the error says), and what to advise."""
