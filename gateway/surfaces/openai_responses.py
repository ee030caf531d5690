"""OpenAI's Responses API, as `/v1/responses` has it."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Annotated

from gateway.errors import InvalidRequest
from gateway.neutral.generation import Generation
from gateway.neutral.identifiers import ResponseIds
from gateway.neutral.json import JsonObject, object_or_empty, object_or_none, objects_in
from gateway.neutral.seals import OpenSeal
from gateway.neutral.settings import CURRENT_TURN, RESPONSES_INTEGERS
from gateway.surfaces.base import Author, BriefSurface
from gateway.surfaces.body import split_models, with_integers
from gateway.surfaces.extensions import extensions
from gateway.surfaces.responses.brief import ResponsesBrief
from gateway.surfaces.responses.request.native import has_reasoning, restored_items
from gateway.surfaces.responses.request.prompt import (
    read_prompt,
    refuse_deep_nesting,
    refuse_nothing,
    refuse_unsupported,
)
from gateway.surfaces.responses.request.templates import (
    PROMPT,
    RenderPrompt,
    expanded,
    model_of,
    no_templates,
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

    def __init__(self, render: RenderPrompt = no_templates) -> None:
        """`render` expands the gateway's own prompt templates."""
        self.render = render

    def read(self, body: models.CreateResponse) -> Generation:
        _require_trigger_last(body)
        if (reference := object_or_none(body.get(PROMPT))) is not None:
            refuse_deep_nesting(extensions(body), (PROMPT,))
            if (rendered := self.render(reference)) is not None:
                generation, count = self._read(expanded(body, rendered), reference), len(rendered.messages)
                read = partial(read_prompt, templated=count)
                return replace(generation, read_prompt=read, history=count, template=rendered)
        return self._read(body, reference)

    def _read(self, body: models.CreateResponse, reference: JsonObject | None) -> Generation:
        given, others = split_models(with_integers(extensions(body), RESPONSES_INTEGERS, _LARGEST))
        refuse_unsupported(body)
        refuse_nothing(body)
        refuse_deep_nesting(given, _REPEATED)
        provider = body.get("provider")
        return Generation(
            body["model"] if "model" in body else model_of(body, reference),
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


def _require_trigger_last(body: models.CreateResponse) -> None:
    items = body.get("input")
    if items is None or isinstance(items, str):
        return
    for index, item in enumerate(items[:-1]):
        if item.get("type") == "compaction_trigger":
            message = "A `compaction_trigger` must be the last item of the input."
            raise InvalidRequest(message, param=f"input[{index}]", code="invalid_value")
