"""Google's generateContent, as the Gemini API and Vertex AI have it."""

from collections.abc import Mapping

from gateway.dialects.base import Decoder, ListedModel, Origin, Outbound, Refused
from gateway.dialects.base import Reader as AnyReader
from gateway.dialects.gemini.answer import GeminiDecoder, decode_reply
from gateway.dialects.gemini.encode import encode_request
from gateway.dialects.gemini.errors import decode_error
from gateway.dialects.gemini.models import listed_models
from gateway.dialects.gemini.reader import Reader
from gateway.errors import UpstreamError
from gateway.events import Event
from gateway.generation import Generation
from gateway.providers.row import Facts


class Gemini:
    """The dialect `gemini`: `POST /models/M:generateContent`, streams that end when the connection does."""

    name = "gemini"
    models_path = "/models?pageSize=1000"

    def authorize(self, key: str) -> Mapping[str, str]:
        # The key in the address, which Google takes, too, would stand in logs.
        return {"x-goog-api-key": key}

    def encode(self, generation: Generation, origin: Origin) -> Outbound:
        return encode_request(generation, origin)

    def decode_reply(self, body: bytes, generation: Generation, origin: Origin, *, is_native: bool) -> list[Event]:
        return decode_reply(body, generation, origin)

    def can_pass_on(self, generation: Generation, origin: Origin) -> bool:
        return False

    def reader(self) -> AnyReader:
        return Reader()

    def decoder(self, generation: Generation, origin: Origin, *, is_native: bool) -> Decoder:
        return GeminiDecoder(generation, origin)

    def decode_error(self, refused: Refused, facts: Facts) -> UpstreamError:
        return decode_error(refused, facts)

    def decode_models(self, body: bytes) -> list[ListedModel]:
        return listed_models(body)
