"""The list of models: what is shown of each, and what is not."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import orjson
import pytest

from gateway.catalogue import Catalogue
from gateway.dialects.profiles.base import Thinking
from gateway.dialects.profiles.openai_chat import ChatProfile
from gateway.models import describe, is_chat
from gateway.prices import Known, Price, Prices
from gateway.providers import ROWS, Row
from gateway.routing.router import Names
from gateway.upstream import Upstream
from tests.unit.listing import BASE_URL, SECRET, Lists, listed, upstream


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@dataclass(frozen=True)
class Target:
    model: str
    weight: float = 1.0


@dataclass(frozen=True)
class Name:
    targets: Sequence[Target] = ()
    fallbacks: Sequence[str] = ()


class Written(Prices):
    """Prices that a test writes, by the model's name."""

    def __init__(self, known: Mapping[str, Known]) -> None:
        self.known = known

    async def of(self, models: Any) -> dict[tuple[str, str], Known]:
        return {(row, model): self.known[model] for row, model in models if row and model in self.known}


def known(source: str = "list: x", **price: float | None) -> Known:
    figures: dict[str, Any] = {"input": 1.0, "cached_input": None, "cache_write": None, "output": 2.0, **price}
    return Known(Price(is_tiered=False, **figures), 1000, (), is_deprecated=False, source=source)


async def shown(
    *upstreams: Upstream, names: Names = MappingProxyType({}), prices: Mapping[str, Known] = MappingProxyType({})
) -> list[dict[str, Any]]:
    by_name = {upstream.name: upstream for upstream in upstreams}
    listings = await Catalogue(by_name).listings()
    return await describe(by_name, listings, names, Written(prices))


@pytest.mark.anyio
async def test_the_fields_of_openai_come_first() -> None:
    (entry,) = await shown(upstream("openai", row="openai", models=["m"]), prices={"m": known()})
    assert list(entry)[:4] == ["id", "object", "created", "owned_by"]
    assert entry["id"] == "openai/m"
    assert entry["price"] == {"input": 1.0, "output": 2.0, "is_tiered": False, "source": "list: x"}


@pytest.mark.anyio
async def test_what_the_upstream_reports_goes_before_the_price_list() -> None:
    lists = Lists(listed("m", m={"context_window": 500, "max_completion_tokens": 50}))
    (entry,) = await shown(upstream("openai", row="openai", lists=lists), prices={"m": known()})
    assert (entry["context_window"], entry["max_output_tokens"]) == (500, 50)


@pytest.mark.anyio
async def test_of_a_server_that_is_not_known_nothing_is_made_up() -> None:
    (entry,) = await shown(upstream("lab", models=["gpt-4o"]), prices={"gpt-4o": known()})
    assert entry.keys() == {"id", "object", "created", "owned_by", "capabilities"}
    assert entry["capabilities"] == ["streaming"]


@pytest.mark.anyio
async def test_capabilities_are_those_of_the_models_own_facts() -> None:
    thinking = Thinking("effort", {"low": "low"})
    facts = ChatProfile(takes_tools=False, takes_parts=False, thinking=thinking, formats=frozenset({"json_object"}))
    (entry,) = await shown(upstream("openai", row="openai", models=["m"], profiles=[facts]))
    assert entry["capabilities"] == ["streaming", "reasoning"]


@pytest.mark.anyio
async def test_kinds_of_parts_that_are_refused_are_no_capability() -> None:
    facts = ChatProfile(part_forms={"file": None, "image_url": "image"}, reasons=True)
    (entry,) = await shown(upstream("openai", row="openai", models=["m"], profiles=[facts]))
    assert entry["capabilities"] == ["streaming", "tools", "images", "reasoning", "structured_output"]


@pytest.mark.anyio
@pytest.mark.parametrize("row", ROWS.values(), ids=ROWS)
async def test_models_of_every_row_can_be_described(row: Row) -> None:
    (entry,) = await shown(upstream(row.name, row=row.name, profiles=row.profiles, models=["some-model"]))
    assert "streaming" in entry["capabilities"]


@pytest.mark.anyio
async def test_neither_secrets_nor_addresses_are_shown() -> None:
    names = {"fast": Name([Target("lab/m")])}
    entries = await shown(upstream("lab", row="openai", lists=Lists(listed("m"))), names=names, prices={"m": known()})
    text = orjson.dumps(entries).decode()
    assert SECRET not in text
    assert BASE_URL not in text
    assert "secret-host" not in text


@pytest.mark.anyio
async def test_a_name_of_the_operators_own_says_what_is_true_of_all_its_targets() -> None:
    big = upstream("big", row="openai", lists=Lists(listed("m", m={"context_window": 9000})))
    small = upstream(
        "small",
        row="openai",
        lists=Lists(listed("m", m={"context_window": 4000})),
        profiles=[ChatProfile(takes_tools=False)],
    )
    names = {"fast": Name([Target("big/m"), Target("small/m")], ["big/m"])}
    entry = (await shown(big, small, names=names))[0]
    assert (entry["id"], entry["owned_by"], entry["context_window"]) == ("fast", "waystone", 4000)
    assert (entry["targets"], entry["fallbacks"]) == (["big/m", "small/m"], ["big/m"])
    assert "tools" not in entry["capabilities"]
    assert "streaming" in entry["capabilities"]


@pytest.mark.anyio
async def test_a_price_that_not_all_targets_have_is_no_price_of_the_name() -> None:
    one = upstream("openai", row="openai", models=["a", "b"])
    names = {
        "same": Name([Target("openai/a"), Target("openai/a")]),
        "mixed": Name([Target("openai/a"), Target("openai/b")]),
    }
    same, mixed, *_ = await shown(one, names=names, prices={"a": known(), "b": known(input=9.0)})
    assert same["price"]["input"] == 1.0
    assert "price" not in mixed


@pytest.mark.anyio
async def test_a_model_with_fallbacks_of_its_own_is_listed_once() -> None:
    entries = await shown(upstream("lab", models=["a", "b"]), names={"lab/a": Name(fallbacks=["lab/b"])})
    assert [entry["id"] for entry in entries] == ["lab/a", "lab/b"]
    assert entries[0]["fallbacks"] == ["lab/b"]
    assert entries[0]["owned_by"] == "lab"


@pytest.mark.anyio
async def test_a_target_that_is_not_listed_leaves_the_rest_unsaid() -> None:
    lab = upstream("lab", models=["a"])
    (entry, _) = await shown(lab, names={"fast": Name([Target("lab/a"), Target("other")])})
    assert entry.keys() == {"id", "object", "created", "owned_by", "targets"}


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        ("gpt-5", True),
        ("claude-opus-4-5", True),
        ("openai/gpt-oss-120b", True),
        ("grok-4-fast-reasoning", True),
        ("text-embedding-3-small", False),
        ("gpt-4o-mini-tts", False),
        ("whisper-1", False),
        ("dall-e-3", False),
        ("omni-moderation-latest", False),
        ("mistral-ocr-latest", False),
    ],
)
def test_models_that_do_not_chat_are_told_by_their_names(model: str, expected: bool) -> None:
    assert is_chat(model, None) is expected


def test_a_model_whose_answers_have_no_price_does_not_chat() -> None:
    assert not is_chat("m", known(output=None))
    assert is_chat("m", known())
