"""Chat completions on the short path: a body in which nothing has to be looked at."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated

from gateway.neutral.brief import BriefReply, BriefRequest
from gateway.neutral.generation import Generation
from gateway.neutral.settings import INTEGERS
from gateway.surfaces.body import plain_model
from gateway.surfaces.extensions import extensions
from gateway.surfaces.openai_chat.reasoning import FIELD

if TYPE_CHECKING:
    from generated import models

_UNUSUAL: Annotated[frozenset[str], models.CreateChatCompletionRequest] = frozenset(
    {"models", "stream_options", "response_format", "tool_choice"}
)
_MANY = 100
"""Messages in a body that is not looked through on the short path."""


class ChatBrief:
    """What the chat surface has for the short path."""

    plain_model = staticmethod(plain_model)

    def read(self, body: models.CreateChatCompletionRequest) -> BriefRequest | None:
        given = extensions(body)
        if not given.keys().isdisjoint(_UNUSUAL) or len(body["messages"]) > _MANY or has_reasoning(body):
            return None
        for name in INTEGERS:
            if name in given and type(given[name]) is not int:
                return None
        return BriefRequest(given, body.get("metadata"))

    def write(self, generation: Generation | None, reply: BriefReply, provider: str) -> bytes:
        return reply.body


def has_reasoning(body: models.CreateChatCompletionRequest) -> bool:
    """Whether a message brings reasoning that may be sealed."""
    messages: Sequence[Mapping[str, object]] = body["messages"]
    for message in messages:  # noqa: SIM110 - `any` takes a call for each message
        if FIELD in message:
            return True
    return False
