"""Streams of responses in the background that are cut at random places, and resumed behind what was received."""

import asyncio
import random
import re
import signal
import time
from collections.abc import Mapping
from dataclasses import dataclass

import httpx

from gateway.wire import sse
from scripts.attacks.background_site import Answer, Clients, Site, site
from tests.clients.asking import RESPONSES

STREAMS = 1000
_RESTARTED = 0.1
"""The share of the streams that go on across a restart."""
_AT_ONCE = 50
_SHORT, _LONG = Answer(24, 0.03), Answer(40, 0.15)
_RESTART_AFTER = 2.0
_DRAIN_SECONDS = 2
_PATIENCE_SECONDS = 60.0
_LAST_NUMBER = re.compile(rb'"sequence_number":(\d+)}\n\n\Z')
_DONE = b"data: [DONE]\n\n"
_END = b"\n\n"


@dataclass
class Outcome:
    """What became of streams. `different`: their pieces were not the uncut stream."""

    streams: int = 0
    connections: int = 0
    different: int = 0
    unfinished: int = 0

    def add(self, other: "Outcome") -> None:
        """Count others along."""
        self.streams += other.streams
        self.connections += other.connections
        self.different += other.different
        self.unfinished += other.unfinished


def table(found: Mapping[str, Mapping[str, str]], count: int) -> str:
    """A table with a line for each database and each kind of restart."""
    lines = [
        f"{count} streams for each database, each cut at random places and resumed.",
        "",
        "| database | restart meanwhile | streams | connections | not the bytes of the uncut stream | without an end |",
        "| --- | --- | ---: | ---: | ---: | ---: |",
    ]
    restarted = int(count * _RESTARTED)
    for name, environment in found.items():
        for kind, number, streams in (
            ("none", None, count - restarted),
            ("kill -9", signal.SIGKILL, restarted // 2),
            ("SIGTERM", signal.SIGTERM, restarted - restarted // 2),
        ):
            done = cut(environment, streams, number)
            cells = (done.streams, done.connections, done.different, done.unfinished)
            lines.append(f"| {name} | {kind} | {' | '.join(map(str, cells))} |")
    return "\n".join(lines)


def cut(environment: Mapping[str, str], count: int, restart: signal.Signals | None) -> Outcome:
    """Cut and resume so many streams, with a restart in the middle of them all if there is to be one."""
    with site(environment, drain_seconds=_DRAIN_SECONDS) as place:
        place.start()
        return asyncio.run(_cut(place, count, restart))


async def _cut(place: Site, count: int, restart: signal.Signals | None) -> Outcome:
    outcome = Outcome()
    turns = asyncio.Semaphore(_AT_ONCE)
    answer = _SHORT if restart is None else _LONG

    async def one(clients: Clients, number: int) -> None:
        async with turns:
            outcome.add(await _cut_one(clients, f"s{number}", answer))

    async with Clients(place, 4) as clients:
        running = [asyncio.create_task(one(clients, number)) for number in range(count)]
        if restart is not None:
            await asyncio.sleep(_RESTART_AFTER)
            await asyncio.to_thread(place.restart, restart)
        await asyncio.gather(*running)
    return outcome


async def _cut_one(clients: Clients, name: str, answer: Answer) -> Outcome:
    made = await clients.create(name, answer)
    path = f"{RESPONSES}/{made.id}?stream=true"
    reader = Reader(clients, path, is_cut=True)
    is_whole = await reader.read()
    uncut = await clients.request("GET", path)
    outcome = Outcome(1, reader.connections)
    outcome.unfinished += not is_whole
    outcome.different += reader.received + _DONE != uncut.content
    return outcome


class Reader:
    """Reads a stream to its end, over as many connections as it takes. `received` are its whole events.

    `is_cut`: it leaves at random places; now and then it resumes twice at the same place.
    """

    def __init__(self, clients: Clients, path: str, *, is_cut: bool) -> None:
        self._clients = clients
        self._path = path
        self._is_cut = is_cut
        self.received = b""
        self.connections = 0

    async def read(self) -> bool:
        """Read on until the end; False if it has not come in time."""
        until = time.monotonic() + _PATIENCE_SECONDS
        while time.monotonic() < until:
            self.connections += 1
            try:
                part, is_over = await self._connect()
            except httpx.TransportError:
                await asyncio.sleep(0.05)
                continue
            if self._is_cut and not is_over and random.random() < 0.1:
                continue  # as if it had never arrived
            self.received += part
            if is_over:
                return True
        return False

    async def _connect(self) -> tuple[bytes, bool]:
        """The whole events that came over one connection, and whether the stream is over."""
        most = int(random.expovariate(1 / 4000)) if self._is_cut else 1 << 40
        path = self._path
        if (last := _LAST_NUMBER.search(self.received)) is not None:
            path += f"&starting_after={last[1].decode()}"
        parts: list[bytes] = []
        size = 0
        try:
            async with self._clients.any.stream("GET", self._clients.url(path)) as reply:
                if reply.status_code != 200:
                    raise httpx.RemoteProtocolError(f"status {reply.status_code}")
                async for part in reply.aiter_raw():
                    parts.append(part)
                    size += len(part)
                    if size >= most:
                        break
        except httpx.RemoteProtocolError:
            pass  # cut by the other side: what came came
        # What is sent while nothing happens is no event, and is not sent again.
        data = b"".join(parts)[:most].replace(sse.KEEP_ALIVE, b"")
        if data.endswith(_DONE):
            return data.removesuffix(_DONE), True
        return data[: data.rfind(_END) + len(_END)] if _END in data else b"", False
