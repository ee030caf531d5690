"""What handlers call."""

from gateway.engine import Engine
from gateway.errors import Unavailable
from gateway.memory.conversations import Conversations
from gateway.memory.responses import Responses
from gateway.models import Models
from gateway.store.database import Database
from gateway.store.errors import StoreError


class Gateway:
    """The services of a running gateway, given to every handler."""

    def __init__(
        self, database: Database, engine: Engine, models: Models, responses: Responses, conversations: Conversations
    ) -> None:
        self._database = database
        self.engine = engine
        self.models = models
        self.responses = responses
        self.conversations = conversations

    async def check_ready(self) -> None:
        """Raise `Unavailable` while requests cannot be served."""
        try:
            await self._database.check()
        except StoreError:
            raise Unavailable("The gateway's database is not within reach.") from None
