"""`kill -9` under load: whatever a client learned the end of is there afterwards, whole."""

import random
import re
import threading
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import httpx
import orjson

from tests.clients.asking import CONVERSATIONS, RESPONSES
from tests.servers.gateway import RunningGateway, running_gateway, scripted_config

CLIENTS = 8
DEADLINE = 30.0
MODELS = ("test/echo", "test/reasoning-tools", "native/reasoning", "test/length")
_TERMINAL = re.compile(
    rb'event: response\.(?:completed|incomplete)\ndata: \{"type":"[a-z.]+","response":(.*),"sequence_number":\d+\}\n\n'
)


@dataclass
class Crowd:
    """Clients that ask, plainly and streamed, alone and in a conversation, until the gateway is gone."""

    url: str
    conversation: str
    kill_after: int
    ends: list[tuple[dict[str, Any], bytes]] = field(default_factory=list)
    """What was asked, and the response to the byte as its client got it."""
    is_time: threading.Event = field(default_factory=threading.Event)

    def ask(self, gateway: RunningGateway, number: int) -> None:
        """Ask one question after the other; the server's death ends it."""
        with gateway.client(timeout=DEADLINE) as client:
            try:
                for turn in count():
                    self._one(client, self._body(number, turn))
            except httpx.TransportError:
                return

    def _body(self, number: int, turn: int) -> dict[str, Any]:
        body: dict[str, Any] = {
            "model": MODELS[turn % len(MODELS)],
            "input": f"Client {number}, turn {turn}: " + "and so on " * (turn % 7),
            "stream": bool((number + turn) % 2),
        }
        if number % 4 == 3:
            # Calls that nobody answers would be refused in the next turn.
            body |= {"conversation": self.conversation, "store": bool(turn % 3), "model": "test/echo"}
        return body

    def _one(self, client: httpx.Client, body: dict[str, Any]) -> None:
        received = b""
        with client.stream("POST", RESPONSES, json=body) as reply:
            assert reply.status_code == 200, reply.read()
            try:
                for data in reply.iter_raw():
                    received += data
            finally:
                for document in self._whole(body, received, reply.headers):
                    self.ends.append((body, document))
                    if len(self.ends) >= self.kill_after:
                        self.is_time.set()

    @staticmethod
    def _whole(body: dict[str, Any], received: bytes, headers: httpx.Headers) -> Iterator[bytes]:
        """The response, if its end has come: the terminal event of a stream, all of a plain reply."""
        if body["stream"]:
            yield from _TERMINAL.findall(received)
        elif len(received) == int(headers["content-length"]):
            yield received


def test_every_response_whose_end_a_client_received_survives_kill_9(
    upstream_url: str, tmp_path: Path, storage: Mapping[str, str]
) -> None:
    config = {**scripted_config(upstream_url), "embedded": {"enabled": False}}
    with running_gateway(tmp_path, config, storage) as running, running.client() as client:
        conversation = client.post(CONVERSATIONS, json={}).json()["id"]
        crowd = Crowd(running.url, conversation, kill_after=random.randint(40, 100))
        with ThreadPoolExecutor(CLIENTS) as threads:
            asking = [threads.submit(crowd.ask, running, number) for number in range(CLIENTS)]
            assert crowd.is_time.wait(DEADLINE)
            running.process.kill()
        for client_ended in asking:
            client_ended.result()
    assert {body["stream"] for body, _ in crowd.ends} == {True, False}
    with running_gateway(tmp_path, config, storage) as again, again.client() as client:
        for body, document in crowd.ends:
            _check_response(client, body, document)
        _check_conversation(client, crowd)
        _check_seals(client, crowd)


def _check_response(client: httpx.Client, body: dict[str, Any], document: bytes) -> None:
    stored = client.get(f"{RESPONSES}/{orjson.loads(document)['id']}")
    if body.get("store") is False:
        assert stored.status_code == 404
    else:
        assert stored.content == document


def _check_seals(client: httpx.Client, crowd: Crowd) -> None:
    """What was sealed before opens after: the author of the reasoning gets it back."""
    body, document = next((body, document) for body, document in crowd.ends if body["model"] == "native/reasoning")
    again = {"model": body["model"], "input": "Go on.", "previous_response_id": orjson.loads(document)["id"]}
    reply = client.post(RESPONSES, json=again)
    assert reply.status_code == 200, reply.text
    assert "input_transformations" not in reply.json()


def _check_conversation(client: httpx.Client, crowd: Crowd) -> None:
    """Every turn that ended is in the conversation, and no turn is in it by half."""
    listed: list[dict[str, Any]] = []
    page: dict[str, Any] = {"has_more": True}
    while page["has_more"]:
        after = {"after": listed[-1]["id"]} if listed else {}
        query = {"limit": "100", "order": "asc", **after}
        page = client.get(f"{CONVERSATIONS}/{crowd.conversation}/items", params=query).json()
        listed += page["data"]
    turns = list(zip(listed[::2], listed[1::2], strict=True))
    assert all((asked["role"], said["role"]) == ("user", "assistant") for asked, said in turns)
    assert all(asked["content"][0]["text"] == said["content"][0]["text"] for asked, said in turns)
    told = [orjson.loads(document)["output"][0] for body, document in crowd.ends if "conversation" in body]
    kept = {said["id"]: said for _, said in turns}
    assert told
    assert all(kept[item["id"]] == item for item in told)
