"""Clients that leave, upstreams that report no usage, and attempts that others follow: what their rows hold."""

import asyncio
import sqlite3
import threading
import time
import zlib
from collections.abc import Awaitable, Callable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson
import pytest

from tests.clients.sockets import connection, post
from tests.servers import fleet
from tests.servers.eventstream_frames import event as frame
from tests.servers.gateway import RunningGateway, running_gateway
from tests.servers.raw_http import Visit, raw_server, response

CHAT, RESPONSES = "/v1/chat/completions", "/v1/responses"
DEADLINE = 10.0
LATE = 0.3
TEXT = "Hello, whoever is there."
COUNTED = (9, 4)
SSE = b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-type: text/event-stream\r\n"
BINARY = b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-type: application/vnd.amazon.eventstream\r\n"


@dataclass
class Upstream:
    """What each provider sends: `before` while the client is there, `after` some time after it has left."""

    head: bytes = SSE
    before: bytes = b""
    after: bytes = b""
    is_left: threading.Event = field(default_factory=threading.Event)
    """Set when the gateway closed the connection before `after` was due."""

    async def serve(self, visit: Visit) -> None:
        while request := await visit.request():
            if b"/first/" in request.split(b"\r\n", 1)[0]:
                await visit.send(response(b"Not JSON."))
                continue
            await visit.send(self.head + b"\r\n" + self.before)
            with suppress(TimeoutError):
                async with asyncio.timeout(LATE):
                    await visit.is_left()
                    self.is_left.set()
                    return
            await visit.send(self.after)
            return


def told(kind: str, **fields: Any) -> bytes:
    """An event of Anthropic's."""
    return f"event: {kind}\n".encode() + fleet.event({"type": kind, **fields})


def begun(**usage: int) -> bytes:
    message = {"id": "msg_1", "type": "message", "role": "assistant", "model": "m", "content": [], "usage": usage}
    return told("message_start", message=message)


def block(text: str) -> bytes:
    return (
        told("content_block_start", index=0, content_block={"type": "text", "text": ""})
        + told("content_block_delta", index=0, delta={"type": "text_delta", "text": text})
        + told("content_block_stop", index=0)
    )


def candidate(text: str, **more: Any) -> dict[str, Any]:
    return {"candidates": [{"index": 0, "content": {"role": "model", "parts": [{"text": text}]}, **more}]}


CHUNKS = fleet.piece(TEXT) + fleet.piece(finish="stop")
MESSAGE = begun(input_tokens=9, output_tokens=1) + block(TEXT)
STOPPED = told("message_delta", delta={"stop_reason": "end_turn", "stop_sequence": None}, usage={"output_tokens": 4})
CONVERSE = (
    frame("messageStart", {"role": "assistant"})
    + frame("contentBlockDelta", {"contentBlockIndex": 0, "delta": {"text": TEXT}})
    + frame("contentBlockStop", {"contentBlockIndex": 0})
    + frame("messageStop", {"stopReason": "end_turn"})
)
METADATA = frame("metadata", {"usage": {"inputTokens": 9, "outputTokens": 4, "totalTokens": 13}})
GEMINI = fleet.event(candidate(TEXT, finishReason="STOP"))
GEMINI_COUNTS = fleet.event({"usageMetadata": {"promptTokenCount": 9, "candidatesTokenCount": 4}})


def packed(*pieces: bytes) -> list[bytes]:
    """The pieces of one gzip stream, each of which can be unpacked when it has come."""
    packer = zlib.compressobj(wbits=31)
    return [packer.compress(piece) + packer.flush(zlib.Z_SYNC_FLUSH) for piece in pieces]


PACKED = packed(CHUNKS, fleet.usage() + fleet.DONE)


@pytest.fixture(scope="module")
def upstream() -> Upstream:
    return Upstream()


@pytest.fixture
def sends(upstream: Upstream) -> Callable[..., None]:
    def send(before: bytes, after: bytes, head: bytes = SSE) -> None:
        upstream.is_left.clear()
        upstream.head, upstream.before, upstream.after = head, before, after

    return send


@pytest.fixture(scope="module")
def leaving(upstream: Upstream, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningGateway]:
    """A gateway before that upstream in four dialects; `first` answers nonsense, and `second` is asked then."""
    with _in_thread(upstream.serve) as url:

        def provider(name: str, dialect: str, **more: Any) -> dict[str, Any]:
            return {"dialect": dialect, "base_url": f"{url}{name}", "models": ["m"], "api_key": "sk-1", **more}

        config = {
            "retries": {"attempts": 1},
            "embedded": {"enabled": False},
            "providers": {
                "chat": provider("chat", "openai-chat"),
                "first": provider("first", "openai-chat"),
                "anthropic": provider("anthropic", "anthropic-messages"),
                "gemini": provider("gemini", "gemini"),
                "bedrock": provider("bedrock", "bedrock-converse", region="us-east-1"),
            },
            "models": {"both": {"targets": ["first/m"], "fallbacks": ["chat/m"]}},
        }
        with running_gateway(tmp_path_factory.mktemp("leaving"), config) as running:
            yield running


class _in_thread:
    """A raw server on a loop of its own, so that tests may use sockets that block."""

    def __init__(self, script: Callable[[Visit], Awaitable[None]]) -> None:
        self._script = script
        self._is_up, self._is_over = threading.Event(), asyncio.Event()
        self._loop = asyncio.new_event_loop()
        self._url = ""
        self._thread = threading.Thread(target=lambda: self._loop.run_until_complete(self._run()), daemon=True)

    async def _run(self) -> None:
        async with raw_server(self._script) as server:
            self._url = server.url
            self._is_up.set()
            await self._is_over.wait()

    def __enter__(self) -> str:
        self._thread.start()
        assert self._is_up.wait(DEADLINE)
        return self._url

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._is_over.set)
        self._thread.join(DEADLINE)
        self._loop.close()


def leaves(gateway: RunningGateway, who: str, path: str, model: str, until: bytes, *, stream: bool = True) -> None:
    """Ask, and close the connection as soon as the answer has come so far."""
    asked = {"input": "Hi."} if path == RESPONSES else {"messages": [{"role": "user", "content": "Hi."}]}
    body = {"model": model, "stream": stream, "metadata": {"waystone": orjson.dumps({"user": who}).decode()}, **asked}
    with connection(gateway.url) as opened:
        opened.sendall(post(path, orjson.dumps(body)))
        seen = b""
        while until not in seen:
            piece = opened.recv(65536)
            assert piece, seen
            seen += piece


Row = tuple[int, int | None, int | None, bool]


def row_of(gateway: RunningGateway, who: str, *, given_up: bool = False) -> Row:
    """Status, tokens and whether they were estimated, as soon as the row has been written."""
    query = "select status, prompt_tokens, completion_tokens, estimated from usage where user_id = ? and given_up = ?"
    deadline = time.monotonic() + DEADLINE
    with closing(sqlite3.connect(gateway.folder / "data" / "waystone.db")) as database:
        while not (rows := database.execute(query, (who, given_up)).fetchall()):
            assert time.monotonic() < deadline, f"no row for {who}"
    ((status, prompt, completion, estimated),) = rows
    return status, prompt, completion, bool(estimated)


@pytest.mark.parametrize("path", [CHAT, RESPONSES])
@pytest.mark.parametrize(
    "case",
    [
        ("chat/m", SSE, CHUNKS, fleet.usage() + fleet.DONE),
        ("chat/m", SSE + b"content-encoding: gzip\r\n", PACKED[0], PACKED[1]),
        ("anthropic/m", SSE, MESSAGE + STOPPED, told("message_stop")),
        ("gemini/m", SSE, GEMINI, GEMINI_COUNTS),
        ("bedrock/m", BINARY, CONVERSE, METADATA),
    ],
    ids=["chat", "chat, packed", "anthropic", "gemini", "bedrock"],
)
def test_client_that_leaves_after_the_end_is_accounted_with_the_usage_that_comes(
    leaving: RunningGateway,
    sends: Callable[..., None],
    request: pytest.FixtureRequest,
    path: str,
    case: tuple[str, bytes, bytes, bytes],
) -> None:
    model, head, before, after = case
    sends(before, after, head)
    who = request.node.name
    is_passed_on = model == "chat/m" and path == CHAT
    leaves(leaving, who, path, model, b'"finish_reason":"stop"' if is_passed_on else TEXT.encode())
    # Where an answer is translated, its end goes to the client with its usage: what it has is not all.
    assert row_of(leaving, who) == (200 if is_passed_on else 499, *COUNTED, False)


@pytest.mark.parametrize("after", [fleet.DONE, b""], ids=["done", "closed"])
def test_usage_that_never_comes_is_estimated(
    leaving: RunningGateway, sends: Callable[..., None], request: pytest.FixtureRequest, after: bytes
) -> None:
    sends(CHUNKS, after)
    who = request.node.name
    leaves(leaving, who, CHAT, "chat/m", b'"finish_reason":"stop"')
    status, prompt, completion, estimated = row_of(leaving, who)
    assert (status, estimated) == (200, True)
    assert prompt
    assert completion
    assert 1 <= completion <= len(TEXT)


def test_client_that_leaves_before_the_end_has_its_upstream_cut_at_once(
    leaving: RunningGateway, upstream: Upstream, sends: Callable[..., None]
) -> None:
    sends(fleet.piece(TEXT), fleet.usage() + fleet.DONE)
    leaves(leaving, "early", CHAT, "chat/m", TEXT.encode())
    assert upstream.is_left.wait(DEADLINE)
    status, prompt, completion, estimated = row_of(leaving, "early")
    assert (status, estimated) == (499, True)
    assert prompt
    assert completion


def test_prompt_that_was_counted_before_the_client_left_is_not_estimated(
    leaving: RunningGateway, sends: Callable[..., None]
) -> None:
    sends(MESSAGE, b"")
    leaves(leaving, "counted", CHAT, "anthropic/m", TEXT.encode())
    status, prompt, completion, estimated = row_of(leaving, "counted")
    assert (status, prompt, estimated) == (499, 9, True)
    # One token had been counted at the beginning.
    assert completion
    assert completion > 1


def test_stream_that_breaks_off_is_accounted_with_what_was_sent(
    leaving: RunningGateway, sends: Callable[..., None]
) -> None:
    sends(fleet.piece(TEXT), b"")
    leaves(leaving, "broken", CHAT, "chat/m", b'"error"')
    status, prompt, completion, estimated = row_of(leaving, "broken")
    assert (status, estimated) == (502, True)
    assert prompt
    assert completion


def test_attempt_that_was_given_up_is_accounted_beside_the_one_that_answered(
    leaving: RunningGateway, sends: Callable[..., None]
) -> None:
    sends(CHUNKS, fleet.usage() + fleet.DONE)
    leaves(leaving, "given up", CHAT, "both", b"[DONE]")
    assert row_of(leaving, "given up") == (200, *COUNTED, False)
    status, prompt, completion, estimated = row_of(leaving, "given up", given_up=True)
    assert (status, completion, estimated) == (502, 0, True)
    assert prompt
    totals = orjson.loads(leaving.command("usage", "--by", "user", "--json"))
    (total,) = [total for total in totals if total["id"] == "given up"]
    assert (total["requests"], total["errors"], total["estimated_tokens"]) == (1, 0, prompt)
    assert total["prompt_tokens"] == COUNTED[0] + prompt


def test_ratio_of_a_model_is_learnt_from_its_replies_and_kept(
    upstream: Upstream, sends: Callable[..., None], tmp_path: Path
) -> None:
    text = "y" * 3000
    counts = {"prompt_tokens": 20, "completion_tokens": 500, "total_tokens": 520}
    counted = fleet.event({**fleet.HEAD, "object": "chat.completion.chunk", "choices": [], "usage": counts})
    with _in_thread(upstream.serve) as url:
        lab = {"dialect": "openai-chat", "base_url": f"{url}lab", "models": ["m"]}
        config = {"embedded": {"enabled": False}, "providers": {"lab": lab}}
        with running_gateway(tmp_path, config) as first:
            sends(fleet.piece(text) + fleet.piece(finish="stop") + counted + fleet.DONE, b"")
            leaves(first, "teacher", CHAT, "lab/m", b"[DONE]")
            assert row_of(first, "teacher") == (200, 20, 500, False)
            assert first.stop() == 0
        with running_gateway(tmp_path, config) as second:
            sends(fleet.piece(text), b"")
            leaves(second, "leaver", CHAT, "lab/m", b"yyy")
            _, _, completion, estimated = row_of(second, "leaver")
    # Six bytes a token, as the first run has shown, and not four.
    assert (completion, estimated) == (500, True)
