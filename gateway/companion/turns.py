"""A lock that callers take in turn, by their keys."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class Turns:
    """A lock that keys take in turn: whoever waits, waits for one use of each other key at the most."""

    def __init__(self) -> None:
        self._waiting: dict[str, deque[asyncio.Future[None]]] = {}
        self._is_taken = False

    @asynccontextmanager
    async def of(self, key_id: str) -> AsyncIterator[None]:
        """Hold the lock for a key."""
        if self._is_taken:
            turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waiting.setdefault(key_id, deque()).append(turn)
            await turn
        self._is_taken = True
        try:
            yield
        finally:
            self._is_taken = self._pass_on()

    def _pass_on(self) -> bool:
        """Give the lock to the next key's first; False where nobody waits."""
        while self._waiting:
            key_id = next(iter(self._waiting))
            turns = self._waiting.pop(key_id)
            turn = turns.popleft()
            if turns:
                # Behind the other keys.
                self._waiting[key_id] = turns
            if not turn.done():
                turn.set_result(None)
                return True
        return False
