"""Notices that a client has left, and stops the work that nobody waits for."""

import asyncio

from starlette.types import Receive

# Most requests are over before this; they never pay for a second task.
DELAY_SECONDS = 0.2


class Presence:
    """Cancels the task of a request whose client has closed the connection, within about a fifth of a second."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._timer: asyncio.TimerHandle | None = None
        self._watcher: asyncio.Task[None] | None = None
        self._task: asyncio.Task[object] | None = None
        self.has_left = False

    def watch(self) -> None:
        """Begin, once the body has been read: from then on only a disconnect can still be received."""
        self._task = asyncio.current_task()
        self._timer = asyncio.get_running_loop().call_later(DELAY_SECONDS, self._begin)

    def stop(self) -> None:
        """The answer is complete, or there is none to be given."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._watcher is not None:
            self._watcher.cancel()
            self._watcher = None

    def absorb(self) -> None:
        """Take back the cancellation that was ours, so that the server sees an ordinary end."""
        if self._task is not None:
            self._task.uncancel()

    def _begin(self) -> None:
        self._watcher = asyncio.get_running_loop().create_task(self._wait())

    async def _wait(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass
        if self._task is not None:
            self.has_left = True
            self._task.cancel()
