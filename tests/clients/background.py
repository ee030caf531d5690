"""Responses in the background, as tests create, watch and end them."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx

from tests.clients.asking import RESPONSES, Document
from tests.clients.contract import check
from tests.servers.gateway import RunningGateway
from tests.servers.paced_upstream import wanted

MODEL = "paced/m"
TERMINAL = ("completed", "incomplete", "failed", "cancelled")
DEADLINE = 40.0


def settings(upstream_url: str, **more: Any) -> dict[str, Any]:
    """A gateway before a paced upstream."""
    provider = {"dialect": "openai-chat", "base_url": f"{upstream_url}/v1", "api_key": "upstream-key", "models": ["m"]}
    return {
        "embedded": {"enabled": False},
        "retries": {"attempts": 1},
        "breaker": {"failures": 10_000},
        "providers": {"paced": provider},
        **more,
    }


def order(name: str, pieces: int = 3, pause: float = 0.0, hold: int | None = None, **more: Any) -> dict[str, Any]:
    """The body of a request for an answer under this name, in the background."""
    return {"model": MODEL, "input": wanted(name, pieces, pause, hold), "background": True, **more}


def create(client: httpx.Client, *args: Any, **more: Any) -> Document:
    """A response that is queued."""
    reply = client.post(RESPONSES, json=order(*args, **more))
    assert reply.status_code == 200, reply.text
    document: Document = reply.json()
    check("Response", document)
    return document


def look(client: httpx.Client, response_id: str) -> Document:
    """A response as it is now."""
    reply = client.get(f"{RESPONSES}/{response_id}")
    assert reply.status_code == 200, reply.text
    document: Document = reply.json()
    check("Response", document)
    return document


def until(client: httpx.Client, response_id: str, *statuses: str, seconds: float = DEADLINE) -> Document:
    """A response, once it has one of these statuses."""
    pause, deadline = threading.Event(), time.monotonic() + seconds
    while True:
        document = look(client, response_id)
        if document["status"] in (statuses or TERMINAL):
            return document
        assert time.monotonic() < deadline, document
        pause.wait(0.02)


def streamed(client: httpx.Client, response_id: str, after: int | None = None) -> bytes:
    """The stream of a response, to its end."""
    query: dict[str, Any] = {"stream": True} | ({} if after is None else {"starting_after": after})
    reply = client.get(f"{RESPONSES}/{response_id}", params=query, timeout=DEADLINE)
    assert reply.status_code == 200, reply.text
    assert reply.headers["content-type"].startswith("text/event-stream")
    return reply.content


def blocks(stream: bytes) -> list[bytes]:
    """The events of a stream as they came, without comments."""
    return [block + b"\n\n" for block in stream.split(b"\n\n") if block and not block.startswith(b":")]


def cancel(client: httpx.Client, response_id: str) -> Document:
    """The response, which is cancelled."""
    reply = client.post(f"{RESPONSES}/{response_id}/cancel")
    assert reply.status_code == 200, reply.text
    document: Document = reply.json()
    check("Response", document)
    return document


@contextmanager
def opened(gateway: RunningGateway, response_id: str) -> Iterator[httpx.Response]:
    """The stream of a response while it goes on."""
    with (
        gateway.client() as client,
        client.stream("GET", f"{RESPONSES}/{response_id}", params={"stream": True}) as reply,
    ):
        assert reply.status_code == 200, reply.read()
        yield reply
