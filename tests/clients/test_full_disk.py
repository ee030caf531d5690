"""A disk that takes nothing more: said so, refused before anybody is paid, and over when there is room again.

The limit on the size of a process's files stands in for the end of a disk: it needs no rights, and ends as it began.
"""

import resource
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.clients.asking import RESPONSES
from tests.servers.chat_upstream import ChatUpstream
from tests.servers.gateway import RunningGateway, running_gateway, scripted_config

DEADLINE = 15.0
UNLIMITED = resource.RLIM_INFINITY


@pytest.fixture
def filling(upstream_url: str, tmp_path: Path) -> Iterator[RunningGateway]:
    config = {**scripted_config(upstream_url), "embedded": {"enabled": False}}
    with running_gateway(tmp_path, config) as running:
        yield running


def limit(gateway: RunningGateway, size: int) -> None:
    """No file of the gateway may grow over so many bytes."""
    resource.prlimit(gateway.process.pid, resource.RLIMIT_FSIZE, (size, UNLIMITED))


def ask(client: httpx.Client, text: str = "Hi.", **more: Any) -> httpx.Response:
    return client.post(RESPONSES, json={"model": "test/echo", "input": text, **more})


def message(reply: httpx.Response) -> str:
    return str(reply.json()["error"]["message"])


def wait_for(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + DEADLINE
    while not holds():
        assert time.monotonic() < deadline


@pytest.mark.skipif(not hasattr(resource, "prlimit"), reason="only Linux limits another process")
def test_full_disk_is_no_reason_to_pay_for_what_cannot_be_kept(filling: RunningGateway, upstream: ChatUpstream) -> None:
    with filling.client() as client:
        # SQLite's log ends above the limit then, and the gateway's own output far below it.
        for _ in range(3):
            assert ask(client, "x" * 200_000).status_code == 200
        assert client.get("/health/ready").status_code == 200
        limit(filling, 300_000)
        first = ask(client)
        assert (first.status_code, message(first)) == (
            503,
            "The gateway can store nothing at the moment: its disk cannot be written.",
        )
        upstream.forget()
        for is_stream in (False, True):
            refused = ask(client, stream=is_stream)
            assert (refused.status_code, message(refused)) == (503, message(first))
        assert upstream.received == [], "nothing was sent that could not be kept"
        ready = client.get("/health/ready")
        assert (ready.status_code, message(ready)) == (503, message(first))
        assert client.get("/health/live").status_code == 200
        assert ask(client, store=False).status_code == 200
        limit(filling, UNLIMITED)
        wait_for(lambda: client.get("/health/ready").status_code == 200)
        kept = ask(client)
        assert kept.status_code == 200
        assert client.get(f"{RESPONSES}/{kept.json()['id']}").json() == kept.json()
        assert filling.stop() == 0
    assert "nothing_can_be_stored" in filling.log.read_text()
