"""What no client should send: each is answered with the envelope, never a 5xx, and the server lives on."""

from collections.abc import Iterator
from itertools import combinations
from typing import Any

import orjson
import pytest

from tests.clients.contract import PATHS, RESPONSES_PATH, check_error, request
from tests.clients.sockets import JSON, RawReply, connection, exchange, head, post, read_reply
from tests.servers.chat_upstream import ChatUpstream
from tests.servers.gateway import RunningGateway, running_gateway, scripted_config

CHAT = "/v1/chat/completions"
LIMIT = 4096


@pytest.fixture(scope="module")
def small(upstream_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningGateway]:
    """A gateway that takes small bodies only."""
    config = {**scripted_config(upstream_url), "max_body_bytes": LIMIT}
    with running_gateway(tmp_path_factory.mktemp("small"), config) as running:
        yield running


@pytest.fixture(autouse=True)
def _still_serves(gateway: RunningGateway) -> Iterator[None]:
    yield
    assert exchange(gateway.url, post(CHAT, orjson.dumps(request(CHAT)), JSON)).status == 200
    log = gateway.log.read_text()
    assert "unhandled error" not in log
    assert "Traceback" not in log


def _refused(reply: RawReply, status: int, code: str | None = None) -> dict[str, Any]:
    assert reply.status == status, reply.body
    assert reply.headers["content-type"] == "application/json"
    error = check_error(reply.json())
    assert code is None or error["code"] == code
    return error


def _chunked(*parts: bytes, is_ended: bool = True) -> bytes:
    chunks = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts)
    return chunks + (b"0\r\n\r\n" if is_ended else b"")


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b" ",
        b"{",
        b'{"model": "test/echo"',
        b"\xff\xfe\xfd",
        b'{"model": "\xff"}',
        b'{"model": "\xed\xa0\x80"}',
        b'{"model": "\\ud800"}',
        b'{"model": NaN}',
        b'{"temperature": Infinity}',
        b"{'model': 'x'}",
        b'{"model": "x",}',
        b"null",
        b"[]",
        b"1",
        b'"text"',
        b"\xef\xbb\xbf{}",
        b"\x00",
        b'{"model": "x"} {"model": "y"}',
    ],
    ids=lambda body: repr(body[:24]),
)
def test_a_body_that_is_no_request(gateway: RunningGateway, path: str, body: bytes) -> None:
    _refused(exchange(gateway.url, post(path, body, JSON)), 400)


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    "body",
    [b"[" * 200_000, b'{"a":' * 200_000, b'{"a": ' + b"[" * 2_000 + b"]" * 2_000 + b"}"],
    ids=lambda body: repr(body[:24]),
)
def test_a_body_that_is_nested_without_end(gateway: RunningGateway, path: str, body: bytes) -> None:
    _refused(exchange(gateway.url, post(path, body, JSON)), 413, "request_too_complex")


@pytest.mark.parametrize(
    "media_type",
    [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/xml",
        "application/jsonp",
        "application/json; charset=latin-1",
        "application/json; charset=utf-16",
        "json",
        "",
        "application/json, text/plain",
    ],
)
def test_a_media_type_that_is_not_taken(gateway: RunningGateway, media_type: str) -> None:
    body = orjson.dumps(request(CHAT))
    _refused(exchange(gateway.url, post(CHAT, body, f"content-type: {media_type}")), 415)


@pytest.mark.parametrize(
    "line",
    [
        "content-type: application/json; charset=utf-8",
        'content-type: Application/JSON; charset="UTF-8"',
        "content-type: application/json;",
        "x-nothing: said",
    ],
)
def test_json_in_utf8_is_taken_however_it_is_labelled(gateway: RunningGateway, line: str) -> None:
    assert exchange(gateway.url, post(CHAT, orjson.dumps(request(CHAT)), line)).status == 200


def test_a_chunked_body_is_taken(gateway: RunningGateway) -> None:
    body = orjson.dumps(request(CHAT, text="in pieces"))
    start = head("POST", CHAT, JSON, "transfer-encoding: chunked")
    reply = exchange(gateway.url, start + _chunked(body[:7], body[7:8], body[8:]))
    assert reply.status == 200
    assert b"in pieces" in reply.body


def test_a_declared_body_over_the_limit_is_refused_before_it_is_read(small: RunningGateway) -> None:
    _refused(exchange(small.url, head("POST", CHAT, JSON, f"content-length: {LIMIT + 1}")), 413)


def test_a_huge_declared_length_is_refused(gateway: RunningGateway) -> None:
    _refused(exchange(gateway.url, head("POST", CHAT, JSON, f"content-length: {10**15}")), 413)


def test_a_chunked_body_over_the_limit_is_refused_before_its_end(small: RunningGateway) -> None:
    start = head("POST", CHAT, JSON, "transfer-encoding: chunked")
    _refused(exchange(small.url, start + _chunked(b" " * 4000, b" " * 97, is_ended=False)), 413)


def test_a_body_at_the_limit_is_taken(small: RunningGateway) -> None:
    body = orjson.dumps(request(CHAT))
    padded = body + b" " * (LIMIT - len(body))
    assert exchange(small.url, post(CHAT, padded, JSON)).status == 200
    _refused(exchange(small.url, post(CHAT, padded + b" ", JSON)), 413)


@pytest.mark.parametrize("lines", [("content-length: 500",), ("transfer-encoding: chunked",)])
def test_a_client_that_leaves_in_the_middle_of_its_body_reaches_no_model(
    gateway: RunningGateway, upstream: ChatUpstream, lines: tuple[str, ...]
) -> None:
    upstream.forget()
    with connection(gateway.url) as opened:
        opened.sendall(head("POST", CHAT, JSON, *lines) + b'{"model": ')
    assert upstream.received == []


@pytest.mark.parametrize(
    "data",
    [
        b"\x00\x01\x02\r\n\r\n",
        b"GET\r\n\r\n",
        b"GET /v1/models HTTP/9.9\r\n\r\n",
        b"GET /v1/models HTTP/1.1\r\nhost: x\r\nbad header\r\n\r\n",
        b"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-length: -1\r\n\r\n",
        b"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\n",
        b"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\nnonsense\r\n",
    ],
)
def test_what_is_no_http_is_no_server_error(gateway: RunningGateway, data: bytes) -> None:
    assert 400 <= exchange(gateway.url, data).status < 500


def test_the_last_of_duplicate_keys_counts_for_us_and_for_the_upstream(
    gateway: RunningGateway, upstream: ChatUpstream
) -> None:
    upstream.forget()
    body = b'{"model": "nobody/x", "model": "test/echo", "messages": [{"role": "user", "content": "hi"}]}'
    assert exchange(gateway.url, post(CHAT, body, JSON)).status == 200
    assert upstream.last["model"] == "echo"


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("GET", CHAT, {"POST"}),
        ("HEAD", CHAT, {"POST"}),
        ("OPTIONS", CHAT, {"POST"}),
        ("DELETE", RESPONSES_PATH, {"POST"}),
        ("TRACE", CHAT, {"POST"}),
        ("BREW", CHAT, None),
        ("POST", "/v1/models", {"GET", "HEAD"}),
        ("PUT", "/v1/models/test/echo", {"GET", "HEAD"}),
        ("POST", "/health/live", {"GET", "HEAD"}),
        ("POST", "/openapi.json", {"GET", "HEAD"}),
    ],
)
def test_a_method_that_a_path_does_not_take(
    gateway: RunningGateway, method: str, path: str, allowed: set[str] | None
) -> None:
    reply = exchange(gateway.url, head(method, path), method)
    if allowed is None:  # a word that is no method ends in the HTTP parser
        assert reply.status in (400, 405)
        return
    assert reply.status == 405
    assert {name.strip() for name in reply.headers["allow"].split(",")} == allowed
    if method != "HEAD":
        check_error(reply.json())


def test_head_is_get_without_a_body(gateway: RunningGateway) -> None:
    got, told = (exchange(gateway.url, head(method, "/v1/models"), method) for method in ("GET", "HEAD"))
    assert (told.status, told.body) == (200, b"")
    assert told.headers["content-length"] == got.headers["content-length"]
    assert exchange(gateway.url, head("HEAD", "/v1/models", key=None), "HEAD").status == 401


def test_a_path_that_is_not_there(gateway: RunningGateway) -> None:
    for target in ("/", "/v1", "/v1/", "/v1/chat", "/v2/models", "/%ff", "/" + "x" * 5000):
        _refused(exchange(gateway.url, head("GET", target)), 404)


def test_connections_are_good_for_more_after_a_refusal(gateway: RunningGateway) -> None:
    with connection(gateway.url) as opened:
        for _ in range(3):
            opened.sendall(post(CHAT, b"{", JSON))
            _refused(read_reply(opened), 400)
        opened.sendall(post(CHAT, orjson.dumps(request(CHAT)), JSON))
        assert read_reply(opened).status == 200


FAULTS = ("path", "method", "key", "media type", "size", "schema", "model", "metadata")
ANSWERS = {
    "path": (404, "not_found", None),
    "method": (405, "method_not_allowed", None),
    "key": (401, "invalid_api_key", None),
    "media type": (415, "unsupported_media_type", None),
    "size": (413, "request_too_large", None),
    "schema": (400, "invalid_value", "temperature"),
    "model": (404, "model_not_found", "model"),
    "metadata": (400, "invalid_value", "metadata.waystone"),
}


def _faulty(path: str, faults: tuple[str, ...]) -> bytes:
    """A request that is wrong in some ways and right in all others."""
    body = request(path, model="nobody/x" if "model" in faults else "test/echo")
    body["temperature"] = 9 if "schema" in faults else 1
    body["metadata"] = {"waystone": "no JSON" if "metadata" in faults else "{}"}
    data = orjson.dumps(body)
    start = head(
        "PUT" if "method" in faults else "POST",
        path + "/nowhere" if "path" in faults else path,
        "content-type: text/plain" if "media type" in faults else JSON,
        f"content-length: {10**9 if 'size' in faults else len(data)}",
        **({"key": None} if "key" in faults else {}),
    )
    return start + data


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("fault", FAULTS)
def test_one_fault_is_named(gateway: RunningGateway, path: str, fault: str) -> None:
    _answers_as(exchange(gateway.url, _faulty(path, (fault,))), fault)


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("faults", list(combinations(FAULTS, 2)), ids=" and ".join)
def test_of_two_faults_the_earlier_check_is_named(gateway: RunningGateway, path: str, faults: tuple[str, str]) -> None:
    _answers_as(exchange(gateway.url, _faulty(path, faults)), faults[0])


def _answers_as(reply: RawReply, fault: str) -> None:
    status, code, param = ANSWERS[fault]
    error = _refused(reply, status)
    assert (error["code"], error["param"]) == (code, param)
