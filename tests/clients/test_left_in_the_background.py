"""Streams whose clients leave where that means `background`: they go on under the id that was sent."""

import json
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.clients import background
from tests.clients.asking import CONVERSATIONS, RESPONSES, Document, text
from tests.clients.background import MODEL, blocks, cancel, look, streamed, until
from tests.clients.contract import response_events
from tests.clients.stops import wait_until
from tests.servers.gateway import RunningGateway, running_gateway
from tests.servers.paced_upstream import PacedUpstream, text_of, wanted

Start = Callable[..., RunningGateway]


@pytest.fixture
def start(paced_url: str, tmp_path: Path) -> Iterator[Start]:
    with ExitStack() as stack:

        def start_one(**more: Any) -> RunningGateway:
            config = background.settings(paced_url, on_disconnect="background", **more)
            return stack.enter_context(running_gateway(tmp_path, config))

        yield start_one


def left(gateway: RunningGateway, name: str, pieces: int = 4, seen: int = 2, **more: Any) -> tuple[Document, bytes]:
    """The response of a stream whose client has left after so many pieces, and what it had got."""
    got = b""
    body = {"model": MODEL, "input": wanted(name, pieces, hold=seen), "stream": True, **more}
    with gateway.client() as client, client.stream("POST", RESPONSES, json=body) as reply:
        for piece in reply.iter_raw():
            got += piece
            if f"{name} {seen - 1}. ".encode() in got:
                break
    first, *_ = response_events_of(got)
    return first["response"], got


def response_events_of(data: bytes) -> list[Document]:
    return [json.loads(block.partition(b"data: ")[2]) for block in blocks(data)]


def until_it_goes_on(client: httpx.Client, response_id: str) -> Document:
    """The response, once the gateway has noticed that its client has left."""
    wait_until(lambda: client.get(f"{RESPONSES}/{response_id}").status_code == 200)
    return until(client, response_id, "in_progress")


def rows(gateway: RunningGateway) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(gateway.folder / "data" / "waystone.db")) as database:
        return database.execute("select status, prompt_tokens, completion_tokens, outcome from usage").fetchall()


def test_stream_goes_on_and_is_resumed(start: Start, paced: PacedUpstream) -> None:
    gateway = start()
    response, got = left(gateway, "goes-on")
    with gateway.client() as client:
        running = until_it_goes_on(client, response["id"])
        assert running["output"] == []
        paced.let_go("goes-on")
        done = until(client, response["id"])
        assert (done["status"], text(done)) == ("completed", text_of("goes-on", 4))
        whole = streamed(client, response["id"])
        assert blocks(whole)[: len(blocks(got))] == blocks(got)
        events = response_events(whole.decode().splitlines())
        assert events[-1]["response"]["output"] == done["output"]
        cursor = len(blocks(got)) - 1
        assert blocks(got) + blocks(streamed(client, response["id"], cursor)) == blocks(whole)
        listed = client.get(RESPONSES, params={"background": True}).json()["data"]
        assert [one["id"] for one in listed] == [response["id"]]
        assert client.get(f"{RESPONSES}/{response['id']}/input_items").json()["data"]
    wait_until(lambda: rows(gateway) == [(200, 7, 4, None)])
    assert paced.begun["goes-on"] == 1


def test_stream_that_went_on_joins_its_conversation_once(start: Start, paced: PacedUpstream) -> None:
    gateway = start()
    with gateway.client() as client:
        conversation = client.post(CONVERSATIONS, json={}).json()["id"]
        response, _ = left(gateway, "joins", conversation=conversation)
        until_it_goes_on(client, response["id"])
        paced.let_go("joins")
        until(client, response["id"])
        items = client.get(f"{CONVERSATIONS}/{conversation}/items").json()["data"]
        assert [item["role"] for item in items] == ["assistant", "user"]


def test_stream_that_went_on_is_cancelled(start: Start, paced: PacedUpstream) -> None:
    gateway = start()
    response, _ = left(gateway, "stopped")
    with gateway.client() as client:
        until_it_goes_on(client, response["id"])
        cancelled = cancel(client, response["id"])
        assert (cancelled["status"], text(cancelled)) == ("cancelled", text_of("stopped", 2))
        paced.wait_for(paced.left, "stopped")
        assert look(client, response["id"]) == cancelled
    wait_until(lambda: [row[3] for row in rows(gateway)] == ["cancelled"])


def test_stream_beyond_the_bounds_is_aborted(start: Start, paced: PacedUpstream) -> None:
    gateway = start(background={"active": 1})
    first, _ = left(gateway, "within")
    with gateway.client() as client:
        until_it_goes_on(client, first["id"])
        second, _ = left(gateway, "beyond")
        paced.wait_for(paced.left, "beyond")
        assert client.get(f"{RESPONSES}/{second['id']}").status_code == 404
        paced.let_go("within")
        assert until(client, first["id"])["status"] == "completed"


@pytest.mark.parametrize("more", [{"store": False}, {"stream": False}])
def test_what_cannot_be_resumed_runs_to_its_end(start: Start, paced: PacedUpstream, more: dict[str, Any]) -> None:
    gateway = start()
    name = "drained-" + "-".join(more)
    body = {"model": MODEL, "input": wanted(name, 4, hold=4), "stream": True, **more}
    with gateway.client(timeout=0.5) as client, pytest.raises(httpx.ReadTimeout):
        client.post(RESPONSES, json=body)
    paced.let_go(name)
    paced.wait_for(paced.ended, name)
    wait_until(lambda: rows(gateway) == [(200, 7, 4, None)])
    assert paced.left[name] == 0


def test_killed_process_leaves_what_was_produced(start: Start, paced: PacedUpstream) -> None:
    gateway = start(lease_seconds=5)
    response, got = left(gateway, "killed")
    with gateway.client() as client:
        until_it_goes_on(client, response["id"])
    gateway.process.kill()
    gateway.process.wait()
    again = start(lease_seconds=5)
    with again.client() as client:
        failed = until(client, response["id"])
        assert (failed["status"], failed["error"]["code"]) == ("failed", "server_interrupted")
        assert text(failed) == text_of("killed", 2)
        assert blocks(streamed(client, response["id"]))[: len(blocks(got))] == blocks(got)
    assert paced.begun["killed"] == 1
    wait_until(lambda: [(row[0], row[3]) for row in rows(again)] == [(503, "lost")])


def test_killed_process_leaves_its_prompt_template_to_be_counted(start: Start, paced: PacedUpstream) -> None:
    messages = [{"role": "developer", "content": "Be brief and kind. " * 100}]
    more: dict[str, Any] = {"lease_seconds": 5, "prompts": {"brief": {"versions": {"1": {"messages": messages}}}}}
    gateway = start(**more)
    response, _ = left(gateway, "templated", prompt={"id": "brief"})
    with gateway.client() as client:
        until_it_goes_on(client, response["id"])
    gateway.process.kill()
    gateway.process.wait()
    # Whatever the settings have become by then.
    again = start(**{**more, "prompts": {}})
    with again.client() as client:
        assert until(client, response["id"])["prompt"]["id"] == "brief"
    wait_until(lambda: len(rows(again)) == 1)
    ((status, prompt_tokens, _, outcome),) = rows(again)
    assert (status, outcome) == (503, "lost")
    assert prompt_tokens > 300
