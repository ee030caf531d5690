"""Usage rows, users and groups: what requests leave behind, and what of it survives."""

import asyncio
import json
import sqlite3
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import orjson
import pytest

from tests.clients.contract import PATHS, RESPONSES_PATH, request
from tests.clients.sockets import JSON, connection, post
from tests.servers.chat_upstream import ChatUpstream
from tests.servers.gateway import RunningGateway, running_gateway, scripted_config

CHAT = "/v1/chat/completions"
CLIENT_LEFT = 499
LOST_AT_MOST = 1.0
DEADLINE = 10.0


@contextmanager
def _gateway(folder: Path, upstream_url: str, storage: Mapping[str, str]) -> Iterator[RunningGateway]:
    config = {**scripted_config(upstream_url), "embedded": {"enabled": False}}
    with running_gateway(folder, config, storage) as running:
        yield running


def _for(**end_user: Any) -> dict[str, Any]:
    return {"metadata": {"waystone": json.dumps(end_user)}}


def _rows(gateway: RunningGateway, query: str) -> list[tuple[Any, ...]]:
    if url := gateway.environment.get("DATABASE_URL"):
        return asyncio.run(_fetched(url, query))
    with closing(sqlite3.connect(gateway.folder / "data" / "waystone.db")) as database:
        return database.execute(query).fetchall()


async def _fetched(url: str, query: str) -> list[tuple[Any, ...]]:
    connection = await asyncpg.connect(url)
    try:
        return [tuple(row) for row in await connection.fetch(query)]
    finally:
        await connection.close()


def _usage(gateway: RunningGateway, by: str) -> dict[str | None, dict[str, Any]]:
    totals = orjson.loads(gateway.command("usage", "--by", by, "--json"))
    return {total["id"]: total for total in totals}


def _ask(client: httpx.Client, path: str, model: str = "test/echo", **more: Any) -> int:
    return client.post(path, json=request(path, model, **more)).status_code


def _wait_for_rows(gateway: RunningGateway, where: str, count: int = 1) -> list[tuple[Any, ...]]:
    """The rows that fit, as soon as so many have been written: status, and whether it was a stream."""
    deadline = time.monotonic() + DEADLINE
    while len(rows := _rows(gateway, f"select status, is_stream from usage where {where}")) < count:
        assert time.monotonic() < deadline, f"no {count} rows where {where}"
    return rows


@pytest.fixture(scope="module")
def accounted(upstream_url: str, tmp_path_factory: pytest.TempPathFactory) -> RunningGateway:
    """A gateway that has served a known set of requests and was then stopped in the ordinary way."""
    with _gateway(tmp_path_factory.mktemp("accounting"), upstream_url, {}) as running:
        named = running.command("keys", "create", "--name", "second").strip()
        with running.client() as client:
            for path in PATHS:
                assert _ask(client, path, **_for(user="ann", group="red")) == 200
                assert _ask(client, path, stream=True, **_for(user={"id": "bob"}, group="red")) == 200
            assert _ask(client, CHAT, "test/refuse-429", **_for(user="ann")) == 429
            assert _ask(client, CHAT, "nobody/none") == 404
        with running.client(named) as client:
            assert _ask(client, CHAT, "test/sparse", **_for(group="blue")) == 200
        assert running.stop() == 0
    return running


def test_every_row_is_there_after_an_ordinary_stop(accounted: RunningGateway) -> None:
    rows = _rows(accounted, "select operation, is_stream, status from usage")
    assert len(rows) == 2 * len(PATHS) + 3
    operations = {operation for operation, _, _ in rows}
    assert operations == {
        "chat.completions.create",
        "postApiGatewayV1ChatCompletions",
        "postApiGatewayV1Responses",
    }


def test_totals_by_user(accounted: RunningGateway) -> None:
    totals = _usage(accounted, "user")
    assert totals.keys() == {"ann", "bob", None}
    assert (totals["ann"]["requests"], totals["ann"]["errors"]) == (4, 1)
    assert (totals["bob"]["requests"], totals["bob"]["errors"]) == (3, 0)
    assert (totals["ann"]["prompt_tokens"], totals["ann"]["completion_tokens"]) == (33, 21)
    assert (totals["bob"]["cached_tokens"], totals["bob"]["reasoning_tokens"]) == (9, 6)


def test_totals_by_group(accounted: RunningGateway) -> None:
    totals = _usage(accounted, "group")
    assert {name: total["requests"] for name, total in totals.items()} == {"red": 6, "blue": 1, None: 2}
    assert totals["red"]["prompt_tokens"] == 66
    # Its upstream reports no usage.
    blue = totals["blue"]
    assert 0 < blue["prompt_tokens"] < blue["estimated_tokens"] == blue["prompt_tokens"] + blue["completion_tokens"]
    assert totals["red"]["estimated_tokens"] == 0


def test_totals_by_key(accounted: RunningGateway) -> None:
    totals = _usage(accounted, "key")
    assert {total["name"] or id_: total["requests"] for id_, total in totals.items()} == {
        "env": 8,
        "second": 1,
    }


def test_totals_by_model(accounted: RunningGateway) -> None:
    totals = _usage(accounted, "model")
    assert totals["test/echo"]["requests"] == 6
    assert (totals["test/refuse-429"]["requests"], totals["test/refuse-429"]["errors"]) == (1, 1)
    assert totals["test/sparse"]["requests"] == 1


def test_users_and_groups_are_linked_when_a_request_names_both(accounted: RunningGateway) -> None:
    links = _rows(accounted, "select user_id, group_id from memberships order by user_id")
    assert links == [("ann", "red"), ("bob", "red")]
    assert {row[0] for row in _rows(accounted, "select id from groups")} == {"red", "blue"}


def test_durations_are_those_of_the_requests(accounted: RunningGateway) -> None:
    rows = _rows(accounted, "select first_event_ms, duration_ms from usage where status = 200")
    assert all(0 < first <= whole < 60_000 for first, whole in rows)


def test_metadata_of_end_users_is_merged_by_later_requests(
    upstream_url: str, tmp_path: Path, storage: Mapping[str, str]
) -> None:
    given = ({"tier": "free", "plan": 1}, None, {"tier": "paid", "tags": ["ü", {}]})
    with _gateway(tmp_path, upstream_url, storage) as running:
        with running.client() as client:
            for number, metadata in enumerate(given):
                user = {"id": "ann"} if metadata is None else {"id": "ann", "metadata": metadata}
                assert _ask(client, RESPONSES_PATH, **_for(user=user, group="red")) == 200
                # Each is written on its own; what comes together is merged before it is written.
                _wait_for_rows(running, "user_id = 'ann'", number + 1)
        assert running.stop() == 0
    (row,) = _rows(running, "select metadata from users where id = 'ann'")
    assert json.loads(row[0]) == {"tier": "paid", "plan": 1, "tags": ["ü", {}]}


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("stream", [False, True])
def test_only_the_gateways_own_metadata_stays_here(
    client: httpx.Client, upstream: ChatUpstream, path: str, stream: bool
) -> None:
    own = json.dumps({"user": "ann", "group": {"id": "red", "metadata": {"note": "x" * 2000}}})
    metadata = {"waystone": own, "order": "17", "": "empty"}
    assert _ask(client, path, stream=stream, metadata=metadata) == 200
    assert upstream.last["metadata"] == {"order": "17", "": "empty"}
    assert _ask(client, path, stream=stream, metadata={"waystone": own}) == 200
    assert "metadata" not in upstream.last


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    "waystone",
    [
        "",
        "no JSON",
        "null",
        "[]",
        "1",
        '"ann"',
        '{"users": "ann"}',
        '{"user": 1}',
        '{"user": ""}',
        '{"user": []}',
        '{"group": {}}',
        '{"group": {"id": 1}}',
        '{"user": {"id": "a", "metadata": []}}',
        '{"user": NaN}',
        '{"user": "' + "x" * 257 + '"}',
        '{"user": "\\u0000"}',
        '{"user": "\\ud800"}',
        "[" * 100_000,
    ],
    ids=lambda text: text[:30],
)
def test_an_end_user_that_cannot_be_read_is_refused(
    client: httpx.Client, upstream: ChatUpstream, path: str, waystone: str
) -> None:
    reply = client.post(path, json=request(path, metadata={"waystone": waystone}))
    error = reply.json()["error"]
    assert (reply.status_code, error["param"], error["type"]) == (
        400,
        "metadata.waystone",
        "invalid_request_error",
    )
    assert len(error["message"]) < 1000
    assert upstream.received == []


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("model", ["cut", "error-in-stream", "end-early"])
def test_a_stream_that_failed_is_accounted_as_failed(
    gateway: RunningGateway, client: httpx.Client, path: str, model: str
) -> None:
    who = f"{model} on {path}"
    _ask(client, path, f"test/{model}", stream=True, text="x" * 40, **_for(user=who))
    ((status, is_stream),) = _wait_for_rows(gateway, f"user_id = '{who}'")
    assert status >= 500
    assert is_stream


@pytest.mark.parametrize("path", PATHS)
def test_a_stream_that_the_client_left_is_accounted_so(
    gateway: RunningGateway, upstream: ChatUpstream, path: str
) -> None:
    upstream.forget()
    who = f"left {path}"
    body = orjson.dumps(request(path, "test/pause", "x" * 40, stream=True, **_for(user=who)))
    with connection(gateway.url) as opened:
        opened.sendall(post(path, body, JSON))
        assert upstream.began.wait(DEADLINE)
    assert upstream.left.wait(DEADLINE)
    assert _wait_for_rows(gateway, f"user_id = '{who}'") == [(CLIENT_LEFT, True)]


def test_a_killed_gateway_loses_a_seconds_worth_at_most(
    upstream_url: str, tmp_path: Path, storage: Mapping[str, str]
) -> None:
    answered: list[tuple[str, float]] = []
    with _gateway(tmp_path, upstream_url, storage) as running:
        with running.client() as client:
            end = time.monotonic() + 2.5
            while time.monotonic() < end:
                reply = client.post(CHAT, json=request(CHAT))
                answered.append((reply.headers["x-request-id"], time.monotonic()))
        running.process.kill()
        killed = time.monotonic()
        running.process.wait(DEADLINE)
    kept = {row[0] for row in _rows(running, "select request_id from usage")}
    lost = [at for request_id, at in answered if request_id not in kept]
    assert all(at > killed - LOST_AT_MOST for at in lost), f"{len(lost)} of {len(answered)} rows are lost"
    assert kept
    with _gateway(tmp_path, upstream_url, storage) as again:
        assert sum(total["requests"] for total in _usage(again, "key").values()) == len(kept)
