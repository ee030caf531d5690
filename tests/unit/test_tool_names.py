"""Tools whose names an upstream does not allow stay apart, in whichever order they are offered."""

import hashlib
from itertools import permutations
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.dialects import DIALECTS
from gateway.dialects.base import Origin
from gateway.dialects.turns.toolbox import Toolbox
from gateway.errors import InvalidRequest
from gateway.neutral.generation import Generation
from gateway.neutral.tools import FunctionTool
from gateway.surfaces.openai_chat import OpenAIChatSurface
from gateway.surfaces.openai_responses import OpenAIResponsesSurface

TRANSLATED = ["anthropic-messages", "gemini", "bedrock-converse", "cohere"]
NAMES = ["a.b", "a_b", "a:b", "a/b", "x" * 70, "x" * 64, "7", "_7"]
DIGIT_NAMES = ["7" * 70, "7" * 64, "7" * 63, "_7" + "x" * 62, "-" * 64]


def digest_of(name: str) -> str:
    return hashlib.sha256(f"\0{name}".encode()).hexdigest()[:8]


CLASHING = ["a.b", "a_b", f"a_b_{digest_of('a.b')}", "a/b"]


def named(document: Any) -> list[str]:
    """Everything that is called `name` below the tools of a request."""
    if isinstance(document, dict):
        own = [document["name"]] if isinstance(document.get("name"), str) else []
        return own + [name for value in document.values() for name in named(value)]
    return [name for value in document for name in named(value)] if isinstance(document, list) else []


def function(name: str) -> Any:
    return {"type": "function", "function": {"name": name, "parameters": {"type": "object"}}}


def sent(dialect: str, generation: Generation) -> Any:
    origin = Origin("lab", "m", DIALECTS[dialect].profile_type())
    return orjson.loads(DIALECTS[dialect].encode(generation, origin).body)


@pytest.mark.parametrize("dialect", TRANSLATED)
@pytest.mark.parametrize(
    "names", [*permutations(["a.b", "a_b", "a:b"]), NAMES, NAMES[::-1], DIGIT_NAMES, CLASHING, CLASHING[::-1]]
)
def test_no_tool_is_lost(dialect: str, names: list[str]) -> None:
    tools = [function(name) for name in names]
    body: Any = {"model": "lab/m", "messages": [{"role": "user", "content": "Hi"}], "tools": tools}
    document = sent(dialect, OpenAIChatSurface().read(body))
    found = named(document.get("tools") or document.get("toolConfig"))
    assert len({*found}) == len(names)
    assert max(map(len, found)) <= 64
    if "a_b" in names:
        assert "a_b" in found


@given(st.lists(st.text("ab._:/-é", min_size=1, max_size=4), unique=True, max_size=8))
def test_every_flat_name_leads_back_to_its_tool(names: list[str]) -> None:
    toolbox = Toolbox([FunctionTool(name, name, name) for name in names])
    assert len(toolbox) == len(names)
    for name in names:
        tool = toolbox.tool(toolbox.name_of(None, name))
        assert tool is not None
        assert tool.name == name


CALLS = [("a.b", "a/b"), ("a.b", "a_b"), ("7" * 64, "7" * 65), ("a b", "a\tb", "a_b_")]
OFFERED: list[list[str]] = [[], ["c"], ["a_b"]]


@pytest.mark.parametrize("dialect", TRANSLATED)
@pytest.mark.parametrize("offered", OFFERED, ids=map(str, OFFERED))
@pytest.mark.parametrize("names", CALLS, ids=range(len(CALLS)))
def test_calls_of_tools_that_are_gone_stay_apart(dialect: str, offered: list[str], names: tuple[str, ...]) -> None:
    calls = [
        {"id": f"c{number}", "type": "function", "function": {"name": name, "arguments": "{}"}}
        for number, name in enumerate(names)
    ]
    outputs = [{"role": "tool", "tool_call_id": call["id"], "content": "1"} for call in calls]
    messages = [
        {"role": "user", "content": "Hi"},
        {"role": "assistant", "content": None, "tool_calls": calls},
        *outputs,
    ]
    body: Any = {"model": "lab/m", "messages": messages, "tools": [function(name) for name in offered]}
    document = sent(dialect, OpenAIChatSurface().read(body))
    called = {*named(document.get("messages") or document.get("contents"))}
    assert len(called) == len(names)
    assert max(map(len, called)) <= 64


DIFFERENT: dict[str, list[Any]] = {
    "a function and a free text": [{"type": "function", "name": "x"}, {"type": "custom", "name": "x"}],
    "a free text and a function": [{"type": "custom", "name": "x"}, {"type": "function", "name": "x"}],
    "two schemas": [
        {"type": "function", "name": "x", "parameters": {"type": "object", "properties": {"a": {}}}},
        {"type": "function", "name": "x", "parameters": {"type": "object", "properties": {"b": {}}}},
    ],
    "two descriptions": [
        {"type": "function", "name": "x", "description": "a"},
        {"type": "function", "name": "x", "description": "b"},
    ],
    "two grammars": [
        {"type": "custom", "name": "x", "format": {"type": "grammar", "syntax": "regex", "definition": "a"}},
        {"type": "custom", "name": "x"},
    ],
}


@pytest.mark.parametrize("dialect", [*TRANSLATED, "openai-chat"])
@pytest.mark.parametrize("tools", DIFFERENT.values(), ids=DIFFERENT)
def test_two_tools_of_one_name_are_refused(dialect: str, tools: list[Any]) -> None:
    body: Any = {"model": "lab/m", "input": "Hi", "tools": [{"type": "function", "name": "a"}, *tools]}
    with pytest.raises(InvalidRequest) as refused:
        sent(dialect, OpenAIResponsesSurface().read(body))
    assert refused.value.param == "tools[2].name"
    in_namespace: Any = {"type": "namespace", "name": "n", "description": "", "tools": tools}
    with pytest.raises(InvalidRequest) as refused:
        sent(dialect, OpenAIResponsesSurface().read(body | {"tools": [in_namespace]}))
    assert refused.value.param == "tools[0].tools[1].name"


@pytest.mark.parametrize("dialect", [*TRANSLATED, "openai-chat"])
def test_the_description_of_a_namespace_stands_before_those_of_its_tools(dialect: str) -> None:
    tools = [
        {"type": "function", "name": "x", "description": "Looks."},
        {"type": "function", "name": "y"},
        {"type": "custom", "name": "z", "description": "Writes."},
    ]
    namespace = {"type": "namespace", "name": "n", "description": "All of the weather.", "tools": tools}
    body: Any = {"model": "lab/m", "input": "Hi", "tools": [namespace, {"type": "function", "name": "x"}]}
    written = str(sent(dialect, OpenAIResponsesSurface().read(body)))
    assert repr("All of the weather.\n\nLooks.")[1:-1] in written
    assert repr("All of the weather.\n\nWrites.")[1:-1] in written
    assert written.count("All of the weather.") == 3


@pytest.mark.parametrize("dialect", [*TRANSLATED, "openai-chat"])
def test_a_tool_that_is_offered_twice_is_one(dialect: str) -> None:
    tools = [{"type": "function", "name": "x", "description": "a", "parameters": {"type": "object"}}] * 2
    body: Any = {"model": "lab/m", "input": "Hi", "tools": tools}
    document = sent(dialect, OpenAIResponsesSurface().read(body))
    assert named(document.get("tools") or document.get("toolConfig")) == ["x"]


@pytest.mark.parametrize("dialect", ["anthropic-messages", "gemini", "bedrock-converse"])
def test_one_that_is_offered_twice_with_a_cache_mark_is_one(dialect: str) -> None:
    tool = {**function("f"), "cache_control": {"type": "ephemeral"}}
    body: Any = {"model": "m", "messages": [{"role": "user", "content": "Hi"}], "tools": [tool, tool]}
    assert named(sent(dialect, OpenAIChatSurface().read(body))).count("f") == 1
