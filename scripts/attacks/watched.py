"""`waystone`, with an eye on its event loop: GET /watched has the longest stop since the last look, and the memory.

A stop is measured twice: how long it took, and how much processor time all threads of the process had in it, which
other processes on the same machine do not change.

Run as `python -m scripts.attacks.watched serve …`, with one worker.
"""

import asyncio
import resource
import time
from dataclasses import replace
from pathlib import Path

import orjson
from starlette.types import ASGIApp, Receive, Scope, Send

from gateway.cli import command, worker

_EVERY_SECONDS = 0.001


class Watched:
    """The application, and beside it a timer that should fire each millisecond."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._longest = self._most_cpu = 0.0
        self._last = self._last_cpu = 0.0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            self._last, self._last_cpu = time.perf_counter(), time.process_time()
            asyncio.get_running_loop().call_later(_EVERY_SECONDS, self._look)
        elif scope["path"] == "/watched":
            headers = [(b"content-type", b"application/json")]
            await send({"type": "http.response.start", "status": 200, "headers": headers})
            await send({"type": "http.response.body", "body": self._report()})
            return
        await self._app(scope, receive, send)

    def _look(self) -> None:
        now, cpu = time.perf_counter(), time.process_time()
        self._longest = max(self._longest, now - self._last - _EVERY_SECONDS)
        self._most_cpu = max(self._most_cpu, cpu - self._last_cpu)
        self._last, self._last_cpu = now, cpu
        asyncio.get_running_loop().call_later(_EVERY_SECONDS, self._look)

    def _report(self) -> bytes:
        resident = int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()
        # `getrusage` has the peak of the process that started this one in it.
        status = Path("/proc/self/status").read_text()
        peak = next(int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith("VmHWM"))
        stops = {"stop_ms": self._longest * 1000, "stop_cpu_ms": self._most_cpu * 1000}
        self._longest = self._most_cpu = 0.0
        return orjson.dumps({**stops, "resident": resident, "peak": peak})


if __name__ == "__main__":
    build = worker.build
    worker.build = lambda: replace(built := build(), application=Watched(built.application))
    command.main()
