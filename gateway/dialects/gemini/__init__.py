"""Google's generateContent, as the Gemini API and Vertex AI have it.

`POST /models/M:generateContent`, and streams that end when the connection does.
"""

from collections.abc import Mapping

from gateway.dialects.foreign import Foreign
from gateway.dialects.gemini.counting import COUNTING
from gateway.dialects.gemini.errors import decode_error
from gateway.dialects.gemini.models import listed_models
from gateway.dialects.gemini.request import encode_request
from gateway.dialects.gemini.response import ResponseDecoder, decode_reply
from gateway.dialects.gemini.stream import StreamReader
from gateway.dialects.gemini.structured_output import plan_format
from gateway.dialects.profiles.gemini import GeminiProfile


def _headers(key: str) -> Mapping[str, str]:
    # The key in the address, which Google takes, too, would stand in logs.
    return {"x-goog-api-key": key}


GEMINI = Foreign(
    name=GeminiProfile.dialect,
    profile_type=GeminiProfile,
    models_path="/models?pageSize=1000",
    headers_for=_headers,
    encode_request=encode_request,
    read_reply=decode_reply,
    plan_format=plan_format,
    new_decoder=ResponseDecoder,
    read_error=decode_error,
    read_models=listed_models,
    counting=COUNTING,
    new_reader=StreamReader,
)
