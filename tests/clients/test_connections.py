"""Connections that send nothing, or too slowly, or are too many: they shut nobody else out, and streams go on."""

import resource
import select
import socket
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest

from tests.clients.contract import check_error, request
from tests.clients.sockets import JSON, connection, exchange, head, post, read_reply
from tests.servers.chat_upstream import ChatUpstream
from tests.servers.gateway import RunningGateway, running_gateway, scripted_config

CHAT = "/v1/chat/completions"
LIVE = head("GET", "/health/live")
SECONDS = 0.4
MOST = 8


@pytest.fixture(scope="module")
def bounded(upstream_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningGateway]:
    """A gateway with little patience, and room for few."""
    bounds = {"most": MOST, "head_seconds": SECONDS, "body_pause_seconds": SECONDS}
    config = {**scripted_config(upstream_url), "bounds": {"connections": bounds}}
    with running_gateway(tmp_path_factory.mktemp("bounded"), config) as running:
        yield running


@pytest.fixture
def many_files() -> Iterator[None]:
    """As many open files as the system lets a process have."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def _refused(opened: socket.socket, status: int, code: str) -> None:
    reply = read_reply(opened)
    assert (reply.status, reply.headers["connection"], reply.headers["content-type"]) == (
        status,
        "close",
        "application/json",
    )
    error: dict[str, Any] = check_error(reply.json())
    assert error["code"] == code
    assert opened.recv(1) == b""


@pytest.mark.usefixtures("many_files")
@pytest.mark.parametrize("workers", ["1", "2"])
def test_silent_connections_shut_nobody_out(
    upstream_url: str, tmp_path_factory: pytest.TempPathFactory, workers: str
) -> None:
    folder = tmp_path_factory.mktemp("silent")
    with running_gateway(folder, scripted_config(upstream_url), {"WORKERS": workers}) as gateway:
        _limit_files(gateway, 1024)
        with ExitStack() as stack:
            for _ in range(1200 * int(workers)):
                stack.enter_context(connection(gateway.url))
            for _ in range(20):
                assert exchange(gateway.url, LIVE).status == 200
                assert exchange(gateway.url, post(CHAT, orjson.dumps(request(CHAT)), JSON)).status == 200
        log = gateway.log.read_text()
        assert "connection_limit_reached" in log
        assert "Traceback" not in log


def _limit_files(gateway: RunningGateway, number: int) -> None:
    """Give the gateway's processes a file limit that they cannot raise, before their first client has come."""
    server = gateway.process.pid
    workers = Path(f"/proc/{server}/task/{server}/children").read_text().split()
    for process in (server, *map(int, workers)):
        resource.prlimit(process, resource.RLIMIT_NOFILE, (number, number))


def test_silent_connection_is_closed_without_a_word(bounded: RunningGateway) -> None:
    with connection(bounded.url) as silent:
        assert silent.recv(1) == b""


def test_head_that_does_not_come_to_its_end_is_refused(bounded: RunningGateway) -> None:
    with connection(bounded.url) as slow:
        for byte in LIVE[:-2]:
            if select.select([slow], [], [], SECONDS / 20)[0]:
                break
            slow.send(bytes([byte]))
        _refused(slow, 408, "request_timeout")


def test_later_head_on_a_connection_is_refused_too(bounded: RunningGateway) -> None:
    with connection(bounded.url) as kept:
        kept.sendall(LIVE)
        assert read_reply(kept).status == 200
        kept.sendall(LIVE[:20])
        _refused(kept, 408, "request_timeout")


def test_body_that_does_not_come_is_refused(bounded: RunningGateway) -> None:
    with connection(bounded.url) as slow:
        slow.sendall(post(CHAT, b"{" + b" " * 100, JSON)[:-50])
        _refused(slow, 408, "request_timeout")


def test_body_that_trickles_is_refused(bounded: RunningGateway) -> None:
    with connection(bounded.url) as slow:
        slow.sendall(head("POST", CHAT, "content-length: 100000", JSON))
        while not select.select([slow], [], [], SECONDS / 8)[0]:
            slow.send(b" ")
        _refused(slow, 408, "request_timeout")


def test_rest_of_a_body_that_was_refused_does_not_keep_the_connection(bounded: RunningGateway) -> None:
    with connection(bounded.url) as slow:
        slow.sendall(head("POST", CHAT, "content-length: 999999999", JSON))
        assert read_reply(slow).status == 413
        assert slow.recv(1) == b""


def test_slow_but_live_upload_is_served(bounded: RunningGateway) -> None:
    body = orjson.dumps(request(CHAT)) + b" " * 4096
    sent = post(CHAT, body, JSON)
    with connection(bounded.url) as slow:
        start = len(sent) - len(body)
        slow.sendall(sent[:start])
        for place in range(start, len(sent), len(body) // 16):
            assert not select.select([slow], [], [], SECONDS / 6)[0]
            slow.sendall(sent[place : place + len(body) // 16])
        assert read_reply(slow).status == 200


def test_stream_that_pauses_is_not_cut(bounded: RunningGateway, upstream: ChatUpstream) -> None:
    upstream.forget()
    with bounded.client() as client:
        body = {**request(CHAT), "model": "test/pause", "stream": True}
        with client.stream("POST", CHAT, json=body) as answer:
            lines = answer.iter_lines()
            assert upstream.began.wait(10)
            with connection(bounded.url) as silent:
                # It is closed by then: the stream has lasted longer than any request may take to come.
                assert silent.recv(1) == b""
            upstream.go_on.set()
            assert "data: [DONE]" in list(lines)


def test_idle_connections_make_room_and_busy_ones_do_not(bounded: RunningGateway, upstream: ChatUpstream) -> None:
    upstream.forget()
    with ExitStack() as stack:
        idle = [stack.enter_context(connection(bounded.url)) for _ in range(MOST)]
        for one in idle:
            one.sendall(LIVE)
            assert read_reply(one).status == 200
        busy = [stack.enter_context(connection(bounded.url)) for _ in range(MOST)]
        for number, one in enumerate(busy):
            one.sendall(post(CHAT, orjson.dumps({**request(CHAT), "model": "test/stall"}), JSON))
            assert idle[number].recv(1) == b""
        with connection(bounded.url) as new:
            new.sendall(LIVE)
            _refused(new, 503, "unavailable")
        upstream.go_on.set()
        assert [read_reply(one).status for one in busy] == [200] * MOST
    with httpx.Client(base_url=bounded.url) as client:
        assert client.get("/health/live").status_code == 200
