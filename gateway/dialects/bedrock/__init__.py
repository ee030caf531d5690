"""Amazon Bedrock's Converse: one API for the models of many makers, streamed in binary frames.

`POST /model/{id}/converse`, and `/converse-stream` with AWS's binary event stream.

The traits (`Facts.traits`) that this dialect reads:

    cache_points, tool_cache_points   it has a prompt cache with breakpoints, at tools too
    output_status                     it takes the status of a tool's output
    strict_tools                      it can enforce the schema of a tool
    system_tools                      it has tools of its own that it runs itself
    json_outputs                      outputs of tools are objects
    lone_outputs                      nothing else is in a message with outputs
    outputs_without_files             no document or video is in a message with outputs
    signed_reasoning                  it takes back only reasoning that it has signed
    unreturned_reasoning              it takes no reasoning back
    one_of_sampling                   temperature and top_p exclude each other
    worded_stops                      stop sequences are no blanks
    choice_as_auto                    a required call is sent as `auto`
"""

from gateway.dialects.bedrock.errors import decode_error
from gateway.dialects.bedrock.models import listed_models
from gateway.dialects.bedrock.request import encode_request
from gateway.dialects.bedrock.response import decode_response
from gateway.dialects.bedrock.stream import ConverseDecoder
from gateway.dialects.bedrock.structured_output import plan_format
from gateway.dialects.foreign import Foreign, bearer
from gateway.wire import eventstream

BEDROCK_CONVERSE = Foreign(
    name="bedrock-converse",
    models_path="/foundation-models",
    headers_for=bearer,
    encode_request=encode_request,
    read_reply=decode_response,
    plan_format=plan_format,
    new_decoder=ConverseDecoder,
    read_error=decode_error,
    read_models=listed_models,
    new_reader=eventstream.Reader,
)
