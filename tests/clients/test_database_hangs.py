"""PostgreSQL takes connections and answers nothing: probes learn of it in time, and a stop does not wait for it."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

import orjson
import pytest

from tests.clients.asking import RESPONSES
from tests.clients.contract import check_error, request
from tests.clients.sockets import RawReply, exchange, head
from tests.clients.stops import check_cut, streaming
from tests.servers.chat_upstream import ChatUpstream
from tests.servers.gateway import RunningGateway, running_gateway, scripted_config
from tests.servers.stalling_proxy import StallingProxy, stalling_proxy
from tests.store import postgres

CHAT = "/v1/chat/completions"
READY = head("GET", "/health/ready", "connection: close")
WITHIN = 1.0
DEADLINE = 30.0


@pytest.fixture
def proxy(postgres_server: postgres.Server) -> Iterator[StallingProxy]:
    """What stands between the gateway and its database."""
    postgres_server.empty()
    with stalling_proxy(postgres_server.port) as proxy:
        yield proxy


@pytest.fixture
def behind(
    proxy: StallingProxy, postgres_server: postgres.Server, upstream_url: str, tmp_path: Path
) -> Iterator[RunningGateway]:
    """A gateway whose database is behind the proxy."""
    url = urlsplit(postgres_server.url)
    address = url._replace(netloc=url.netloc.replace(f":{url.port}", f":{proxy.port}")).geturl()
    config = {**scripted_config(upstream_url), "embedded": {"enabled": False}, "drain_seconds": 1}
    with running_gateway(tmp_path, config, {"DATABASE_URL": address}) as running:
        yield running


def _probed(gateway: RunningGateway) -> tuple[RawReply, float]:
    """The answer to a probe, and after how many seconds it came."""
    begun = time.monotonic()
    return exchange(gateway.url, READY), time.monotonic() - begun


def test_readiness_is_denied_within_a_second_while_the_database_hangs(
    behind: RunningGateway, proxy: StallingProxy
) -> None:
    assert _probed(behind)[0].status == 200
    proxy.stall()
    # One after the other, as probes come, and more at once than the gateway has connections to the database.
    probes = [_probed(behind) for _ in range(3)]
    with ThreadPoolExecutor(20) as threads:
        probes += threads.map(lambda _: _probed(behind), range(20))
    for reply, seconds in probes:
        assert (reply.status, check_error(reply.json())["code"]) == (503, "unavailable")
        assert seconds < WITHIN
    proxy.flow()
    reply, _ = _probed(behind)
    assert reply.status == 200
    secret = behind.command("keys", "create").strip()
    with behind.client(secret) as client:
        assert client.post(CHAT, json=request(CHAT)).status_code == 200


def test_answer_that_is_not_stored_in_time_is_cut_by_a_stop_and_its_row_is_kept_in_a_file(
    behind: RunningGateway, proxy: StallingProxy, upstream: ChatUpstream
) -> None:
    upstream.forget()
    with streaming(behind, RESPONSES) as reply:
        assert upstream.began.wait(DEADLINE)
        proxy.stall()
        upstream.go_on.set()
        behind.process.terminate()
        check_cut(RESPONSES, [*reply.iter_lines()])
    assert behind.process.wait(DEADLINE) == 0
    (kept,) = (behind.folder / "data").glob("usage-*.jsonl")
    _, row, _ = orjson.loads(kept.read_bytes())
    assert (row["status"], row["outcome"]) == (503, "stopped")
