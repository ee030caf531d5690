"""`waystone`, with an eye on its event loop: GET /watched tells the longest stop since the last look, and the memory.

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
        self._longest = 0.0
        self._last = 0.0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            self._last = time.perf_counter()
            asyncio.get_running_loop().call_later(_EVERY_SECONDS, self._look)
        elif scope["path"] == "/watched":
            headers = [(b"content-type", b"application/json")]
            await send({"type": "http.response.start", "status": 200, "headers": headers})
            await send({"type": "http.response.body", "body": self._report()})
            return
        await self._app(scope, receive, send)

    def _look(self) -> None:
        now = time.perf_counter()
        self._longest = max(self._longest, now - self._last - _EVERY_SECONDS)
        self._last = now
        asyncio.get_running_loop().call_later(_EVERY_SECONDS, self._look)

    def _report(self) -> bytes:
        resident = int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
        longest, self._longest = self._longest, 0.0
        return orjson.dumps({"stop_ms": longest * 1000, "resident": resident, "peak": peak})


if __name__ == "__main__":
    build = worker.build
    worker.build = lambda: replace(built := build(), application=Watched(built.application))
    command.main()
