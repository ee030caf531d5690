"""Many slow streams at once through one worker: how many come through whole, and what memory that takes."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass

import orjson

from scripts.benchmark.bodies import chat
from scripts.benchmark.first_event import request_head
from scripts.benchmark.processes import Server, on_core
from scripts.benchmark.servers import PROVIDER

_SAMPLE_SECONDS = 0.1
_GRACE_SECONDS = 60.0
_AT_ONCE = 100


@dataclass(frozen=True)
class Slow:
    """So many streams of so many events, a pause of so many seconds after each."""

    streams: int
    events: int
    pause: float


@dataclass(frozen=True)
class Outcome:
    """How it went: streams begun and lost, the longest in seconds, and the gateway's largest resident memory."""

    streams: int
    lost: int
    longest: float
    peak_bytes: int


def run(gateway: Server, slow: Slow, core: int | None) -> Outcome:
    """Open all the streams, read each to its end, and watch the gateway's memory."""
    with on_core(core):
        return asyncio.run(_run(gateway, slow))


async def _run(gateway: Server, slow: Slow) -> Outcome:
    metadata = {"events": str(slow.events), "pause": str(slow.pause)}
    body = orjson.dumps(chat(f"{PROVIDER}/slow", is_stream=True, metadata=metadata))
    opening = asyncio.Semaphore(_AT_ONCE)
    watching = asyncio.create_task(_watch(gateway.resident_bytes))
    deadline = slow.events * slow.pause + _GRACE_SECONDS
    outcomes = await asyncio.gather(
        *(_stream(gateway.port, body, opening, deadline) for _ in range(slow.streams))
    )
    watching.cancel()
    peak = max(watching.get_loop() and _peak(watching), gateway.resident_bytes())
    whole = [seconds for seconds, events in outcomes if events >= slow.events]
    return Outcome(slow.streams, slow.streams - len(whole), max(whole, default=0.0), peak)
