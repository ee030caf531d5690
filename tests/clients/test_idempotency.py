"""`Idempotency-Key`: one upstream call, and the same answer for whoever sends the request again."""

import re
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest

from tests.clients.asking import RESPONSES
from tests.clients.contract import RESPONSES_PATH, check_error
from tests.clients.keyed import KEY, NOT_KEPT, REPLAYED, begun, keyed, post, query, usage
from tests.clients.stops import CHAT, LONG, STREAMS, Serve, asked, check_cut, wait_until
from tests.servers.chat_upstream import ChatUpstream
from tests.servers.gateway import RunningGateway, running_gateway, scripted_config

OF_A_CONNECTION = {"date", "x-request-id", REPLAYED}
PAIRS = 20
_DELTA = re.compile(r'"(?:content|delta)":"([^"]*)"')


@pytest.fixture(scope="module")
def keyed_gateway(upstream_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningGateway]:
    """A gateway with two workers, in which a second call waits for a second."""
    config = {**scripted_config(upstream_url), "embedded": {"enabled": False}, "idempotency": {"wait_seconds": 2}}
    with running_gateway(tmp_path_factory.mktemp("keyed"), config, {"WORKERS": "2"}) as running:
        yield running


@pytest.fixture
def client(keyed_gateway: RunningGateway, upstream: ChatUpstream) -> Iterator[httpx.Client]:
    upstream.forget()
    with keyed_gateway.client() as client:
        yield client
    upstream.go_on.set()


def headers_of(reply: httpx.Response) -> dict[str, str]:
    return {name: value for name, value in reply.headers.items() if name not in OF_A_CONNECTION}


@pytest.mark.parametrize("is_stream", [False, True], ids=["plain", "stream"])
@pytest.mark.parametrize("path", STREAMS)
def test_second_call_gets_the_same_bytes_and_headers_and_calls_nobody(
    client: httpx.Client, keyed_gateway: RunningGateway, upstream: ChatUpstream, path: str, is_stream: bool
) -> None:
    key = keyed()
    first, second = (post(client, path, key, stream=is_stream) for _ in range(2))
    assert first.status_code == 200
    assert REPLAYED not in first.headers
    assert second.headers[REPLAYED] == "true"
    assert (second.content, headers_of(second)) == (first.content, headers_of(first))
    assert len(upstream.received) == 1
    id_ = second.headers["x-request-id"]
    wait_until(lambda: id_ in keyed_gateway.log.read_text())
    (line,) = (line for line in keyed_gateway.log.read_text().splitlines() if id_ in line)
    assert orjson.loads(line)["replayed"] is True
    assert query(keyed_gateway, f"select count(*) from usage where request_id = '{id_}'") == [(0,)]
    kept = f"select count(*) from usage where request_id = '{first.headers['x-request-id']}'"
    assert query(keyed_gateway, kept) == [(1,)]


def test_same_key_with_another_body_or_operation_is_a_conflict(client: httpx.Client, upstream: ChatUpstream) -> None:
    key = keyed()
    post(client, RESPONSES, key)
    others = [post(client, RESPONSES, key, temperature=0.5), post(client, RESPONSES_PATH, key)]
    for other in others:
        assert other.status_code == 409
        error = check_error(other.json())
        assert (error["type"], error["code"]) == ("idempotency_error", "idempotency_key_reused")
        assert other.headers["x-should-retry"] == "false"
    assert len(upstream.received) == 1


def test_order_of_the_fields_makes_no_other_request(client: httpx.Client) -> None:
    key = keyed()
    body = {**asked(CHAT, "test/echo"), "temperature": 0.5, "seed": 1}
    for given in (body, dict(reversed(body.items()))):
        reply = client.post(CHAT, json=given, headers=key)
    assert reply.headers[REPLAYED] == "true"


@pytest.mark.parametrize(
    "key",
    [b"", b"k" * 256, "schlüssel".encode(), b"a\tb"],
    ids=["empty", "long", "not ASCII", "a tab"],
)
def test_what_is_no_key_is_refused(client: httpx.Client, upstream: ChatUpstream, key: bytes) -> None:
    reply = client.post(CHAT, json=asked(CHAT, "test/echo"), headers=[(KEY.encode(), key)])
    assert reply.status_code == 400
    assert check_error(reply.json())["param"] == "Idempotency-Key"
    assert upstream.received == []


@pytest.mark.parametrize("path", STREAMS)
@pytest.mark.parametrize(("name", "values"), [(KEY, "ab"), ("x-waystone-on-disconnect", ("drain", "abort"))])
def test_header_that_comes_twice_with_different_values_is_refused(
    client: httpx.Client, upstream: ChatUpstream, path: str, name: str, values: Sequence[str]
) -> None:
    reply = client.post(path, json=asked(path, "test/echo"), headers=[(name, value) for value in values])
    assert reply.status_code == 400
    assert check_error(reply.json())["param"].lower() == name
    assert upstream.received == []
    same = client.post(path, json=asked(path, "test/echo"), headers=[*keyed().items()] * 2)
    assert same.status_code == 200


@pytest.mark.parametrize("key", ["k", "k" * 255, "~ !"], ids=["short", "long", "signs"])
def test_printable_ascii_is_a_key(client: httpx.Client, key: str) -> None:
    assert post(client, CHAT, {KEY: key}).status_code == 200


def test_another_gateway_key_does_not_see_an_answer(
    client: httpx.Client, keyed_gateway: RunningGateway, upstream: ChatUpstream
) -> None:
    key = keyed()
    post(client, CHAT, key)
    with keyed_gateway.client(keyed_gateway.command("keys", "create").strip()) as stranger:
        for path in (CHAT, RESPONSES):
            reply = post(stranger, path, key if path == CHAT else keyed())
            assert reply.status_code == 200
            assert REPLAYED not in reply.headers
    assert len(upstream.received) == 3


@pytest.mark.parametrize("is_stream", [False, True], ids=["plain", "stream"])
def test_pairs_of_calls_at_once_have_one_upstream_call_each_and_equal_answers(
    keyed_gateway: RunningGateway, upstream: ChatUpstream, is_stream: bool
) -> None:
    upstream.forget()
    together = threading.Barrier(2 * PAIRS)
    keys = [keyed() for _ in range(PAIRS)]

    def ask(number: int) -> httpx.Response:
        path = STREAMS[number % len(STREAMS)]
        with keyed_gateway.client() as client:
            together.wait()
            return post(client, path, keys[number % PAIRS], stream=is_stream)

    with ThreadPoolExecutor(2 * PAIRS) as threads:
        replies = list(threads.map(ask, range(2 * PAIRS)))
    assert {reply.status_code for reply in replies} == {200}
    assert all(one.content == other.content for one, other in zip(replies[:PAIRS], replies[PAIRS:], strict=True))
    assert len(upstream.received) == PAIRS


def test_second_call_waits_no_longer_than_the_setting(client: httpx.Client, upstream: ChatUpstream) -> None:
    key = keyed()
    with ThreadPoolExecutor(1) as threads:
        first = threads.submit(post, client, CHAT, key, "test/stall")
        assert upstream.began.wait(10)
        second = post(client, CHAT, key, "test/stall")
        upstream.go_on.set()
        answer = first.result()
    assert second.status_code == 409
    assert check_error(second.json())["code"] == "idempotency_key_in_use"
    assert second.headers["x-should-retry"] == "false"
    assert post(client, CHAT, key, "test/stall").content == answer.content
    assert len(upstream.received) == 1


@pytest.mark.parametrize("path", STREAMS)
def test_client_that_left_in_mid_stream_gets_the_whole_answer_later(
    client: httpx.Client, keyed_gateway: RunningGateway, upstream: ChatUpstream, path: str
) -> None:
    key = keyed()
    with begun(keyed_gateway, path, key) as lines:
        next(lines)
    upstream.go_on.set()
    again = post(client, path, key, "test/pause", stream=True)
    assert again.headers[REPLAYED] == "true"
    assert again.text.endswith("data: [DONE]\n\n")
    assert LONG in "".join(_DELTA.findall(again.text))
    assert (len(upstream.received), upstream.left.is_set()) == (1, False)


@pytest.mark.parametrize("model", ["test/refuse-400", "test/refuse-503", "test/no-choices"])
def test_refusal_is_not_kept(client: httpx.Client, upstream: ChatUpstream, model: str) -> None:
    key = keyed()
    replies = [post(client, CHAT, key, model) for _ in range(2)]
    assert all(reply.status_code >= 400 and REPLAYED not in reply.headers for reply in replies)
    assert len(upstream.received) == 2


@pytest.mark.parametrize("model", ["test/cut", "test/error-in-stream"])
@pytest.mark.parametrize("path", STREAMS)
def test_stream_that_failed_is_not_kept(client: httpx.Client, upstream: ChatUpstream, path: str, model: str) -> None:
    key = keyed()
    replies = [post(client, path, key, model, stream=True) for _ in range(2)]
    assert all(reply.status_code == 200 and REPLAYED not in reply.headers for reply in replies)
    assert len(upstream.received) == 2


@pytest.mark.parametrize("is_stream", [False, True], ids=["plain", "stream"])
@pytest.mark.parametrize("path", [CHAT, RESPONSES, RESPONSES_PATH])
def test_store_false_forbids_keeping(client: httpx.Client, upstream: ChatUpstream, path: str, is_stream: bool) -> None:
    key = keyed()
    for _ in range(2):
        reply = post(client, path, key, stream=is_stream, store=False)
        assert reply.status_code == 200
        assert reply.headers[NOT_KEPT] == "not-kept"
        assert REPLAYED not in reply.headers
    assert len(upstream.received) == 2


def test_second_call_with_store_false_waits_and_then_runs(
    client: httpx.Client, keyed_gateway: RunningGateway, upstream: ChatUpstream
) -> None:
    key = keyed()
    with ThreadPoolExecutor(2) as threads:
        first = threads.submit(post, client, CHAT, key, "test/stall", store=False)
        assert upstream.began.wait(10)
        second = threads.submit(post, client, CHAT, key, "test/stall", store=False)
        running = "select count(*) from idempotency where lease_until is not null"
        assert query(keyed_gateway, running) == [(1,)]
        assert len(upstream.received) == 1
        upstream.go_on.set()
        assert [reply.result().status_code for reply in (first, second)] == [200, 200]
    assert len(upstream.received) == 2


@pytest.mark.parametrize(
    ("setting", "first"),
    [({"answer_bytes": 100}, "not-kept"), ({"answers_per_key": 1}, None)],
    ids=["the size of one", "the number of all"],
)
def test_what_is_over_a_bound_is_answered_and_not_kept(
    serve: Serve, upstream: ChatUpstream, setting: dict[str, Any], first: str | None
) -> None:
    with serve(idempotency=setting).client() as client:
        assert post(client, CHAT, keyed()).headers.get(NOT_KEPT) == first
        key = keyed()
        for _ in range(2):
            assert post(client, CHAT, key).headers[NOT_KEPT] == "not-kept"
        for _ in range(2):
            stream = post(client, CHAT, key, stream=True)
            assert stream.text.endswith("data: [DONE]\n\n")
            assert REPLAYED not in stream.headers
        assert len(upstream.received) == 5


def test_answer_expires(serve: Serve, upstream: ChatUpstream) -> None:
    with serve(idempotency={"retention_hours": 1e-4}).client() as client:
        key = keyed()
        assert post(client, CHAT, key).status_code == 200
        wait_until(lambda: REPLAYED not in post(client, CHAT, key).headers)
        assert len(upstream.received) == 2


def test_kept_answer_is_sealed(serve: Serve, tmp_path: Path) -> None:
    with (gateway := serve()).client() as client:
        key = {KEY: "a key of the client's"}
        body = {"model": "test/echo", "messages": [{"role": "user", "content": "Nobody else reads this."}]}
        assert client.post(CHAT, json=body, headers=key).status_code == 200
        assert client.post(CHAT, json=body, headers=key).headers[REPLAYED] == "true"
    gateway.stop()
    data = b"".join(file.read_bytes() for file in (tmp_path / "data").iterdir())
    assert b"idempotency" in data
    assert b"Nobody else reads this." not in data
    assert key[KEY].encode() not in data


def test_kept_answer_outlives_a_restart(serve: Serve, upstream: ChatUpstream) -> None:
    key = keyed()
    with (gateway := serve()).client() as client:
        first = post(client, RESPONSES, key, stream=True)
    gateway.process.kill()
    gateway.process.wait()
    with (again := serve()).client() as client:
        assert post(client, RESPONSES, key, stream=True).content == first.content
    assert len(upstream.received) == 1
    assert usage(again) == [(200, None, 0)]


@pytest.mark.parametrize("path", STREAMS)
def test_stop_cuts_the_answer_which_is_not_kept(serve: Serve, upstream: ChatUpstream, path: str) -> None:
    key = keyed()
    gateway = serve(drain_seconds=0.2)
    with begun(gateway, path, key) as lines:
        assert upstream.began.wait(10)
        gateway.process.terminate()
        check_cut(path, [*lines])
    assert gateway.process.wait(30) == 0
    assert usage(gateway) == [(503, "stopped", 1)]
    assert query(gateway, "select count(*) from idempotency") == [(0,)]


def test_stop_cuts_a_plain_answer_and_one_whose_client_has_left(serve: Serve, upstream: ChatUpstream) -> None:
    gateway = serve(drain_seconds=0.2)
    with begun(gateway, CHAT, keyed()):
        assert upstream.began.wait(10)
    with gateway.client() as client, ThreadPoolExecutor(1) as threads:
        first = threads.submit(post, client, CHAT, keyed(), "test/stall")
        wait_until(lambda: len(upstream.received) == 2)
        gateway.process.terminate()
        assert check_error(first.result().json())["code"] == "gateway_stopped"
    assert gateway.process.wait(30) == 0
    assert [row[:2] for row in usage(gateway)] == [(503, "stopped")] * 2
    assert query(gateway, "select count(*) from idempotency") == [(0,)]
