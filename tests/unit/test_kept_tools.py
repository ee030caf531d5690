"""Tools that requests share are written as those of each request would be, and nobody changes them."""

import copy
from dataclasses import replace
from typing import Any

import orjson
import pytest

from gateway.dialects import DIALECTS
from gateway.dialects.base import Origin
from gateway.dialects.turns.kept_tools import toolbox_of
from gateway.errors import InvalidRequest
from gateway.neutral.generation import Generation
from gateway.neutral.kept import Kept, digest_of
from gateway.neutral.prompt import Prompt
from gateway.neutral.tools import SharedTools
from gateway.providers import ROWS
from gateway.surfaces.openai_chat import OpenAIChatSurface
from gateway.surfaces.openai_responses import OpenAIResponsesSurface
from tests.replay.recordings import recordings_of

SCHEMA = {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"], "additionalProperties": False}
CACHED: dict[str, Any] = {
    "model": "lab/m",
    "messages": [
        {"role": "user", "content": [{"type": "text", "text": str(part), "cache_control": {"type": "ephemeral"}}]}
        for part in range(4)
    ],
    "tools": [
        {"type": "function", "function": {"name": f"t{number}", "parameters": SCHEMA, "strict": True},
         "cache_control": {"type": "ephemeral"}}
        for number in range(2)
    ],
}  # fmt: skip
NAMED = {"type": "function", "function": {"name": "t1"}}


def recorded(endpoint: str) -> list[dict[str, Any]]:
    found = []
    for recording in recordings_of(endpoint):
        asked = recording.content().get("request_body")
        body = asked if isinstance(asked, dict) else orjson.loads(asked or b"{}")
        if body.get("tools"):
            found.append({**body, "model": "lab/m"})
    return found


BODIES = {
    "chat": [
        CACHED,
        # The same tools, in a request that has room for all their cache controls.
        {**CACHED, "messages": [{"role": "user", "content": "Hi"}]},
        *({**CACHED, "tool_choice": choice} for choice in ("auto", "none", "required", NAMED)),
        {**CACHED, "response_format": {"type": "json_object"}},
        {**CACHED, "functions": [{"name": "f"}]},
        *recorded("chat_completions"),
    ],
    "responses": recorded("responses"),
}
SURFACES: dict[str, Any] = {"chat": OpenAIChatSurface(), "responses": OpenAIResponsesSurface()}
PROFILES = [
    (name, profile)
    for name, dialect in DIALECTS.items()
    for profile in (
        dialect.profile_type(),
        *(row.profile(dialect.profile_type) for row in ROWS.values() if name in row.dialects),
    )
]


def encoded(dialect: str, generation: Generation, origin: Origin) -> Any:
    try:
        outbound = DIALECTS[dialect].encode(generation, origin)
    except InvalidRequest as error:
        return error.body()
    return outbound.body, outbound.dropped, outbound.headers


@pytest.mark.parametrize("api", BODIES)
def test_shared_tools_are_written_as_those_of_each_request_are(api: str) -> None:
    shared = 0
    for body in BODIES[api]:
        try:
            prompt: Prompt = SURFACES[api].read(copy.deepcopy(body)).prompt
            again: Prompt = SURFACES[api].read(copy.deepcopy(body)).prompt
        except InvalidRequest:
            continue
        if isinstance(prompt.tools, SharedTools):
            shared += 1
            assert again.tools is prompt.tools
        before = copy.deepcopy([*prompt.tools])
        generation: Generation = replace(SURFACES[api].read(body), dialect=None)
        for dialect, profile in PROFILES:
            origin = Origin("lab", "m", profile)
            alone = generation.with_prompt(replace(prompt, tools=[*prompt.tools]))
            expected = encoded(dialect, alone, origin)
            for _ in range(2):
                assert encoded(dialect, generation.with_prompt(prompt), origin) == expected
                assert [*prompt.tools] == before
    assert shared > 10


def test_a_toolbox_is_shared_too() -> None:
    prompts = [SURFACES["chat"].read(copy.deepcopy(CACHED)).prompt for _ in range(2)]
    assert toolbox_of(prompts[0]) is toolbox_of(prompts[1])
    assert toolbox_of(replace(prompts[0], tools=[*prompts[0].tools])) is not toolbox_of(prompts[0])


def test_what_is_kept_is_bounded() -> None:
    kept: Kept[int, list[int]] = Kept(3)
    first = kept.get(0, lambda: [0])
    assert kept.get(0, lambda: [1]) is first
    for number in range(1, 4):
        kept.get(number, lambda: [])
    assert kept.get(0, lambda: [1]) == [1]


def test_a_digest_tells_values_apart_and_leaves_large_ones_alone() -> None:
    values = [[{"a": 1, "b": 2}], [{"b": 2, "a": 1}], [{"a": 1.0, "b": 2}], [{"a": "1", "b": 2}], [{"a": True, "b": 2}]]
    assert len({digest_of(value) for value in values}) == len(values)
    assert digest_of(["x" * 200_000]) is None
    assert digest_of(["\ud800"]) is None
