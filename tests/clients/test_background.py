"""Responses in the background: created, polled, streamed, resumed, cancelled; on both databases, with two workers."""

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.clients import background
from tests.clients.asking import CONVERSATIONS, RESPONSES, text
from tests.clients.background import MODEL, blocks, cancel, create, look, opened, order, streamed, until
from tests.clients.contract import RESPONSES_PATH, check, check_error, response_events
from tests.clients.stops import wait_until
from tests.servers.gateway import RunningGateway, running_gateway
from tests.servers.paced_upstream import PacedUpstream, text_of, wanted
from tests.store import postgres


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def running(
    request: pytest.FixtureRequest, paced_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningGateway]:
    """A gateway with two workers: whatever is asked of one may have happened in the other."""
    environment = {"WORKERS": "2"}
    if request.param == "postgresql":
        server: postgres.Server = request.getfixturevalue("postgres_server")
        server.empty()
        environment["DATABASE_URL"] = server.url
    folder = tmp_path_factory.mktemp("background")
    with running_gateway(folder, background.settings(paced_url), environment) as gateway:
        yield gateway


@pytest.fixture
def client(running: RunningGateway) -> Iterator[httpx.Client]:
    """A client whose every request is a connection of its own, to whichever worker."""
    limits = httpx.Limits(max_keepalive_connections=0)
    key = running.client()
    with key, httpx.Client(base_url=running.url, headers=key.headers, timeout=40, limits=limits) as client:
        yield client


@pytest.fixture(scope="module")
def stranger_key(running: RunningGateway) -> str:
    return running.command("keys", "create", "--name", "stranger").strip()


@pytest.fixture
def name(request: pytest.FixtureRequest) -> str:
    """A name of the test's own for the upstream's counters."""
    return str(request.node.name).replace(" ", "_")


@pytest.mark.parametrize("path", [RESPONSES, RESPONSES_PATH])
def test_queued_response_is_answered_and_polled(
    client: httpx.Client, paced: PacedUpstream, name: str, path: str
) -> None:
    body = order(name, hold=1, store=True, metadata={"team": "blue"}, user="ann")
    reply = client.post(path, json=body)
    queued = reply.json()
    check("Response", queued)
    assert (reply.status_code, queued["status"], queued["background"]) == (200, "queued", True)
    assert queued["output"] == []
    running = until(client, queued["id"], "in_progress")
    assert running == {**queued, "status": "in_progress"}
    paced.let_go(name)
    done = until(client, queued["id"])
    assert done["error"] is None
    assert (done["status"], text(done), done["metadata"]) == ("completed", text_of(name), {"team": "blue"})
    assert done["created_at"] == queued["created_at"]
    assert done["usage"]["total_tokens"] == 10
    assert paced.begun[name] == 1


def test_stream_of_the_creation_is_the_stream_of_the_replay(client: httpx.Client, name: str) -> None:
    with client.stream("POST", RESPONSES, json=order(name, 5, 0.02, stream=True)) as reply:
        assert reply.status_code == 200
        first = reply.read()
    events = response_events(first.decode().splitlines())
    kinds = [event["type"] for event in events]
    assert kinds[:3] == ["response.created", "response.queued", "response.in_progress"]
    assert text(events[-1]["response"]) == text_of(name, 5)
    replayed = streamed(client, events[0]["response"]["id"])
    assert blocks(replayed) == blocks(first)
    assert look(client, events[0]["response"]["id"]) == events[-1]["response"]


def test_stream_is_resumed_behind_any_event(client: httpx.Client, name: str) -> None:
    response_id = create(client, name, 4)["id"]
    until(client, response_id)
    whole = blocks(streamed(client, response_id))
    for after in range(len(whole) + 3):
        assert blocks(streamed(client, response_id, after)) == (whole[after + 1 :] or whole[-1:]), after


def test_resumed_stream_goes_on_live(
    client: httpx.Client, paced: PacedUpstream, running: RunningGateway, name: str
) -> None:
    response_id = create(client, name, 4, hold=2)["id"]
    seen = b""
    with opened(running, response_id) as reply:
        for piece in reply.iter_raw():
            seen += piece
            if f"{name} 1. ".encode() in seen:
                break
    after = len(blocks(seen)) - 1
    with opened(running, response_id) as reply, running.client() as resuming:
        query = {"stream": True, "starting_after": after}
        with resuming.stream("GET", f"{RESPONSES}/{response_id}", params=query) as resumed:
            paced.let_go(name)
            rest, whole = resumed.read(), reply.read()
    assert blocks(seen) + blocks(rest) == blocks(whole) == blocks(streamed(client, response_id))


def test_cancelled_response_keeps_what_was_produced(
    client: httpx.Client, paced: PacedUpstream, running: RunningGateway, name: str
) -> None:
    response_id = create(client, name, 4, hold=2)["id"]
    with opened(running, response_id) as reply:
        pieces = reply.iter_raw()
        seen = b""
        while f"{name} 1. ".encode() not in seen:
            seen += next(pieces)
        cancelled = cancel(client, response_id)
        paced.wait_for(paced.left, name)
        seen += b"".join(pieces)
    assert (cancelled["status"], text(cancelled)) == ("cancelled", text_of(name, 2))
    assert cancelled["output"][0]["status"] == "incomplete"
    assert cancel(client, response_id) == look(client, response_id) == cancelled
    # There is no event for it.
    assert blocks(seen)[-1] == b"data: [DONE]\n\n"
    assert b"response.completed" not in seen
    assert blocks(streamed(client, response_id)) == blocks(seen)
    assert paced.ended[name] == 0


def test_completed_response_stays_so_when_it_is_cancelled(client: httpx.Client, name: str) -> None:
    response_id = create(client, name)["id"]
    done = until(client, response_id)
    assert cancel(client, response_id) == done


@pytest.mark.parametrize(
    ("background", "message"),
    [(False, "Only responses that were created with `background` can be cancelled."), (None, "not found")],
)
def test_what_is_no_background_response_cannot_be_cancelled(
    client: httpx.Client, name: str, background: bool | None, message: str
) -> None:
    response_id = "resp_of_nobody"
    if background is not None:
        body = {"model": MODEL, "input": wanted(name), "background": background}
        response_id = client.post(RESPONSES, json=body).json()["id"]
    reply = client.post(f"{RESPONSES}/{response_id}/cancel")
    assert (reply.status_code, message in check_error(reply.json())["message"]) == (
        400 if background is False else 404,
        True,
    )


@pytest.mark.parametrize("path", [RESPONSES, RESPONSES_PATH])
def test_background_needs_store(client: httpx.Client, paced: PacedUpstream, name: str, path: str) -> None:
    reply = client.post(path, json=order(name, store=False))
    assert (reply.status_code, check_error(reply.json())["param"]) == (400, "store")
    assert paced.begun[name] == 0


def test_response_of_the_foreground_cannot_be_streamed(client: httpx.Client, name: str) -> None:
    response_id = client.post(RESPONSES, json={"model": MODEL, "input": wanted(name)}).json()["id"]
    reply = client.get(f"{RESPONSES}/{response_id}", params={"stream": True})
    assert reply.status_code == 400
    assert check_error(reply.json())["message"].startswith("Streaming is not enabled for this response")


@pytest.mark.parametrize(
    ("more", "status", "param"),
    [
        ({"model": "paced/m", "previous_response_id": "resp_of_nobody"}, 400, "previous_response_id"),
        ({"model": "nobody/none"}, 404, "model"),
        ({"metadata": {"waystone": "no JSON"}}, 400, "metadata.waystone"),
        ({"conversation": "conv_of_nobody"}, 404, "conversation"),
        ({"input": ""} | {"input": []}, 400, "input"),
    ],
)
def test_refusals_come_before_anything_is_queued(
    client: httpx.Client, name: str, more: dict[str, Any], status: int, param: str
) -> None:
    reply = client.post(RESPONSES, json=order(name) | more)
    assert (reply.status_code, check_error(reply.json())["param"]) == (status, param)


def test_failure_of_the_provider_fails_the_response(client: httpx.Client, name: str) -> None:
    response_id = create(client, name, input=wanted(name, status=429))["id"]
    failed = until(client, response_id)
    assert (failed["status"], failed["error"]["code"]) == ("failed", "rate_limit_exceeded")
    events = response_events(streamed(client, response_id).decode().splitlines())
    assert events[-1]["response"] == failed


def test_other_keys_see_nothing_of_it(
    client: httpx.Client, running: RunningGateway, paced: PacedUpstream, stranger_key: str, name: str
) -> None:
    response_id = create(client, name, hold=1)["id"]
    with running.client(stranger_key) as stranger:
        for reply in (
            stranger.get(f"{RESPONSES}/{response_id}"),
            stranger.get(f"{RESPONSES}/{response_id}", params={"stream": True}),
            stranger.post(f"{RESPONSES}/{response_id}/cancel"),
            stranger.delete(f"{RESPONSES}/{response_id}"),
        ):
            assert reply.status_code == 404
            check_error(reply.json())
    paced.let_go(name)
    assert until(client, response_id)["status"] == "completed"


def test_turn_in_the_background_is_continued(client: httpx.Client, paced: PacedUpstream, name: str) -> None:
    response_id = create(client, name, hold=1)["id"]
    follow = {"model": MODEL, "input": wanted(f"{name}-next"), "previous_response_id": response_id}
    early = client.post(RESPONSES, json=follow)
    assert (early.status_code, check_error(early.json())["code"]) == (400, "previous_response_not_complete")
    paced.let_go(name)
    until(client, response_id)
    assert text(client.post(RESPONSES, json=follow).json()) == text_of(f"{name}-next")


def test_turn_in_the_background_joins_its_conversation(client: httpx.Client, name: str) -> None:
    conversation = client.post(CONVERSATIONS, json={}).json()["id"]
    response_id = create(client, name, conversation=conversation)["id"]
    done = until(client, response_id)
    items = client.get(f"{CONVERSATIONS}/{conversation}/items", params={"order": "asc"}).json()["data"]
    given = client.get(f"{RESPONSES}/{response_id}/input_items").json()["data"]
    assert [item["id"] for item in items] == [given[0]["id"], done["output"][0]["id"]]


def test_deleted_response_is_worked_on_no_longer(client: httpx.Client, paced: PacedUpstream, name: str) -> None:
    response_id = create(client, name, 4, hold=2)["id"]
    paced.wait_for(paced.begun, name)
    assert client.delete(f"{RESPONSES}/{response_id}").status_code == 200
    paced.wait_for(paced.left, name)
    assert client.get(f"{RESPONSES}/{response_id}").status_code == 404
    assert client.get(f"{RESPONSES}/{response_id}", params={"stream": True}).status_code == 404


@pytest.mark.parametrize("query", [{"starting_after": -1}, {"starting_after": "x"}, {"stream": "perhaps"}])
def test_wrong_cursor_is_refused(client: httpx.Client, name: str, query: dict[str, Any]) -> None:
    response_id = create(client, name)["id"]
    reply = client.get(f"{RESPONSES}/{response_id}", params={"stream": True} | query)
    assert reply.status_code == 400
    check_error(reply.json())


def test_each_response_has_one_usage_row(running: RunningGateway, client: httpx.Client, name: str) -> None:
    user = f"user-{name[:40]}"
    until(client, create(client, name, metadata={"waystone": json.dumps({"user": {"id": user}})})["id"])

    def rows() -> list[dict[str, Any]]:
        totals: list[dict[str, Any]] = json.loads(running.command("usage", "--by", "user", "--json"))
        return [total for total in totals if total["id"] == user]

    wait_until(lambda: bool(rows()))
    (row,) = rows()
    assert (row["requests"], row["prompt_tokens"], row["completion_tokens"]) == (1, 7, 3)
