"""What a dialect is: pure functions between the neutral types and one upstream wire format. No I/O."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from gateway.errors import UpstreamError
from gateway.events import Event
from gateway.generation import Generation
from gateway.providers.row import Facts

NO_FACTS = Facts()


@dataclass(slots=True)
class Outbound:
    """A request to an upstream: a path below its base URL, a JSON body, and what the body had to leave out.

    `dropped` names fields of the client's request without which the answer is the same, such as `top_k` or `tools[2]`.
    """

    path: str
    body: bytes
    dropped: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Refused:
    """An upstream's answer with a status other than 2xx. Header names are in lower case."""

    provider: str
    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(slots=True)
class Origin:
    """Who is asked and answers: the provider's name and facts, and the model's name there."""

    provider: str
    model: str
    facts: Facts = NO_FACTS


class Decoder(Protocol):
    """Reads one streamed answer. After `Failed` or `Done` nothing more comes out of it."""

    is_over: bool

    def feed(self, payload: bytes) -> Sequence[Event]:
        """Read the data of one server-sent event."""

    def end(self) -> Sequence[Event]:
        """The stream is over: `Done`, or `Failed` if the answer was cut off."""


class Dialect(Protocol):
    """One wire format. `is_native` asks for `NativeReply` and `NativeChunk` in place of neutral events."""

    name: str
    models_path: str

    def authorize(self, key: str) -> Mapping[str, str]:
        """The headers that carry a provider's key."""

    def encode(self, generation: Generation, origin: Origin) -> Outbound:
        """Write the upstream's request. Raises `InvalidRequest` for what the upstream cannot do.

        What would change the answer if it were left out is refused, by field and provider; the rest is left out, and
        said.
        """

    def decode_reply(self, body: bytes, generation: Generation, origin: Origin, *, is_native: bool) -> list[Event]:
        """Read a plain reply, ending in `Done` or `Failed`."""

    def decoder(self, generation: Generation, origin: Origin, *, is_native: bool) -> Decoder:
        """A reader for one streamed answer."""

    def decode_error(self, refused: Refused, facts: Facts) -> UpstreamError:
        """Translate a refusal: its meaning is kept, the provider's secrets are not."""

    def decode_models(self, body: bytes) -> list[str]:
        """The model names in the upstream's own list. Raises `ValueError` if it is none."""
