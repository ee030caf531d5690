"""OpenAI's chat completions, and the many servers that speak the same."""

from collections.abc import Mapping

from gateway.dialects.base import Decoder, ListedModel, Origin, Outbound, Reader, Refused
from gateway.dialects.conversation.settings import Form
from gateway.dialects.models import listed_models
from gateway.dialects.openai_chat.encode import DIALECT, encode_request, passes_on
from gateway.dialects.openai_chat.errors import decode_error
from gateway.dialects.openai_chat.native import NativeDecoder
from gateway.dialects.openai_chat.neutral import NeutralDecoder
from gateway.dialects.openai_chat.promises import held_form
from gateway.dialects.openai_chat.reply import decode_reply
from gateway.dialects.profiles import Facts
from gateway.errors import UpstreamError
from gateway.events import Event
from gateway.generation import Generation
from gateway.wire import sse


class OpenAIChat:
    """The dialect `openai-chat`: `POST /chat/completions`, server-sent events ended by `[DONE]`."""

    name = DIALECT
    models_path = "/models"

    def authorize(self, key: str) -> Mapping[str, str]:
        return {"authorization": f"Bearer {key}"}

    def encode(self, generation: Generation, origin: Origin) -> Outbound:
        return encode_request(generation, origin)

    def decode_reply(self, body: bytes, generation: Generation, origin: Origin, *, is_native: bool) -> list[Event]:
        return decode_reply(body, generation, origin, is_native=is_native)

    def can_pass_on(self, generation: Generation, origin: Origin) -> bool:
        return passes_on(generation, origin.facts)

    def held_form(self, generation: Generation, origin: Origin) -> Form | None:
        return held_form(generation, origin.facts)

    def reader(self) -> Reader:
        return sse.Reader()

    def decoder(self, generation: Generation, origin: Origin, *, is_native: bool) -> Decoder:
        if is_native:
            return NativeDecoder(origin, include_usage=generation.include_usage)
        return NeutralDecoder(generation, origin)

    def decode_error(self, refused: Refused, facts: Facts) -> UpstreamError:
        return decode_error(refused, facts)

    def decode_models(self, body: bytes) -> list[ListedModel]:
        return listed_models(body)
