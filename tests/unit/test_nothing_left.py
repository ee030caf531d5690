"""A conversation of which nothing is left for an upstream is refused before it is sent, and charged."""

from dataclasses import replace
from typing import Any

import pytest

from gateway.dialects import DIALECTS
from gateway.dialects.base import Origin
from gateway.errors import InvalidRequest
from gateway.neutral.generation import Generation
from gateway.surfaces.openai_chat import OpenAIChatSurface
from gateway.surfaces.openai_responses import OpenAIResponsesSurface

TRANSLATED = ["anthropic-messages", "gemini", "bedrock-converse", "cohere", "openai-chat"]
SILENT: Any = {"role": "assistant", "content": ""}
THOUGHT: Any = {"type": "reasoning", "id": "rs_1", "summary": []}


def _encode(dialect: str, generation: Generation) -> None:
    DIALECTS[dialect].encode(replace(generation, dialect=None), Origin("lab", "m", DIALECTS[dialect].profile_type()))


def _responses(**fields: Any) -> Generation:
    body: Any = {"model": "m", **fields}
    return OpenAIResponsesSurface().read(body)


def _chat(*messages: Any) -> Generation:
    return OpenAIChatSurface().read({"model": "m", "messages": [*messages]})


@pytest.mark.parametrize(
    ("generation", "param"),
    [
        (_responses(input=[THOUGHT]), "input"),
        (_responses(input=[SILENT]), "input"),
        (_responses(input=[THOUGHT, SILENT]), "input"),
        (_chat({"role": "assistant", "content": None}), "messages"),
        (_chat(SILENT, SILENT), "messages"),
    ],
)
@pytest.mark.parametrize("dialect", TRANSLATED)
def test_a_conversation_of_which_nothing_is_left_is_refused(dialect: str, generation: Generation, param: str) -> None:
    with pytest.raises(InvalidRequest, match="nothing that could be answered") as refused:
        _encode(dialect, generation)
    assert refused.value.param == param


@pytest.mark.parametrize(
    "generation",
    [
        _responses(input=[SILENT], instructions="Be brief."),
        _responses(input=[THOUGHT, {"role": "user", "content": ""}]),
        _chat(SILENT, {"role": "system", "content": "Be brief."}),
        _chat({"role": "user", "content": ""}),
        _chat({"role": "user", "content": []}),
        _chat({"role": "assistant", "content": "It is"}),
    ],
)
@pytest.mark.parametrize("dialect", TRANSLATED)
def test_an_instruction_or_a_message_of_the_user_is_something(dialect: str, generation: Generation) -> None:
    _encode(dialect, generation)
