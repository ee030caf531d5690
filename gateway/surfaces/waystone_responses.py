"""Waystone's documented responses operation, `/api/gateway/v1/responses`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.errors import InvalidRequest
from gateway.neutral.generation import Generation
from gateway.neutral.identifiers import ResponseIds
from gateway.neutral.json import JsonObject, integer_or_none, list_or_empty
from gateway.neutral.prompt import Prompt
from gateway.neutral.seals import OpenSeal
from gateway.surfaces.base import Author
from gateway.surfaces.body import split_models
from gateway.surfaces.extensions import extensions
from gateway.surfaces.responses.request.prompt import (
    create_response,
    prompt_of,
    refuse_deep_nesting,
    refuse_nothing,
    refuse_unsupported,
)
from gateway.surfaces.responses.request.settings import lower_limit, read_settings
from gateway.surfaces.responses.request.templates import PROMPT
from gateway.surfaces.responses.writer import ResponseWriter
from gateway.surfaces.waystone_fields import with_whole_counts

if TYPE_CHECKING:
    from generated import models


class WaystoneResponsesSurface:
    """A string in, a full Responses object out. Fields that the document does not list travel on."""

    dialect: str | None = None
    # Most fields of its requests travel on.
    brief = None

    def read(self, body: models.WaystoneResponseRequest) -> Generation:
        given, others = split_models(with_whole_counts(extensions(body)))
        _refuse_prompt(given)
        # `store` is false here unless requested, as the document has it; on /v1/responses it is true.
        request = create_response({**given, "store": bool(body.get("store"))})
        if (limit := integer_or_none(given.get("max_completion_tokens"))) is not None:
            # A Response repeats the limit under OpenAI's name. Errors and reports have the name that was written.
            other = request.get("max_output_tokens")
            request["max_output_tokens"] = limit if other is None else lower_limit(limit, other)
        refuse_unsupported(request)
        refuse_nothing(request, blank=True)
        refuse_deep_nesting(given)
        return Generation(
            body["model"],
            extensions(request),
            _read_prompt,
            is_stream=bool(body.get("stream")),
            include_usage=True,
            metadata=body.get("metadata"),
            models=others,
            ids=ResponseIds(),
        )

    def restore(self, generation: Generation, open_seal: OpenSeal) -> Generation:
        return generation

    def writer(self, generation: Generation, author: Author) -> ResponseWriter:
        return ResponseWriter(generation, author)


def _refuse_prompt(given: JsonObject) -> None:
    """Raise `InvalidRequest` for a prompt template, whoever has it: without it the answer would be another one."""
    if given.get(PROMPT) is not None:
        message = "Prompt templates are for /v1/responses: this operation has no `prompt`."
        raise InvalidRequest(message, param=PROMPT, code="unsupported_parameter")


def _read_prompt(body: JsonObject, history: int, first: int) -> Prompt:
    """The document does not list tools and instructions: what is no list and no text is not there."""
    instructions = body.get("instructions")
    known: JsonObject = {
        **body,
        "instructions": instructions if isinstance(instructions, str) else None,
        "tools": list_or_empty(body.get("tools")),
    }
    return prompt_of(create_response(known), read_settings(body, travels=True), history, first)
