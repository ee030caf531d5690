"""Who waits for the next events of a response, in this process."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager


class Changes:
    """One a process."""

    def __init__(self) -> None:
        self._watching: dict[str, set[asyncio.Event]] = {}

    @contextmanager
    def watch(self, response_id: str) -> Iterator[asyncio.Event]:
        """An event that is set whenever the response may have changed. Clear it before looking, so none is missed."""
        event = asyncio.Event()
        watching = self._watching.setdefault(response_id, set())
        watching.add(event)
        try:
            yield event
        finally:
            watching.discard(event)
            if not watching:
                self._watching.pop(response_id, None)

    def announce(self, response_id: str) -> None:
        """The response has changed."""
        for event in self._watching.get(response_id, ()):
            event.set()
