"""Keys: how they are shown, what they open, and that nothing opens a closed path without one."""

import hashlib
import sqlite3
import time
from contextlib import closing
from pathlib import Path

import httpx
import pytest

from tests.clients.contract import PATHS, check_error, request
from tests.clients.sockets import JSON, exchange, head, post
from tests.servers.chat_upstream import ChatUpstream
from tests.servers.gateway import KEY, RunningGateway

REVOKED_WITHIN = 5.0


def _status(gateway: RunningGateway, key: str) -> int:
    with gateway.client(key) as client:
        return client.get("/v1/models").status_code


def _wait_until_refused(gateway: RunningGateway, key: str, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while _status(gateway, key) != 401:
        assert time.monotonic() < deadline, f"the key still opened the gateway after {seconds} s"


@pytest.mark.parametrize(
    "headers",
    [
        {"authorization": f"Bearer {KEY}"},
        {"authorization": f"bearer {KEY}"},
        {"authorization": KEY},
        {"x-api-key": KEY},
    ],
)
def test_v1_takes_a_key_in_three_forms(gateway: RunningGateway, headers: dict[str, str]) -> None:
    with gateway.client(None) as client:
        assert client.get("/v1/models", headers=headers).status_code == 200
        chat = client.post("/v1/chat/completions", json=request("/v1/chat/completions"), headers=headers)
    assert chat.status_code == 200


@pytest.mark.parametrize("path", [path for path in PATHS if path.startswith("/api/gateway")])
@pytest.mark.parametrize("headers", [{"authorization": KEY}, {"x-api-key": KEY}])
def test_waystone_paths_take_bearer_keys_only(gateway: RunningGateway, path: str, headers: dict[str, str]) -> None:
    with gateway.client(None) as client:
        assert client.post(path, json=request(path), headers=headers).status_code == 401
        bearer = {"authorization": f"Bearer {KEY}"}
        assert client.post(path, json=request(path), headers=bearer).status_code == 200


@pytest.mark.parametrize(
    "value",
    [
        "",
        "Bearer",
        "Bearer ",
        "Bearer nonsense",
        f"Bearer {KEY[:-1]}",
        f"Bearer {KEY}x",
        f"Bearer  {KEY} {KEY}",
        f"Basic {KEY}",
        f"Token {KEY}",
        f"{KEY}, {KEY}",
        "Bearer sk-gateway-" + "A" * 43,
        "Bearer sk-gateway-" + "A" * 9000,
        "Bearer \xff\xfe",
    ],
)
def test_other_values_open_nothing(gateway: RunningGateway, value: str) -> None:
    reply = exchange(gateway.url, head("GET", "/v1/models", f"authorization: {value}", key=None))
    assert reply.status == 401
    assert reply.headers["www-authenticate"].startswith("Bearer")
    assert check_error(reply.json())["type"] == "authentication_error"


@pytest.mark.parametrize(
    "target",
    [
        "//v1/models",
        "/v1//models",
        "/v1/models/",
        "/v1/models/test/echo",
        "/v1/models%2Ftest%2Fecho",
        "/v1%2Fmodels",
        "/%76%31/models",
        "/v1/models%00",
        "/v1/models;x=/health/live",
        "/v1/models?path=/health/live",
        "/v1/../health/live/../../v1/models",
        "/v1/../health/live",
        "/health/live/../../v1/models",
        "/health/live/..%2f..%2fv1/models",
        "/docs/../v1/models",
        "/docs/assets/../../v1/models",
        "/docs/assets/..%2f..%2f..%2fmodels.py",
        "/docs/assets/%2e%2e/swagger_ui.py",
        "http://gateway/v1/models",
        "http://health/v1/models",
        "http://gateway/health/live/../../v1/models",
        "http://gateway//v1/models",
        "https://user:pass@gateway/v1/models",
    ],
)
@pytest.mark.parametrize("host", ["gateway", "gateway/health/live", "x/health/live?", "..", ""])
def test_no_spelling_of_a_target_opens_a_closed_path(gateway: RunningGateway, target: str, host: str) -> None:
    lines = f"GET {target} HTTP/1.1\r\nhost: {host}\r\n\r\n".encode()
    reply = exchange(gateway.url, lines)
    assert reply.status in (400, 401, 404, 405), reply.body
    assert b"owned_by" not in reply.body
    assert "location" not in reply.headers


@pytest.mark.parametrize(
    "line",
    [
        "x-forwarded-prefix: /health",
        "x-original-url: /health/live",
        "x-rewrite-url: /health/live",
        "x-forwarded-host: gateway/health/live",
        "x-forwarded-for: 127.0.0.1",
        "x-http-method-override: GET",
        "forwarded: for=127.0.0.1;host=/health/live",
    ],
)
def test_no_header_opens_a_closed_path(gateway: RunningGateway, line: str) -> None:
    assert exchange(gateway.url, head("GET", "/v1/models", line, key=None)).status == 401


@pytest.mark.parametrize("path", PATHS)
def test_generation_needs_a_key(gateway: RunningGateway, upstream: ChatUpstream, path: str) -> None:
    upstream.forget()
    reply = exchange(gateway.url, post(path, b"{}", JSON, key=None))
    assert reply.status == 401
    assert upstream.received == []


@pytest.mark.parametrize("path", ["/health/live", "/health/ready", "/openapi.json", "/docs"])
def test_some_paths_need_no_key(gateway: RunningGateway, path: str) -> None:
    assert exchange(gateway.url, head("GET", path, key=None)).status == 200


def test_a_new_key_works_at_once_and_a_revoked_one_stops_soon(gateway: RunningGateway) -> None:
    secret = gateway.command("keys", "create", "--name", "short-lived").strip()
    assert secret.startswith("sk-gateway-")
    assert _status(gateway, secret) == 200
    gateway.command("keys", "revoke", "short-lived")
    _wait_until_refused(gateway, secret, REVOKED_WITHIN)


def test_a_key_opens_the_gateway_until_it_expires(gateway: RunningGateway) -> None:
    secret = gateway.command("keys", "create", "--name", "ending", "--expires", "1h").strip()
    # The command takes as long as the machine is slow; the hour is cut short once it is done.
    end = time.time() + 2.0
    with closing(sqlite3.connect(gateway.folder / "data" / "waystone.db")) as database, database:
        database.execute("update keys set expires_at = ? where name = 'ending'", (end,))
    assert _status(gateway, secret) == 200
    _wait_until_refused(gateway, secret, 30.0)
    assert time.time() >= end


def test_keys_are_listed_without_their_secrets(gateway: RunningGateway) -> None:
    secret = gateway.command("keys", "create", "--name", "listed").strip()
    assert _status(gateway, secret) == 200
    listed = gateway.command("keys", "list")
    assert "listed" in listed
    assert secret[-4:] in listed
    _hold_no_secret(listed, secret)
    _hold_no_secret("".join(gateway.output), secret)
    _hold_no_secret(gateway.log.read_text(), secret)


def _hold_no_secret(text: str, secret: str) -> None:
    body = secret.removeprefix("sk-gateway-")
    digest = hashlib.sha256(secret.encode())
    for told in (body, body[:12], digest.hexdigest(), digest.hexdigest()[:12]):
        assert told not in text


def test_the_database_holds_no_secret(gateway: RunningGateway) -> None:
    secret = gateway.command("keys", "create", "--name", "stored").strip()
    files = [path for path in Path(gateway.folder / "data").rglob("*") if path.is_file()]
    assert files
    assert not any(secret.removeprefix("sk-gateway-").encode() in path.read_bytes() for path in files)
    with closing(sqlite3.connect(gateway.folder / "data" / "waystone.db")) as database:
        (row,) = database.execute("select digest from keys where name = 'stored'").fetchall()
    assert row[0] == hashlib.sha256(secret.encode()).digest()


def test_many_wrong_keys_do_not_shut_out_the_right_one(gateway: RunningGateway) -> None:
    with httpx.Client(base_url=gateway.url) as client:
        for number in range(50):
            wrong = {"authorization": f"Bearer sk-gateway-{number:043d}"}
            assert client.get("/v1/models", headers=wrong).status_code == 401
        assert client.get("/v1/models", headers={"authorization": f"Bearer {KEY}"}).status_code == 200
