"""Upstreams and clients on a raw wire: what holds through the whole gateway and not for one transport alone."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import orjson

from tests.servers.gateway import DEADLINE, KEY, RunningGateway, running_gateway
from tests.servers.raw_http import Script, Visit, raw_server, response

PATH = "/v1/chat/completions"
HEAD = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "m"}
STREAM = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"


def event(text: str) -> bytes:
    choice = {"index": 0, "delta": {"role": "assistant", "content": text}, "finish_reason": None}
    data = b"data: " + orjson.dumps({**HEAD, "choices": [choice]}) + b"\n\n"
    return b"%x\r\n%b\r\n" % (len(data), data)


def reply(text: str) -> bytes:
    message = {"role": "assistant", "content": text}
    choice = {"index": 0, "message": message, "finish_reason": "stop"}
    return response(orjson.dumps({**HEAD, "object": "chat.completion", "choices": [choice]}))


@asynccontextmanager
async def before(folder: Path, script: Script, **settings: Any) -> AsyncIterator[RunningGateway]:
    """A gateway before one upstream, `lab/m`, that follows a script."""
    async with raw_server(script) as server, asyncio.timeout(DEADLINE):
        lab = {"dialect": "openai-chat", "base_url": f"{server.url}v1", "models": ["m"], **settings}
        config = {"providers": {"lab": lab}, "embedded": {"enabled": False}, "retries": {"attempts": 1}}
        with running_gateway(folder, config) as gateway:
            yield gateway


async def send(gateway: RunningGateway, *, stream: bool = False) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A connection on which a request has been sent. Of its answer some 64 KiB are read ahead, and no more."""
    parts = urlsplit(gateway.url)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    messages = [{"role": "user", "content": "Hello."}]
    body = orjson.dumps({"model": "lab/m", "stream": stream, "messages": messages})
    head = f"POST {PATH} HTTP/1.1\r\nhost: lab\r\nauthorization: Bearer {KEY}\r\ncontent-type: application/json\r\n"
    writer.write(head.encode() + b"connection: close\r\ncontent-length: %d\r\n\r\n" % len(body) + body)
    return reader, writer


async def answer_of(gateway: RunningGateway) -> tuple[bytes, Any]:
    """The status line and the body of a plain answer."""
    reader, writer = await send(gateway)
    head, _, body = (await reader.read()).partition(b"\r\n\r\n")
    writer.close()
    return head.split(b"\r\n")[0], orjson.loads(body)


def test_a_client_that_does_not_read_its_stream_holds_no_upstream_past_the_total(tmp_path: Path) -> None:
    is_left = asyncio.Event()

    async def endless(visit: Visit) -> None:
        await visit.request()
        with suppress(ConnectionError):
            visit.writer.write(STREAM)
            while not visit.writer.is_closing():
                visit.writer.write(event("x" * 65536))
                await visit.writer.drain()
        is_left.set()

    async def run() -> None:
        async with before(tmp_path, endless, timeouts={"total": 1}) as gateway:
            reader, writer = await send(gateway, stream=True)
            assert b" 200 " in await reader.readline()
            await is_left.wait()
            writer.transport.abort()

    asyncio.run(run())


def test_requests_over_max_connections_wait_and_then_are_a_503(tmp_path: Path) -> None:
    has_come, may_answer = asyncio.Event(), asyncio.Event()

    async def slow(visit: Visit) -> None:
        while await visit.request():
            has_come.set()
            await may_answer.wait()
            await visit.send(reply("Hello."))

    async def run() -> None:
        async with before(tmp_path, slow, max_connections=1, timeouts={"connect": 0.3}) as gateway:
            first = asyncio.create_task(answer_of(gateway))
            await has_come.wait()
            status, body = await answer_of(gateway)
            assert status == b"HTTP/1.1 503 Service Unavailable"
            assert body["error"]["code"] == "upstream_busy"
            may_answer.set()
            for answered in (first, asyncio.create_task(answer_of(gateway))):
                assert (await answered)[1]["choices"][0]["message"]["content"] == "Hello."

    asyncio.run(run())


def test_an_upstream_that_smuggles_a_second_answer_answers_one_request_alone(tmp_path: Path) -> None:
    async def smuggle(visit: Visit) -> None:
        while await visit.request():
            await visit.send(reply(f"Mine {visit.number}.") + reply("Another's."))

    async def run() -> None:
        async with before(tmp_path, smuggle) as gateway:
            for number in range(1, 4):
                _, body = await answer_of(gateway)
                assert body["choices"][0]["message"]["content"] == f"Mine {number}."

    asyncio.run(run())
