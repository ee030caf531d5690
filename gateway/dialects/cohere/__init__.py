"""Cohere's chat, version 2."""

from collections.abc import Mapping

import orjson

from gateway import sse
from gateway.dialects.base import Decoder, ListedModel, Origin, Outbound, Reader, Refused
from gateway.dialects.cohere.encode import DIALECT, encode_request
from gateway.dialects.cohere.errors import decode_error
from gateway.dialects.cohere.reply import decode_reply
from gateway.dialects.cohere.stream import CohereDecoder
from gateway.dialects.counts import count
from gateway.errors import UpstreamError
from gateway.events import Event
from gateway.generation import Generation
from gateway.providers.row import Facts


class Cohere:
    """The dialect `cohere`: `POST /v2/chat`, server-sent events that end with `message-end`."""

    name = DIALECT
    # The list has stayed in version 1; it has models that only embed or rank, too.
    models_path = "/v1/models?endpoint=chat&page_size=1000"

    def authorize(self, key: str) -> Mapping[str, str]:
        return {"authorization": f"Bearer {key}"}

    def encode(self, generation: Generation, origin: Origin) -> Outbound:
        return encode_request(generation, origin)

    def decode_reply(self, body: bytes, generation: Generation, origin: Origin, *, is_native: bool) -> list[Event]:
        return decode_reply(body, generation, origin)

    def can_pass_on(self, generation: Generation, origin: Origin) -> bool:
        return False

    def reader(self) -> Reader:
        return sse.Reader()

    def decoder(self, generation: Generation, origin: Origin, *, is_native: bool) -> Decoder:
        return CohereDecoder(generation, origin)

    def decode_error(self, refused: Refused, facts: Facts) -> UpstreamError:
        return decode_error(refused, facts)

    def decode_models(self, body: bytes) -> list[ListedModel]:
        document = orjson.loads(body)
        entries = document.get("models") if isinstance(document, dict) else None
        if not isinstance(entries, list):
            raise ValueError("the model list has no models")
        return [
            ListedModel(entry["name"], count(entry, "context_length") or None)
            for entry in entries
            if isinstance(entry, dict) and isinstance(entry.get("name"), str) and "chat" in _endpoints(entry)
        ]


def _endpoints(entry: dict[str, object]) -> list[object]:
    found = entry.get("endpoints")
    return found if isinstance(found, list) else ["chat"]
