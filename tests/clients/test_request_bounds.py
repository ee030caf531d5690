"""What one request may consist of, and all together may hold: each bound names itself and shuts nobody out."""

import json
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest

from tests.clients.contract import check_error, request
from tests.clients.sockets import JSON, RawReply, connection, exchange, head, post, read_reply
from tests.servers.chat_upstream import ChatUpstream
from tests.servers.gateway import RunningGateway, running_gateway, scripted_config

CHAT, RESPONSES, CONVERSATIONS = "/v1/chat/completions", "/v1/responses", "/v1/conversations"
WAYSTONE_CHAT, WAYSTONE_RESPONSES = "/api/gateway/v1/chat/completions", "/api/gateway/v1/responses"
EVERY = (CHAT, RESPONSES, CONVERSATIONS, WAYSTONE_CHAT, WAYSTONE_RESPONSES)
BOUNDS = {"values": 200, "nesting": 12, "messages": 6, "items": 6, "parts": 8, "tools": 4, "properties": 9}
BODY, IN_FLIGHT = 120_000, 1024 * 1024

MESSAGE = {"role": "user", "content": "x"}


@pytest.fixture(scope="module")
def bounded(upstream_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningGateway]:
    """A gateway that takes little."""
    config = {**scripted_config(upstream_url), "bounds": {"request": BOUNDS}}
    with running_gateway(tmp_path_factory.mktemp("bounded"), config) as running:
        yield running


@pytest.fixture(scope="module")
def narrow(upstream_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningGateway]:
    """A gateway that holds few bytes at once."""
    bounds = {"request": {"bytes_in_flight": IN_FLIGHT}}
    config = {**scripted_config(upstream_url), "max_body_bytes": BODY, "bounds": bounds}
    with running_gateway(tmp_path_factory.mktemp("narrow"), config) as running:
        yield running


def body_of(path: str, **more: Any) -> dict[str, Any]:
    if path == CONVERSATIONS:
        return more
    said = {"input": "x"} if path.endswith("responses") else {"messages": [MESSAGE]}
    return {"model": "test/echo", **said, **more}


def values_in(document: Any) -> int:
    inner = document.values() if isinstance(document, dict) else document if isinstance(document, list) else ()
    return 1 + sum(map(values_in, inner))


def too_complex(reply: httpx.Response | RawReply, name: str) -> dict[str, Any]:
    error = check_error(reply.json())
    assert (error["code"], error["type"]) == ("request_too_complex", "invalid_request_error")
    assert f"`bounds.request.{name}`" in error["message"]
    assert f"more than {BOUNDS[name]} " in error["message"]
    return error


def schema_of(count: int) -> dict[str, Any]:
    return {"type": "object", "properties": {f"p{index}": {} for index in range(count)}}


def parts(count: int, kind: str = "text") -> list[dict[str, Any]]:
    return [{"type": kind, "text": "x"}] * count


def flat(count: int) -> list[dict[str, Any]]:
    return [{"type": "function", "name": f"f{index}", "parameters": {}} for index in range(count)]


def tools(count: int) -> list[dict[str, Any]]:
    return [{"type": "function", "function": {"name": f"f{index}", "parameters": {}}} for index in range(count)]


def form(count: int) -> dict[str, Any]:
    return {"type": "json_schema", "json_schema": {"name": "a", "schema": schema_of(count)}}


@pytest.mark.parametrize(
    ("path", "name", "param", "taken", "refused"),
    [
        (CHAT, "messages", "messages", {"messages": [MESSAGE] * 6}, {"messages": [MESSAGE] * 7}),
        (WAYSTONE_CHAT, "messages", "messages", {"messages": [MESSAGE] * 6}, {"messages": [MESSAGE] * 7}),
        (RESPONSES, "items", "input", {"input": [MESSAGE] * 6}, {"input": [MESSAGE] * 7}),
        (CONVERSATIONS, "items", "items", {"items": [MESSAGE] * 6}, {"items": [MESSAGE] * 7}),
        (
            CHAT,
            "parts",
            "messages",
            {"messages": [{"role": "user", "content": parts(4)}] * 2},
            {"messages": [{"role": "user", "content": parts(3)}] * 3},
        ),
        (
            RESPONSES,
            "parts",
            "input",
            {"input": [{"role": "user", "content": parts(8, "input_text")}]},
            {"input": [{"role": "user", "content": parts(9, "input_text")}]},
        ),
        (CHAT, "tools", "tools", {"tools": tools(4)}, {"tools": tools(5)}),
        (RESPONSES, "tools", "tools", {"tools": flat(4)}, {"tools": flat(5)}),
        (
            CHAT,
            "properties",
            None,
            {"tools": [{"type": "function", "function": {"name": "f", "parameters": schema_of(9)}}]},
            {"tools": [{"type": "function", "function": {"name": "f", "parameters": schema_of(10)}}]},
        ),
        (CHAT, "properties", None, {"response_format": form(9)}, {"response_format": form(10)}),
        (
            RESPONSES,
            "properties",
            None,
            {"text": {"format": {"type": "json_schema", "name": "a", "schema": schema_of(9)}}},
            {"text": {"format": {"type": "json_schema", "name": "a", "schema": schema_of(10)}}},
        ),
    ],
)
def test_a_bound_is_taken_and_one_more_is_a_413(
    bounded: RunningGateway, path: str, name: str, param: str | None, taken: dict[str, Any], refused: dict[str, Any]
) -> None:
    with bounded.client() as client:
        reply = client.post(path, json=body_of(path, **taken))
        assert reply.status_code == 200, reply.text
        reply = client.post(path, json=body_of(path, **refused))
        assert reply.status_code == 413
        assert too_complex(reply, name)["param"] == param


@pytest.mark.parametrize("path", EVERY)
def test_values_are_counted_wherever_they_stand(bounded: RunningGateway, path: str) -> None:
    body = body_of(path, metadata={"a": "[[{{,,"})
    filler = [0] * (BOUNDS["values"] - values_in(body) - 1)
    with bounded.client() as client:
        for indent in (None, 2):
            taken, refused = (json.dumps({**body, "x": values}, indent=indent) for values in (filler, [*filler, []]))
            headers = {"content-type": "application/json"}
            reply = client.post(path, content=taken, headers=headers)
            assert reply.status_code == 200 or check_error(reply.json())["code"] == "unknown_parameter"
            reply = client.post(path, content=refused, headers=headers)
            assert reply.status_code == 413
            too_complex(reply, "values")


@pytest.mark.parametrize("path", EVERY)
def test_nesting_is_counted_wherever_it_stands(bounded: RunningGateway, path: str) -> None:
    start = orjson.dumps(body_of(path, metadata={"a": "]]]]]]"}))[:-1]
    taken, refused = (start + b',"x":' + b"[" * depth + b"]" * depth + b"}" for depth in (11, 12))
    reply = exchange(bounded.url, post(path, taken, JSON))
    assert reply.status == 200 or check_error(reply.json())["code"] == "unknown_parameter"
    reply = exchange(bounded.url, post(path, refused, JSON))
    assert reply.status == 413
    too_complex(reply, "nesting")


@pytest.mark.parametrize(
    ("piece", "times", "status"),
    [(b"[],", 4_000_000, 413), (b"[", 4_000_000, 413), (b'"a",', 4_000_000, 413), (b"]", 4_000_000, 400)],
)
def test_a_large_body_is_refused_before_it_is_parsed(
    gateway: RunningGateway, piece: bytes, times: int, status: int
) -> None:
    data = orjson.dumps(request(CHAT))[:-1] + b',"x":[' + piece * times + b"0]}"
    assert exchange(gateway.url, post(CHAT, data, JSON)).status == status


@pytest.mark.parametrize("text", ["[,{" * 1_000_000, '"\\' * 1_000_000, "é\n" * 1_000_000, "iVBO" * 1_000_000])
def test_a_large_text_is_an_ordinary_request(
    gateway: RunningGateway, upstream: ChatUpstream, client: httpx.Client, text: str
) -> None:
    messages = [{"role": "user", "content": text}]
    reply = client.post(CHAT, json={"model": "test/length", "messages": messages})
    assert reply.status_code == 200
    assert upstream.last["messages"] == messages


def test_size_is_named_before_what_a_body_consists_of(narrow: RunningGateway) -> None:
    reply = exchange(narrow.url, post(CHAT, b"[" * (BODY + 1), JSON))
    assert (reply.status, check_error(reply.json())["code"]) == (413, "request_too_large")


def test_what_a_body_consists_of_is_named_before_its_schema(bounded: RunningGateway) -> None:
    with bounded.client() as client:
        reply = client.post(CHAT, json={"model": 1, "messages": [{}] * 7})
    assert reply.status_code == 413
    too_complex(reply, "messages")


def test_bytes_in_flight_are_bounded_and_free_again(narrow: RunningGateway) -> None:
    held = orjson.dumps(request(CHAT, model="test/stall", text="x" * (BODY - 100)))
    small = post(CHAT, orjson.dumps(request(CHAT)), JSON)
    with ExitStack() as stack:
        for _ in range(IN_FLIGHT // len(held)):
            stack.enter_context(connection(narrow.url)).sendall(post(CHAT, held, JSON))
        for waiting in (post(CHAT, held, JSON), head("POST", CHAT, JSON, f"content-length: {len(held)}")):
            reply = _until(narrow, waiting, 503)
            error = check_error(reply.json())
            assert (error["code"], error["type"]) == ("overloaded", "server_error")
            assert int(reply.headers["retry-after"]) >= 1
        assert exchange(narrow.url, head("GET", "/health/live")).status == 200
        assert exchange(narrow.url, small).status == 200
    # Their clients have left.
    assert _until(narrow, post(CHAT, orjson.dumps(request(CHAT, text="x" * (BODY - 100))), JSON), 200).status == 200


def test_a_body_in_pieces_is_refused_when_it_is_too_much(narrow: RunningGateway) -> None:
    held = orjson.dumps(request(CHAT, model="test/stall", text="x" * (BODY - 100)))
    with ExitStack() as stack:
        for _ in range(IN_FLIGHT // len(held)):
            stack.enter_context(connection(narrow.url)).sendall(post(CHAT, held, JSON))
        _until(narrow, head("POST", CHAT, JSON, f"content-length: {len(held)}"), 503)
        opened = stack.enter_context(connection(narrow.url))
        opened.sendall(head("POST", CHAT, JSON, "transfer-encoding: chunked"))
        opened.sendall(b"%x\r\n%b\r\n" % (len(held), held))
        assert read_reply(opened, "POST").status == 503


def _until(running: RunningGateway, data: bytes, status: int) -> RawReply:
    """The answer to a request that is sent again until it has this status."""
    for _ in range(1000):
        reply = exchange(running.url, data, "POST")
        if reply.status == status:
            return reply
    raise AssertionError(f"no {status}, but {reply}")


def test_what_a_response_continues_is_held_to_the_same_values(upstream_url: str, tmp_path: Path) -> None:
    config = {**scripted_config(upstream_url), "bounds": {"request": {"values": 400}}}
    with running_gateway(tmp_path, config) as running, running.client() as client:
        previous = None
        for number in range(9):
            given = [{"role": "user", "content": f"{number}"}] * 20
            body = {"model": "test/length", "input": given, "previous_response_id": previous}
            reply = client.post(RESPONSES, json=body)
            if reply.status_code != 200:
                break
            previous = reply.json()["id"]
        assert number > 2
        assert reply.status_code == 413
        error = check_error(reply.json())
        assert (error["code"], error["param"]) == ("request_too_complex", "previous_response_id")
        assert "What the request continues has more than 400 values" in error["message"]


def test_a_client_that_leaves_is_noticed_after_a_body_of_any_size(
    gateway: RunningGateway, upstream: ChatUpstream
) -> None:
    body = orjson.dumps(request(CHAT, model="test/stall", text="x" * 300_000))
    with connection(gateway.url) as opened:
        opened.sendall(post(CHAT, body, JSON))
        assert upstream.began.wait(10)
    assert upstream.left.wait(10)
