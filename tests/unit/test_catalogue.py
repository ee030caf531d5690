"""The catalogue: who is asked for a list, how often, and what is given while nobody answers."""

import asyncio

import pytest

from gateway import catalogue as module
from gateway.catalogue import Catalogue
from tests.unit.listing import Lists, listed, upstream


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.mark.anyio
async def test_configured_models_are_listed_and_nobody_is_asked() -> None:
    lists = Lists(listed("other"))
    lab = upstream(lists=lists, models=["small", "large"])
    listing = await Catalogue({"lab": lab}).listing(lab)
    assert list(listing.models) == ["small", "large"]
    assert listing.is_known
    assert not lists.calls


@pytest.mark.anyio
async def test_what_an_upstream_reports_of_its_models_is_kept() -> None:
    lists = Lists(listed("a", "b", a={"context_length": 4096, "top_provider": {"max_completion_tokens": 512}}))
    lab = upstream(lists=lists)
    catalogue = Catalogue({"lab": lab})
    for _ in range(3):
        listing = await catalogue.listing(lab)
    assert (listing.models["a"].context_window, listing.models["a"].max_output_tokens) == (4096, 512)
    assert listing.models["b"].context_window is None
    assert len(lists.calls) == 1


@pytest.mark.anyio
async def test_callers_at_the_same_time_share_one_question() -> None:
    lists = Lists(listed("a"))
    lab = upstream(lists=lists)
    catalogue = Catalogue({"lab": lab})
    listings = await asyncio.gather(*(catalogue.listing(lab) for _ in range(5)))
    assert all("a" in listing.models for listing in listings)
    assert len(lists.calls) == 1


@pytest.mark.anyio
async def test_a_failure_is_told_and_takes_nothing_of_what_is_known_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "FRESH_SECONDS", 0.0)
    lists = Lists(listed("a"))
    lab = upstream(lists=lists)
    catalogue = Catalogue({"lab": lab})
    assert (await catalogue.listing(lab)).reason == ""
    lists.is_down = True
    await catalogue.listing(lab)
    await asyncio.gather(*catalogue._asking.values())
    listing = await catalogue.listing(lab)
    assert listing.reason == "lab cannot be reached."
    assert listing.is_known
    assert list(listing.models) == ["a"]


@pytest.mark.anyio
@pytest.mark.parametrize("document", [{}, [], "no list", {"data": "none"}])
async def test_no_list_is_an_empty_one_or_a_failure_but_no_defect(document: object) -> None:
    lab = upstream(lists=Lists(document))
    listing = await Catalogue({"lab": lab}).listing(lab)
    assert not listing.models
    assert listing.is_known == (document == [])
