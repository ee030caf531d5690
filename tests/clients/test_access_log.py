"""Finding a request again: its id on every answer and every log line, and its own line in the access log."""

import json
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest

from gateway.access_log import MEANINGS
from tests.clients.contract import CHAT_PATHS, PATHS, request
from tests.clients.sockets import DEADLINE, JSON, connection, exchange, head, post, read_reply
from tests.servers.chat_upstream import ChatUpstream
from tests.servers.gateway import KEY, RunningGateway, running_gateway, scripted_config

CHAT = "/v1/chat/completions"
OWN = re.compile(r"req_[0-9a-f]{24}")
SECRET = "sk-proj-0123456789abcdefghij"


@pytest.fixture(scope="module")
def logged(upstream_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningGateway]:
    """A gateway of which only these tests read the log."""
    config = {**scripted_config(upstream_url), "log_level": "debug"}
    with running_gateway(tmp_path_factory.mktemp("logged"), config) as running:
        yield running


def _lines(gateway: RunningGateway, request_id: str, fits: Callable[[Any], bool] = bool) -> list[dict[str, Any]]:
    """The lines of the log that carry an id, as soon as the access log's is among them."""
    deadline = time.monotonic() + DEADLINE
    while True:
        lines = [json.loads(line) for line in gateway.log.read_text().splitlines() if line.endswith("}")]
        found = [line for line in lines if line.get("request_id") == request_id and fits(line)]
        if any(line["logger"] == "gateway.access" for line in found):
            return found
        assert time.monotonic() < deadline, f"no line of {request_id}"


def _line(gateway: RunningGateway, request_id: str) -> dict[str, Any]:
    """The one line of a request in the access log."""
    (line,) = (line for line in _lines(gateway, request_id) if line["logger"] == "gateway.access")
    return line


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (head("GET", "/health/live"), 200),
        (head("GET", "/docs"), 200),
        (head("GET", "/nothing"), 404),
        (head("GET", "/v1/responses/resp_none"), 404),
        (head("GET", CHAT), 405),
        (head("GET", "/v1/models", key=None), 401),
        (post(CHAT, b"{", JSON), 400),
        (post(CHAT, b"{}", "content-type: text/plain"), 415),
        (post(CHAT, orjson.dumps(request(CHAT)), JSON), 200),
        (post(CHAT, orjson.dumps(request(CHAT, stream=True)), JSON), 200),
        (post(CHAT, orjson.dumps(request(CHAT, "test/refuse-429")), JSON), 429),
        (head("GET", "/v1/responses", "connection: upgrade", "upgrade: websocket"), 426),
        (b"GARBAGE\r\n\r\n", 400),
    ],
    ids=lambda value: str(value)[:30],
)
def test_every_answer_has_an_id_under_which_it_is_logged(logged: RunningGateway, data: bytes, status: int) -> None:
    reply = exchange(logged.url, data, data.split(b" ")[0].decode())
    assert reply.status == status
    request_id = reply.headers["x-request-id"]
    assert OWN.fullmatch(request_id)
    line = _line(logged, request_id)
    assert (line["status"], line["event"], line["level"]) == (status, "request", "info")
    assert 0 <= line["gateway_ms"] <= line["duration_ms"]


@pytest.mark.parametrize("own", ["a", "trace-1:2/3+4=5@x.y_z", "0" * 128])
def test_clients_own_id_is_kept(logged: RunningGateway, own: str) -> None:
    reply = exchange(logged.url, post(CHAT, orjson.dumps(request(CHAT)), JSON, f"x-request-id: {own}"), "POST")
    assert reply.headers["x-request-id"] == own
    assert _line(logged, own)["path"] == CHAT


@pytest.mark.parametrize("own", ["", " ", "a b", "0" * 129, "a\tb", 'a"b', "<a>", "ü", "-a", SECRET])
def test_id_that_is_none_or_looks_like_a_secret_is_replaced(logged: RunningGateway, own: str) -> None:
    reply = exchange(logged.url, head("GET", "/health/live", f"x-request-id: {own}"))
    assert OWN.fullmatch(reply.headers["x-request-id"])


def test_of_two_requests_on_a_connection_each_has_its_own(logged: RunningGateway) -> None:
    with connection(logged.url) as opened:
        opened.sendall(head("GET", "/health/live", "x-request-id: first"))
        assert read_reply(opened).headers["x-request-id"] == "first"
        opened.sendall(head("GET", "/health/live"))
        assert OWN.fullmatch(read_reply(opened).headers["x-request-id"])


def test_every_field_of_a_line_is_described(logged: RunningGateway) -> None:
    exchange(logged.url, post(CHAT, orjson.dumps(request(CHAT)), JSON, "x-request-id: described-1"), "POST")
    assert _line(logged, "described-1").keys() == MEANINGS.keys() - {"code", "final_status", "outcome", "replayed"}


@pytest.mark.parametrize("stream", [False, True], ids=["plain", "stream"])
@pytest.mark.parametrize("path", PATHS)
def test_line_says_whose_request_it_was_and_what_it_used(logged: RunningGateway, path: str, stream: bool) -> None:
    named: dict[str, Any] = {"metadata": {"waystone": json.dumps({"user": "ann", "group": "blue"})}}
    more: dict[str, Any] = {"stream_options": {"include_usage": True}} if stream and path in CHAT_PATHS else {}
    body = orjson.dumps(request(path, stream=stream, **more, **named))
    reply = exchange(logged.url, post(f"{path}?a={SECRET}", body, JSON), "POST")
    assert reply.status in (200, 400)
    reply = exchange(logged.url, post(path, body, JSON), "POST")
    line = _line(logged, reply.headers["x-request-id"])
    expected = {
        **{"method": "POST", "path": path, "status": 200, "key": "env", "user": "ann", "group": "blue"},
        **{"provider": "test", "model": "echo", "prompt_tokens": 11, "completion_tokens": 7, "attempts": 1},
    }
    assert {name: line[name] for name in expected} == expected
    assert line["gateway_ms"] < line["duration_ms"]
    assert SECRET not in logged.log.read_text()


def test_time_of_the_upstream_is_not_the_gateways(logged: RunningGateway, upstream: ChatUpstream) -> None:
    upstream.forget()
    with connection(logged.url) as opened:
        opened.sendall(post(CHAT, orjson.dumps(request(CHAT, "test/pause", "x" * 40, stream=True)), JSON))
        assert upstream.began.wait(DEADLINE)
        began = time.monotonic()
        while time.monotonic() - began < 0.3:
            pass
        upstream.go_on.set()
        reply = read_reply(opened, "POST")
    line = _line(logged, reply.headers["x-request-id"])
    assert line["duration_ms"] >= 300
    assert line["gateway_ms"] < line["duration_ms"] - 250


def test_client_that_leaves_is_logged_as_such(logged: RunningGateway, upstream: ChatUpstream) -> None:
    upstream.forget()
    with connection(logged.url) as opened:
        body = orjson.dumps(request(CHAT, "test/pause", "x" * 40, stream=True))
        opened.sendall(post(CHAT, body, JSON, "x-request-id: left-1"))
        assert upstream.began.wait(DEADLINE)
    assert _line(logged, "left-1")["status"] == 499


def test_stream_that_fails_says_so_though_its_status_was_sent(logged: RunningGateway) -> None:
    body = orjson.dumps(request(CHAT, "test/cut", "x" * 40, stream=True))
    reply = exchange(logged.url, post(CHAT, body, JSON), "POST")
    line = _line(logged, reply.headers["x-request-id"])
    assert (line["status"], line["final_status"]) == (200, 502)


def test_every_line_that_a_request_causes_carries_its_id(logged: RunningGateway) -> None:
    body = orjson.dumps(request(CHAT, "down/any"))
    reply = exchange(logged.url, post(CHAT, body, JSON, "x-request-id: caused-1"), "POST")
    assert reply.status == 502
    events = {line["event"] for line in _lines(logged, "caused-1")}
    assert {"attempt_failed", "request"} <= events
    (line,) = (line for line in _lines(logged, "caused-1") if line["event"] == "request")
    assert (line["code"], line["attempts"], line["provider"]) == ("upstream_unreachable", 1, "down")


@pytest.mark.parametrize(
    "target", [f"/v1/models/{SECRET}", f"/v1/x?key={SECRET}", "/a%0a%7b%22event%22:1%7d", "/%1b%5b31m"], ids=repr
)
def test_what_a_client_wrote_breaks_no_line_and_holds_no_secret(logged: RunningGateway, target: str) -> None:
    reply = exchange(logged.url, head("GET", target))
    line = _line(logged, reply.headers["x-request-id"])
    assert SECRET not in json.dumps(line)
    assert KEY not in logged.log.read_text()


def test_libraries_are_quiet_at_debug(logged: RunningGateway) -> None:
    exchange(logged.url, post(CHAT, orjson.dumps(request(CHAT)), JSON), "POST")
    loggers = {json.loads(line)["logger"] for line in logged.log.read_text().splitlines() if line.endswith("}")}
    assert all(name.startswith("gateway") for name in loggers), loggers


@pytest.mark.parametrize(("level", "has_line"), [("info", True), ("warning", False)])
def test_lines_are_for_a_person_where_that_is_configured(
    upstream_url: str, tmp_path: Path, level: str, has_line: bool
) -> None:
    environment = {"LOG_FORMAT": "text", "LOG_LEVEL": level}
    with running_gateway(tmp_path, scripted_config(upstream_url), environment) as running:
        exchange(running.url, post(CHAT, orjson.dumps(request(CHAT)), JSON, "x-request-id: for-you"), "POST")
        exchange(running.url, head("GET", "/a%20b%0ac"))
        assert running.stop() == 0
    lines = [line for line in running.log.read_text().splitlines() if "ms  request_id=" in line]
    assert len(lines) == (2 if has_line else 0)
    if has_line:
        assert re.search(r"\[info +\] POST /v1/chat/completions 200 [\d.]+ ms  request_id=for-you ", lines[0])
        assert "'/a b\\nc'" in lines[1]


def test_two_workers_write_whole_lines(upstream_url: str, tmp_path: Path) -> None:
    with running_gateway(tmp_path, scripted_config(upstream_url), {"WORKERS": "2"}) as running:
        ids = {exchange(running.url, head("GET", "/health/live")).headers["x-request-id"] for _ in range(50)}
        assert running.stop() == 0
    lines = [json.loads(line) for line in running.log.read_text().splitlines()]
    assert ids <= {line.get("request_id") for line in lines}
