"""Two thousand polls a second of one worker: the share of a core that they take."""

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from scripts.attacks.background_site import Answer, Clients, Site, site
from tests.clients.asking import RESPONSES
from tests.servers.gateway import KEY, ROOT

POLLS_A_SECOND = 2000
_SECONDS = 8.0
_WARM_SECONDS = 2.0
_CONNECTIONS = 20
_IDS = 50
_RUNNING = Answer(200, 0.25)
_OVER = Answer(3, 0.0)
_TICKS = os.sysconf("SC_CLK_TCK")


def table(found: Mapping[str, Mapping[str, str]], rate: int = POLLS_A_SECOND) -> str:
    """A table with a line for each database and each state of what is polled."""
    lines = [
        f"One worker, {_CONNECTIONS} connections, {_IDS} responses, {rate} polls a second for {_SECONDS:g} s; without "
        "polls: what the worker takes for the responses alone.",
        "",
        "| database | polled | polls a second | share of a core | without polls "
        "| processor time a poll (ms) | latency p50 (ms) | p99 (ms) |",
        "| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for name, environment in found.items():
        for kind, answer in (("complete", _OVER), ("running", _RUNNING)):
            lines.append(f"| {name} | {kind} | {polled(environment, answer, rate)} |")
    return "\n".join(lines)


def polled(environment: Mapping[str, str], answer: Answer, rate: int) -> str:
    """Poll responses of this kind, and give the cells of a line."""
    with site(environment, workers=1) as place:
        place.start()
        return asyncio.run(_polled(place, answer, rate))


async def _polled(place: Site, answer: Answer, rate: int) -> str:
    process = place.gateways[0].process.pid
    async with Clients(place) as clients:
        made = await asyncio.gather(*(clients.create(f"p{number}", answer) for number in range(_IDS)))
    await asyncio.sleep(2)
    idle = await _share(process, _WARM_SECONDS)
    paths = ",".join(f"{RESPONSES}/{one.id}" for one in made)
    command = [sys.executable, "-m", __name__, place.urls[0], paths, str(rate), str(_SECONDS + 2 * _WARM_SECONDS)]
    load = await asyncio.create_subprocess_exec(*command, cwd=ROOT, stdout=subprocess.PIPE)
    await asyncio.sleep(2 * _WARM_SECONDS)
    busy = await _share(process, _SECONDS - _WARM_SECONDS)
    printed, _ = await load.communicate()
    count, p50, p99 = printed.decode().split()
    each = (busy - idle) / float(count) * 1000
    return f"{count} | {busy:.0%} | {idle:.0%} | {each:.2f} | {p50} | {p99}"


async def _share(process: int, seconds: float) -> float:
    before, begun = _cpu(process), time.monotonic()
    await asyncio.sleep(seconds)
    return (_cpu(process) - before) / (time.monotonic() - begun)


def _cpu(process: int) -> float:
    """Processor time of all threads, in seconds."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


class Load:
    """Connections that send their polls in even steps, whatever the answers take."""

    def __init__(self, url: str, paths: list[str], rate: float, seconds: float) -> None:
        address = urlsplit(url)
        self._address = str(address.hostname), address.port or 80
        self._paths = paths
        self._pause = _CONNECTIONS / rate
        self._until = time.monotonic() + seconds
        self.taken: list[float] = []

    async def run(self, number: int) -> None:
        """Poll over one connection."""
        reader, writer = await asyncio.open_connection(*self._address)
        turn = time.monotonic() + self._pause * number / _CONNECTIONS
        count = number
        while turn < self._until:
            if (early := turn - time.monotonic()) > 0:
                await asyncio.sleep(early)
            begun = time.monotonic()
            path = self._paths[count % len(self._paths)]
            writer.write(f"GET {path} HTTP/1.1\r\nhost: gateway\r\nauthorization: Bearer {KEY}\r\n\r\n".encode())
            await _answer(reader)
            self.taken.append(time.monotonic() - begun)
            turn += self._pause
            count += _CONNECTIONS + 1
        writer.close()


async def _answer(reader: asyncio.StreamReader) -> None:
    head = await reader.readuntil(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200"), head
    length = head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]
    await reader.readexactly(int(length))


async def _main(url: str, paths: str, rate: str, seconds: str) -> None:
    load = Load(url, paths.split(","), float(rate), float(seconds))
    begun = time.monotonic()
    await asyncio.gather(*(load.run(number) for number in range(_CONNECTIONS)))
    lasted = time.monotonic() - begun
    taken = sorted(load.taken)
    print(f"{len(taken) / lasted:.0f} {taken[len(taken) // 2] * 1000:.1f} {taken[len(taken) * 99 // 100] * 1000:.1f}")


if __name__ == "__main__":
    asyncio.run(_main(*sys.argv[1:]))
