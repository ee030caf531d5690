"""OpenAI's Responses API, as `/v1/responses` has it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

from gateway.neutral.generation import Generation
from gateway.neutral.identifiers import ResponseIds
from gateway.neutral.json import JsonObject, object_or_empty, objects_in
from gateway.neutral.seals import OpenSeal
from gateway.neutral.settings import CURRENT_TURN, RESPONSES_INTEGERS
from gateway.surfaces.base import Author, BriefSurface
from gateway.surfaces.body import split_models, with_integers
from gateway.surfaces.extensions import extensions
from gateway.surfaces.responses.brief import ResponsesBrief
from gateway.surfaces.responses.request.native import has_reasoning, restored_items
from gateway.surfaces.responses.request.prompt import (
    not_yet,
    read_prompt,
    refuse_deep_nesting,
    refuse_nothing,
    refuse_unsupported,
)
from gateway.surfaces.responses.writer import ResponseWriter

if TYPE_CHECKING:
    from generated import models

DIALECT = "openai-responses"
_LARGEST = 2**53
_REPEATED: Annotated[tuple[str, ...], models.CreateResponse] = (
    *("tools", "tool_choice", "text", "reasoning", "prompt", "conversation"),
    *("access_programs", "image", "prompt_cache_options"),
)
"""The fields that a Response repeats as they came."""


class OpenAIResponsesSurface:
    """Items in, a Response out. State is the gateway's; a body goes to an upstream of the same dialect as it came."""

    dialect: str | None = DIALECT
    brief: BriefSurface[models.CreateResponse] | None = ResponsesBrief()

    def read(self, body: models.CreateResponse) -> Generation:
        given, others = split_models(with_integers(extensions(body), RESPONSES_INTEGERS, _LARGEST))
        refuse_unsupported(body)
        refuse_nothing(body)
        refuse_deep_nesting(given, _REPEATED)
        _refuse_compaction(body)
        provider = body.get("provider")
        return Generation(
            body["model"],
            given,
            read_prompt,
            DIALECT,
            is_stream=bool(body.get("stream")),
            include_usage=True,
            metadata=body.get("metadata"),
            provider=provider if isinstance(provider, str) else None,
            models=others,
            ids=ResponseIds(),
        )

    def restore(self, generation: Generation, open_seal: OpenSeal) -> Generation:
        items = objects_in(generation.body.get("input"))
        if not has_reasoning(items):
            return generation
        context = object_or_empty(generation.body.get("reasoning")).get("context")
        kept, removed = restored_items(items, open_seal, sees_earlier=context != CURRENT_TURN)
        body: JsonObject = {**generation.body, "input": [*kept]}
        return replace(generation, body=body, removed=removed)

    def writer(self, generation: Generation, author: Author) -> ResponseWriter:
        return ResponseWriter(generation, author)


def _refuse_compaction(body: models.CreateResponse) -> None:
    items = body.get("input")
    if items is None or isinstance(items, str):
        return
    for index, item in enumerate(items):
        if item.get("type") == "compaction_trigger":
            raise not_yet(f"input[{index}].type", "Compaction is not supported yet.")
