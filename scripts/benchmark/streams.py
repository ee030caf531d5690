"""Reads streams as a client does: when their first text arrives, and how many of many slow ones come through whole."""

import asyncio
import re
import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from statistics import median

import orjson

from scripts.benchmark.processes import BenchmarkError, Server, on_cores, resident_mib
from scripts.benchmark.report import table
from scripts.benchmark.rows import FIRST_EVENTS, Row, chat
from scripts.benchmark.servers import CHAT_DIALECT, GATEWAY, Servers
from scripts.benchmark.upstream import EXTRA_EVENTS, PACES, STAMP

_STAMP = re.compile(STAMP.encode() + rb"(\d+);")
_LAST_CHUNK = b"\r\n0\r\n\r\n"
_SAMPLE_SECONDS = 0.1
_TIMEOUT_SECONDS = 120.0


@dataclass(frozen=True)
class Stream:
    """What was received of a stream, and the milliseconds from the sending of its first text to its arrival."""

    received: bytes
    delay_ms: float | None

    @property
    def is_whole(self) -> bool:
        return self.received.startswith(b"HTTP/1.1 200") and self.received.endswith(_LAST_CHUNK)


def first_events(servers: Servers, streams: int) -> str:
    """When the first text of a stream arrives: medians of so many streams, one at a time and the rows in turn."""
    found: dict[str, list[float]] = {row.name: [] for row in FIRST_EVENTS}
    running = {row.server: servers.get(row.server) for row in FIRST_EVENTS}
    with on_cores(servers.cores.load):
        for row in list(FIRST_EVENTS) * streams:
            stream = asyncio.run(read_stream(running[row.server], row))
            if not stream.is_whole or stream.delay_ms is None:
                raise BenchmarkError(f"a stream of {row.name} broke off: {stream.received[-500:]!r}")
            found[row.name].append(stream.delay_ms)
    delays = {name: median(values) for name, values in found.items()}
    upstream, floor, *_ = delays.values()
    lines = [
        [name, f"{delay:.3f}", f"{delay - upstream:.3f}", f"{delay - floor:.3f}"] for name, delay in delays.items()
    ]
    heads = ("server", "ms after it was sent", "over the upstream", "over the floor")
    return f"### First text of a stream, one stream at a time\n\n{table(heads, lines)}"


def slow_streams(servers: Servers, streams: int, pace: str) -> str:
    """Open so many streams of the gateway at once, read each to its end, and watch the gateway's memory."""
    row = Row(GATEWAY, chat(f"{CHAT_DIALECT}/{pace}", is_stream=True))
    with on_cores(servers.cores.load):
        ends, peak = asyncio.run(_many(servers.get(GATEWAY), row, streams))
    events = PACES[pace].words + EXTRA_EVENTS
    lost = len([one for one in ends if not one.is_whole or one.received.count(b"data: ") != events])
    line = [f"{events} events, {PACES[pace].pause:g} s apart", str(streams), str(lost), f"{peak:.1f}"]
    return f"### Slow streams at once, one worker\n\n{table(('streams', 'begun', 'lost', 'peak RSS MiB'), [line])}"


async def _many(server: Server, row: Row, streams: int) -> tuple[Sequence[Stream], float]:
    """The streams, and the server's largest resident memory in MiB while they were read."""
    peak = 0.0
    reading = asyncio.gather(*(read_stream(server, row) for _ in range(streams)))
    while not reading.done():
        peak = max(peak, resident_mib(server.process.pid))
        await asyncio.wait([reading], timeout=_SAMPLE_SECONDS)
    return await reading, peak


async def read_stream(server: Server, row: Row) -> Stream:
    """One stream, as far as it comes."""
    body = orjson.dumps(row.body)
    headers = {"Host": "127.0.0.1", "Content-Type": "application/json", "Content-Length": len(body), **server.headers}
    lines = [f"POST {row.path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items()), "", ""]
    received = b""
    delay: float | None = None
    try:
        async with asyncio.timeout(_TIMEOUT_SECONDS):
            reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
            with closing(writer):
                writer.write("\r\n".join(lines).encode() + body)
                while not received.endswith(_LAST_CHUNK) and (part := await reader.read(65_536)):
                    now = time.monotonic_ns()
                    received += part
                    if delay is None and (stamp := _STAMP.search(received)):
                        delay = (now - int(stamp[1])) / 1e6
    except (OSError, TimeoutError):
        pass
    return Stream(received, delay)
