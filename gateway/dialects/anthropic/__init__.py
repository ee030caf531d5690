"""Anthropic's Messages API."""

from collections.abc import Mapping

from gateway import sse
from gateway.dialects.anthropic.encode import DIALECT, VERSION, encode_request
from gateway.dialects.anthropic.errors import decode_error
from gateway.dialects.anthropic.models import listed_models
from gateway.dialects.anthropic.reply import decode_reply
from gateway.dialects.anthropic.stream import MessageDecoder
from gateway.dialects.base import Decoder, ListedModel, Origin, Outbound, Reader, Refused
from gateway.errors import UpstreamError
from gateway.events import Event
from gateway.generation import Generation
from gateway.providers.row import Facts


class AnthropicMessages:
    """The dialect `anthropic-messages`: `POST /v1/messages`, server-sent events that each tell their own type.

    The base URL has no `/v1`: that is how Anthropic's own clients read ANTHROPIC_BASE_URL.

    Words of `Facts.traits`: `formats` keeps JSON schemas by itself (`output_config.format`, strict tools);
    `late_system` takes instructions in mid-conversation; `no_prefill` does not go on with the assistant's last words;
    `one_sampling` takes `temperature` or `top_p`, not both. Forms of `Facts.thinking`: `budget`; `adaptive`;
    `adaptive-shown`, which has to be asked to show its thinking; `off`, which does not think.
    """

    name = DIALECT
    models_path = "/v1/models?limit=1000"

    def authorize(self, key: str) -> Mapping[str, str]:
        return {"x-api-key": key, "anthropic-version": VERSION}

    def encode(self, generation: Generation, origin: Origin) -> Outbound:
        return encode_request(generation, origin)

    def decode_reply(self, body: bytes, generation: Generation, origin: Origin, *, is_native: bool) -> list[Event]:
        return decode_reply(body, generation, origin)

    def can_pass_on(self, generation: Generation, origin: Origin) -> bool:
        return False

    def reader(self) -> Reader:
        return sse.Reader()

    def decoder(self, generation: Generation, origin: Origin, *, is_native: bool) -> Decoder:
        return MessageDecoder(generation, origin)

    def decode_error(self, refused: Refused, facts: Facts) -> UpstreamError:
        return decode_error(refused, facts)

    def decode_models(self, body: bytes) -> list[ListedModel]:
        return listed_models(body)
