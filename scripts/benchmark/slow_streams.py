"""Many slow streams at once through one worker: how many come through whole, and what memory that takes."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass

import orjson

from scripts.benchmark.bodies import chat
from scripts.benchmark.first_event import LAST_CHUNK, request_head
from scripts.benchmark.processes import Server, on_core
from scripts.benchmark.servers import PROVIDER

_SAMPLE_SECONDS = 0.1
_GRACE_SECONDS = 60.0


@dataclass(frozen=True)
class Slow:
    """So many streams of so many events, a pause of so many seconds after each."""

    streams: int
    events: int
    pause: float


@dataclass(frozen=True)
class Outcome:
    """Streams begun and lost, the longest in seconds, and the gateway's largest resident memory."""

    streams: int
    lost: int
    longest: float
    peak_bytes: int


class _Peak:
    """The largest value that was read, looked at now and then."""

    def __init__(self, read: Callable[[], int]) -> None:
        self._read = read
        self.value = read()

    async def watch(self) -> None:
        while True:
            self.value = max(self.value, self._read())
            await asyncio.sleep(_SAMPLE_SECONDS)


def run(gateway: Server, slow: Slow, core: int | None) -> Outcome:
    """Open all the streams at once, read each to its end, and watch the gateway's memory."""
    with on_core(core):
        return asyncio.run(_run(gateway, slow))


async def _run(gateway: Server, slow: Slow) -> Outcome:
    metadata = {"events": str(slow.events), "pause": str(slow.pause)}
    body = orjson.dumps(chat(f"{PROVIDER}/slow", is_stream=True, metadata=metadata))
    peak = _Peak(gateway.resident_bytes)
    watching = asyncio.create_task(peak.watch())
    ends = await asyncio.gather(*(_stream(gateway.port, body, slow) for _ in range(slow.streams)))
    watching.cancel()
    whole = [seconds for seconds in ends if seconds is not None]
    return Outcome(slow.streams, slow.streams - len(whole), max(whole, default=0.0), peak.value)


async def _stream(port: int, body: bytes, slow: Slow) -> float | None:
    """The seconds that one stream took; None if it did not come through whole."""
    begun = time.perf_counter()
    received = b""
    try:
        async with asyncio.timeout(slow.events * slow.pause + _GRACE_SECONDS):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(request_head(len(body)) + body)
            while not received.endswith(LAST_CHUNK) and (part := await reader.read(65_536)):
                received += part
            writer.close()
    except (OSError, TimeoutError):
        return None
    is_whole = received.count(b"word") == slow.events and b"data: [DONE]" in received
    return time.perf_counter() - begun if is_whole else None
