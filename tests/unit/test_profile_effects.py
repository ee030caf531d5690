"""Every fact of a profile has an effect in its dialect: without it, something comes out otherwise."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, fields, replace
from graphlib import TopologicalSorter
from typing import Any

import pytest

from gateway.dialects import DIALECTS
from gateway.dialects.base import Origin, Outbound, Refused
from gateway.dialects.profiles.base import Profile, Range, Thinking
from gateway.dialects.profiles.bedrock import BedrockProfile
from gateway.dialects.profiles.openai_responses import ResponsesProfile
from gateway.dialects.profiles.tokens import TokenFacts, TokenTable
from gateway.errors import GatewayError
from gateway.providers import Row
from gateway.tokens.images import USUAL, image_tokens
from tests.contract.bodies import verdict
from tests.unit.profile_probes import PROSE, Request, bodies, each_profile, requests, rows

# What the gateway does in an upstream's place, or not, is shown by tests/clients/test_compaction.py.
_APART = frozenset({"models", "detours", "compacts", "truncates"})
PROFILES = [(row, profile) for row in rows() for profile in row.profiles]
_THOUGHT = json.dumps({"choices": [{"message": {"content": "<think>Hm.</think>Yes."}}]}).encode()
Told = dict[tuple[str, str, str], Request]
"""By dialect, field and element, the request that showed a fact last: it is tried first for the next profile."""

each = pytest.mark.parametrize(
    ("row", "profile"), PROFILES, ids=[f"{row.name}-{profile.dialect}" for row, profile in PROFILES]
)


@pytest.fixture(scope="module")
def told() -> Told:
    return {}


def facts(profile: Profile) -> Iterator[tuple[str, str, Profile]]:
    """Every fact on its own: its field, its element where it has several, and the profile without it."""
    for field in fields(profile):
        value, default = getattr(profile, field.name), _default(field)
        if field.name in _APART or value == default:
            continue
        for element, without in _without(value, default):
            yield field.name, element, replace(profile, **{field.name: without})


def _default(field: Any) -> Any:
    return field.default if field.default_factory is MISSING else field.default_factory()


def _without(value: Any, default: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, frozenset):
        # Of a set whose default is not empty, an element that is missing is a fact as well.
        yield from ((element, value ^ {element}) for element in sorted(value ^ (default or frozenset())))
    elif isinstance(value, Mapping):
        yield from ((key, _less(value, key)) for key in value)
    else:
        yield "", default
    if isinstance(value, Thinking):
        yield from ((effort, replace(value, efforts=_less(value.efforts, effort))) for effort in value.efforts)


def _less(mapping: Mapping[str, Any], key: str) -> dict[str, Any]:
    return {name: value for name, value in mapping.items() if name != key}


class Effects:
    """Compares what comes out for one profile with what comes out without one of its facts."""

    def __init__(self, row: Row, profile: Profile, told: Told) -> None:
        self._row = row
        self._profile = profile
        self._dialect = DIALECTS[profile.dialect]
        self._told = told
        self._known: dict[str, object] = {}

    def has_effect(self, field: str, element: str, without: Profile) -> bool:
        return (
            self._is_shown_by_request(field, element, without)
            or self._refusals(without) != self._refusals(self._profile)
            or self._listing(without) != self._listing(self._profile)
            or self._reading(without) != self._reading(self._profile)
            or self._counting(without) != self._counting(self._profile)
        )

    def _is_shown_by_request(self, field: str, element: str, without: Profile) -> bool:
        fact = (self._dialect.name, field, element)
        first = self._told.get(fact)
        if first is not None and self._differs(first, without):
            return True
        for request in sorted(requests(), key=lambda request: f'"{element}"' not in request.text):
            if self._differs(request, without):
                self._told[fact] = request
                return True
        return False

    def _differs(self, request: Request, without: Profile) -> bool:
        if request.text not in self._known:
            self._known[request.text] = self._outcome(request, self._profile)
        return self._outcome(request, without) != self._known[request.text]

    def _outcome(self, request: Request, profile: Profile) -> object:
        """What is sent for a request, or the refusal, in the way in which the engine has it written."""
        origin, generation = Origin(self._row.name, "m", profile), request.generation
        is_native = generation.dialect == self._dialect.name and self._dialect.can_pass_on(generation, origin)
        if not is_native:
            if request.translated is None:
                return None
            generation = request.translated
        try:
            sent = self._dialect.encode(generation, origin)
            validated = None if is_native else self._dialect.validated_format(generation, origin)
        except GatewayError as refused:
            return is_native, _of_error(refused)
        return is_native, sent.path, sent.body, dict(sent.headers), {*sent.dropped}, validated

    def _refusals(self, profile: Profile) -> list[object]:
        bodies = [{"message": prose, "error": {"message": prose}} for prose in PROSE]
        refused = [Refused(self._row.name, 400, {}, json.dumps(body).encode()) for body in bodies]
        return [_of_error(self._dialect.decode_error(one, profile)) for one in refused]

    def _reading(self, profile: Profile) -> object:
        """What is read in an answer that begins with its reasoning; chat alone knows such."""
        if self._dialect.name != "openai-chat":
            return None
        generation = next(request.generation for request in requests())
        return self._dialect.decode_reply(_THOUGHT, generation, Origin(self._row.name, "m", profile), is_native=False)

    def _counting(self, profile: Profile) -> object:
        """What is sent to have an input counted, and how it is counted here: by the facts of each of the models."""
        counting, origin = self._dialect.counting, Origin(self._row.name, "m", profile)
        calls = counting and counting.encode(Outbound("/models/m:generateContent", b"{}"), origin)
        counted = calls and [(call.path, call.body) for call in calls.calls]
        table = profile.tokens
        return counted, [
            (one.encoding, one.per_o200k, one.is_counted, image_tokens(USUAL, one.image)) for one in _all(table)
        ]

    def _listing(self, profile: Profile) -> object:
        """What the list of models tells of the model: the profile of the row's own dialect alone."""
        return [*profile.capabilities()] if self._dialect.name == self._row.own.dialect else None


def _all(table: TokenTable) -> list[TokenFacts]:
    return [table.others, *(facts for _, facts in table.models)]


def _of_error(error: GatewayError) -> object:
    return error.status, error.param, error.code, error.message


def without_effect(row: Row, profile: Profile, told: Told) -> list[str]:
    """The facts that make no difference to anything."""
    found = []
    for pattern, of_model in each_profile(profile):
        effects = Effects(row, of_model, told)
        for field, element, without in facts(of_model):
            if not effects.has_effect(field, element, without):
                found.append(f"{row.name} {profile.dialect} {pattern or 'any model'}: {field} {element}".rstrip())
    return found


@each
def test_every_fact_has_an_effect_in_the_dialect_that_it_is_given_for(row: Row, profile: Profile, told: Told) -> None:
    found = without_effect(row, profile, told)

    assert not found, "\n".join(["without effect:", *found])


@pytest.mark.parametrize(
    ("profile", "idle"),
    [
        # It never fetches anything from an address.
        (BedrockProfile(takes_image_urls=False), "takes_image_urls"),
        # The API has no field for it anyway.
        (ResponsesProfile(refused=frozenset({"n"})), "refused n"),
        # It is dropped before it could be too high.
        (ResponsesProfile(dropped=frozenset({"top_p"}), ranges={"top_p": Range(0, 0.9)}), "ranges top_p"),
    ],
)
def test_fact_without_an_effect_is_found(profile: Profile, idle: str) -> None:
    row = Row("lab", (profile,), "https://example.com")

    assert without_effect(row, profile, {}) == [f"lab {profile.dialect} any model: {idle}"]


def test_every_probe_is_a_request_that_the_contract_lets_through() -> None:
    operations = {"chat": "chat.completions.create", "responses": "responses.create"}
    asked = [(surface, json.dumps(body)) for surface, body in bodies()]

    wrong = {body: path for surface, body in asked if (path := verdict(json.loads(body), operations[surface]))}

    assert not wrong


@pytest.mark.parametrize("row", [*rows()], ids=lambda row: row.name)
def test_detours_lead_to_other_dialects_of_the_row_and_never_back(row: Row) -> None:
    led: dict[str, set[str]] = {
        profile.dialect: {detour.dialect for _, of_model in each_profile(profile) for detour in of_model.detours}
        for profile in row.profiles
    }

    assert set().union(*led.values()) <= {*row.dialects}
    # Raises for dialects that lead to each other, or to themselves.
    TopologicalSorter(led).prepare()


@each
def test_detour_is_for_requests_that_fit(row: Row, profile: Profile) -> None:
    for _, of_model in each_profile(profile):
        for detour in of_model.detours:
            asked = {*detour.asked} or {"tools"}
            assert all(of_model.detour([one], "high") == detour.dialect for one in asked)
            if detour.asked:
                assert of_model.detour(["user"], "high") is None
            if detour.when != "always":
                assert all(of_model.detour([one], "none") is None for one in asked)
            if detour.when == "effort":
                assert all(of_model.detour([one], None) is None for one in asked)
