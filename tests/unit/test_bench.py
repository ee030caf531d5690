"""scripts/bench: its rows are complete, its figures are read rightly, and what does not count is marked."""

import asyncio
import os
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path

import orjson
import pytest

from scripts.benchmark import peers, report, rounds, wrk
from scripts.benchmark.peers import Peer
from scripts.benchmark.processes import BenchmarkError, Cores, cpu_seconds, family, resident_mib
from scripts.benchmark.rounds import Table
from scripts.benchmark.rows import CHAT, FIRST_EVENTS, GROUPS, chat
from scripts.benchmark.servers import FLOOR, GATEWAY, Servers
from scripts.benchmark.upstream import EXTRA_EVENTS, WORDS, Exchange
from scripts.benchmark.wrk import Round

ROOT = Path(__file__).resolve().parents[2]
DEADLINE = 300.0
_IS_MEASURABLE = shutil.which("wrk") is not None and (os.cpu_count() or 1) > 1
needs_wrk = pytest.mark.skipif(not _IS_MEASURABLE, reason="needs wrk (Debian: apt-get install wrk) and two cores")


def bench(*words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "scripts.benchmark.command", *words]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=DEADLINE, cwd=ROOT)


def round_of(per_second: float) -> Round:
    return Round(per_second, p50_ms=1.0, p99_ms=2.0, cpu_us=100.0)


def table_of(*speeds: float) -> Table:
    first = [round_of(speed) for speed in speeds]
    return Table("plain", [rounds.summary(FLOOR, 8, first, first)], len(speeds))


@pytest.fixture
def servers(tmp_path: Path) -> Servers:
    """Servers of which none runs."""
    return Servers(ROOT, tmp_path, Cores({0}, {0}), ExitStack())


def test_every_row_has_a_server_that_can_be_started_and_a_name_of_its_own(servers: Servers) -> None:
    for rows in (*(group.rows for group in GROUPS), FIRST_EVENTS):
        assert {row.server for row in rows} <= servers.programs.keys()
        assert len({row.name for row in rows}) == len(rows)
    assert len({group.key for group in GROUPS}) == len(GROUPS)


def test_figures_are_read_from_what_wrk_prints() -> None:
    line = '{"requests": 20, "seconds": 2.0, "p50_ms": 0.5, "p99_ms": 1.5, "refused": 0, "broken": 0}'
    assert wrk.read(f"Running 2s test\n{line}\n")["requests"] == 20
    with pytest.raises(BenchmarkError, match="unable to connect"):
        wrk.read("unable to connect to 127.0.0.1:1")


def test_row_has_the_median_of_its_rounds_and_its_share_of_the_floor_in_the_same_round() -> None:
    floor = [round_of(speed) for speed in (1000.0, 500.0, 800.0)]
    gateway = [round_of(speed) for speed in (500.0, 300.0, 200.0)]
    figures = rounds.summary(GATEWAY, 8, gateway, floor)
    assert figures.medians == round_of(300.0)
    assert figures.share == 0.5  # of 0.5, 0.6 and 0.25
    assert figures.spread == 1.0


def test_floor_that_varies_by_more_than_15_percent_does_not_count() -> None:
    steady, unsteady = table_of(1000.0, 1149.0, 1000.0), table_of(1000.0, 1151.0, 1000.0)
    assert steady.objection is None
    assert unsteady.objection == "floor varied by 15.1% between rounds, more than 15%"
    assert "not count" not in report.group("Plain chat", [steady]) + report.verdict([steady])
    assert "**Does not count** (connections: 8): floor varied" in report.group("Plain chat", [unsteady])
    assert report.verdict([steady, unsteady]) == "**This run does not count** in 1 of 2 tables: plain at 8."


def test_table_of_a_group_has_a_row_beside_the_floor() -> None:
    floor, gateway = [Round(800.0, 1.0, 2.0, 100.0)], [Round(400.0, 1.5, 9.0, 400.0)]
    figures = [rounds.summary(FLOOR, 8, floor, floor), rounds.summary(GATEWAY, 8, gateway, floor)]
    row = report.group("Plain chat", [Table("plain", figures, 1)]).splitlines()[5]
    assert [cell.strip() for cell in row.strip("|").split("|")] == [
        *(GATEWAY, "8", "400", "0.50", "1.50", "9.00", "400", "0.25", "0%")
    ]


def test_single_round_does_not_count() -> None:
    assert table_of(1000.0).objection == "fewer than 3 rounds were measured"


def test_table_has_figures_to_the_right() -> None:
    assert report.table(("server", "ms"), [["floor", "1"]]) == "| server | ms |\n| ------ | -: |\n| floor  |  1 |\n"


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc")
def test_time_and_memory_of_a_process_are_those_of_its_threads_and_its_children() -> None:
    burn = (
        "import subprocess, sys, threading, time\n"
        "def burn():\n"
        "    while time.thread_time() < 0.2: pass\n"
        "thread = threading.Thread(target=burn); thread.start(); thread.join()\n"
        "child = subprocess.Popen(sys.argv[1:], stdin=subprocess.PIPE)\n"
        "print(time.process_time(), child.pid, flush=True); input(); child.communicate()\n"
    )
    child = [sys.executable, "-c", "input()"]
    with subprocess.Popen([sys.executable, "-c", burn, *child], stdin=-1, stdout=-1, text=True) as process:
        assert process.stdout
        spent, pid = process.stdout.readline().split()
        assert cpu_seconds(process.pid) == pytest.approx(float(spent), abs=0.05)
        assert float(spent) >= 0.2
        assert family(process.pid) == [process.pid, int(pid)]
        assert 1 < resident_mib(process.pid) < 1000
        process.communicate("\n")
    assert cpu_seconds(process.pid) == 0.0


@asynccontextmanager
async def upstream() -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    server = await asyncio.get_running_loop().create_server(Exchange, "127.0.0.1", 0)
    async with server, asyncio.timeout(10):
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        yield reader, writer
        writer.close()


def posted(path: str, body: dict[str, object], field: str = "Content-Length: {length}") -> bytes:
    data = orjson.dumps(body)
    return f"POST {path} HTTP/1.1\r\nHost: upstream\r\n{field.format(length=len(data))}\r\n\r\n".encode() + data


@pytest.mark.anyio
async def test_upstream_answers_requests_in_pieces_and_together_on_one_connection() -> None:
    request = posted(CHAT, chat("static"))
    async with upstream() as (reader, writer):
        writer.write(request[:50])
        await asyncio.sleep(0)
        writer.write(request[50:] + request)
        for _ in range(2):
            head = await reader.readuntil(b"\r\n\r\n")
            length = int(head.lower().partition(b"content-length: ")[2].split()[0])
            assert orjson.loads(await reader.readexactly(length))["object"] == "chat.completion"


@pytest.mark.anyio
async def test_upstream_sends_a_paced_stream_whole() -> None:
    async with upstream() as (reader, writer):
        writer.write(posted(CHAT, chat("paced", is_stream=True)))
        received = await reader.readuntil(b"\r\n0\r\n\r\n")
    assert received.count(b"data: ") == WORDS + EXTRA_EVENTS == 54
    assert received.count(b"stamp=") == 1


@pytest.mark.anyio
async def test_upstream_refuses_a_body_without_a_length_and_does_not_misread_it() -> None:
    async with upstream() as (reader, writer):
        writer.write(posted(CHAT, {}, "Transfer-Encoding: chunked"))
        assert (await reader.read()).startswith(b"HTTP/1.1 411 ")


def test_peer_that_cannot_be_installed_is_reported_with_what_its_installer_wrote(
    servers: Servers, tmp_path: Path
) -> None:
    servers.root = tmp_path
    command = [sys.executable, "-c", "import sys; sys.exit('no such ' + 'version')"]
    peer = Peer("other", "1", lambda folder, version: [command], lambda folder, servers: pytest.fail("was started"))
    with pytest.raises(BenchmarkError, match="no such version"):
        peers.start(peer, servers)


@needs_wrk
def test_quick_benchmark_measures_every_row() -> None:
    done = bench("--quick")
    assert done.returncode == 0, done.stderr
    for group in GROUPS:
        assert f"### {group.title}\n" in done.stdout
        assert all(f"| {row.name} " in done.stdout for row in (*group.rows, *FIRST_EVENTS))
    assert "| 9 events, 0.05 s apart |    50 |    0 |" in done.stdout
    assert "| two workers, supervisor " in done.stdout
    assert f"**This run does not count** in {len(GROUPS)} of {len(GROUPS)} tables" in done.stdout


@needs_wrk
def test_soak_reports_the_slope_of_memory() -> None:
    done = bench("--soak", "--minutes", "0.05")
    assert done.returncode == 0, done.stderr
    assert "0 broke off" in done.stdout
    assert "by least squares: " in done.stdout


def test_part_that_does_not_exist_is_refused_with_the_names_of_those_that_do() -> None:
    done = bench("--only", "plain,speed")
    assert done.returncode == 2
    assert "there is no part 'speed'; there are plain, stream, paced, log, responses" in done.stderr
