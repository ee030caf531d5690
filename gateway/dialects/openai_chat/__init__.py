"""OpenAI's chat completions, and the many servers that speak the same."""

from collections.abc import Mapping

import orjson

from gateway.dialects.base import Decoder, Origin, Outbound, Refused
from gateway.dialects.openai_chat.encode import encode_request
from gateway.dialects.openai_chat.errors import decode_error
from gateway.dialects.openai_chat.native import NativeDecoder
from gateway.dialects.openai_chat.neutral import NeutralDecoder
from gateway.dialects.openai_chat.reply import decode_reply
from gateway.errors import UpstreamError
from gateway.events import Event
from gateway.generation import Generation
from gateway.providers.row import Facts


class OpenAIChat:
    """The dialect `openai-chat`: `POST /chat/completions`, server-sent events ended by `[DONE]`."""

    name = "openai-chat"
    models_path = "/models"

    def authorize(self, key: str) -> Mapping[str, str]:
        return {"authorization": f"Bearer {key}"}

    def encode(self, generation: Generation, model: str, facts: Facts) -> Outbound:
        return Outbound("/chat/completions", encode_request(generation, model, facts))

    def decode_reply(self, body: bytes, origin: Origin, *, is_native: bool) -> list[Event]:
        return decode_reply(body, origin, is_native=is_native)

    def decoder(self, generation: Generation, origin: Origin, *, is_native: bool) -> Decoder:
        if is_native:
            return NativeDecoder(origin, include_usage=generation.include_usage)
        return NeutralDecoder(origin)

    def decode_error(self, refused: Refused, facts: Facts) -> UpstreamError:
        return decode_error(refused, facts)

    def decode_models(self, body: bytes) -> list[str]:
        document = orjson.loads(body)
        entries = document.get("data") if isinstance(document, dict) else document
        if not isinstance(entries, list):
            raise ValueError("the model list has no data")
        return [entry["id"] for entry in entries if isinstance(entry, dict) and isinstance(entry.get("id"), str)]
