"""OpenAI's Responses API, and the servers that speak the same."""

from collections.abc import Mapping

from gateway.dialects.base import Decoder, ListedModel, Origin, Outbound, Reader, Refused
from gateway.dialects.models import listed_models
from gateway.dialects.openai_responses.counting import COUNTING
from gateway.dialects.openai_responses.errors import decode_error
from gateway.dialects.openai_responses.request import DIALECT, encode_request
from gateway.dialects.openai_responses.response import decode_reply
from gateway.dialects.openai_responses.stream import ResponsesDecoder
from gateway.dialects.profiles.base import Profile
from gateway.dialects.profiles.openai_responses import ResponsesProfile
from gateway.errors import UpstreamError
from gateway.neutral.events import Event
from gateway.neutral.generation import Generation
from gateway.neutral.structured_output import OutputFormat
from gateway.wire import sse


class OpenAIResponses:
    """The dialect `openai-responses`: `POST /responses`, never stored there, events named by their type.

    Answers are always neutral events, for every surface: they are as rich as what they are made of.
    """

    profile_type = ResponsesProfile
    name = DIALECT
    models_path = "/models"
    brief = None
    counting = COUNTING

    def authorize(self, key: str) -> Mapping[str, str]:
        return {"authorization": f"Bearer {key}"}

    def encode(self, generation: Generation, origin: Origin) -> Outbound:
        return encode_request(generation, origin)

    def decode_reply(self, body: bytes, generation: Generation, origin: Origin, *, is_native: bool) -> list[Event]:
        return decode_reply(body, origin)

    def can_pass_on(self, generation: Generation, origin: Origin) -> bool:
        return True

    def validated_format(self, generation: Generation, origin: Origin) -> OutputFormat | None:
        return None

    def reader(self) -> Reader:
        return sse.Reader()

    def decoder(self, generation: Generation, origin: Origin, *, is_native: bool) -> Decoder:
        return ResponsesDecoder(origin)

    def decode_error(self, refused: Refused, profile: Profile) -> UpstreamError:
        return decode_error(refused, profile)

    def decode_models(self, body: bytes) -> list[ListedModel]:
        return listed_models(body)
