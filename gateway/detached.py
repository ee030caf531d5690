"""Work that goes on without a connection, such as responses in the background."""

import asyncio
from collections.abc import Coroutine


class DetachedWork:
    """The tasks of one process that outlive their requests. A stop waits for them as for requests, then cuts them.

    The server sets `is_closing` when it closes its port: what waits in the database is left to other processes then.
    """

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()
        self.is_closing = False
        self.is_cut = False
        """Whether the time for what was under way is over. A task that is cancelled after that ends as a failure."""

    @property
    def is_idle(self) -> bool:
        """Whether there is nothing to wait for."""
        return not self._tasks

    def start(self, work: Coroutine[None, None, None]) -> asyncio.Task[None]:
        """Run `work` in a task of its own. It handles its own errors: nobody awaits it."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    def cut(self) -> int:
        """Cancel what is under way. Returns how many tasks that are."""
        self.is_cut = True
        tasks = [*self._tasks]
        for task in tasks:
            task.cancel()
        return len(tasks)

    async def wait(self) -> None:
        """Wait until there is nothing under way any more."""
        while self._tasks:
            await asyncio.wait([*self._tasks])
