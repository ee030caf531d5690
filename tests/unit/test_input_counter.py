"""Where a tokenizer fails, an input is estimated from bytes; and what of a prompt takes tokens."""

import asyncio
from contextlib import AbstractAsyncContextManager
from typing import Any

import pytest

from gateway.access_log import Access
from gateway.accounting.token_ratios import DEFAULT, TokenRatios
from gateway.credentials.keys import KeyCredential
from gateway.dialects import DIALECTS
from gateway.dialects.base import Outbound
from gateway.dialects.profiles.tokens import ImageTokens
from gateway.errors import Unavailable
from gateway.http import Request
from gateway.providers import ROWS
from gateway.routing.plan import Lane
from gateway.run import Run
from gateway.store.journal import UsageRow
from gateway.surfaces.openai_responses import OpenAIResponsesSurface
from gateway.surfaces.responses.token_counts import TokenCountsSurface
from gateway.tokens import counter as counter_module
from gateway.tokens import texts as texts_module
from gateway.tokens.counter import Countable, InputCounter, InputTokens
from gateway.tokens.texts import Texts, texts_of
from gateway.tokens.tokenizer import Tokenizer
from gateway.upstream import Address, Upstream
from gateway.wire.transport import Answer, Call, Stream, Transport
from tests.unit.lanes import lanes

pytestmark = pytest.mark.anyio
IMAGE = ImageTokens("squares", 258)
# The bodies of these tests have no types.
SURFACE: Any = TokenCountsSurface(OpenAIResponsesSurface())


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


class _Overrun(Tokenizer):
    """One that has too much to do."""

    async def count(self, key_id: str, encoding: Any, texts: Any) -> Any:
        raise Unavailable("Too many.")


def counted(tokenizer: Tokenizer, ratios: TokenRatios, *, is_large: bool = False, **body: Any) -> Any:
    (lane,) = lanes("lab")
    generation = SURFACE.read({"model": "small", **body})
    dialect, origin = lane.way(generation, None)
    sent = dialect.encode(generation, origin) if body.get("input") else None
    countable = Countable(generation, lane, dialect, origin, sent)
    request: Request[Any] = Request(Access(), "responses.input_tokens.count", "key", body, {}, {})
    return InputCounter(tokenizer, ratios, asyncio.Lock()).count(request, countable, is_large=is_large), sent


def learnt(bytes_of_one: float) -> TokenRatios:
    """Ratios of a model that has shown how many bytes its tokens have."""
    ratios = TokenRatios()
    row = UsageRow(request_id="r", time=0.0, key_id="key", operation="o", provider="lab", model="small", status=200)
    row.prompt_tokens, row.prompt_bytes = 1000, int(1000 * bytes_of_one)
    ratios.learn([row])
    return ratios


@pytest.mark.parametrize("bytes_of_one", [2.0, 5.0])
@pytest.mark.parametrize("tokenizer", [_Overrun(), Tokenizer(cpu_seconds=0.01)], ids=["overrun", "limited"])
async def test_estimate_from_bytes_stands_in_for_a_tokenizer_that_fails(
    tokenizer: Tokenizer, bytes_of_one: float
) -> None:
    count, sent = counted(tokenizer, learnt(bytes_of_one), input="hello world " * 100)
    assert isinstance(sent, Outbound)
    assert await count == InputTokens(-(-len(sent.body) // int(bytes_of_one)), "estimate")
    await tokenizer.close()


async def test_model_that_has_shown_nothing_is_estimated_at_four_bytes_a_token() -> None:
    count, sent = counted(_Overrun(), TokenRatios(), input="hello world " * 100, is_large=True)
    assert await count == InputTokens(-(-len(sent.body) // int(DEFAULT)), "estimate")


async def test_input_that_cannot_be_sent_is_estimated_from_its_own_body() -> None:
    count, _ = counted(_Overrun(), TokenRatios(), instructions="hello world " * 100)
    assert 300 < (await count).tokens < 400


class _Silent:
    """A transport whose other end never answers."""

    async def send(self, call: Call) -> Answer:
        await asyncio.Event().wait()
        raise AssertionError

    def stream(self, call: Call) -> AbstractAsyncContextManager[Stream]:
        raise AssertionError("no count is streamed")


async def _locate() -> Address:
    return Address("http://127.0.0.1:9", {})


def lane_of(row: str, model: str, transport: Transport) -> Lane:
    profile, credential = ROWS[row].own, KeyCredential("k", {})
    dialect = DIALECTS[profile.dialect]
    return Lane(
        Upstream("lab", [dialect], {dialect.name: profile}, transport, _locate, [credential], deployments=ALIASES),
        credential,
        model,
    )


ALIASES = {"gpt-4o": "prod-1", "prod-2": "gpt-4o"}


async def test_provider_that_does_not_answer_in_time_is_done_without(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(counter_module, "UPSTREAM_SECONDS", 0.01)
    lane = lane_of("anthropic", "claude-sonnet-4-5", _Silent())
    generation = SURFACE.read({"model": "claude-sonnet-4-5", "input": "hello"})
    dialect, origin = lane.way(generation, None)
    countable = Countable(generation, lane, dialect, origin, dialect.encode(generation, origin))
    request: Request[Any] = Request(Access(), "responses.input_tokens.count", "key", {}, {}, {})
    counter = InputCounter(_Overrun(), TokenRatios(), asyncio.Lock())
    assert (await counter.count(request, countable, is_large=False)).source == "estimate"
    assert request.access.waited > 0


@pytest.mark.parametrize(
    ("model", "deployment", "encoding"), [("gpt-4o", "prod-1", "o200k"), ("prod-2", "gpt-4o", None)]
)
async def test_model_counts_by_the_name_that_clients_have_for_it(
    model: str, deployment: str, encoding: str | None
) -> None:
    lane = lane_of("azure", model, _Silent())
    generation = SURFACE.read({"model": model, "input": "hello"})
    dialect, origin = lane.way(generation, None)
    assert origin.model == deployment
    assert Countable(generation, lane, dialect, origin, None).facts.encoding == encoding
    assert Run(generation, lane, dialect, origin, is_native=False).has_tokenizer == (encoding is not None)


def read(**body: Any) -> Texts:
    return texts_of(SURFACE.read({"model": "m", **body}).prompt, IMAGE)


PIXEL = "data:image/gif;base64,R0lGODlhAQABAIAAAP///wAAACwAAAAAAQABAAACAkQBADs="
AROUND = 4
TOOL = {"type": "function", "name": "f", "description": "d", "parameters": {"a": 1}, "strict": False}
WHOLE: list[tuple[dict[str, Any], list[str], int, int, bool]] = [
    ({}, [], 3, 0, True),
    ({"input": "a"}, ["a"], 3 + AROUND, 0, True),
    ({"input": "a", "instructions": "b"}, ["b", "a"], 3 + 2 * AROUND, 0, True),
    ({"tools": [TOOL]}, ["f:d", '{"a":1}'], 3 + 4, 0, False),
    ({"tools": [{"type": "custom", "name": "f"}]}, ["f:", ""], 3 + 4, 0, False),
    ({"tools": [{"type": "web_search"}]}, ['{"type":"web_search"}'], 3 + 4, 0, False),
    (
        {"text": {"format": {"type": "json_schema", "name": "n", "schema": {"type": "object"}}}},
        ['{"type":"object"}'],
        3,
        0,
        False,
    ),
    (
        {"input": [{"type": "function_call", "call_id": "c", "name": "f", "arguments": "{}"}]},
        ["f", "{}"],
        3 + AROUND,
        0,
        False,
    ),
    (
        {"input": [{"type": "function_call_output", "call_id": "c", "output": "o"}]},
        ["o"],
        3 + AROUND,
        0,
        False,
    ),
]


@pytest.mark.parametrize(("body", "texts", "others", "media", "is_plain"), WHOLE)
async def test_texts_and_what_stands_around_them(
    body: dict[str, Any], texts: list[str], others: int, media: int, is_plain: bool
) -> None:
    found = read(**body)
    assert (found.texts, found.others, found.media, found.is_plain) == (texts, others, media, is_plain)


@pytest.mark.parametrize(
    ("part", "media"),
    [
        ({"type": "input_image", "image_url": PIXEL}, 258),
        ({"type": "input_image", "image_url": "https://example.org/a.png"}, 4 * 258),
        ({"type": "input_image", "file_id": "file_1"}, 4 * 258),
        ({"type": "input_file", "file_url": "https://example.org/a.pdf"}, 1500),
        ({"type": "input_file", "filename": "a.pdf", "file_data": "A" * 100_000}, 3000),
        ({"type": "input_audio", "input_audio": {"data": "A" * 8192, "format": "wav"}}, 6),
    ],
)
async def test_images_files_and_sound_take_what_is_said(part: dict[str, Any], media: int) -> None:
    found = read(input=[{"role": "user", "content": [part]}])
    assert (found.media, found.texts, found.is_plain) == (media, [], False)


async def test_schema_that_is_too_deep_to_be_written_takes_nothing() -> None:
    schema: Any = {}
    for _ in range(300):
        schema = {"a": schema}
    assert texts_module._json(schema) == ""
