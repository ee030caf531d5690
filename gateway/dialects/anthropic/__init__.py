"""Anthropic's Messages API: `POST /v1/messages`, server-sent events that each have their own type.

The base URL has no `/v1`: that is how Anthropic's own clients read ANTHROPIC_BASE_URL.
"""

from collections.abc import Mapping

from gateway.dialects.anthropic.counting import COUNTING
from gateway.dialects.anthropic.errors import decode_error
from gateway.dialects.anthropic.models import listed_models
from gateway.dialects.anthropic.request import VERSION, encode_request
from gateway.dialects.anthropic.response import decode_reply
from gateway.dialects.anthropic.stream import MessageDecoder
from gateway.dialects.anthropic.structured_output import plan_format
from gateway.dialects.foreign import Foreign
from gateway.dialects.profiles.anthropic import AnthropicProfile


def _headers(key: str) -> Mapping[str, str]:
    return {"x-api-key": key, "anthropic-version": VERSION}


ANTHROPIC_MESSAGES = Foreign(
    name=AnthropicProfile.dialect,
    profile_type=AnthropicProfile,
    models_path="/v1/models?limit=1000",
    headers_for=_headers,
    encode_request=encode_request,
    read_reply=decode_reply,
    plan_format=plan_format,
    new_decoder=MessageDecoder,
    read_error=decode_error,
    read_models=listed_models,
    counting=COUNTING,
)
