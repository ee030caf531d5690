"""What an earlier gateway left still works: its configuration, database, keys, stored responses and seals.

`earlier/state.sql` is the whole database of commit 0467a85, with a key, a response whose reasoning is sealed, and a
conversation; `earlier/answers.json` is what its client was answered. Nothing in them opens anything else.
"""

import json
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.clients.asking import CONVERSATIONS, RESPONSES
from tests.servers.gateway import RunningGateway, running_gateway, scripted_config
from tests.servers.responses_upstream import ResponsesUpstream

EARLIER = Path(__file__).with_name("earlier")
DEADLINE = 10.0
ANSWERS: dict[str, Any] = json.loads((EARLIER / "answers.json").read_text())


@pytest.fixture(scope="module")
def later(upstream_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningGateway]:
    """A gateway of today on the earlier one's configuration and database."""
    folder = tmp_path_factory.mktemp("later")
    (folder / "data").mkdir()
    with closing(sqlite3.connect(folder / "data" / "waystone.db")) as database:
        database.executescript((EARLIER / "state.sql").read_text())
    config = {**scripted_config(upstream_url), "embedded": {"enabled": False}, "retention_days": 36500}
    with running_gateway(folder, config) as running:
        yield running


@pytest.fixture
def ann(later: RunningGateway) -> Iterator[httpx.Client]:
    """A client with the earlier key."""
    with later.client(ANSWERS["key"]) as client:
        yield client


@pytest.mark.parametrize("name", ["reasoned", "told"])
def test_stored_response_is_the_one_that_was_answered(ann: httpx.Client, name: str) -> None:
    stored = ann.get(f"{RESPONSES}/{ANSWERS[name]['id']}")
    assert (stored.status_code, stored.json()) == (200, ANSWERS[name])


def test_sealed_reasoning_goes_back_to_its_author(ann: httpx.Client, native: ResponsesUpstream) -> None:
    native.forget()
    body = {"model": "native/reasoning", "input": "Go on.", "previous_response_id": ANSWERS["reasoned"]["id"]}
    # This upstream refuses a state that another run of it made; what counts is that it got its own words back.
    ann.post(RESPONSES, json=body)
    (reasoning,) = [item for item in native.last["input"] if item["type"] == "reasoning"]
    assert reasoning["encrypted_content"]
    assert not reasoning["encrypted_content"].startswith("waystone.")


def test_conversation_goes_on(ann: httpx.Client) -> None:
    conversation = ANSWERS["conversation"]["id"]
    assert ann.get(f"{CONVERSATIONS}/{conversation}").json() == ANSWERS["conversation"]
    body = {"model": "test/echo", "input": "And this.", "conversation": conversation}
    assert ann.post(RESPONSES, json=body).status_code == 200
    items = ann.get(f"{CONVERSATIONS}/{conversation}/items", params={"order": "asc"}).json()["data"]
    assert [item["content"][0]["text"] for item in items] == ["Keep this.", "Keep this.", "And this.", "And this."]


def test_usage_is_counted_on(later: RunningGateway) -> None:
    totals = {total["id"]: total["requests"] for total in json.loads(later.command("usage", "--by", "user", "--json"))}
    assert totals["ann"] == 1


def test_usage_rows_of_before_and_of_now_stand_in_one_table(later: RunningGateway, ann: httpx.Client) -> None:
    asked = {"model": "test/echo", "input": "Count this.", "store": False}
    request_id = ann.post(RESPONSES, json=asked).headers["x-request-id"]
    deadline, found = time.monotonic() + DEADLINE, dict[str, str | None]()
    with closing(sqlite3.connect(later.folder / "data" / "waystone.db")) as database:
        while request_id not in found:
            assert time.monotonic() < deadline
            found = dict(database.execute("select request_id, outcome from usage"))
    assert len(found) > 1
    assert {*found.values()} == {None}
