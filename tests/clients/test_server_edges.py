"""What the server decides about a request before its operation sees it, over real sockets."""

import gzip
import zlib
from collections.abc import Callable, Iterator
from typing import Any

import orjson
import pytest
import zstandard

from tests.clients.contract import CHAT_PATHS, PATHS, check_error, request
from tests.clients.sockets import JSON, RawReply, connection, exchange, head, post, read_reply
from tests.servers.gateway import KEY, RunningGateway, running_gateway, scripted_config

CHAT = "/v1/chat/completions"
ORIGIN = "https://app.example.com"
LIMIT = 100_000


@pytest.fixture(scope="module")
def bounded(upstream_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningGateway]:
    """A gateway with a small limit on bodies, which pages of one origin may call."""
    config = {**scripted_config(upstream_url), "max_body_bytes": LIMIT, "cors": {"origins": [ORIGIN]}}
    with running_gateway(tmp_path_factory.mktemp("bounded"), config) as running:
        yield running


def _body(**more: Any) -> bytes:
    return orjson.dumps(request(CHAT, **more))


# Upgrades.


def test_request_with_an_upgrade_to_http2_is_answered_as_http1(gateway: RunningGateway) -> None:
    upgrade = ("connection: Upgrade, HTTP2-Settings", "upgrade: h2c", "http2-settings: AAEAAEAAAAIAAAABAAMAAABk")
    with connection(gateway.url) as opened:
        for _ in range(2):
            opened.sendall(post(CHAT, _body(), JSON, *upgrade))
            reply = read_reply(opened, "POST")
            assert reply.status == 200
            assert reply.json()["object"] == "chat.completion"


@pytest.mark.parametrize("path", ["/v1/responses", "/v1/models", "/nothing"])
def test_websocket_is_answered_with_426(gateway: RunningGateway, path: str) -> None:
    lines = ("connection: Upgrade", "upgrade: websocket", "sec-websocket-version: 13", "sec-websocket-key: aaaa")
    reply = exchange(gateway.url, head("GET", path, *lines))
    assert reply.status == 426
    assert reply.headers["upgrade"] == "websocket"
    assert check_error(reply.json())["code"] == "websocket_unsupported"
    log = gateway.log.read_text()
    assert "WebSocket library" not in log
    assert "Unsupported upgrade" not in log


# Credentials.


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    ("lines", "status"),
    [
        ((f"authorization: Bearer {KEY}", f"authorization: Bearer {KEY}"), 200),
        ((f"authorization: Bearer {KEY}", "authorization: Bearer sk-gateway-another"), 400),
        (("authorization: Bearer sk-gateway-another", f"Authorization: Bearer {KEY}"), 400),
        (("authorization: ", f"authorization: Bearer {KEY}"), 400),
    ],
    ids=["same", "another-last", "another-first", "empty-first"],
)
def test_two_fields_of_one_credential_have_to_agree(
    gateway: RunningGateway, path: str, lines: tuple[str, ...], status: int
) -> None:
    reply = exchange(gateway.url, post(path, orjson.dumps(request(path)), JSON, *lines, key=None), "POST")
    assert reply.status == status
    if status == 400:
        error = check_error(reply.json())
        assert error["code"] == "conflicting_credentials"
        assert KEY not in error["message"]


def test_other_credential_header_is_held_to_it_too(gateway: RunningGateway) -> None:
    lines = (f"x-api-key: {KEY}", "x-api-key: sk-gateway-another")
    assert exchange(gateway.url, post(CHAT, _body(), JSON, *lines, key=None), "POST").status == 400


@pytest.mark.parametrize("trailer", [f"authorization: Bearer {KEY}", f"x-api-key: {KEY}", "content-type: text/plain"])
def test_trailers_count_for_nothing(gateway: RunningGateway, trailer: str) -> None:
    body = _body()
    chunked = b"%x\r\n%b\r\n0\r\n%b\r\n\r\n" % (len(body), body, trailer.encode())
    with_key = head("POST", CHAT, JSON, "transfer-encoding: chunked") + chunked
    without = head("POST", CHAT, JSON, "transfer-encoding: chunked", key=None) + chunked
    assert exchange(gateway.url, with_key, "POST").status == 200
    assert exchange(gateway.url, without, "POST").status == 401


# Compressed bodies.

CODINGS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "x-gzip": gzip.compress,
    "GZip": gzip.compress,
    "zstd": zstandard.compress,
    "identity": bytes,
    "identity, gzip": gzip.compress,
}


@pytest.mark.parametrize("coding", CODINGS)
@pytest.mark.parametrize("path", PATHS)
def test_compressed_body_is_read(gateway: RunningGateway, path: str, coding: str) -> None:
    data = CODINGS[coding](orjson.dumps(request(path, text="Hello there. " * 1000)))
    assert exchange(gateway.url, post(path, data, JSON, f"content-encoding: {coding}"), "POST").status == 200


def test_compressed_body_of_several_members_or_frames_is_read(gateway: RunningGateway) -> None:
    body = _body()
    for coding, pack in (("gzip", gzip.compress), ("zstd", zstandard.compress)):
        data = pack(body[:20]) + pack(body[20:])
        assert exchange(gateway.url, post(CHAT, data, JSON, f"content-encoding: {coding}"), "POST").status == 200


def _flipped(data: bytes) -> bytes:
    return data[:12] + bytes((data[12] ^ 255,)) + data[13:]


@pytest.mark.parametrize(
    ("coding", "data", "status", "code"),
    [
        ("br", b"anything", 415, "unsupported_media_type"),
        ("deflate", zlib.compress(_body()), 415, "unsupported_media_type"),
        ("gzip, zstd", zstandard.compress(gzip.compress(_body())), 415, "unsupported_media_type"),
        ("gzip", b"", 400, "invalid_encoding"),
        ("gzip", _body(), 400, "invalid_encoding"),
        ("gzip", gzip.compress(_body())[:-9], 400, "invalid_encoding"),
        ("gzip", _flipped(gzip.compress(_body())), 400, "invalid_encoding"),
        ("zstd", b"", 400, "invalid_encoding"),
        ("zstd", _body(), 400, "invalid_encoding"),
        ("zstd", zstandard.compress(_body())[:-3], 400, "invalid_encoding"),
        ("gzip", gzip.compress(b""), 400, "invalid_json"),
        ("gzip", gzip.compress(b"{"), 400, "invalid_json"),
        ("gzip", gzip.compress(b" " * (LIMIT + 1)), 413, "request_too_large"),
        ("gzip", gzip.compress(b" " * 50_000_000), 413, "request_too_large"),
        ("zstd", zstandard.compress(b" " * 50_000_000), 413, "request_too_large"),
        ("zstd", zstandard.compress(b"") * 10_000 + zstandard.compress(_body()), 200, None),
    ],
    # Not by their bytes: those of gzip have the time in them.
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_compressed_body_that_cannot_be_read(
    bounded: RunningGateway, coding: str, data: bytes, status: int, code: str | None
) -> None:
    reply = exchange(bounded.url, post(CHAT, data, JSON, f"content-encoding: {coding}"), "POST")
    assert reply.status == status, reply.body
    if code is not None:
        assert check_error(reply.json())["code"] == code
    if status == 415:
        assert reply.headers["accept-encoding"] == "gzip, zstd"


# Paths, versions, proxies.


@pytest.mark.parametrize("path", [*PATHS, "/v1/responses"])
def test_path_with_a_slash_at_its_end_is_the_same_path(gateway: RunningGateway, path: str) -> None:
    body = {"model": "test/echo", "input": "Hello."} if path == "/v1/responses" else request(path)
    assert exchange(gateway.url, post(f"{path}/", orjson.dumps(body), JSON), "POST").status == 200


@pytest.mark.parametrize(
    ("target", "status"),
    [
        ("/v1/models/", 200),
        ("/v1/models/?limit=1", 200),
        ("/v1/models/test/echo/", 200),
        ("/health/live/", 200),
        ("/docs/", 200),
        ("/v1/models//", 404),
        ("//", 404),
        ("/" * 60_000, 404),
        ("/", 404),
        ("/v1/responses/resp_1%2F", 404),
    ],
)
def test_slash_at_the_end_of_other_paths(gateway: RunningGateway, target: str, status: int) -> None:
    reply = exchange(gateway.url, head("GET", target))
    assert reply.status == status
    assert "location" not in reply.headers


@pytest.mark.parametrize("path", CHAT_PATHS)
def test_client_of_http_1_0_gets_a_stream_without_chunks(gateway: RunningGateway, path: str) -> None:
    data = post(path, orjson.dumps(request(path, stream=True)), JSON).replace(b"HTTP/1.1", b"HTTP/1.0", 1)
    reply = exchange(gateway.url, data, "POST")
    assert "transfer-encoding" not in reply.headers
    assert reply.headers["connection"] == "close"
    assert reply.body.startswith(b"data: ")
    assert reply.body.endswith(b"data: [DONE]\n\n")


@pytest.mark.parametrize("path", [*PATHS, "/v1/responses"])
def test_proxies_do_not_hold_streams_back(gateway: RunningGateway, path: str) -> None:
    body = {"model": "test/echo", "input": "Hello."} if path == "/v1/responses" else request(path)
    reply = exchange(gateway.url, post(path, orjson.dumps({**body, "stream": True}), JSON), "POST")
    assert reply.status == 200
    assert reply.headers["x-accel-buffering"] == "no"


# Pages in a browser.


def _from_page(url: str, method: str, path: str, *lines: str, origin: str = ORIGIN, key: str | None = KEY) -> RawReply:
    return exchange(url, head(method, path, f"origin: {origin}", *lines, key=key), method)


def test_page_may_send_its_key(bounded: RunningGateway) -> None:
    wanted = "authorization,content-type,x-stainless-lang"
    lines = ("access-control-request-method: POST", f"access-control-request-headers: {wanted}")
    reply = _from_page(bounded.url, "OPTIONS", CHAT, *lines, key=None)
    assert (reply.status, reply.body) == (204, b"")
    assert reply.headers["access-control-allow-origin"] == ORIGIN
    assert reply.headers["access-control-allow-methods"] == "POST"
    assert reply.headers["access-control-allow-headers"] == wanted
    assert reply.headers["vary"] == "origin"
    assert "access-control-allow-credentials" not in reply.headers


@pytest.mark.parametrize(
    ("method", "path", "key", "status"),
    [
        ("GET", "/v1/models", KEY, 200),
        ("GET", "/v1/models", None, 401),
        ("GET", "/nothing", KEY, 404),
        ("GET", CHAT, KEY, 405),
    ],
)
def test_page_may_read_every_answer(
    bounded: RunningGateway, method: str, path: str, key: str | None, status: int
) -> None:
    reply = _from_page(bounded.url, method, path, key=key)
    assert reply.status == status
    assert reply.headers["access-control-allow-origin"] == ORIGIN
    assert "x-request-id" in reply.headers["access-control-expose-headers"]


@pytest.mark.parametrize("origin", ["https://evil.example.com", f"{ORIGIN}.evil.example", "null", ""])
def test_pages_of_other_origins_may_not(bounded: RunningGateway, origin: str) -> None:
    preflight = _from_page(bounded.url, "OPTIONS", CHAT, "access-control-request-method: POST", origin=origin)
    read = _from_page(bounded.url, "GET", "/v1/models", origin=origin)
    assert preflight.status == 405
    for reply in (preflight, read):
        assert "access-control-allow-origin" not in reply.headers
        assert reply.headers["vary"] == "origin"


def test_header_names_that_are_none_are_not_allowed(bounded: RunningGateway) -> None:
    lines = ("access-control-request-method: POST", "access-control-request-headers: a b;c")
    reply = _from_page(bounded.url, "OPTIONS", CHAT, *lines)
    assert "access-control-allow-headers" not in reply.headers


def test_pages_may_not_where_nothing_is_configured(gateway: RunningGateway) -> None:
    reply = _from_page(gateway.url, "GET", "/v1/models")
    assert not {name for name in reply.headers if name.startswith("access-control")}
    assert "vary" not in reply.headers


def test_pages_of_all_origins_may_where_that_is_configured(upstream_url: str, tmp_path_factory: Any) -> None:
    config = {**scripted_config(upstream_url), "cors": {"origins": "*"}}
    with running_gateway(tmp_path_factory.mktemp("any"), config) as running:
        reply = _from_page(running.url, "GET", "/v1/models", origin="https://anybody.example")
    assert reply.headers["access-control-allow-origin"] == "*"
