"""Cohere's chat, version 2: `POST /v2/chat`, server-sent events that end with `message-end`."""

from gateway.dialects.cohere.counting import COUNTING
from gateway.dialects.cohere.errors import decode_error
from gateway.dialects.cohere.models import listed_models
from gateway.dialects.cohere.request import encode_request
from gateway.dialects.cohere.response import decode_response
from gateway.dialects.cohere.stream import CohereDecoder
from gateway.dialects.cohere.structured_output import plan_format
from gateway.dialects.foreign import Foreign, bearer
from gateway.dialects.profiles.cohere import CohereProfile

COHERE = Foreign(
    name=CohereProfile.dialect,
    profile_type=CohereProfile,
    # The list has stayed in version 1; it has models that only embed or rank, too.
    models_path="/v1/models?endpoint=chat&page_size=1000",
    headers_for=bearer,
    encode_request=encode_request,
    read_reply=decode_response,
    plan_format=plan_format,
    new_decoder=CohereDecoder,
    read_error=decode_error,
    read_models=listed_models,
    counting=COUNTING,
)
