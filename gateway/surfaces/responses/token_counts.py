"""Reads the body of `/v1/responses/input_tokens`: an input that is counted, and not answered."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from gateway.errors import InvalidRequest
from gateway.neutral.generation import Generation
from gateway.neutral.json import JsonObject
from gateway.neutral.seals import OpenSeal
from gateway.surfaces.base import Author
from gateway.surfaces.body import split_models
from gateway.surfaces.extensions import extensions
from gateway.surfaces.openai_responses import DIALECT, OpenAIResponsesSurface
from gateway.surfaces.responses.request.prompt import create_response, read_prompt, refuse_unsupported
from gateway.surfaces.responses.writer import ResponseWriter

if TYPE_CHECKING:
    from generated import models

_FIELDS: Annotated[tuple[str, ...], models.TokenCountsBody] = (
    *("model", "input", "instructions", "previous_response_id", "conversation", "tools", "tool_choice"),
    *("parallel_tool_calls", "reasoning", "text", "truncation", "personality"),
)
_RESPONSES = OpenAIResponsesSurface()


class TokenCountsSurface:
    """A request for a response, as far as its input goes. There may be instructions or tools alone."""

    dialect: str | None = DIALECT
    brief = None

    def read(self, body: models.TokenCountsBody) -> Generation:
        model = body.get("model")
        if model is None:
            message = "Missing required field: model."
            raise InvalidRequest(message, param="model", code="missing_required_parameter")
        # Whatever else there is has not been looked at by the contract, and is no part of the input.
        whole, others = split_models(extensions(body))
        given: JsonObject = {name: value for name, value in whole.items() if name in _FIELDS}
        if given.get("input") is None:
            given["input"] = []
        given["store"] = False
        refuse_unsupported(create_response(given))
        provider = body.get("provider")
        named = provider if isinstance(provider, str) else None
        return Generation(model, given, read_prompt, DIALECT, provider=named, models=others)

    def restore(self, generation: Generation, open_seal: OpenSeal) -> Generation:
        return _RESPONSES.restore(generation, open_seal)

    def writer(self, generation: Generation, author: Author) -> ResponseWriter:
        return _RESPONSES.writer(generation, author)
