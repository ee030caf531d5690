"""Responses in the background whose process is killed or stopped: what another process makes of them."""

import asyncio
import os
import signal
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest

from tests.clients.asking import RESPONSES
from tests.clients.contract import DONE, check, events
from tests.clients.stops import is_refused, wait_until, workers_of
from tests.servers.gateway import RunningGateway, running_gateway
from tests.servers.paced_upstream import PacedUpstream, text_of, wanted
from tests.servers.thread import serving

HALF = 4
SILENT, SPOKEN = [f"silent-{n}" for n in range(HALF)], [f"spoken-{n}" for n in range(HALF)]
"""Answers that are held before their first piece, and behind it."""
TERMINAL = ("completed", "failed", "incomplete", "cancelled")

Document = dict[str, Any]
Start = Callable[..., RunningGateway]


@dataclass(frozen=True)
class UsageRow:
    """What matters here of a row."""

    request_id: str
    status: int
    outcome: str | None
    estimated: bool
    given_up: bool
    completion_tokens: int | None


_COLUMNS = ", ".join(UsageRow.__annotations__)


@pytest.fixture
def paced() -> PacedUpstream:
    return PacedUpstream()


@pytest.fixture
def start(paced: PacedUpstream, storage: Mapping[str, str], tmp_path: Path) -> Iterator[Start]:
    """Starts gateways of two workers, one after the other on the same state."""
    with serving(paced) as url, ExitStack() as stack:
        provider = {"dialect": "openai-chat", "base_url": f"{url}/v1", "api_key": "sk-paced", "models": ["paced"]}
        config: Document = {"embedded": {"enabled": False}, "lease_seconds": 5, "providers": {"paced": provider}}

        def started(**settings: Any) -> RunningGateway:
            environment = {"WORKERS": "2", **storage}
            return stack.enter_context(running_gateway(tmp_path, {**config, **settings}, environment))

        yield started
        for name in paced.begun:
            paced.let_go(name)


class Responses:
    """Responses in the background by their names: their ids, and the ids of the requests that made them."""

    def __init__(self, paced: PacedUpstream) -> None:
        self.ids: dict[str, str] = {}
        self.requests: dict[str, str] = {}
        self._paced = paced

    def create(self, gateway: RunningGateway, name: str, hold: int) -> None:
        """Begin an answer that is held behind so many pieces; those are stored when this returns."""
        with gateway.client() as client:
            body = {"model": "paced/paced", "input": wanted(name, hold=hold), "background": True}
            reply = client.post(RESPONSES, json=body)
            assert reply.status_code == 200, reply.text
            self.ids[name], self.requests[name] = reply.json()["id"], reply.headers["x-request-id"]
            if hold:
                with client.stream("GET", f"{RESPONSES}/{self.ids[name]}?stream=true") as stream:
                    next(line for line in stream.iter_lines() if "output_text.delta" in line)
        self._paced.wait_for(self._paced.begun, name)

    def ends(self, gateway: RunningGateway) -> dict[str, Document]:
        """The responses, once all of them are over."""
        found: dict[str, Document] = {}

        def are_over() -> bool:
            for name in self.ids.keys() - found.keys():
                document = self._get(client, name)
                if document is not None and document["status"] in TERMINAL:
                    found[name] = document
            return len(found) == len(self.ids)

        with gateway.client() as client:
            wait_until(are_over)
        return found

    def stream(self, gateway: RunningGateway, name: str) -> list[Document]:
        """The events of a response that is over."""
        with gateway.client() as client:
            reply = client.get(f"{RESPONSES}/{self.ids[name]}?stream=true")
        *found, last = events(reply.text.splitlines())
        assert last.data == DONE
        for event in found:
            check("ResponseStreamEvent", event.document)
        return [event.document for event in found]

    def _get(self, client: httpx.Client, name: str) -> Document | None:
        try:
            reply = client.get(f"{RESPONSES}/{self.ids[name]}")
        except httpx.TransportError:
            return None  # of the worker that was killed
        assert reply.status_code == 200, reply.text
        document: Document = reply.json()
        return document

    def rows(self, gateway: RunningGateway) -> dict[str, list[UsageRow]]:
        """The usage rows of each, once there are as many as calls of the upstream."""
        found: list[UsageRow] = []

        def are_there() -> bool:
            found[:] = _rows(gateway)
            counts = Counter(row.request_id for row in found)
            return all(counts[self.requests[name]] == self._paced.begun[name] for name in self.ids)

        wait_until(are_there)
        return {name: [row for row in found if row.request_id == self.requests[name]] for name in self.ids}


@pytest.fixture
def responses(paced: PacedUpstream) -> Responses:
    return Responses(paced)


def _rows(gateway: RunningGateway) -> list[UsageRow]:
    statement = f"select {_COLUMNS} from usage order by given_up desc"
    if url := gateway.environment.get("DATABASE_URL"):
        return asyncio.run(_fetched(url, statement))
    with closing(sqlite3.connect(gateway.folder / "data" / "waystone.db")) as database:
        return [UsageRow(*row) for row in database.execute(statement)]


async def _fetched(url: str, statement: str) -> list[UsageRow]:
    connection = await asyncpg.connect(url)
    try:
        return [UsageRow(*row) for row in await connection.fetch(statement)]
    finally:
        await connection.close()


def _let_go(paced: PacedUpstream, *names: str) -> None:
    for name in names:
        paced.let_go(name)


def _kill(gateway: RunningGateway) -> None:
    for process in (gateway.process.pid, *workers_of(gateway)):
        os.kill(process, signal.SIGKILL)
    gateway.process.wait()


def _check_begun_again(document: Document, name: str, rows: list[UsageRow]) -> None:
    """The answer is whole, and the attempt before has a row that is none of a request."""
    assert (document["status"], document["error"]) == ("completed", None)
    assert document["output"][0]["content"][0]["text"] == text_of(name)
    lost, last = rows
    assert (lost.given_up, lost.estimated, lost.outcome) == (True, True, "lost")
    assert (last.given_up, last.estimated, last.status, last.completion_tokens) == (False, False, 200, 3)


def _check_interrupted(document: Document, stream: list[Document]) -> None:
    """The response has failed, and what was stored of its stream is there, with its end."""
    assert (document["status"], document["error"]["code"]) == ("failed", "server_interrupted")
    assert sum(event["type"] == "response.output_text.delta" for event in stream) == 1
    assert (stream[-1]["type"], stream[-1]["response"]) == ("response.failed", document)
    assert [event["sequence_number"] for event in stream] == [*range(len(stream))]


def _check_estimated(rows: list[UsageRow]) -> None:
    (row,) = rows
    assert (row.given_up, row.estimated, row.status, row.outcome) == (False, True, 503, "lost")


def test_only_what_had_no_event_is_begun_again_after_the_gateway_was_killed(
    start: Start, paced: PacedUpstream, responses: Responses
) -> None:
    gateway = start()
    for silent, spoken in zip(SILENT, SPOKEN, strict=True):
        responses.create(gateway, silent, hold=0)
        responses.create(gateway, spoken, hold=1)
    responses.create(gateway, "cancelled", hold=1)
    _kill(gateway)
    _let_go(paced, *responses.ids)
    gateway = start()
    with gateway.client() as client:
        # Nobody knows yet that its process is dead.
        cancelled = client.post(f"{RESPONSES}/{responses.ids['cancelled']}/cancel").json()
    assert cancelled["status"] == "cancelled"
    ends, rows = responses.ends(gateway), responses.rows(gateway)
    for name in SILENT:
        _check_begun_again(ends[name], name, rows[name])
    for name in SPOKEN:
        _check_interrupted(ends[name], responses.stream(gateway, name))
        _check_estimated(rows[name])
    assert ends["cancelled"] == cancelled
    (row,) = rows["cancelled"]
    assert (row.estimated, row.outcome) == (True, "lost")


def test_other_worker_takes_over_what_a_killed_one_worked_on(
    start: Start, paced: PacedUpstream, responses: Responses
) -> None:
    gateway = start(background={"running": HALF})
    for silent, spoken in zip(SILENT, SPOKEN, strict=True):
        responses.create(gateway, silent, hold=0)
        responses.create(gateway, spoken, hold=1)
    os.kill(workers_of(gateway)[0], signal.SIGKILL)
    _let_go(paced, *responses.ids)
    ends, rows = responses.ends(gateway), responses.rows(gateway)
    again = [name for name in responses.ids if paced.begun[name] > 1]
    interrupted = [name for name, document in ends.items() if document["status"] == "failed"]
    assert len([*again, *interrupted]) == HALF
    assert {*again} <= {*SILENT}
    assert {*interrupted} <= {*SPOKEN}
    for name in again:
        _check_begun_again(ends[name], name, rows[name])
    for name in interrupted:
        _check_interrupted(ends[name], responses.stream(gateway, name))
        _check_estimated(rows[name])
    for name in {*ends} - {*again, *interrupted}:
        assert ends[name]["output"][0]["content"][0]["text"] == text_of(name)


def test_stop_finishes_what_it_can_and_hands_over_what_had_no_event(
    start: Start, paced: PacedUpstream, responses: Responses
) -> None:
    gateway = start(drain_seconds=2, unready_seconds=0)
    for name, hold in (("finished", 1), ("handed-over", 0), ("cut", 1)):
        responses.create(gateway, name, hold)
    gateway.process.send_signal(signal.SIGTERM)
    wait_until(lambda: is_refused(gateway))
    _let_go(paced, "finished")
    assert gateway.process.wait(30) == 0
    assert paced.begun == Counter(responses.ids.keys())
    _let_go(paced, "handed-over", "cut")
    gateway = start()
    ends, rows = responses.ends(gateway), responses.rows(gateway)
    assert [ends[name]["status"] for name in responses.ids] == ["completed", "completed", "failed"]
    assert paced.begun == Counter({"finished": 1, "handed-over": 2, "cut": 1})
    _check_interrupted(ends["cut"], responses.stream(gateway, "cut"))
    assert [row.given_up for row in rows["handed-over"]] == [True, False]
    assert [row.outcome for name in ("finished", "cut") for row in rows[name]] == [None, "stopped"]
