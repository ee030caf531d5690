"""Runs an ASGI application on a free port, in a thread of the test's process."""

import asyncio
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from starlette.types import ASGIApp

DEADLINE = 15.0


@contextmanager
def serving(app: ASGIApp) -> Iterator[str]:
    """The base URL of a running server. It stops when the context is left, whatever is still open."""
    # Named as TCP: asyncio sends at once on nothing else, and an answer in two pieces would take 40 ms.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.bind(("127.0.0.1", 0))
    listener.listen()
    # Kept connections are the gateway's to close, as with real providers: a request must not cross with a close.
    config = uvicorn.Config(
        app, log_config=None, lifespan="off", access_log=False, timeout_graceful_shutdown=1, timeout_keep_alive=120
    )
    server = uvicorn.Server(config)
    is_up = threading.Event()

    async def run() -> None:
        serve = asyncio.create_task(server.serve(sockets=[listener]))
        while not server.started:  # noqa: ASYNC110 - uvicorn offers nothing to wait for
            await asyncio.sleep(0.005)
        is_up.set()
        await serve

    thread = threading.Thread(target=lambda: asyncio.run(run()), daemon=True)
    thread.start()
    try:
        assert is_up.wait(DEADLINE), "the test's server did not come up"
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(DEADLINE)
        listener.close()
