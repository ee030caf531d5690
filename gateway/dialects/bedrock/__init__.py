"""Amazon Bedrock's Converse: one shape for the models of many makers, streamed in binary frames.

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

from collections.abc import Mapping

from gateway import eventstream
from gateway.dialects.base import Decoder, ListedModel, Origin, Outbound, Reader, Refused
from gateway.dialects.bedrock.encode import encode_request
from gateway.dialects.bedrock.errors import decode_error
from gateway.dialects.bedrock.models import listed_models
from gateway.dialects.bedrock.reply import decode_reply
from gateway.dialects.bedrock.stream import ConverseDecoder
from gateway.errors import UpstreamError
from gateway.events import Event
from gateway.generation import Generation
from gateway.providers.row import Facts


class BedrockConverse:
    """The dialect `bedrock-converse`: `POST /model/{id}/converse`, and `-stream` with AWS's binary event stream."""

    name = "bedrock-converse"
    models_path = "/foundation-models"

    def authorize(self, key: str) -> Mapping[str, str]:
        return {"authorization": f"Bearer {key}"}

    def encode(self, generation: Generation, origin: Origin) -> Outbound:
        return encode_request(generation, origin)

    def decode_reply(self, body: bytes, generation: Generation, origin: Origin, *, is_native: bool) -> list[Event]:
        return decode_reply(body, generation, origin)

    def can_pass_on(self, generation: Generation, origin: Origin) -> bool:
        return False

    def reader(self) -> Reader:
        return eventstream.Reader()

    def decoder(self, generation: Generation, origin: Origin, *, is_native: bool) -> Decoder:
        return ConverseDecoder(generation, origin)

    def decode_error(self, refused: Refused, facts: Facts) -> UpstreamError:
        return decode_error(refused, facts)

    def decode_models(self, body: bytes) -> list[ListedModel]:
        return listed_models(body)
