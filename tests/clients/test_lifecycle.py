"""The server's life: how it starts, or says why it cannot; how it stops; how several workers act as one."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import httpx
import pytest

from tests.clients.contract import DONE, RESPONSES_PATH, chat_chunks, request, response_events
from tests.servers.chat_upstream import ChatUpstream
from tests.servers.gateway import KEY, ROOT, RunningGateway, running_gateway, scripted_config

CHAT = "/v1/chat/completions"
DEADLINE = 30.0
REVOKED_WITHIN = 5.0
LONG = "A text that is long enough to come in more than three pieces."


@pytest.fixture
def own_gateway(upstream_url: str, upstream: ChatUpstream, tmp_path: Path) -> Iterator[RunningGateway]:
    """A gateway for one test, which may stop it."""
    upstream.forget()
    with running_gateway(tmp_path, scripted_config(upstream_url)) as running:
        yield running


def _project_with(folder: Path, operation: Mapping[str, object]) -> Path:
    """A copy of the server whose contract has one more operation."""
    for name in ("gateway", "handlers"):
        (folder / name).symlink_to(ROOT / name)
    (folder / "generated").mkdir()
    for file in (ROOT / "generated").glob("*.py"):
        (folder / "generated" / file.name).symlink_to(file)
    contract = json.loads((ROOT / "generated" / "openapi.json").read_text())
    contract["paths"]["/v1/things"] = {"get": operation}
    (folder / "generated" / "openapi.json").write_text(json.dumps(contract))
    return folder


@pytest.mark.parametrize(
    ("operation_id", "file", "function"),
    [
        ("things.list", "handlers/things.py", "list"),
        ("models.forget", "handlers/models.py", "forget"),
        ("listThings", "handlers/waystone.py", "list_things"),
    ],
)
def test_a_missing_handler_stops_the_start_with_what_to_write(
    tmp_path: Path, operation_id: str, file: str, function: str
) -> None:
    operation = {
        "operationId": operation_id,
        "tags": ["waystone"],
        "responses": {"200": {"description": "Things."}},
    }
    project = _project_with(tmp_path, operation)
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "WAYSTONE_DATA": str(tmp_path / "data")}
    done = subprocess.run(
        [sys.executable, "-m", "gateway", "serve", "--port", "0"],
        capture_output=True,
        text=True,
        check=False,
        cwd=project,
        env={**environment, "PYTHONPATH": str(project), "WAYSTONE_API_KEY": KEY},
        timeout=DEADLINE,
    )
    assert done.returncode != 0
    assert file in done.stderr
    assert repr(function) in done.stderr
    assert "Traceback" not in done.stderr


def test_health_tells_that_the_server_lives_and_is_ready(client: httpx.Client) -> None:
    for path in ("/health/live", "/health/ready"):
        reply = client.get(path, headers={"authorization": ""})
        assert (reply.status_code, reply.json()) == (200, {"status": "ok"})


def test_a_stream_under_way_is_finished_when_the_server_is_told_to_stop(
    own_gateway: RunningGateway, upstream: ChatUpstream
) -> None:
    for_chat = request(CHAT, "test/pause", LONG, stream=True)
    for_responses = request(RESPONSES_PATH, "test/pause", LONG, stream=True)
    with (
        own_gateway.client() as client,
        client.stream("POST", CHAT, json=for_chat) as chat,
        client.stream("POST", RESPONSES_PATH, json=for_responses) as responses,
    ):
        chat_lines, response_lines = chat.iter_lines(), responses.iter_lines()
        begun = next(chat_lines)
        assert upstream.began.wait(DEADLINE)
        own_gateway.process.terminate()
        _wait_until_closed(own_gateway)
        upstream.go_on.set()
        chunks = chat_chunks([begun, *chat_lines])
        events = response_events(response_lines)
    assert chunks[-1]["choices"][0]["finish_reason"] == "stop"
    assert events[-1]["type"] == "response.completed"
    assert own_gateway.process.wait(DEADLINE) == 0


def _wait_until_closed(gateway: RunningGateway) -> None:
    """Until new connections are refused: the server has taken notice."""
    deadline = time.monotonic() + DEADLINE
    while time.monotonic() < deadline:
        try:
            httpx.get(f"{gateway.url}/health/live", timeout=1.0)
        except httpx.TransportError:
            return
    raise AssertionError("the server went on taking connections")


def test_a_stopped_server_leaves_a_quiet_log(own_gateway: RunningGateway) -> None:
    with own_gateway.client() as client:
        assert client.post(CHAT, json=request(CHAT)).status_code == 200
    assert own_gateway.stop() == 0
    assert "Traceback" not in own_gateway.log.read_text()
    assert "error" not in own_gateway.log.read_text().lower()


def test_state_survives_a_restart(upstream_url: str, tmp_path: Path) -> None:
    with running_gateway(tmp_path, scripted_config(upstream_url)) as running:
        secret = running.command("keys", "create").strip()
        assert running.stop() == 0
    with running_gateway(tmp_path, scripted_config(upstream_url)) as again, again.client(secret) as client:
        assert client.post(CHAT, json=request(CHAT)).status_code == 200


def _statuses(gateway: RunningGateway, key: str, count: int) -> set[int]:
    """What so many new connections, which the workers share, are answered."""
    found = set()
    for _ in range(count):
        with gateway.client(key) as client:
            found.add(client.get("/v1/models").status_code)
    return found


def test_several_workers_serve_and_a_key_is_made_and_revoked_in_all(upstream_url: str, tmp_path: Path) -> None:
    with running_gateway(tmp_path, scripted_config(upstream_url), {"WORKERS": "2"}) as running:
        secret = running.command("keys", "create", "--name", "shared").strip()
        assert _statuses(running, secret, 20) == {200}
        running.command("keys", "revoke", "shared")
        deadline = time.monotonic() + REVOKED_WITHIN
        while _statuses(running, secret, 5) != {401}:
            assert time.monotonic() < deadline
        with running.client() as client:
            reply = client.post(CHAT, json=request(CHAT, stream=True))
        assert reply.text.endswith(f"data: {DONE}\n\n")
        assert running.stop() == 0
    assert "Traceback" not in running.log.read_text()
