"""A dialect that no surface speaks: nothing travels as it came, so it is its functions and no more."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

from gateway.dialects.base import Counting, Decoder, ListedModel, Origin, Outbound, Reader, Refused
from gateway.dialects.profiles.base import Profile
from gateway.dialects.structured_output import FormatPlan
from gateway.errors import UpstreamError
from gateway.neutral.events import Event
from gateway.neutral.generation import Generation
from gateway.neutral.prompt import Prompt
from gateway.neutral.structured_output import OutputFormat
from gateway.wire import sse

P = TypeVar("P", bound=Profile)


@dataclass(frozen=True)
class Foreign(Generic[P]):
    """Put together from the functions of one wire format; what they do is described in `Dialect`."""

    name: str
    profile_type: type[P]
    models_path: str
    headers_for: Callable[[str], Mapping[str, str]]
    encode_request: Callable[[Generation, Origin], Outbound]
    read_reply: Callable[[bytes, Generation, Origin], list[Event]]
    plan_format: Callable[[Prompt, P], FormatPlan | None]
    new_decoder: Callable[[Generation, Origin], Decoder]
    read_error: Callable[[Refused, P], UpstreamError]
    read_models: Callable[[bytes], list[ListedModel]]
    counting: Counting
    new_reader: Callable[[], Reader] = sse.Reader
    brief: None = None

    def authorize(self, key: str) -> Mapping[str, str]:
        return self.headers_for(key)

    def encode(self, generation: Generation, origin: Origin) -> Outbound:
        return self.encode_request(generation, origin)

    def decode_reply(self, body: bytes, generation: Generation, origin: Origin, *, is_native: bool) -> list[Event]:
        return self.read_reply(body, generation, origin)

    def can_pass_on(self, generation: Generation, origin: Origin) -> bool:
        return False

    def validated_format(self, generation: Generation, origin: Origin) -> OutputFormat | None:
        prompt = generation.prompt
        plan = None if prompt.output_format is None else self.plan_format(prompt, self.profile_type.own(origin.profile))
        return None if plan is None else plan.validated

    def reader(self) -> Reader:
        return self.new_reader()

    def decoder(self, generation: Generation, origin: Origin, *, is_native: bool) -> Decoder:
        return self.new_decoder(generation, origin)

    def decode_error(self, refused: Refused, profile: Profile) -> UpstreamError:
        return self.read_error(refused, self.profile_type.own(profile))

    def decode_models(self, body: bytes) -> list[ListedModel]:
        return self.read_models(body)


def bearer(key: str) -> Mapping[str, str]:
    """The header by which most providers take a key."""
    return {"authorization": f"Bearer {key}"}
