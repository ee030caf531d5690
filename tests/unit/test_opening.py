"""How much of a stream is awaited before the client is told anything."""

from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest

from gateway.dialects import DIALECTS
from gateway.dialects.base import Origin
from gateway.errors import UpstreamDown
from gateway.neutral.events import AnswerMetadata, Done, Event, Failed, Text, Usage
from gateway.routing.plan import Lane
from gateway.run import Run, opening
from gateway.surfaces.openai_chat import OpenAIChatSurface
from gateway.wire.transport import Call, Stream
from tests.unit.lanes import Nowhere, lanes

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


class Pieces(Nowhere):
    """Answers each call with a stream of these chunks."""

    def __init__(self, *pieces: bytes) -> None:
        self._pieces = pieces

    @asynccontextmanager
    async def stream(self, call: Call) -> AsyncIterator[Stream]:
        yield Stream(200, {}, self._chunks())

    async def _chunks(self) -> AsyncIterator[bytes]:
        for piece in self._pieces:
            yield piece


BODY: Any = {"model": "lab/small", "messages": [{"role": "user", "content": "Hi"}], "stream": True}
WHOLE = b'{"choices":[{"index":0,"message":{"role":"assistant","content":"a"},"finish_reason":"stop"}]}'
PIECE = b'data: {"choices":[{"index":0,"delta":{"content":"a"},"finish_reason":"stop"}]}\n\n'
MARK = b"\xef\xbb\xbf"
BEGINNINGS: dict[str, list[bytes]] = {
    "none": [],
    "blanks": [b"\r", b"\n"],
    "a mark": [MARK],
    "the bytes of a mark": [b"\xef", b"\xbb", b"\xbf"],
    "blanks and a mark": [b"\n ", MARK[:2], MARK[2:] + b"\n"],
}


@pytest.mark.parametrize("is_native", [True, False])
@pytest.mark.parametrize("body", [WHOLE, PIECE + b"data: [DONE]\n\n"], ids=["whole", "streamed"])
@pytest.mark.parametrize("beginning", BEGINNINGS.values(), ids=BEGINNINGS)
async def test_a_byte_order_mark_is_nothing_however_it_was_cut(
    beginning: list[bytes], body: bytes, is_native: bool
) -> None:
    (lane,) = lanes("lab")
    upstream = replace(lane.upstream, transport=Pieces(*beginning, body))
    lane = Lane(upstream, lane.credential, lane.model)
    dialect = DIALECTS["openai-chat"]
    run = Run(
        OpenAIChatSurface().read(BODY),
        lane,
        dialect,
        Origin("lab", "small", dialect.profile_type()),
        is_native=is_native,
    )
    events = [event async for batch in run.batches() for event in batch]
    assert not [event for event in events if isinstance(event, Failed)]
    assert isinstance(events[-1], Done)
