"""The short path of `/v1/responses`: one text in, one text out, no tools and no state but the response's own."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Annotated

from gateway.neutral.brief import BriefReply
from gateway.neutral.generation import Generation
from gateway.neutral.identifiers import ResponseIds
from gateway.neutral.json import Json, JsonObject, write_document
from gateway.neutral.settings import TOKEN_LIMIT
from gateway.surfaces.base import Ended
from gateway.surfaces.extensions import extensions
from gateway.surfaces.responses.document import new_response, response_usage

if TYPE_CHECKING:
    from generated import models

_USUAL: Annotated[frozenset[str], models.CreateResponse] = frozenset(
    {
        "model",
        "input",
        "instructions",
        "metadata",
        "stream",
        "store",
        "max_output_tokens",
        "temperature",
        "top_p",
    }
)


_SAME: Annotated[tuple[str, ...], models.CreateResponse] = ("temperature", "top_p")


def brief_body(body: models.CreateResponse) -> JsonObject | None:
    """The body of a chat request, but for its model and metadata; None for a request in which anything is unusual."""
    text, instructions = body.get("input"), body.get("instructions")
    if not body.keys() <= _USUAL or body.get("stream") or not (isinstance(text, str) and text) or instructions == "":
        return None
    chat: JsonObject = {}
    if (limit := body.get("max_output_tokens")) is not None:
        if type(limit) is not int:
            return None
        chat[TOKEN_LIMIT] = limit
    chat |= {name: value for name, value in extensions(body).items() if name in _SAME and value is not None}
    system: list[Json] = [] if instructions is None else [{"role": "system", "content": instructions}]
    chat["messages"] = [*system, {"role": "user", "content": text}]
    return chat


def brief_response(generation: Generation, reply: BriefReply, provider: str) -> Ended:
    """The Response to such a request."""
    ids = generation.ids or ResponseIds()
    response = new_response(generation, ids.response, provider)
    fields = extensions(response)
    if reply.service_tier is not None:
        fields["service_tier"] = reply.service_tier
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
