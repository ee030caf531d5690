"""Stops the work for a client that has left."""

import asyncio

from starlette.types import Scope

DISCONNECT = "waystone.disconnect"
"""The ASGI extension by which the server's protocol reports at once that a client has left: a function that takes the
function to be called then, or None."""


class Presence:
    """Cancels the task of a request whose client has closed the connection."""

    def __init__(self, scope: Scope) -> None:
        self._register = scope.get("extensions", {}).get(DISCONNECT)
        self._task: asyncio.Task[object] | None = None
        self.has_left = False

    def watch(self) -> None:
        """Begin, once the body has been read."""
        if self._register is not None:
            self._task = asyncio.current_task()
            self._register(self._leave)

    def stop(self) -> None:
        """The answer is complete, or there is none to be given."""
        if self._task is not None:
            self._register(None)

    def absorb(self) -> None:
        """Take back the cancellation that was ours, so that the server sees an ordinary end."""
        if self._task is not None:
            self._task.uncancel()

    def _leave(self) -> None:
        if self._task is not None:
            self.has_left = True
            self._task.cancel()
