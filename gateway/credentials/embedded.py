"""The key of the embedded model's server: another one each time that it starts."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from gateway.embedded import EmbeddedModel
from gateway.wire.transport import Call


@dataclass(frozen=True, slots=True)
class EmbeddedCredential:
    """Asks the model for the key of the moment. It is good for nothing once the server has stopped."""

    model: EmbeddedModel
    authorize: Callable[[str], Mapping[str, str]]
    label: str = "embedded"
    weight: float = 1.0
    secrets: Sequence[str] = ()
    fixed: None = None

    async def headers(self, call: Call) -> Mapping[str, str]:
        return self.authorize((await self.model.address()).api_key)

    def forget(self) -> bool:
        return False
