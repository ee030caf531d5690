"""What handlers call."""

from gateway.engine import Engine
from gateway.memory.conversations import Conversations
from gateway.memory.responses import Responses
from gateway.models import Models
from gateway.readiness import Readiness
from gateway.store.database import Database


class Gateway:
    """The services of a running gateway, given to every handler."""

    def __init__(
        self,
        database: Database,
        readiness: Readiness,
        engine: Engine,
        models: Models,
        responses: Responses,
        conversations: Conversations,
    ) -> None:
        self._database = database
        self._readiness = readiness
        self.engine = engine
        self.models = models
        self.responses = responses
        self.conversations = conversations

    async def check_ready(self) -> None:
        """Raise `Unavailable` while requests cannot be served."""
        await self._readiness.check(self._database)
