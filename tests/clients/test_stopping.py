"""A server that stops: what load balancers see, what is finished, what is cut and how its clients learn of it."""

import signal
import socket
from pathlib import Path

import orjson
import pytest

from tests.clients.asking import RESPONSES
from tests.clients.contract import check_error, events, request, response_events
from tests.clients.sockets import JSON, connection, exchange, head, post, read_reply
from tests.clients.stops import (
    CHAT,
    FOREVER,
    READY,
    STREAMS,
    Serve,
    asked,
    check_cut,
    is_refused,
    rows,
    signalled,
    streaming,
    wait_until,
)
from tests.servers.chat_upstream import ChatUpstream
from tests.servers.gateway import DEADLINE
from tests.servers.told_upstream import ToldUpstream, chunk


@pytest.mark.parametrize(("path", "workers"), [*((path, 1) for path in STREAMS), (CHAT, 2)])
def test_stream_that_outlasts_the_drain_ends_as_a_failure(
    serve: Serve, upstream: ChatUpstream, path: str, workers: int
) -> None:
    gateway = serve(workers, drain_seconds=0.2)
    with streaming(gateway, path) as reply:
        assert upstream.began.wait(DEADLINE)
        signalled(gateway, signal.SIGTERM)
        lines = [*reply.iter_lines()]
    check_cut(path, lines)
    assert upstream.left.wait(DEADLINE)
    assert gateway.process.wait(DEADLINE) == 0
    assert rows(gateway) == [(503, "stopped")]
    assert "Traceback" not in gateway.log.read_text()


@pytest.mark.parametrize("path", STREAMS)
@pytest.mark.parametrize("is_stream", [False, True])
def test_answer_that_has_not_begun_is_cut_with_a_503(
    serve: Serve, upstream: ChatUpstream, path: str, is_stream: bool
) -> None:
    gateway = serve(drain_seconds=0.2)
    body = asked(path, "test/stall", stream=is_stream)
    with connection(gateway.url) as opened:
        opened.sendall(post(path, orjson.dumps(body), JSON))
        assert upstream.began.wait(DEADLINE)
        signalled(gateway, signal.SIGTERM)
        reply = read_reply(opened, "POST")
    assert (reply.status, check_error(reply.json())["code"]) == (503, "gateway_stopped")
    assert reply.headers["x-request-id"]
    assert gateway.process.wait(DEADLINE) == 0
    assert rows(gateway) == [(503, "stopped")]


def test_response_that_was_cut_is_stored_as_failed(serve: Serve, upstream: ChatUpstream) -> None:
    gateway = serve(drain_seconds=0)
    with streaming(gateway, RESPONSES) as reply:
        assert upstream.began.wait(DEADLINE)
        signalled(gateway, signal.SIGTERM)
        last = response_events(reply.iter_lines())[-1]["response"]
    assert gateway.process.wait(DEADLINE) == 0
    with serve().client() as client:
        assert client.get(f"{RESPONSES}/{last['id']}").json() == last
    assert last["status"] == "failed"


def test_request_whose_body_has_not_come_is_cut_with_a_503(serve: Serve) -> None:
    gateway = serve(drain_seconds=0)
    with connection(gateway.url) as opened:
        opened.sendall(head("POST", CHAT, JSON, "content-length: 1000", "expect: 100-continue"))
        assert opened.recv(100).startswith(b"HTTP/1.1 100")
        signalled(gateway, signal.SIGTERM)
        reply = read_reply(opened, "POST")
    assert (reply.status, check_error(reply.json())["code"]) == (503, "gateway_stopped")
    assert gateway.process.wait(DEADLINE) == 0
    assert rows(gateway) == []


def test_client_that_reads_slowly_gets_the_failure_behind_what_it_has_not_read(
    serve: Serve, told: ToldUpstream
) -> None:
    gateway = serve(drain_seconds=0)
    told.streams(*(chunk(content=str(number) + "x" * 100_000) for number in range(200)))
    with connection(gateway.url) as opened:
        opened.sendall(post(CHAT, orjson.dumps(asked(CHAT, "told/any", stream=True)), JSON))
        begun = opened.recv(1000)
        assert b"200 OK" in begun
        wait_until_unread(opened)
        signalled(gateway, signal.SIGTERM)
        wait_until(lambda: "requests_cut" in gateway.log.read_text())
        received = begun + b"".join(iter(lambda: opened.recv(1_000_000), b""))
    *chunks, last = events(_unchunked(received).decode().splitlines())
    # Whole, in their order and none of them twice.
    sent = [event.document["choices"][0]["delta"]["content"] for event in chunks]
    assert sent == [str(number) + "x" * 100_000 for number in range(len(sent))]
    assert 0 < len(sent) < 200
    assert check_error(last.document)["code"] == "gateway_stopped"
    assert gateway.process.wait(DEADLINE) == 0
    assert rows(gateway) == [(503, "stopped")]


def wait_until_unread(opened: socket.socket) -> None:
    """Until nothing more is taken from the gateway, whose client does not read."""
    name = f"0100007F:{opened.getsockname()[1]:04X}"
    sizes: list[int] = []

    def is_stuck() -> bool:
        found = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
        sizes.append(sum(int(fields[4].split(":")[0], 16) for fields in found if fields[2] == name))
        return len(sizes) > 10 and sizes[-1] > 0 and len({*sizes[-10:]}) == 1

    wait_until(is_stuck)


def _unchunked(received: bytes) -> bytes:
    """The body of a reply in chunks, whose end has come."""
    data, body = received.partition(b"\r\n\r\n")[2], []
    while (size := int(data[: data.index(b"\r\n")], 16)) > 0:
        begin = data.index(b"\r\n") + 2
        body.append(data[begin : begin + size])
        data = data[begin + size + 2 :]
    assert data == b"0\r\n\r\n"
    return b"".join(body)


@pytest.mark.parametrize(
    ("numbers", "workers"), [(("SIGTERM", "SIGTERM"), 1), (("SIGINT", "SIGINT"), 1), (("SIGTERM", "SIGINT"), 2)]
)
def test_second_signal_ends_the_drain(
    serve: Serve, upstream: ChatUpstream, numbers: tuple[str, str], workers: int
) -> None:
    gateway = serve(workers, drain_seconds=FOREVER)
    first, second = (signal.Signals[name] for name in numbers)
    with streaming(gateway) as reply:
        assert upstream.began.wait(DEADLINE)
        signalled(gateway, first)
        wait_until(lambda: is_refused(gateway))
        signalled(gateway, second)
        check_cut(CHAT, [*reply.iter_lines()])
    assert gateway.process.wait(DEADLINE) == 0
    assert rows(gateway) == [(503, "stopped")]


@pytest.mark.parametrize("workers", [1, 2])
def test_load_balancers_see_the_stop_before_the_port_is_closed(serve: Serve, workers: int) -> None:
    gateway = serve(workers, unready_seconds=FOREVER)
    assert exchange(gateway.url, READY).status == 200
    signalled(gateway, signal.SIGTERM)
    wait_until(lambda: exchange(gateway.url, READY).status == 503)
    if workers > 1:
        # The kernel shares connections out; whichever worker gets one says the same.
        wait_until(lambda: {exchange(gateway.url, READY).status for _ in range(20)} == {503})
    assert check_error(exchange(gateway.url, READY).json())["code"] == "unavailable"
    with gateway.client() as client:
        assert client.post(CHAT, json=request(CHAT)).status_code == 200
    signalled(gateway, signal.SIGTERM)
    assert gateway.process.wait(DEADLINE) == 0


@pytest.mark.parametrize("workers", [1, 2])
def test_port_is_closed_when_load_balancers_have_had_their_time(serve: Serve, workers: int) -> None:
    gateway = serve(workers, unready_seconds=0.5)
    signalled(gateway, signal.SIGTERM)
    wait_until(lambda: is_refused(gateway))
    assert gateway.process.wait(DEADLINE) == 0


@pytest.mark.parametrize("workers", [1, 2])
def test_ctrl_c_does_not_wait_for_load_balancers(serve: Serve, workers: int) -> None:
    gateway = serve(workers, unready_seconds=FOREVER)
    signalled(gateway, signal.SIGINT)
    assert gateway.process.wait(DEADLINE) == 0


def test_hangup_leaves_a_single_worker_as_it_is(serve: Serve, upstream: ChatUpstream) -> None:
    gateway = serve()
    with streaming(gateway) as reply:
        assert upstream.began.wait(DEADLINE)
        signalled(gateway, signal.SIGHUP)
        wait_until(lambda: "hangup_ignored" in gateway.log.read_text())
        assert exchange(gateway.url, READY).status == 200
        upstream.go_on.set()
        assert [*reply.iter_lines()][-2] == "data: [DONE]"
    assert gateway.stop() == 0
