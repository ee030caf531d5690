"""What `waystone check` calls, and what it says of what it finds."""

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.catalogue import Catalogue
from gateway.check.choice import chosen
from gateway.check.diagnosis import diagnose, nearest, not_on
from gateway.check.probe import greeting
from gateway.dialects import DIALECTS
from gateway.dialects.base import Origin
from gateway.errors import InternalError, UpstreamDown, UpstreamError
from gateway.prices import Known, Price, Prices
from gateway.providers import ROWS, Row
from gateway.routing.plan import Lane
from tests.unit.listing import Lists, listed, upstream


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


class Written(Prices):
    """Prices that a test writes: of tokens in and out together."""

    def __init__(self, costs: Mapping[str, float]) -> None:
        self.costs = costs

    async def of(self, models: object) -> dict[tuple[str, str], Known]:
        return {("openai", model): known(cost, model) for model, cost in self.costs.items()}


def known(cost: float, model: str) -> Known:
    price = Price(cost / 2, None, None, cost / 2, is_tiered=False)
    return Known(price, None, (), is_deprecated=model.startswith("old"), source="a test")


async def choice(names: list[str], costs: Mapping[str, float]) -> tuple[str, str] | None:
    asked = upstream("openai", row="openai", lists=Lists(listed(*names)))
    listing = await Catalogue({"openai": asked}).listing(asked)
    return await chosen(asked, listing, Written(costs))


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("names", "costs", "expected"),
    [
        (["big", "small", "free"], {"big": 10.0, "small": 0.5, "free": 0.0}, "small"),
        (["text-embedding-x", "big"], {"text-embedding-x": 0.1, "big": 10.0}, "big"),
        (["old", "big"], {"old": 1.0, "big": 100.0}, "big"),
        (["whisper-1", "a", "b"], {}, "a"),
    ],
)
async def test_of_a_list_the_cheapest_that_chats_is_called(
    names: list[str], costs: Mapping[str, float], expected: str
) -> None:
    found = await choice(names, costs)
    assert found is not None
    assert found[0] == expected


@pytest.mark.anyio
async def test_of_a_list_with_nobody_to_talk_to_none_is_called() -> None:
    assert await choice(["text-embedding-x"], {}) is None
    assert await choice([], {}) is None


@pytest.mark.parametrize("row", ROWS.values(), ids=ROWS)
@pytest.mark.parametrize("is_stream", [False, True])
def test_every_provider_can_be_greeted(row: Row, is_stream: bool) -> None:
    for name in row.dialects:
        request = greeting("some-model", "max_completion_tokens", is_stream=is_stream)
        outbound = DIALECTS[name].encode(request, Origin(row.name, "some-model", row.own.of("some-model")))
        assert b"Say hello." in outbound.body
        assert b"16" in outbound.body
        assert not outbound.dropped


@pytest.mark.parametrize("row", ROWS.values(), ids=ROWS)
def test_what_turns_a_provider_on_is_said_by_name(row: Row) -> None:
    found = not_on(row.name, row)
    assert found.advice.startswith("Set ")
    variable = row.base_url_variable if row.scheme == "none" else row.key_variable
    assert variable is None or variable in found.advice
    assert f"`providers.{row.name}" in found.advice


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("wait", "words"), [(0.2, "in 1 s"), (89.0, "in 89 s"), (600.0, "in 10 min"), (9000.0, "in 3 h")]
)
async def test_how_long_to_wait_is_said(wait: float, words: str) -> None:
    error = UpstreamError(429, "lab: slow down", type="rate_limit_error", code="rate_limit_exceeded")
    found = await diagnose(error.replaced(wait=wait), lane())
    assert f"Try again {words};" in found.advice


@pytest.mark.anyio
async def test_an_unknown_model_gets_the_nearest_of_the_upstreams_own_list() -> None:
    error = UpstreamError(404, "lab: no", type="invalid_request_error", code="model_not_found")
    found = await diagnose(error, lane("gtp-5-mini", Lists(listed("gpt-5-mini", "gpt-5-nano", "whisper-1"))))
    assert "gpt-5-mini" in found.advice
    assert "whisper" not in found.advice


@pytest.mark.anyio
async def test_a_token_that_cannot_be_had_is_told_in_its_own_words() -> None:
    row = next(row for row in ROWS.values() if row.scheme == "google")
    error = UpstreamDown("The file of the service account is not there.", code="upstream_auth")
    found = await diagnose(error, Lane(upstream(row.name, row=row.name), upstream().credentials[0], "m"))
    assert found.message == "The file of the service account is not there."
    assert "credentials_file" in found.advice


@pytest.mark.anyio
async def test_even_a_defect_gets_words() -> None:
    found = await diagnose(InternalError(), lane())
    assert found.code == "internal_error"
    assert found.advice


@given(st.text(max_size=20), st.lists(st.text(max_size=20), max_size=8))
def test_the_nearest_names_are_among_the_known(name: str, names: list[str]) -> None:
    near = nearest(name, names)
    assert len(near) <= 3
    assert set(near) <= set(names)


def lane(model: str = "m", lists: Lists | None = None) -> Lane:
    lab = upstream("lab", lists=lists)
    return Lane(lab, lab.credentials[0], model)
