"""What a dialect is: pure functions between the neutral types and one upstream wire format. No I/O."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from gateway.dialects.profiles.base import NO_PROFILE, Profile
from gateway.errors import UpstreamError
from gateway.neutral.brief import BriefReply, BriefRequest
from gateway.neutral.events import Event, Usage
from gateway.neutral.generation import Generation
from gateway.neutral.structured_output import OutputFormat
from gateway.neutral.values import value


@dataclass(slots=True)
class Outbound:
    """A request to an upstream: a path below its base URL, a JSON body, and what the body had to leave out.

    `dropped` names fields of the client's request without which the answer is the same, such as `top_k` or `tools[2]`.
    """

    path: str
    body: bytes
    dropped: Sequence[str] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    """What this one request needs on top of the provider's own headers, such as the name of a beta."""


@value
class ListedModel:
    """A model in an upstream's own list, and its limits there: tokens it reads at once, tokens it answers with."""

    name: str
    context_window: int | None = None
    max_output_tokens: int | None = None


@value
class Refused:
    """An upstream's answer with a status other than 2xx. Header names are in lower case."""

    provider: str
    status: int
    headers: Mapping[str, str]
    body: bytes
    is_in_band: bool = False
    """Whether it came with a status of success: then what it says is about this answer."""


@value
class Origin:
    """Who answers: the provider's name, the model's name there, and its profile in the dialect that is spoken."""

    provider: str
    model: str
    profile: Profile = NO_PROFILE
    api: str = ""
    """How refusals name it where the client's own API is not spoken there, though the provider has it."""


@value
class CountCalls:
    """The requests by which an upstream counts the tokens of another one, in turn; their counts add up."""

    calls: Sequence[Outbound]
    added: int = 0
    """Tokens beside those that it counts."""
    is_whole: bool = True
    """Whether it counts the request as it would be sent, and not its texts alone."""


@value
class Counting:
    """How the upstreams of a dialect that can do so count the tokens of a request that they are not to answer."""

    encode: Callable[[Outbound, Origin], CountCalls | None]
    """What is sent for a request of the dialect; None for one that they do not count."""
    read: Callable[[bytes], int | None]
    """The count in an answer; None if there is none."""
    refuses_models: bool = False
    """Whether a 400 may mean that a model is not counted, which it may answer all the same."""


class Reader(Protocol):
    """Splits the bytes of a streamed answer into its events, wherever the chunks were cut."""

    def feed(self, chunk: bytes) -> Sequence[bytes]:
        """The events that this chunk completes. Raises `DamagedStream`, which carries those before the damage."""

    def end(self) -> Sequence[bytes]:
        """The stream is over: what was left."""


class Decoder(Protocol):
    """Reads one streamed answer. After `Failed` or `Done` nothing more comes out of it."""

    is_over: bool

    @property
    def has_ended(self) -> bool:
        """Whether the upstream has reported the answer's end, such as a finish reason: only usage can still come."""

    def feed(self, payload: bytes) -> Sequence[Event]:
        """Read one event of the reader's."""

    def feed_all(self, payloads: Sequence[bytes]) -> list[Event]:
        """Read events that arrived together."""

    def end(self) -> Sequence[Event]:
        """The stream is over: `Done`, or `Failed` if the answer was cut off."""

    def known_usage(self) -> Usage | None:
        """What the upstream has counted so far, which may be less than it will have counted in the end."""


class BriefDialect(Protocol):
    """What a dialect has for the short path."""

    def encode(self, brief: BriefRequest, metadata: Mapping[str, str] | None, origin: Origin) -> Outbound:
        """Write the upstream's request. Raises `InvalidRequest` for what the upstream cannot do."""

    def read(self, body: bytes, *, is_text: bool) -> BriefReply | None:
        """A plain reply in which nothing is unusual; None for any other. `is_text`: only one that is one whole text."""


class Dialect(Protocol):
    """One wire format. With `is_native`, answers are `NativeReply` and `NativeChunk` in place of neutral events."""

    @property
    def name(self) -> str:
        """By which rows and waystone.yaml name it."""

    @property
    def profile_type(self) -> type[Profile]:
        """The class of the profiles of those that speak it."""

    @property
    def models_path(self) -> str:
        """Where, below the base URL, an upstream lists its models."""

    @property
    def brief(self) -> BriefDialect | None:
        """What it has for the short path."""

    @property
    def counting(self) -> Counting | None:
        """How its upstreams count tokens, where any can."""

    def authorize(self, key: str) -> Mapping[str, str]:
        """The headers that carry a provider's key."""

    def encode(self, generation: Generation, origin: Origin) -> Outbound:
        """Write the upstream's request. Raises `InvalidRequest` for what the upstream cannot do.

        What would change the answer if it were left out is refused, by field and provider; the rest is left out, and
        reported.
        """

    def decode_reply(self, body: bytes, generation: Generation, origin: Origin, *, is_native: bool) -> list[Event]:
        """Read a plain reply, ending in `Done` or `Failed`."""

    def can_pass_on(self, generation: Generation, origin: Origin) -> bool:
        """Whether a body of this very dialect may go there as it came, and the answer come back so.

        False where this upstream lacks something that has to be made up for, which takes reading the answer.
        """

    def validated_format(self, generation: Generation, origin: Origin) -> OutputFormat | None:
        """The format that the answer to a translated request is validated against, as this upstream does not see to it.

        Its decoders then emit `Unvalidated` texts where the format has a schema.
        """

    def reader(self) -> Reader:
        """A reader for the bytes of one streamed answer."""

    def decoder(self, generation: Generation, origin: Origin, *, is_native: bool) -> Decoder:
        """A reader for one streamed answer."""

    def decode_error(self, refused: Refused, profile: Profile) -> UpstreamError:
        """Translate a refusal: its meaning is kept, the provider's secrets are not."""

    def decode_models(self, body: bytes) -> list[ListedModel]:
        """The models in the upstream's own list. Raises `ValueError` if it is none."""
