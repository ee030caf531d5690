"""What a provider refuses, and how a client sees it: with its meaning, without the upstream's secrets."""

import httpx
import pytest

from tests.clients.contract import CHAT_PATHS, PATHS, RESPONSES_PATH, check_error, request
from tests.servers.chat_upstream import KEY as UPSTREAM_KEY
from tests.servers.chat_upstream import ChatUpstream
from tests.servers.gateway import RunningGateway

# The upstream's script, then what the client is to see: status, code, retry-after.
TABLE: list[tuple[str, int, str | None, str | None]] = [
    ("test/refuse-400", 400, "invalid_value", None),
    ("test/refuse-401", 502, "upstream_auth", None),
    ("test/refuse-403", 502, "upstream_auth", None),
    ("test/refuse-404", 404, "model_not_found", None),
    ("test/refuse-429", 429, "rate_limit_exceeded", "7"),
    ("test/refuse-500", 503, "overloaded", None),
    ("test/refuse-503", 503, "overloaded", "3"),
    ("test/refuse-302", 502, "upstream_error", None),
    ("test/too-long", 400, "context_length_exceeded", None),
    ("test/too-long-code", 400, "context_length_exceeded", None),
    ("test/html", 502, "upstream_bad_reply", None),
    ("test/error-in-200", 503, "overloaded", None),
    ("test/quotes-key", 400, None, None),
    ("test/quotes-key-in-200", 400, None, None),
    ("down/any", 502, "upstream_unreachable", None),
    ("slow/stall", 504, "upstream_timeout", None),
]


def _ask(client: httpx.Client, path: str, model: str, *, stream: bool) -> httpx.Response:
    return client.post(path, json=request(path, model, stream=stream))


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("row", TABLE, ids=[row[0] for row in TABLE])
def test_an_upstreams_error_keeps_its_meaning(
    client: httpx.Client, path: str, stream: bool, row: tuple[str, int, str | None, str | None]
) -> None:
    model, *expected = row
    reply = _ask(client, path, model, stream=stream)
    error = check_error(reply.json())
    assert [reply.status_code, error["code"], reply.headers.get("retry-after")] == expected, reply.text
    assert error["message"]


@pytest.mark.parametrize("path", PATHS)
def test_a_reply_without_choices_is_no_answer(client: httpx.Client, path: str) -> None:
    reply = _ask(client, path, "test/no-choices", stream=False)
    assert (reply.status_code, check_error(reply.json())["code"]) == (502, "upstream_bad_reply")


def test_redirects_are_not_followed(client: httpx.Client, upstream: ChatUpstream) -> None:
    assert _ask(client, CHAT_PATHS[0], "test/refuse-302", stream=False).status_code == 502
    assert upstream.followed == 0


def test_the_callers_own_headers_do_not_go_upstream(
    client: httpx.Client, gateway: RunningGateway, upstream: ChatUpstream
) -> None:
    own = {"x-api-key": "sk-gateway-mine", "cookie": "a=b", "x-own": "1", "openai-organization": "org"}
    reply = client.post(CHAT_PATHS[0], json=request(CHAT_PATHS[0]), headers=own)
    assert reply.status_code == 200
    (sent,) = upstream.headers
    assert sent["authorization"] == f"Bearer {UPSTREAM_KEY}"
    assert not sent.keys() & own.keys()
    assert not any("sk-gateway" in value for value in sent.values())


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("stream", [False, True])
def test_nothing_secret_of_the_upstream_is_shown_or_logged(
    client: httpx.Client, gateway: RunningGateway, upstream_url: str, path: str, stream: bool
) -> None:
    address = upstream_url.removeprefix("http://")
    models = [row[0] for row in TABLE] + ["test/error-in-stream", "test/quotes-key-in-stream", "test/cut"]
    for model in models:
        reply = _ask(client, path, model, stream=stream)
        shown = f"{reply.headers} {reply.text}"
        for secret in (UPSTREAM_KEY, UPSTREAM_KEY[:14], address, "127.0.0.1:9", "Traceback", "site-packages"):
            assert secret not in shown, (model, secret, shown)
    lines = gateway.log.read_text().splitlines()
    # The body of a failure is logged, but for secrets.
    ours = "\n".join(line for line in lines if '"upstream_error_body"' not in line)
    for secret in (UPSTREAM_KEY, UPSTREAM_KEY[:14], address, "Traceback"):
        assert secret not in ours
    assert UPSTREAM_KEY not in "\n".join(lines)


def test_an_upstream_that_refuses_does_not_spoil_the_next_request(client: httpx.Client) -> None:
    for path in PATHS:
        for model in ("test/refuse-500", "test/html", "test/refuse-401"):
            _ask(client, path, model, stream=True)
            assert _ask(client, path, "test/echo", stream=path == RESPONSES_PATH).status_code == 200
