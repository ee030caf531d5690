"""Loads the gateway for minutes with failures of every kind, and reports whether its memory grows."""

import asyncio
import subprocess
import time
from contextlib import suppress
from itertools import cycle, product
from statistics import linear_regression
from typing import Any

import orjson

from gateway.dialects import DIALECTS
from scripts.benchmark import wrk
from scripts.benchmark.processes import Server, on_cores, resident_mib, running
from scripts.benchmark.report import table
from scripts.benchmark.rows import CHAT, RESPONSES, WAYSTONE_CHAT, Row, chat, responses
from scripts.benchmark.servers import GATEWAY, Servers
from scripts.benchmark.streams import read_stream
from scripts.benchmark.upstream import FAILURES

_CONNECTIONS = 16
_SAMPLES = 60
# Caches fill and pools grow in the first three of ten minutes; that is no leak.
_SETTLED = 0.3
_SHOWN = 12
_LEAVING_SECONDS = 0.02
# A sweep for expired responses follows every 30 to 90 s, not 150 to 450: ten run, and the first, for whose statement
# SQLite takes 0.2 MiB that malloc then keeps, before memory has settled.
_RETENTION_DAYS = 60 / 86_400
_MODES = ("static", *FAILURES)

Sample = tuple[float, float]
"""Seconds after the beginning, and the gateway's resident memory in MiB."""


def report(servers: Servers, minutes: float) -> str:
    """Run the soak. The memory by time and its slope, as Markdown."""
    with running(servers.configured(_config(servers.upstream_url), {}), servers.folder) as gateway:
        samples, figures = asyncio.run(_load(servers, gateway, round(minutes * 60)))
    settled = [sample for sample in samples if sample[0] >= _SETTLED * samples[-1][0]]
    slope = linear_regression(*zip(*settled, strict=True)).slope
    shown = samples[:: max(1, len(samples) // _SHOWN)]
    rows = [[f"{seconds / 60:.1f}", f"{resident:.1f}"] for seconds, resident in shown]
    return (
        f"### A soak of {minutes:g} minutes\n\n"
        f"{figures['requests']:,} requests; {figures['refused']:,} were answered with an error, "
        f"{figures['broken']:,} broke off. Some more clients left in the middle of their streams.\n\n"
        f"{table(('minutes', 'RSS MiB'), rows)}\n"
        f"Slope from minute {settled[0][0] / 60:.1f} on, by least squares: {slope * 60 * 1024:+.1f} KiB a minute."
    )


def _config(url: str) -> dict[str, Any]:
    """A provider for each failure in each dialect, and models that fall back from each to one that answers."""
    providers: dict[str, Any] = {
        f"{dialect}-{mode}": {
            **{"dialect": dialect, "base_url": url, "models": [mode]},
            **{"api_keys": ["soak-one", "soak-two"], "timeouts": {"first_byte": 0.5}},
        }
        for dialect in DIALECTS
        for mode in _MODES
    }
    providers["nowhere"] = {"dialect": "openai-chat", "base_url": "http://127.0.0.1:9/v1", "models": ["any"]}
    answering = [f"{dialect}-static/static" for dialect in DIALECTS]
    models = {
        f"{mode}-{number}": {
            "targets": [f"{dialect}-{mode}/{mode}"],
            "fallbacks": [answering[(number + 1) % len(answering)]],
        }
        for mode in _MODES
        for number, dialect in enumerate(DIALECTS)
    }
    models["unreachable"] = {"targets": ["nowhere/any"], "fallbacks": answering[:1]}
    return {
        **{"providers": providers, "models": models, "embedded": {"enabled": False}},
        "retention_days": _RETENTION_DAYS,
        # Waiting is not what is measured; a breaker that stays open would keep most failures away.
        **{"retries": {"attempts": 2, "longest_wait": 0.05}, "breaker": {"failures": 20, "seconds": 0.5}},
    }


def _requests(servers: Servers) -> list[str]:
    """Paths and files for wrk: each failure in each dialect, plain and streamed, with and without a fallback."""
    names = [f"{mode}-{number}" for mode in _MODES for number in range(len(DIALECTS)) if mode != "stall"]
    names += [f"{dialect}-{mode}/{mode}" for dialect in DIALECTS for mode in _MODES if mode != "stall"]
    # A stalled answer holds its connection; one in a hundred is enough.
    names += ["unreachable", "stall-0", "no-such/model"]
    words: list[str] = []
    for number, (name, is_stream) in enumerate(product(names, (False, True))):
        path, body = [
            (CHAT, chat(name, is_stream=is_stream, metadata={"topic": f"topic-{number % 10}"})),
            (RESPONSES, responses(name, is_stream=is_stream, store=False)),
            (WAYSTONE_CHAT, chat(name, is_stream=is_stream)),
        ][number % 3]
        file = servers.folder / f"soak-{number}.json"
        file.write_bytes(orjson.dumps(body))
        words += [path, str(file)]
    return words


async def _load(servers: Servers, gateway: Server, seconds: int) -> tuple[list[Sample], dict[str, Any]]:
    words = wrk.command(gateway, _CONNECTIONS, seconds, _requests(servers))
    with on_cores(servers.cores.load):
        process = await asyncio.create_subprocess_exec(*words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        leaving = asyncio.create_task(_leave_early(gateway))
        output = asyncio.create_task(process.communicate())
        begun, samples = time.monotonic(), []
        while not output.done():
            samples.append((time.monotonic() - begun, resident_mib(gateway.process.pid)))
            await asyncio.wait([output], timeout=seconds / _SAMPLES)
        leaving.cancel()
    return samples, wrk.read((await output)[0].decode())


async def _leave_early(gateway: Server) -> None:
    """Be a client that closes its connection in the middle of streams, now before their head has come, now after."""
    row = Row(GATEWAY, chat("static-0", is_stream=True))
    for patience in cycle((0.0005, 0.01)):
        with suppress(TimeoutError):
            async with asyncio.timeout(patience):
                await read_stream(gateway, row)
        await asyncio.sleep(_LEAVING_SECONDS)
