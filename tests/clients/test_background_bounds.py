"""What bounds responses in the background, what is erased at their ends, and what a stop does with them."""

import signal
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import pytest

from tests.clients import background
from tests.clients.asking import RESPONSES, text
from tests.clients.background import blocks, cancel, create, look, opened, order, streamed, until
from tests.clients.contract import check_error, response_events
from tests.clients.stops import wait_until
from tests.servers.gateway import RunningGateway, running_gateway
from tests.servers.paced_upstream import PacedUpstream, text_of, wanted

Start = Callable[..., RunningGateway]


@pytest.fixture
def start(paced_url: str, tmp_path: Path) -> Iterator[Start]:
    """Starts a gateway with these settings; another one on the same state."""
    with ExitStack() as stack:

        def start_one(hosted_tools: str = "refuse", **more: Any) -> RunningGateway:
            config = background.settings(paced_url, **more)
            config["providers"]["paced"]["hosted_tools"] = hosted_tools
            return stack.enter_context(running_gateway(tmp_path, config))

        yield start_one


def selected(gateway: RunningGateway, query: str) -> list[Any]:
    """Rows of the gateway's database."""
    with closing(sqlite3.connect(gateway.folder / "data" / "waystone.db")) as database:
        return database.execute(query).fetchall()


def test_one_key_has_no_more_than_its_bound(start: Start, paced: PacedUpstream) -> None:
    gateway = start(background={"active_per_key": 2, "active": 3})
    other = gateway.command("keys", "create", "--name", "other").strip()
    with gateway.client() as client, gateway.client(other) as stranger:
        first, _ = (create(client, "bounds", hold=1)["id"] for _ in range(2))
        refused = client.post(RESPONSES, json=order("bounds", hold=1))
        assert (refused.status_code, check_error(refused.json())["code"]) == (429, "too_many_background_responses")
        create(stranger, "bounds", hold=1)
        full = stranger.post(RESPONSES, json=order("bounds", hold=1))
        assert (full.status_code, check_error(full.json())["code"]) == (503, "overloaded")
        cancel(client, first)
        create(client, "bounds", hold=1)
        paced.let_go("bounds")


def test_more_than_run_at_once_wait_in_their_order(start: Start, paced: PacedUpstream) -> None:
    gateway = start(background={"running": 1})
    with gateway.client() as client:
        first = create(client, "first", hold=1)["id"]
        until(client, first, "in_progress")
        waiting = [create(client, f"waiting-{number}")["id"] for number in range(3)]
        gone = waiting.pop(1)
        assert [look(client, one)["status"] for one in waiting] == ["queued", "queued"]
        # One that was never begun is cancelled, too, and its provider never called.
        assert cancel(client, gone)["status"] == "cancelled"
        paced.let_go("first")
        for one in waiting:
            assert until(client, one)["status"] == "completed"
        assert paced.begun["waiting-1"] == 0
        outcomes = selected(gateway, "select status, outcome from usage where outcome is not null")
        assert outcomes == [(499, "cancelled")]


def test_response_that_waits_for_too_long_fails(start: Start, paced: PacedUpstream) -> None:
    gateway = start(background={"running": 1, "queued_seconds": 1})
    with gateway.client() as client:
        first = create(client, "blocking", hold=1)["id"]
        until(client, first, "in_progress")
        response_id = create(client, "late")["id"]
        failed = until(client, response_id)
        assert (failed["status"], failed["error"]["code"]) == ("failed", "server_error")
        assert "queued for 1 seconds" in failed["error"]["message"]
        assert response_events(streamed(client, response_id).decode().splitlines())[-1]["response"] == failed
        paced.let_go("blocking")
        assert until(client, first)["status"] == "completed"
        assert paced.begun["late"] == 0


def test_request_is_sealed_while_it_runs_and_erased_at_its_end(start: Start, paced: PacedUpstream) -> None:
    gateway = start(hosted_tools="drop")
    secret = "Bearer very-secret-authorization-of-an-mcp-server"
    server = {"type": "mcp", "server_label": "files", "server_url": "http://127.0.0.1:9", "authorization": secret}
    with gateway.client() as client:
        body = order("sealed", hold=1, tools=[server])
        response_id = client.post(RESPONSES, json=body).json()["id"]
        stored = selected(gateway, "select request from jobs")
        assert stored[0][0]
        database = gateway.folder / "data"
        held = b"".join(path.read_bytes() for path in database.iterdir() if path.is_file())
        assert secret.encode() not in held
        paced.let_go("sealed")
        until(client, response_id)
        assert selected(gateway, "select request from jobs") == [(None,)]


def test_events_go_after_their_time(start: Start) -> None:
    gateway = start(background={"events_seconds": 0})
    with gateway.client() as client:
        response_id = create(client, "forgotten")["id"]
        done = until(client, response_id)
        reply = client.get(f"{RESPONSES}/{response_id}", params={"stream": True, "starting_after": 1})
        assert reply.status_code == 400
        message = "This response can no longer be streamed because it is more than 0 minutes old."
        assert check_error(reply.json())["message"] == message
        assert look(client, response_id) == done


def test_stop_waits_for_what_is_under_way(start: Start, paced: PacedUpstream) -> None:
    gateway = start()
    with gateway.client() as client:
        response_id = create(client, "drained", 4, hold=2)["id"]
        paced.wait_for(paced.begun, "drained")
    gateway.process.send_signal(signal.SIGTERM)
    paced.let_go("drained")
    assert gateway.process.wait(30) == 0
    with start().client() as client:
        done = look(client, response_id)
        assert (done["status"], text(done)) == ("completed", text_of("drained", 4))
        assert len(blocks(streamed(client, response_id))) > 10


def test_stop_hands_over_what_has_produced_nothing_and_fails_the_rest(start: Start, paced: PacedUpstream) -> None:
    gateway = start(drain_seconds=0)
    with gateway.client() as client:
        fresh = create(client, "fresh", 3, hold=0)["id"]
        begun = create(client, "begun", 3, hold=2)["id"]
        paced.wait_for(paced.begun, "fresh")
        wait_until(
            lambda: selected(gateway, f"select next_sequence > 2 from jobs where response_id='{begun}'") == [(1,)]
        )
        wait_until(lambda: b"begun 1. " in streamed_so_far(gateway, begun))
    gateway.stop()
    paced.let_go("fresh")
    with start().client() as client:
        again = until(client, fresh)
        assert (again["status"], text(again), paced.begun["fresh"]) == ("completed", text_of("fresh"), 2)
        failed = look(client, begun)
        assert (failed["status"], failed["error"]["code"]) == ("failed", "server_interrupted")
        assert text(failed) == text_of("begun", 2)
        events = response_events(streamed(client, begun).decode().splitlines())
        assert events[-1]["response"] == failed


def streamed_so_far(gateway: RunningGateway, response_id: str) -> bytes:
    """The events that are stored."""
    query = f"select data from job_events where response_id='{response_id}' order by first"
    return b"".join(data for (data,) in selected(gateway, query))


def test_end_is_seen_when_the_response_has_ended(start: Start) -> None:
    gateway = start()
    with gateway.client() as client:
        # The upstream's body stays open behind its end.
        body = order("lingers", stream=True) | {"input": wanted("lingers", linger=0.4)}
        with client.stream("POST", RESPONSES, json=body) as reply:
            events = response_events(reply.iter_lines())
        last = events[-1]["response"]
        assert look(client, last["id"]) == last
        assert cancel(client, last["id"]) == last


def test_stream_of_the_background_is_one_also_where_clients_that_leave_go_there(start: Start) -> None:
    gateway = start(on_disconnect="background")
    with gateway.client() as client, client.stream("POST", RESPONSES, json=order("twice", stream=True)) as reply:
        events = response_events(reply.iter_lines())
    assert events[1]["type"] == "response.queued"
    assert events[0]["response"]["created_at"] == events[-1]["response"]["created_at"]


def test_process_does_not_take_over_what_it_works_on_itself(start: Start, paced: PacedUpstream) -> None:
    gateway = start()
    with gateway.client() as client:
        fresh = create(client, "own-fresh", hold=0)["id"]
        begun = create(client, "own-begun", hold=1)["id"]
        wait_until(lambda: b"own-begun 0. " in streamed_so_far(gateway, begun))
        # As after a sleep of the machine, or where its clock was set.
        with closing(sqlite3.connect(gateway.folder / "data" / "waystone.db", isolation_level=None)) as database:
            database.execute("update jobs set lease_until = 0")
            wait_until(lambda: database.execute("select min(lease_until) from jobs").fetchone()[0] > 0)
        for name in ("own-fresh", "own-begun"):
            paced.let_go(name)
        for response_id in (fresh, begun):
            assert until(client, response_id)["status"] == "completed"
    assert (paced.begun["own-fresh"], paced.begun["own-begun"]) == (1, 1)
    assert "unhandled_error" not in gateway.log.read_text()


def test_stop_does_not_wait_for_who_watches_what_is_queued(start: Start, paced: PacedUpstream) -> None:
    gateway = start(background={"running": 1})
    with gateway.client() as client:
        first = create(client, "busy", hold=1)["id"]
        until(client, first, "in_progress")
        watched = create(client, "watched")["id"]
        with opened(gateway, watched) as reply:
            gateway.process.send_signal(signal.SIGTERM)
            seen = reply.read()
            paced.let_go("busy")
    # Far less than the 30 s that answers under way have.
    assert gateway.process.wait(15) == 0
    assert [block for block in blocks(seen) if b"[DONE]" in block] == []
    with start().client() as client:
        assert until(client, watched)["status"] == "completed"


def test_queue_of_a_revoked_key_is_not_worked_on(start: Start, paced: PacedUpstream) -> None:
    gateway = start(background={"running": 1})
    key = gateway.command("keys", "create", "--name", "leaving").strip()
    with gateway.client() as client, gateway.client(key) as leaving:
        first = create(client, "before", hold=1)["id"]
        until(client, first, "in_progress")
        create(leaving, "of-nobody")
        gateway.command("keys", "revoke", "leaving")
        paced.let_go("before")
        until(client, first)
        last = create(client, "behind")["id"]
        assert until(client, last)["status"] == "completed"
    assert paced.begun["of-nobody"] == 0
    assert [row for row in selected(gateway, "select status, outcome from usage") if row[1]] == [(503, "expired")]
