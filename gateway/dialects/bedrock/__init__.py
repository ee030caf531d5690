"""Amazon Bedrock's Converse: one API for the models of many makers, streamed in binary frames.

`POST /model/{id}/converse`, and `/converse-stream` with AWS's binary event stream.
"""

from gateway.dialects.bedrock.counting import COUNTING
from gateway.dialects.bedrock.errors import decode_error
from gateway.dialects.bedrock.models import listed_models
from gateway.dialects.bedrock.request import encode_request
from gateway.dialects.bedrock.response import decode_response
from gateway.dialects.bedrock.stream import ConverseDecoder
from gateway.dialects.bedrock.structured_output import plan_format
from gateway.dialects.foreign import Foreign, bearer
from gateway.dialects.profiles.bedrock import BedrockProfile
from gateway.wire import eventstream

BEDROCK_CONVERSE = Foreign(
    name=BedrockProfile.dialect,
    profile_type=BedrockProfile,
    models_path="/foundation-models",
    headers_for=bearer,
    encode_request=encode_request,
    read_reply=decode_response,
    plan_format=plan_format,
    new_decoder=ConverseDecoder,
    read_error=decode_error,
    read_models=listed_models,
    counting=COUNTING,
    new_reader=eventstream.Reader,
)
