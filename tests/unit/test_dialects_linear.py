"""Large requests take as long as they are large, in every dialect: one must not hold the loop for everybody."""

import gc
import time
from collections.abc import Callable, Iterator
from typing import Any

import orjson
import pytest

from gateway.dialects import DIALECTS
from gateway.dialects.base import Origin
from gateway.errors import InvalidRequest
from gateway.neutral.events import Done
from gateway.providers import ROWS
from gateway.surfaces.openai_responses import OpenAIResponsesSurface
from tests.unit.generations import Recovered, generation_of, translated

_Items = list[dict[str, Any]]
_MODELS = {"anthropic": "claude-sonnet-4-5", "gemini": "gemini-2.5-pro", "bedrock": "anthropic.claude-sonnet-4-5-v1:0"}
_PDF = "data:application/pdf;base64,JVBERi0="
_LARGE = 6000
# What takes less is nobody's harm; what grew with the square took seconds to minutes.
_MOST_SECONDS = 1.5


def _user(*parts: dict[str, Any]) -> dict[str, Any]:
    return {"type": "message", "role": "user", "content": list(parts) or "Hello"}


def _file(number: int) -> dict[str, Any]:
    return {"type": "input_file", "filename": "a.pdf", "file_data": _PDF}


def _marked(number: int) -> dict[str, Any]:
    return {"type": "input_text", "text": "x", "prompt_cache_breakpoint": {"mode": "explicit"}}


def _answered(number: int) -> _Items:
    call = {"type": "function_call", "call_id": "same", "name": "f", "arguments": "{}"}
    return [call, {"type": "function_call_output", "call_id": "same", "output": "o"}]


LARGE: dict[str, Callable[[int], dict[str, Any]]] = {
    "messages": lambda n: {"input": [_user() for _ in range(n)]},
    "reasoning": lambda n: {"input": [*({"type": "reasoning", "id": "r", "summary": []} for _ in range(n)), _user()]},
    "searches": lambda n: {"input": [*({"type": "web_search_call", "id": "w"} for _ in range(n)), _user()]},
    "marks": lambda n: {"input": [_user(*map(_marked, range(n)))]},
    "files": lambda n: {"input": [_user(*map(_file, range(n)))]},
    "one call id": lambda n: {"input": [_user(), *(item for i in range(n) for item in _answered(i))]},
    "definitions": lambda n: {
        "input": "x",
        "text": {"format": {"type": "json_schema", "name": "n", "schema": _chain(n)}},
    },
    "unknown fields": lambda n: {"input": "x", **{f"field_{number}": 1 for number in range(n)}},
}


def _chain(count: int) -> dict[str, Any]:
    """A schema whose definitions lead one to the next."""
    leading = {f"d{i}": {"$ref": f"#/$defs/d{i + 1}"} for i in range(count - 1)}
    properties = {"a": {"$ref": "#/$defs/d0"}}
    closed = {"type": "object", "properties": properties, "required": ["a"], "additionalProperties": False}
    return {**closed, "$defs": {**leading, f"d{count - 1}": {"type": "string"}}}


@pytest.fixture
def _only_new_garbage() -> Iterator[None]:
    """A collection goes through what was made since, not through all that the tests hold, which takes 1.5 s."""
    gc.freeze()
    yield
    gc.unfreeze()


@pytest.mark.usefixtures("_only_new_garbage")
@pytest.mark.parametrize("provider", ["anthropic", "gemini", "bedrock", "cohere", "mistral", "groq"])
@pytest.mark.parametrize("kind", LARGE)
def test_a_large_request_is_written_in_time(kind: str, provider: str) -> None:
    row, model = ROWS[provider], _MODELS.get(provider, "any")
    surface = OpenAIResponsesSurface()
    body = {"model": model, **LARGE[kind](_LARGE)}
    begun = time.process_time()
    try:
        generation = translated(surface, body, provider)
        DIALECTS[row.dialects[0]].encode(generation, Origin(provider, model, row.own.of(model)))
    except InvalidRequest:
        pass  # a refusal has to come in time, too
    assert time.process_time() - begun < _MOST_SECONDS


@pytest.mark.usefixtures("_only_new_garbage")
def test_reasoning_with_searches_that_are_not_there_is_written_in_time() -> None:
    search = {"type": "server_tool_use", "id": "s", "name": "web_search", "input": {}}
    thought = Recovered({"type": "reasoning", "id": "r", "summary": []}, {"blocks": [search]})
    generation = generation_of("m", items=[_user(), *[thought] * 4 * _LARGE, _user()])
    prompt = generation.prompt
    begun = time.process_time()
    DIALECTS["anthropic-messages"].encode(generation.with_prompt(prompt), Origin("anthropic", "m"))
    assert time.process_time() - begun < _MOST_SECONDS


@pytest.mark.usefixtures("_only_new_garbage")
def test_a_response_whose_items_are_others_in_the_end_is_read_in_time() -> None:
    decoder = DIALECTS["openai-responses"].decoder(generation_of("m", True), Origin("lab", "m"), is_native=True)
    others = [{"type": "message", "id": f"other_{number}", "content": []} for number in range(_LARGE)]
    begun = time.process_time()
    for number in range(_LARGE):
        item = {"type": "message", "id": f"msg_{number}"}
        decoder.feed(orjson.dumps({"type": "response.output_item.added", "output_index": number, "item": item}))
    ended = decoder.feed(orjson.dumps({"type": "response.completed", "response": {"output": others}}))
    assert time.process_time() - begun < _MOST_SECONDS
    assert isinstance(ended[-1], Done)


def _nested(depth: int) -> dict[str, Any]:
    nested: dict[str, Any] = {"type": "object"}
    for _ in range(depth):
        nested = {"type": "object", "properties": {"a": nested}}
    return nested


@pytest.mark.parametrize("provider", ROWS)
@pytest.mark.parametrize("place", ["form", "tool", "arguments"])
def test_what_is_nested_too_deeply_to_be_written_is_refused(place: str, provider: str) -> None:
    row, surface = ROWS[provider], OpenAIResponsesSurface()
    form = {"format": {"type": "json_schema", "name": "n", "schema": _nested(300)}}
    call = {"type": "function_call", "call_id": "c", "name": "f", "arguments": _nested(300)}
    bodies: dict[str, dict[str, Any]] = {
        "form": {"input": "x", "text": form},
        "tool": {"input": "x", "tools": [{"type": "function", "name": "f", "parameters": _nested(300)}]},
        "arguments": {"input": [_user(), call, {"type": "function_call_output", "call_id": "c", "output": "o"}]},
    }
    body = bodies[place]
    try:
        generation = translated(surface, {"model": "any", **body}, provider)
        DIALECTS[row.dialects[0]].encode(generation, Origin(provider, "any", row.own.of("any")))
    except InvalidRequest as refused:
        assert refused.code  # noqa: PT017  (what can be written is fine, too)
