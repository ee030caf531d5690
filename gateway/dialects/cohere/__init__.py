"""Cohere's chat, version 2: `POST /v2/chat`, server-sent events that end with `message-end`."""

from gateway.dialects.cohere.encode import DIALECT, encode_request
from gateway.dialects.cohere.errors import decode_error
from gateway.dialects.cohere.models import listed_models
from gateway.dialects.cohere.reply import decode_reply
from gateway.dialects.cohere.stream import CohereDecoder
from gateway.dialects.cohere.tools import held_form
from gateway.dialects.foreign import Foreign, bearer

COHERE = Foreign(
    name=DIALECT,
    # The list has stayed in version 1; it has models that only embed or rank, too.
    models_path="/v1/models?endpoint=chat&page_size=1000",
    headers_for=bearer,
    encode_request=encode_request,
    read_reply=decode_reply,
    form_to_hold=held_form,
    new_decoder=CohereDecoder,
    read_error=decode_error,
    read_models=listed_models,
)
