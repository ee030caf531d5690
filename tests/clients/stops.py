"""What tests of a stop share: answers that take their time, and how a stop looks from outside."""

import signal
import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import httpx

from tests.clients.asking import RESPONSES
from tests.clients.contract import CHAT_PATHS, RESPONSES_PATH, check_error, events, request, response_events
from tests.clients.sockets import exchange, head
from tests.servers.gateway import DEADLINE, RunningGateway

CHAT = CHAT_PATHS[0]
LONG = "A text that is long enough to come in more than three pieces."
READY = head("GET", "/health/ready", "connection: close")
LIVE = head("GET", "/health/live", "connection: close")
FOREVER = 3600
STREAMS = (*CHAT_PATHS, RESPONSES_PATH, RESPONSES)
Serve = Callable[..., RunningGateway]


def asked(path: str, model: str, **more: Any) -> dict[str, Any]:
    """A request whose answer takes its time."""
    if path == RESPONSES:
        return {"model": model, "input": LONG, **more}
    return request(path, model, LONG, **more)


@contextmanager
def streaming(gateway: RunningGateway, path: str = CHAT, model: str = "test/pause") -> Iterator[httpx.Response]:
    """A stream that has begun, and waits for its upstream."""
    with gateway.client() as client, client.stream("POST", path, json=asked(path, model, stream=True)) as reply:
        assert reply.status_code == 200
        yield reply


def rows(gateway: RunningGateway) -> list[tuple[int, str | None]]:
    """Status and outcome of every usage row."""
    with closing(sqlite3.connect(gateway.folder / "data" / "waystone.db")) as database:
        return database.execute("select status, outcome from usage order by time").fetchall()


def signalled(gateway: RunningGateway, *numbers: signal.Signals) -> None:
    for number in numbers:
        gateway.process.send_signal(number)


def wait_until(is_so: Callable[[], bool]) -> None:
    pause = threading.Event()
    for _ in range(int(DEADLINE * 20)):
        if is_so():
            return
        pause.wait(0.05)
    raise AssertionError("it has not come to be")


def is_refused(gateway: RunningGateway) -> bool:
    """Whether the port is closed. Until then every connection is answered, or closed at once."""
    try:
        assert exchange(gateway.url, LIVE).status == 200
    except ConnectionRefusedError:
        return True
    except (ConnectionError, ValueError):
        # Reset, or closed before it was answered.
        return False
    return False


def check_cut(path: str, lines: Sequence[str]) -> None:
    """The stream ends with the failure that its protocol has, and with nothing behind it."""
    if path in CHAT_PATHS:
        *_, last = events(lines)
        assert check_error(last.document)["code"] == "gateway_stopped"
        return
    last_event = response_events(lines)[-1]
    assert last_event["type"] == "response.failed"
    assert last_event["response"]["error"]["code"] == "server_interrupted"
    assert "stopped" in last_event["response"]["error"]["message"]


def workers_of(gateway: RunningGateway) -> list[int]:
    """The processes that serve, without the one that multiprocessing keeps for itself."""
    server = gateway.process.pid
    children = [int(child) for child in Path(f"/proc/{server}/task/{server}/children").read_text().split()]
    return [child for child in children if b"spawn_main" in Path(f"/proc/{child}/cmdline").read_bytes()]


def is_running(process: int) -> bool:
    try:
        return "Z" not in Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
