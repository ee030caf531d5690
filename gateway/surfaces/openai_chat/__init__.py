"""OpenAI's chat completions, as `/v1/chat/completions` has them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, cast

from gateway.neutral.brief import BriefReply, BriefRequest
from gateway.neutral.generation import Generation
from gateway.neutral.json import object_or_empty
from gateway.neutral.seals import OpenSeal
from gateway.neutral.settings import INTEGERS
from gateway.surfaces.base import Author
from gateway.surfaces.body import split_models, with_integers
from gateway.surfaces.extensions import extensions
from gateway.surfaces.openai_chat.reasoning import FIELD, restored
from gateway.surfaces.openai_chat.request.prompt import read_prompt
from gateway.surfaces.openai_chat.writer import ChatWriter

if TYPE_CHECKING:
    from generated import models

DIALECT = "openai-chat"
_LARGEST = 2**63
_UNUSUAL: Annotated[frozenset[str], models.CreateChatCompletionRequest] = frozenset(
    {"models", "stream_options", "response_format", "tool_choice"}
)
"""Fields for which a request goes the long path."""
_MANY = 100
"""Messages in a request that is not looked through on the short path."""


class OpenAIChatSurface:
    """Where the upstream speaks chat, too, a body goes there as it came, and the answer comes back as it was.

    Otherwise the request is translated, and the answer is made of neutral events.
    """

    dialect: str | None = DIALECT

    def read(self, body: models.CreateChatCompletionRequest) -> Generation:
        given, others = split_models(with_integers(extensions(body), INTEGERS, _LARGEST))
        # Waystone's own document does not list them.
        options = object_or_empty(given.get("stream_options"))
        return Generation(
            body["model"],
            given,
            read_prompt,
            DIALECT,
            is_stream=bool(body.get("stream")),
            include_usage=bool(options.get("include_usage")),
            metadata=body.get("metadata"),
            models=others,
        )

    def brief(self, body: models.CreateChatCompletionRequest) -> BriefRequest | None:
        given = extensions(body)
        if not given.keys().isdisjoint(_UNUSUAL) or body.get("stream") or len(body["messages"]) > _MANY:
            return None
        for name in INTEGERS:
            if name in given and type(given[name]) is not int:
                return None
        if _has_reasoning(body):
            return None
        return BriefRequest(body["model"], given, body.get("metadata"))

    def write_brief(self, brief: BriefRequest, reply: BriefReply, provider: str) -> bytes:
        return reply.body

    def restore(self, generation: Generation, open_seal: OpenSeal) -> Generation:
        body = cast("models.CreateChatCompletionRequest", generation.body)
        if not _has_reasoning(body):
            return generation
        return replace(generation, body=restored(generation.body, open_seal))

    def writer(self, generation: Generation, author: Author) -> ChatWriter:
        return ChatWriter(generation, author)


def _has_reasoning(body: models.CreateChatCompletionRequest) -> bool:
    """Whether a message brings reasoning that may be sealed."""
    messages: Sequence[Mapping[str, object]] = body["messages"]
    for message in messages:  # noqa: SIM110 - `any` takes a call for each message
        if FIELD in message:
            return True
    return False
