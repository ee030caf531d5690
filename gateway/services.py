"""What handlers call."""

from dataclasses import dataclass

from gateway.background.service import Background
from gateway.engine import Engine
from gateway.errors import Unavailable
from gateway.memory.conversations import Conversations
from gateway.memory.responses import Responses
from gateway.models import Models
from gateway.outliving.requests import OutlivingRequests
from gateway.readiness import Readiness
from gateway.store.database import Database
from gateway.store.errors import StoreError, Unwritable
from gateway.store.journal import Journal
from gateway.surfaces.openai_responses import OpenAIResponsesSurface


class State:
    """Where the gateway keeps what it has to: what is in the database, and what requests write to it."""

    def __init__(self, database: Database, journal: Journal) -> None:
        self._database = database
        self._journal = journal

    async def check(self) -> None:
        """Raise `Unavailable` while the database cannot be read, or not be written."""
        try:
            await self._database.check()
            await self._journal.check()
        except Unwritable as error:
            raise Unavailable(f"The gateway can store nothing at the moment: {error.reason}.") from None
        except StoreError:
            raise Unavailable("The gateway's database is not within reach.") from None


@dataclass(frozen=True, slots=True)
class Gateway:
    """The services of a running gateway, given to every handler."""

    state: State
    readiness: Readiness
    engine: Engine
    models: Models
    responses: Responses
    conversations: Conversations
    background: Background
    outliving: OutlivingRequests
    """For requests with `may_outlive`."""
    surface: OpenAIResponsesSurface
    """Of `/v1/responses`, with the prompt templates of the settings."""

    async def check_ready(self) -> None:
        """Raise `Unavailable` while requests cannot be served."""
        await self.readiness.check(self.state)
