"""Streams: deltas come as they are sent, leaving stops the upstream, and failures look like failures."""

import asyncio
from collections.abc import AsyncGenerator, Iterator
from typing import Any

import httpx
import orjson
import pytest
from starlette.types import Message

from gateway.contract.in_flight import InFlight
from gateway.contract.sending import Presence, send_stream
from gateway.http import StreamReply
from gateway.wire import sse
from tests.clients.contract import (
    CHAT_PATHS,
    DONE,
    PATHS,
    RESPONSES_PATH,
    chat_chunks,
    check_error,
    events,
    request,
    response_events,
)
from tests.clients.sockets import JSON, connection, post
from tests.servers.chat_upstream import ChatUpstream
from tests.servers.gateway import RunningGateway

LEFT_WITHIN = 1.0
DEADLINE = 10.0
LONG = "A text that is long enough to come in more than three pieces."
STREAMED = ["echo", "tools", "parallel-tools", "reasoning", "refusal", "length", "sparse", "late-usage"]
MISHAPS = ["cut", "end-early", "error-in-stream", "garbage-in-stream", "quotes-key-in-stream"]


def _lines(client: httpx.Client, path: str, model: str, **more: Any) -> list[str]:
    with client.stream("POST", path, json=request(path, model, LONG, stream=True, **more)) as reply:
        assert reply.status_code == 200
        assert reply.headers["content-type"].startswith("text/event-stream")
        return list(reply.iter_lines())


@pytest.mark.parametrize("path", CHAT_PATHS)
@pytest.mark.parametrize("model", STREAMED)
@pytest.mark.parametrize("include_usage", [False, True])
def test_every_chat_chunk_keeps_the_contract(client: httpx.Client, path: str, model: str, include_usage: bool) -> None:
    options = {"stream_options": {"include_usage": True}} if include_usage else {}
    chunks = chat_chunks(_lines(client, path, f"test/{model}", **options))
    has_choices = [bool(chunk["choices"]) for chunk in chunks]
    assert has_choices == [True] * (len(chunks) - include_usage) + [False] * include_usage


@pytest.mark.parametrize("model", STREAMED)
def test_every_response_event_keeps_the_contract(client: httpx.Client, model: str) -> None:
    told = response_events(_lines(client, RESPONSES_PATH, f"test/{model}"))
    assert told[-1]["type"] == ("response.incomplete" if model == "length" else "response.completed")


@pytest.mark.parametrize("n", [2, 3])
def test_choices_keep_the_contract_in_streams(client: httpx.Client, n: int) -> None:
    chunks = chat_chunks(_lines(client, "/v1/chat/completions", "test/echo", n=n))
    assert {chunk["choices"][0]["index"] for chunk in chunks} == set(range(n))
    response = response_events(_lines(client, RESPONSES_PATH, "test/echo", n=n))[-1]["response"]
    assert [item["content"][0]["text"] for item in response["output"]] == [LONG] * n


@pytest.mark.parametrize("path", PATHS)
def test_deltas_are_here_while_the_upstream_waits(client: httpx.Client, upstream: ChatUpstream, path: str) -> None:
    body = request(path, "test/pause", LONG, stream=True)
    with client.stream("POST", path, json=body) as reply:
        lines = reply.iter_lines()
        come = _until_text(lines)
        assert upstream.began.wait(DEADLINE)
        assert not upstream.go_on.is_set()
        upstream.go_on.set()
        rest = list(lines)
    check = response_events if path == RESPONSES_PATH else chat_chunks
    assert check([*come, *rest])


def _until_text(lines: Iterator[str]) -> list[str]:
    """The lines up to the first that brings text from the upstream."""
    come = []
    for line in lines:
        come.append(line)
        if line.startswith("data:") and LONG[:8] in line:
            return come
    raise AssertionError("no text came")


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(("model", "stream"), [("test/stall", False), ("test/stall", True), ("test/pause", True)])
def test_a_client_that_leaves_stops_the_upstream(
    gateway: RunningGateway, upstream: ChatUpstream, path: str, model: str, stream: bool
) -> None:
    upstream.forget()
    body = orjson.dumps(request(path, model, LONG, stream=stream))
    with connection(gateway.url) as opened:
        opened.sendall(post(path, body, JSON))
        assert upstream.began.wait(DEADLINE)
        assert not upstream.left.is_set()
    assert upstream.left.wait(LEFT_WITHIN)


@pytest.mark.parametrize("path", CHAT_PATHS)
@pytest.mark.parametrize("model", MISHAPS)
def test_a_chat_stream_that_fails_ends_in_an_error_and_not_in_done(client: httpx.Client, path: str, model: str) -> None:
    *chunks, last = events(_lines(client, path, f"test/{model}"))
    assert chunks
    assert all("choices" in event.document for event in chunks)
    assert all(event.document["choices"][0]["finish_reason"] is None for event in chunks)
    assert last.data != DONE
    check_error(last.document)


@pytest.mark.parametrize("model", MISHAPS)
def test_a_response_stream_that_fails_ends_in_response_failed(client: httpx.Client, model: str) -> None:
    told = response_events(_lines(client, RESPONSES_PATH, f"test/{model}"))
    last = told[-1]
    assert (last["type"], last["response"]["status"]) == ("response.failed", "failed")
    assert last["response"]["error"].keys() == {"code", "message"}


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    ("model", "status"),
    [("refuse-429", 429), ("refuse-400", 400), ("refuse-401", 502), ("too-long", 400), ("html", 502)],
)
def test_a_refusal_before_the_first_event_keeps_its_status(
    client: httpx.Client, path: str, model: str, status: int
) -> None:
    reply = client.post(path, json=request(path, f"test/{model}", stream=True))
    assert reply.status_code == status
    assert reply.headers["content-type"] == "application/json"
    check_error(reply.json())


@pytest.mark.parametrize("path", PATHS)
def test_a_stream_that_falls_silent_for_too_long_fails_as_a_stream(client: httpx.Client, path: str) -> None:
    with client.stream("POST", path, json=request(path, "slow/pause", LONG, stream=True)) as reply:
        told = list(events(reply.iter_lines()))
    # A chat stream ends with the failure; a Responses stream says [DONE] after its `response.failed`.
    last = told[-2] if path.endswith("/responses") else told[-1]
    assert "did not answer in time" in last.data
    assert (told[-1].data == DONE) == path.endswith("/responses")


def test_silence_is_filled_with_comments_between_events() -> None:
    sent: list[bytes] = []
    has_commented = asyncio.Event()

    async def send(message: Message) -> None:
        sent.append(message.get("body", b""))
        if message.get("body") == sse.KEEP_ALIVE:
            has_commented.set()

    async def chunks() -> AsyncGenerator[bytes, None]:
        yield b"data: 1\n\n"
        await has_commented.wait()
        yield b"data: 2\n\n"

    async def run() -> None:
        async with asyncio.timeout(DEADLINE):
            await send_stream(StreamReply(chunks()), send, Presence(None, InFlight(0)), silence=0.01)

    asyncio.run(run())
    first = sent.index(b"data: 1\n\n")
    assert sent[first + 1] == sse.KEEP_ALIVE
    assert sent[-2:] == [b"data: 2\n\n", b""]
    assert list(events(b"".join(sent).decode().split("\n")[:-1]))[-1].data == "2"
