"""How much of a stream is awaited before the client is told anything."""

from collections.abc import AsyncGenerator, Sequence

import pytest

from gateway.errors import UpstreamDown
from gateway.neutral.events import AnswerMetadata, Done, Event, Failed, Text, Usage
from gateway.run import opening

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


async def stream(*batches: Sequence[Event]) -> AsyncGenerator[Sequence[Event], None]:
    for batch in batches:
        yield batch


FAILED = Failed(UpstreamDown("It broke off."))
TIER = AnswerMetadata({"service_tier": "default"})


@pytest.mark.parametrize(
    "batches", [[[FAILED]], [[], [FAILED]], [[TIER], [], [Usage(), FAILED]], [[TIER, Usage(), FAILED]]]
)
async def test_a_failure_before_anything_was_said_is_raised(batches: list[list[Event]]) -> None:
    spent: list[Usage] = []
    with pytest.raises(UpstreamDown):
        await opening(stream(*batches), spent.append)
    assert spent == [event for batch in batches for event in batch if isinstance(event, Usage)]


@pytest.mark.parametrize(
    ("batches", "first"),
    [
        ([[Text("a")], [FAILED]], [Text("a")]),
        ([[], [TIER], [Text("a"), FAILED]], [TIER, Text("a"), FAILED]),
        ([[TIER, Usage(), Done()]], [TIER, Usage(), Done()]),
    ],
)
async def test_nothing_that_was_held_back_is_lost(batches: list[list[Event]], first: list[Event]) -> None:
    assert await opening(stream(*batches), list[Usage]().append) == first
