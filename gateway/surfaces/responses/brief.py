"""The short path of `/v1/responses`: one text in, one text out, no tools and no state but the response's own."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Annotated

from gateway.neutral.brief import BriefReply, BriefRequest
from gateway.neutral.generation import Generation
from gateway.neutral.identifiers import ResponseIds
from gateway.neutral.json import Json, JsonObject, write_document
from gateway.neutral.settings import PLACES, TOKEN_LIMIT
from gateway.surfaces.base import Ended
from gateway.surfaces.body import plain_model
from gateway.surfaces.extensions import extensions
from gateway.surfaces.responses.document import new_response, response_usage
from gateway.surfaces.responses.request.prompt import read_prompt

if TYPE_CHECKING:
    from generated import models

_DIALECT = "openai-responses"
_USUAL: Annotated[frozenset[str], models.CreateResponse] = frozenset(
    (
        *("model", "input", "instructions", "metadata", "stream", "store"),
        *("max_output_tokens", "temperature", "top_p"),
    )
)


_MESSAGES: Annotated[str, models.CreateChatCompletionRequest] = "messages"
_SAME: Annotated[tuple[str, ...], models.CreateResponse] = ("temperature", "top_p")


class ResponsesBrief:
    """What the Responses surface has for the short path."""

    plain_model = staticmethod(plain_model)

    def read(self, body: models.CreateResponse) -> BriefRequest | None:
        chat = _chat_body(body) if body.keys() <= _USUAL else None
        if chat is None:
            return None
        given, metadata = extensions(body), body.get("metadata")
        generation = Generation(
            body["model"], given, read_prompt, _DIALECT, include_usage=True, metadata=metadata, ids=ResponseIds()
        )
        return BriefRequest(chat, metadata, generation, PLACES)

    def write(self, generation: Generation | None, reply: BriefReply, provider: str) -> Ended:
        assert generation is not None
        ids = generation.ids or ResponseIds()
        response = new_response(generation, ids.response, provider)
        response["model"] = reply.model or response["model"]
        if reply.service_tier is not None:
            extensions(response)["service_tier"] = reply.service_tier
        message: models.OutputMessage = {
            "id": ids.item("message"),
            "type": "message",
            "status": "completed",
            "role": "assistant",
            "content": [{"type": "output_text", "text": reply.text, "annotations": [], "logprobs": []}],
        }
        response["completed_at"] = int(time.time())
        response["status"] = "completed"
        response["usage"] = response_usage(reply.usage)
        response["output"] = [message]
        return Ended(response, write_document(response))


def _chat_body(body: models.CreateResponse) -> JsonObject | None:
    """The body of a chat request, but for its model and metadata; None where it takes more than one look."""
    text, instructions = body.get("input"), body.get("instructions")
    if not (isinstance(text, str) and text) or instructions == "":
        return None
    chat: JsonObject = {}
    if (limit := body.get("max_output_tokens")) is not None:
        if type(limit) is not int:
            return None
        chat[TOKEN_LIMIT] = limit
    chat |= {name: value for name, value in extensions(body).items() if name in _SAME and value is not None}
    system: list[Json] = [] if instructions is None else [{"role": "system", "content": instructions}]
    chat[_MESSAGES] = [*system, {"role": "user", "content": text}]
    return chat
