"""OpenAI's chat completions, as `/v1/chat/completions` has them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, cast

from gateway.neutral.generation import Generation
from gateway.neutral.json import object_or_empty
from gateway.neutral.seals import OpenSeal
from gateway.neutral.settings import INTEGERS
from gateway.surfaces.base import Author, BriefSurface
from gateway.surfaces.body import split_models, with_integers
from gateway.surfaces.extensions import extensions
from gateway.surfaces.openai_chat.brief import ChatBrief, has_reasoning
from gateway.surfaces.openai_chat.reasoning import restored
from gateway.surfaces.openai_chat.request.prompt import read_prompt
from gateway.surfaces.openai_chat.writer import ChatWriter

if TYPE_CHECKING:
    from generated import models

DIALECT = "openai-chat"
_LARGEST = 2**63


class OpenAIChatSurface:
    """Where the upstream speaks chat, too, a body goes there as it came, and the answer comes back as it was.

    Otherwise the request is translated, and the answer is made of neutral events.
    """

    dialect: str | None = DIALECT
    brief: BriefSurface[models.CreateChatCompletionRequest] | None = ChatBrief()

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

    def restore(self, generation: Generation, open_seal: OpenSeal) -> Generation:
        body = cast("models.CreateChatCompletionRequest", generation.body)
        if not has_reasoning(body):
            return generation
        return replace(generation, body=restored(generation.body, open_seal))

    def writer(self, generation: Generation, author: Author) -> ChatWriter:
        return ChatWriter(generation, author)
