"""Bodies and histories of the Responses API that hold what no contract has seen: an answer or a refusal, no crash."""

from dataclasses import replace
from typing import Any

import pytest

from gateway.dialects import DIALECTS
from gateway.dialects.base import Origin
from gateway.errors import InvalidRequest
from gateway.neutral.generation import Generation
from gateway.neutral.prompt import Prompt
from gateway.surfaces.base import Surface
from gateway.surfaces.openai_responses import OpenAIResponsesSurface
from gateway.surfaces.waystone_responses import WaystoneResponsesSurface

FUNCTION = {"type": "function", "name": "f"}

ODD_TOOLS: tuple[Any, ...] = (
    5,
    "x",
    [5],
    [None],
    [{}],
    [{"type": 5}],
    [{"type": ["function"]}],
    [{"type": "namespace"}],
    [{"type": "namespace", "name": "n"}],
    [{"type": "namespace", "name": "n", "tools": None}],
    [{"type": "namespace", "name": "n", "tools": "ab"}],
    [{"type": "namespace", "name": "n", "tools": [None, {}, {"type": 5}]}],
    [{"type": "namespace", "tools": [FUNCTION]}],
    [{"type": "namespace", "name": ["n"], "tools": [FUNCTION]}],
    [{"type": "namespace", "name": "n", "tools": [{"type": "namespace", "name": "m", "tools": []}]}],
    [{"type": "function", "name": 5}],
    [{"type": "function", "name": ["f"]}],
    [{**FUNCTION, "description": 5}],
    [{**FUNCTION, "parameters": "x"}],
    [{**FUNCTION, "parameters": [5]}],
    [{"type": "function", "function": {"name": "f", "parameters": "x"}}],
    [{"type": "custom", "name": {"a": 1}}],
    [{"type": "custom", "name": "c", "description": [5], "format": "x"}],
    [{"type": "custom", "name": "c", "format": {"type": "grammar", "syntax": 5, "definition": [5]}}],
)
ODD_ITEMS: tuple[Any, ...] = (
    {},
    {"type": 5},
    {"type": None, "role": "user", "content": "x"},
    {"type": "unheard_of"},
    {"type": "item_reference"},
    {"type": "message", "content": "x"},
    {"type": "message", "role": "robot", "content": "x"},
    {"type": "message", "role": "user"},
    {"type": "message", "role": "user", "content": None},
    {"type": "message", "role": "user", "content": 5},
    {"type": "message", "role": "user", "content": {"a": 1}},
    {"type": "message", "role": "user", "content": ["x", None]},
    {"type": "message", "role": "user", "content": [{"text": "x"}]},
    {"type": "message", "role": "user", "content": [{"type": 5}]},
    {"type": "message", "role": "user", "content": [{"type": "input_text"}]},
    {"type": "message", "role": "user", "content": [{"type": "input_image", "image_url": 5}]},
    {"type": "message", "role": "user", "content": [{"type": "input_file", "file_data": 5}]},
    {"type": "message", "role": "assistant", "content": [{"type": "refusal"}]},
    {"type": "function_call"},
    {"type": "function_call", "call_id": "c", "name": "f"},
    {"type": "function_call", "name": "f", "arguments": "{}"},
    {"type": "function_call", "call_id": ["c"], "name": "f", "arguments": "{}"},
    {"type": "function_call", "call_id": "c", "name": "f", "arguments": {}, "namespace": ["n"]},
    {"type": "function_call_output"},
    {"type": "function_call_output", "call_id": {}, "output": "x"},
    {"type": "function_call_output", "call_id": "c", "output": 5},
    {"type": "custom_tool_call", "call_id": "c", "name": "f"},
    {"type": "custom_tool_call", "name": "f", "input": "x"},
    {"type": "reasoning", "id": 5, "encrypted_content": 5, "summary": None},
    {"type": "additional_tools"},
    {"type": "additional_tools", "tools": 5},
    {"type": "additional_tools", "tools": [{"type": "namespace"}]},
    {"type": "configuration_update", "reasoning": 5, "text": {"format": {"type": ["x"]}}},
)


def _encode(generation: Generation, dialect: str) -> InvalidRequest | None:
    try:
        DIALECTS[dialect].encode(replace(generation, dialect=None), Origin("test", "m"))
    except InvalidRequest as refusal:
        return refusal
    return None


def _with_history(*items: Any) -> Generation:
    body: Any = {
        "model": "m",
        "previous_response_id": "resp_1",
        "input": [*items, {"type": "message", "role": "user", "content": "And now?"}],
    }
    return replace(OpenAIResponsesSurface().read(body), history=len(items))


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("tools", ODD_TOOLS, ids=str)
def test_tools_of_any_type_are_no_crash(tools: Any, dialect: str) -> None:
    body: Any = {"model": "m", "input": "Hi.", "tools": tools}
    refusal = _encode(WaystoneResponsesSurface().read(body), dialect)
    assert refusal is None or (refusal.param or "").startswith("tools[0]")


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("item", ODD_ITEMS, ids=str)
def test_stored_items_of_any_type_are_no_crash(item: Any, dialect: str) -> None:
    refusal = _encode(_with_history(item), dialect)
    assert refusal is None or (refusal.param or "").startswith("previous_response_id")


@pytest.mark.parametrize("dialect", [name for name in DIALECTS if name != "openai-responses"])
@pytest.mark.parametrize("kind", [5, ["json_schema"], {}, "grammar"])
@pytest.mark.parametrize("field", ["text", "response_format"])
def test_output_format_of_an_unknown_type_is_refused(field: str, kind: Any, dialect: str) -> None:
    format_ = {"type": kind}
    body: Any = {"model": "m", "input": "Hi.", field: {"format": format_} if field == "text" else format_}
    refusal = _encode(WaystoneResponsesSurface().read(body), dialect)
    assert refusal is not None
    assert refusal.param == ("text.format.type" if field == "text" else "response_format.type")


def test_parameters_that_are_no_schema_are_refused() -> None:
    body: Any = {"model": "m", "input": "Hi.", "tools": [{**FUNCTION, "parameters": "x"}]}
    refusal = _encode(WaystoneResponsesSurface().read(body), "openai-chat")
    assert refusal is not None
    assert refusal.param == "tools[0].parameters"


@pytest.mark.parametrize("surface", [OpenAIResponsesSurface(), WaystoneResponsesSurface()], ids=["v1", "waystone"])
@pytest.mark.parametrize(
    ("own", "other"),
    [
        ({"reasoning": {"effort": "low"}}, {"reasoning_effort": "high"}),
        ({"text": {"verbosity": "low"}}, {"verbosity": "high"}),
        ({"text": {"format": {"type": "json_object"}}}, {"response_format": {"type": "json_schema"}}),
    ],
)
def test_a_setting_under_two_names_has_one_verdict_in_any_order(surface: Surface[Any], own: Any, other: Any) -> None:
    base: Any = {"model": "m", "input": "Hi."}

    def read(fields: Any) -> Prompt:
        return surface.read({**base, **fields}).prompt

    alone = read(own)
    for both in ({**own, **other}, {**other, **own}):
        prompt = read(both)
        assert (prompt.settings, prompt.output_format) == (alone.settings, alone.output_format)
        assert prompt.untranslated == [*other]
    assert read(other).untranslated == []


@pytest.mark.parametrize("surface", [OpenAIResponsesSurface(), WaystoneResponsesSurface()], ids=["v1", "waystone"])
@pytest.mark.parametrize(
    ("name", "other"), [("max_completion_tokens", 50), ("max_completion_tokens", 90), ("max_tokens", 50)]
)
def test_of_two_limits_the_lower_one_counts_and_none_is_reported(surface: Surface[Any], name: str, other: int) -> None:
    own: Any = {"model": "m", "input": "Hi."}
    for both in ({"max_output_tokens": 70, name: other}, {name: other, "max_output_tokens": 70}):
        prompt = surface.read({**own, **both}).prompt
        limits: dict[str, Any] = {prompt.settings.path(limit): value for limit, value in prompt.settings.values.items()}
        assert min(limits.values()) == min(70, other)
        assert limits["max_output_tokens" if other > 70 else name] == min(70, other)
        assert prompt.untranslated == []


@pytest.mark.parametrize("surface", [OpenAIResponsesSurface(), WaystoneResponsesSurface()], ids=["v1", "waystone"])
def test_a_neutral_setting_beside_one_in_its_own_place_is_not_reported(surface: Surface[Any]) -> None:
    fields: Any = {"text": {"format": {"type": "json_object"}, "foo": None}, "response_format": {"type": "text"}}
    fields |= {"include": ["message.output_text.logprobs"], "logprobs": False}
    prompt = surface.read({"model": "m", "input": "Hi.", **fields}).prompt
    assert prompt.output_format is not None
    assert (prompt.output_format.kind, prompt.settings.values["logprobs"]) == ("json_object", True)
    # What only chat has is no field of `/v1/responses`, and none of it is reported there either.
    assert prompt.untranslated == []
