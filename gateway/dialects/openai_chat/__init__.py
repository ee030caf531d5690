"""OpenAI's chat completions, and the many servers that speak the same."""

from collections.abc import Mapping

from gateway.dialects.base import Decoder, Origin
from gateway.dialects.foreign import bearer
from gateway.dialects.models import listed_models
from gateway.dialects.openai_chat.brief import ChatBrief
from gateway.dialects.openai_chat.errors import decode_error
from gateway.dialects.openai_chat.native import NativeDecoder
from gateway.dialects.openai_chat.request import DIALECT, can_pass_on, encode_request
from gateway.dialects.openai_chat.response import decode_reply
from gateway.dialects.openai_chat.stream import NeutralDecoder
from gateway.dialects.openai_chat.structured_output import validated_format
from gateway.dialects.profiles.openai_chat import ChatProfile
from gateway.neutral.generation import Generation
from gateway.neutral.structured_output import OutputFormat
from gateway.wire import sse


class OpenAIChat:
    """The dialect `openai-chat`: `POST /chat/completions`, server-sent events ended by `[DONE]`."""

    profile_type = ChatProfile
    name = DIALECT
    models_path = "/models"
    brief = ChatBrief()
    counting = None
    encode = staticmethod(encode_request)
    can_pass_on = staticmethod(can_pass_on)
    decode_reply = staticmethod(decode_reply)
    decode_error = staticmethod(decode_error)
    decode_models = staticmethod(listed_models)
    reader = sse.Reader

    def authorize(self, key: str) -> Mapping[str, str]:
        return bearer(key)

    def validated_format(self, generation: Generation, origin: Origin) -> OutputFormat | None:
        return validated_format(generation.prompt, ChatProfile.own(origin.profile))

    def decoder(self, generation: Generation, origin: Origin, *, is_native: bool) -> Decoder:
        if is_native:
            return NativeDecoder(origin, include_usage=generation.include_usage)
        return NeutralDecoder(generation.prompt, origin)
