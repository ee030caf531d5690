"""Fields that are not known, and that the upstream does not get, are reported wherever they stand."""

from collections.abc import Callable
from typing import Any

import orjson
import pytest

from gateway.dialects import DIALECTS
from gateway.dialects.base import Origin
from gateway.dialects.profiles.openai_chat import ChatProfile
from gateway.neutral.generation import Generation
from gateway.surfaces.openai_chat import OpenAIChatSurface
from gateway.surfaces.openai_responses import OpenAIResponsesSurface

CHAT = "openai-chat"
OTHERS = ("anthropic-messages", "bedrock-converse", "gemini", "cohere")
VALUES: list[Any] = ["x", True, 1, {"a": 1}, False, 0, "", [], {}]
USER: Any = {"role": "user", "content": "Hi"}
FUNCTION: Any = {"type": "function", "name": "f", "parameters": {"type": "object", "properties": {}}}
CUSTOM: Any = {"type": "custom", "name": "f"}
NAMESPACE: Any = {"type": "namespace", "name": "n", "description": "", "tools": [FUNCTION]}
IMAGE = "data:image/png;base64,AAAA"
PDF = "data:application/pdf;base64,AAAA"
CALL: Any = {"type": "function_call", "call_id": "c", "name": "f", "arguments": "{}"}
CUSTOM_CALL: Any = {"type": "custom_tool_call", "call_id": "c", "name": "f", "input": "x"}
OUTPUT: Any = {"type": "function_call_output", "call_id": "c", "output": "r"}
CUSTOM_OUTPUT: Any = {**OUTPUT, "type": "custom_tool_call_output"}
CHAT_FUNCTION: Any = {"type": "function", "function": {"name": "f"}}
CHAT_CUSTOM: Any = {"type": "custom", "custom": {"name": "f"}}
CHAT_CALL: Any = {"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}}
CHAT_CUSTOM_CALL: Any = {"id": "c", "type": "custom", "custom": {"name": "f", "input": "x"}}
More = dict[str, Any]


def responses(**fields: Any) -> Generation:
    body: Any = {"model": "m", "input": "Hi", **fields}
    return OpenAIResponsesSurface().read(body)


def chat(*messages: Any, **fields: Any) -> Generation:
    body: Any = {"model": "m", "messages": [USER, *messages], **fields}
    return OpenAIChatSurface().read(body)


def answered(call: Any) -> Generation:
    return chat(
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "c", "content": "r"},
    )


def dropped(dialect: str, generation: Generation) -> tuple[Any, list[str]]:
    profile = ChatProfile(takes_custom_tools=True) if dialect == CHAT else DIALECTS[dialect].profile_type()
    outbound = DIALECTS[dialect].encode(generation, Origin("lab", "m", profile))
    return orjson.loads(outbound.body), [*outbound.dropped]


# What no dialect but the client's own has a place for.
NOWHERE: dict[str, tuple[Callable[[More], Generation], str]] = {
    "a message": (lambda more: responses(input=[{"role": "user", "content": "Hi", **more}]), "input[0]"),
    "an answer": (lambda more: responses(input=[{"role": "assistant", "content": "a", **more}, USER]), "input[0]"),
    "a call": (lambda more: responses(tools=[FUNCTION], input=[USER, {**CALL, **more}, OUTPUT]), "input[1]"),
    "an output": (lambda more: responses(tools=[FUNCTION], input=[USER, CALL, {**OUTPUT, **more}]), "input[2]"),
    "a custom call": (lambda more: responses(input=[USER, {**CUSTOM_CALL, **more}, CUSTOM_OUTPUT]), "input[1]"),
    "a custom output": (lambda more: responses(input=[USER, CUSTOM_CALL, {**CUSTOM_OUTPUT, **more}]), "input[2]"),
    "a namespace": (
        lambda more: responses(tools=[{**NAMESPACE, **more}]),
        "tools[0]",
    ),
    "a choice": (
        lambda more: responses(tools=[FUNCTION], tool_choice={"type": "function", "name": "f", **more}),
        "tool_choice",
    ),
    "a nested choice": (
        lambda more: responses(tools=[FUNCTION], tool_choice={"type": "function", "function": {"name": "f", **more}}),
        "tool_choice.function",
    ),
    "a custom choice": (
        lambda more: responses(tools=[CUSTOM], tool_choice={"type": "custom", "name": "f", **more}),
        "tool_choice",
    ),
    "a choice of some": (
        lambda more: responses(
            tools=[FUNCTION],
            tool_choice={"type": "allowed_tools", "mode": "auto", "tools": [{"type": "function", "name": "f"}], **more},
        ),
        "tool_choice",
    ),
    "chat's message": (lambda more: chat({**USER, **more}), "messages[1]"),
    "chat's answer": (lambda more: chat({"role": "assistant", "content": "a", **more}, USER), "messages[1]"),
    "chat's call": (lambda more: answered({**CHAT_CALL, **more}), "messages[1].tool_calls[0]"),
    "chat's called function": (
        lambda more: answered({**CHAT_CALL, "function": {**CHAT_CALL["function"], **more}}),
        "messages[1].tool_calls[0].function",
    ),
    "chat's called tool": (
        lambda more: answered({**CHAT_CUSTOM_CALL, "custom": {**CHAT_CUSTOM_CALL["custom"], **more}}),
        "messages[1].tool_calls[0].custom",
    ),
    "chat's deprecated call": (
        lambda more: chat(
            {"role": "assistant", "content": None, "function_call": {"name": "f", "arguments": "{}", **more}},
            {"role": "function", "name": "f", "content": "r"},
        ),
        "messages[1].function_call",
    ),
    "chat's choice": (lambda more: chat(tools=[CHAT_FUNCTION], tool_choice={**CHAT_FUNCTION, **more}), "tool_choice"),
    "chat's named function": (
        lambda more: chat(tools=[CHAT_FUNCTION], tool_choice={"type": "function", "function": {"name": "f", **more}}),
        "tool_choice.function",
    ),
    "chat's custom choice": (
        lambda more: chat(tools=[CHAT_CUSTOM], tool_choice={"type": "custom", "custom": {"name": "f", **more}}),
        "tool_choice.custom",
    ),
    "chat's choice of some": (
        lambda more: chat(
            tools=[CHAT_FUNCTION],
            tool_choice={"type": "allowed_tools", "allowed_tools": {"mode": "auto", "tools": [CHAT_FUNCTION], **more}},
        ),
        "tool_choice.allowed_tools",
    ),
    "chat's function": (
        lambda more: chat(tools=[{"type": "function", "function": {"name": "f", **more}}]),
        "tools[0].function",
    ),
}  # fmt: skip


@pytest.mark.parametrize("dialect", OTHERS)
@pytest.mark.parametrize(("read", "path"), NOWHERE.values(), ids=NOWHERE)
def test_a_field_without_a_place_is_reported_whatever_it_holds(
    read: Callable[[More], Generation], path: str, dialect: str
) -> None:
    expected = dropped(dialect, read({}))
    assert dropped(dialect, read({"foo": None})) == expected
    for value in VALUES:
        document, paths = dropped(dialect, read({"foo": value}))
        assert document == expected[0]
        assert {*paths} == {*expected[1], f"{path}.foo"}


def part(given: Any) -> Callable[[More], Generation]:
    return lambda more: responses(input=[{"role": "user", "content": [{**given, **more}]}])


# What travels to an upstream that has the same part or tool.
ATTACHED: dict[str, tuple[Callable[[More], Generation], str]] = {
    "a text": (part({"type": "input_text", "text": "a"}), "input[0].content[0]"),
    "an image": (part({"type": "input_image", "image_url": IMAGE}), "input[0].content[0]"),
    "a file": (part({"type": "input_file", "filename": "a.pdf", "file_data": PDF}), "input[0].content[0]"),
    "an instruction": (
        lambda more: responses(
            input=[{"role": "system", "content": [{"type": "input_text", "text": "a", **more}]}, USER]
        ),
        "input[0].content[0]",
    ),
    "an output": (
        lambda more: responses(input=[USER, CALL, {**OUTPUT, "output": [{"type": "input_text", "text": "r", **more}]}]),
        "input[2].output[0]",
    ),
    "a function": (lambda more: responses(tools=[{**FUNCTION, **more}]), "tools[0]"),
    "a function of a namespace": (
        lambda more: responses(tools=[{**NAMESPACE, "tools": [{**FUNCTION, **more}]}]),
        "tools[0].tools[0]",
    ),
}


@pytest.mark.parametrize("dialect", [*OTHERS, CHAT])
@pytest.mark.parametrize(("read", "path"), ATTACHED.values(), ids=ATTACHED)
def test_a_field_that_does_not_travel_is_reported(read: Callable[[More], Generation], path: str, dialect: str) -> None:
    if dialect == "cohere" and ".pdf" in str(read({}).body):
        pytest.skip("Cohere takes no files")
    expected, known = dropped(dialect, read({}))
    for given in VALUES:
        document, paths = dropped(dialect, read({"foo": given}))
        assert (document != expected) is (dialect == CHAT)
        assert {*paths} == ({*known} if dialect == CHAT else {*known, f"{path}.foo"})


def test_what_a_dialect_takes_care_of_itself_is_not_reported() -> None:
    cited = part({"type": "input_file", "filename": "a.pdf", "file_data": PDF, "citations": {"enabled": True}})({})
    for dialect in ("anthropic-messages", "bedrock-converse"):
        document, paths = dropped(dialect, cited)
        assert "citations" in str(document)
        assert paths == []
    assert dropped("gemini", cited)[1] == ["input[0].content[0].citations"]
    marked = responses(tools=[{**FUNCTION, "prompt_cache_breakpoint": {"mode": "explicit"}}])
    document, paths = dropped("anthropic-messages", marked)
    assert document["tools"][0]["cache_control"] == {"type": "ephemeral"}
    assert paths == []


@pytest.mark.parametrize("dialect", ["bedrock-converse", "gemini", "cohere"])
def test_a_breakpoint_of_openais_is_reported_where_there_are_none(dialect: str) -> None:
    read = part({"type": "input_text", "text": "a"})
    marked = read({"prompt_cache_breakpoint": {"mode": "explicit"}})
    assert dropped(dialect, marked)[1] == ["input[0].content[0].prompt_cache_breakpoint"]


@pytest.mark.parametrize("dialect", [*OTHERS, CHAT])
def test_a_field_of_free_text_is_reported(dialect: str) -> None:
    for tool in ({**CUSTOM, "format": {"type": "text"}}, CUSTOM):
        assert dropped(dialect, responses(tools=[tool]))[1] == []
    assert dropped(dialect, responses(tools=[{**CUSTOM, "format": {"type": "foo"}}]))[1] == ["tools[0].format"]
    for given in VALUES:
        assert dropped(dialect, responses(tools=[{**CUSTOM, "foo": given}]))[1] == ["tools[0].foo"]


SCHEMA: Any = {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]}
NAMED: Any = {"name": "n", "schema": SCHEMA, "description": "d", "strict": True}
FORMATS: dict[str, tuple[Callable[[More], Generation], str]] = {
    "a schema": (lambda more: responses(text={"format": {"type": "json_schema", **NAMED, **more}}), "text.format"),
    "an object": (lambda more: responses(text={"format": {"type": "json_object", **more}}), "text.format"),
    "chat's schema": (
        lambda more: chat(response_format={"type": "json_schema", "json_schema": {**NAMED, **more}}),
        "response_format.json_schema",
    ),
    "chat's format": (
        lambda more: chat(response_format={"type": "json_schema", "json_schema": NAMED, **more}),
        "response_format",
    ),
    "chat's object": (lambda more: chat(response_format={"type": "json_object", **more}), "response_format"),
    "chat's text": (lambda more: chat(response_format={"type": "text", **more}), "response_format"),
}


@pytest.mark.parametrize("dialect", OTHERS)
@pytest.mark.parametrize(("read", "path"), FORMATS.values(), ids=FORMATS)
def test_a_field_of_a_format_is_reported(read: Callable[[More], Generation], path: str, dialect: str) -> None:
    expected, known = dropped(dialect, read({}))
    for given in VALUES:
        document, paths = dropped(dialect, read({"foo": given}))
        assert document == expected
        assert {*paths} == {*known, f"{path}.foo"}


SILENT: dict[str, Callable[[], Generation]] = {
    "an earlier answer of OpenAI's": lambda: responses(
        input=[
            USER,
            {
                "type": "message", "id": "msg_1", "role": "assistant", "status": "completed", "phase": "final_answer",
                "content": [{"type": "output_text", "text": "a", "annotations": [], "logprobs": []}],
            },
            {**CALL, "id": "fc_1", "status": "completed", "namespace": None, "caller": None},
            {**OUTPUT, "id": "fco_1", "status": "completed"},
        ],
    ),
    "an earlier answer of chat's": lambda: chat(
        {
            "role": "assistant", "content": "a", "refusal": None, "annotations": [], "audio": None,
            "function_call": None, "tool_calls": None, "reasoning_content": "", "reasoning": None,
        },
        USER,
    ),
    "a call with its index": lambda: answered({**CHAT_CALL, "index": 0}),
}  # fmt: skip


@pytest.mark.parametrize("dialect", OTHERS)
@pytest.mark.parametrize("read", SILENT.values(), ids=SILENT)
def test_nothing_is_reported_of_what_answers_have_by_themselves(read: Callable[[], Generation], dialect: str) -> None:
    assert dropped(dialect, read())[1] == []
