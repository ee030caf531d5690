"""Amazon Bedrock's Converse: one shape for the models of many makers, streamed in binary frames.

`POST /model/{id}/converse`, and `/converse-stream` with AWS's binary event stream.

The traits (`Facts.traits`) that this dialect asks about:

    cache_points, tool_cache_points   it keeps what is marked in a prompt cache, tools too
    output_status                     it is told whether a tool failed
    strict_tools                      it can be held to the schema of a tool
    system_tools                      it has tools of its own that it runs itself
    json_outputs                      outputs of tools are objects
    lone_outputs                      nothing else stands in a message with outputs
    outputs_without_files             no document or video stands in a message with outputs
    signed_reasoning                  it takes back only reasoning that it has signed
    unreturned_reasoning              it takes no reasoning back
    one_of_sampling                   temperature and top_p exclude each other
    worded_stops                      stop sequences are no blanks
    choice_as_auto                    it cannot be made to call a tool, and is left free to
"""

from gateway.dialects.bedrock.encode import encode_request
from gateway.dialects.bedrock.errors import decode_error
from gateway.dialects.bedrock.form import held_form
from gateway.dialects.bedrock.models import listed_models
from gateway.dialects.bedrock.reply import decode_reply
from gateway.dialects.bedrock.stream import ConverseDecoder
from gateway.dialects.foreign import Foreign, bearer
from gateway.wire import eventstream

BEDROCK_CONVERSE = Foreign(
    name="bedrock-converse",
    models_path="/foundation-models",
    headers_for=bearer,
    encode_request=encode_request,
    read_reply=decode_reply,
    form_to_hold=held_form,
    new_decoder=ConverseDecoder,
    read_error=decode_error,
    read_models=listed_models,
    new_reader=eventstream.Reader,
)
