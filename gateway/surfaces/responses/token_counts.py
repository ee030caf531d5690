"""Reads the body of `/v1/responses/input_tokens`: an input that is counted, and not answered."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Annotated

from gateway.errors import InvalidRequest
from gateway.neutral.generation import Generation, RenderedPrompt
from gateway.neutral.json import JsonObject, object_or_none, text_or_none
from gateway.neutral.seals import OpenSeal
from gateway.surfaces.base import Author
from gateway.surfaces.body import split_models
from gateway.surfaces.extensions import extensions
from gateway.surfaces.openai_responses import DIALECT, OpenAIResponsesSurface
from gateway.surfaces.responses.request.prompt import create_response, read_prompt, refuse_unsupported
from gateway.surfaces.responses.request.templates import PROMPT, expanded
from gateway.surfaces.responses.writer import ResponseWriter

if TYPE_CHECKING:
    from generated import models

_FIELDS: Annotated[tuple[str, ...], models.TokenCountsBody] = (
    *("model", "input", "instructions", "previous_response_id", "conversation", "tools", "tool_choice"),
    *("parallel_tool_calls", "reasoning", "text", "truncation", "personality"),
)


class TokenCountsSurface:
    """A request for a response, as far as its input goes. There may be instructions or tools alone."""

    dialect: str | None = DIALECT
    brief = None

    def __init__(self, responses: OpenAIResponsesSurface) -> None:
        """`responses` expands prompt templates."""
        self._responses = responses

    def read(self, body: models.TokenCountsBody) -> Generation:
        # Whatever else there is has not been looked at by the contract, and is no part of the input.
        whole, others = split_models(extensions(body))
        given: JsonObject = {name: value for name, value in whole.items() if name in _FIELDS}
        rendered = self._rendered(whole)
        if rendered is not None:
            given = extensions(expanded(create_response(given), rendered))
        if given.get("input") is None:
            given["input"] = []
        given["store"] = False
        refuse_unsupported(create_response(given))
        provider = body.get("provider")
        named = provider if isinstance(provider, str) else None
        generation = Generation(_model(given), given, read_prompt, DIALECT, provider=named, models=others)
        if rendered is None:
            return generation
        count = len(rendered.messages)
        read = partial(read_prompt, templated=count)
        return replace(generation, read_prompt=read, history=count, template=rendered)

    def restore(self, generation: Generation, open_seal: OpenSeal) -> Generation:
        return self._responses.restore(generation, open_seal)

    def writer(self, generation: Generation, author: Author) -> ResponseWriter:
        return self._responses.writer(generation, author)

    def _rendered(self, body: JsonObject) -> RenderedPrompt | None:
        reference = object_or_none(body.get(PROMPT))
        if reference is None:
            return None
        rendered = self._responses.render(reference)
        if rendered is None:
            message = "The gateway does not have this prompt, and what its provider makes of it cannot be counted."
            raise InvalidRequest(message, param=PROMPT, code="invalid_value")
        return rendered


def _model(body: JsonObject) -> str:
    model = text_or_none(body.get("model"))
    if model is None:
        message = "Missing required field: model."
        raise InvalidRequest(message, param="model", code="missing_required_parameter")
    return model
