"""Chat bodies on their way to upstreams of another dialect: every message, tool and choice as items."""

import copy
from typing import Any

import pytest

from gateway.errors import InvalidRequest
from gateway.generation import Generation
from gateway.surfaces.openai_chat import OpenAIChatSurface
from gateway.surfaces.waystone_chat import WaystoneChatSurface

URL = "data:image/png;base64,iVBORw0KGgo="
SOUND = {"data": "UklGRg==", "format": "wav"}
CALL = {"id": "call_1", "type": "function", "function": {"name": "look", "arguments": '{"at": 1}'}}
CUSTOM = {"id": "call_2", "type": "custom", "custom": {"name": "run", "input": "ls -l"}}


def translated(*messages: Any, **fields: Any) -> Generation:
    """The neutral request for these messages; the body is as it was before."""
    surface = OpenAIChatSurface()
    generation = surface.read({"model": "small", "messages": list(messages), **fields})
    assert generation.native is not None
    before = copy.deepcopy(generation.native.body)
    surface.translate(generation, "lab")
    assert generation.native.body == before
    return generation


def user(*parts: Any) -> dict[str, Any]:
    return {"role": "user", "content": list(parts)}


def refused(*messages: Any, **fields: Any) -> InvalidRequest:
    with pytest.raises(InvalidRequest) as caught:
        translated(*messages, **fields)
    return caught.value


def test_reading_translates_nothing() -> None:
    generation = OpenAIChatSurface().read({"model": "small", "messages": [{"role": "user", "content": "Hi"}]})
    assert (generation.items, generation.fields) == ([], {})


def test_instructions_stay_messages_in_their_place() -> None:
    roles = ["user", "system", "developer", "user"]
    generation = translated(*({"role": role, "content": role} for role in roles))
    assert generation.instructions is None
    assert generation.items == [{"type": "message", "role": role, "content": role} for role in roles]


@pytest.mark.parametrize(
    ("part", "item_part"),
    [
        ({"type": "text", "text": "Hi"}, {"type": "input_text", "text": "Hi"}),
        ({"type": "image_url", "image_url": {"url": URL}}, {"type": "input_image", "image_url": URL}),
        (
            {"type": "image_url", "image_url": {"url": URL, "detail": "low"}},
            {"type": "input_image", "image_url": URL, "detail": "low"},
        ),
        (
            {"type": "file", "file": {"file_data": "QQ==", "filename": "a.pdf", "file_id": None}},
            {"type": "input_file", "file_data": "QQ==", "filename": "a.pdf"},
        ),
        ({"type": "file", "file": {"file_id": "file-1"}}, {"type": "input_file", "file_id": "file-1"}),
        ({"type": "input_audio", "input_audio": SOUND}, {"type": "input_audio", "input_audio": SOUND}),
        (
            {"type": "text", "text": "Hi", "prompt_cache_breakpoint": {"mode": "explicit"}},
            {"type": "input_text", "text": "Hi", "prompt_cache_breakpoint": {"mode": "explicit"}},
        ),
    ],
    ids=["text", "image", "image detail", "file", "file id", "audio", "cache breakpoint"],
)
def test_parts_of_messages_become_parts_of_items(part: Any, item_part: Any) -> None:
    generation = translated(user(part))
    assert generation.items == [{"type": "message", "role": "user", "content": [item_part]}]
    assert generation.untranslated == []


def test_an_answer_becomes_a_message_and_its_calls_in_order() -> None:
    said = {"role": "assistant", "content": "Let me see.", "refusal": None, "tool_calls": [CALL, CUSTOM]}
    assert translated(said).items == [
        {
            "type": "message",
            "role": "assistant",
            "content": [{"type": "output_text", "text": "Let me see.", "annotations": []}],
        },
        {"type": "function_call", "call_id": "call_1", "name": "look", "arguments": '{"at": 1}'},
        {"type": "custom_tool_call", "call_id": "call_2", "name": "run", "input": "ls -l"},
    ]


@pytest.mark.parametrize("content", [None, "", []])
def test_an_answer_that_only_calls_has_no_message(content: Any) -> None:
    items = translated({"role": "assistant", "content": content, "tool_calls": [CALL]}).items
    assert [item["type"] for item in items] == ["function_call"]


def test_an_answer_with_empty_text_stays_a_turn() -> None:
    (item,) = translated({"role": "assistant", "content": ""}).items
    assert item["content"] == [{"type": "output_text", "text": "", "annotations": []}]


def test_refusals_are_parts_of_answers() -> None:
    refusal = {"type": "refusal", "refusal": "No."}
    (own,) = translated({"role": "assistant", "content": None, "refusal": "No."}).items
    (part,) = translated({"role": "assistant", "content": [refusal]}).items
    assert own == part == {"type": "message", "role": "assistant", "content": [refusal]}


def test_empty_arguments_become_an_empty_object() -> None:
    call = {"id": "call_1", "type": "function", "function": {"name": "look", "arguments": ""}}
    assert translated({"role": "assistant", "tool_calls": [call]}).items[0]["arguments"] == "{}"


def test_outputs_name_the_call_and_its_kind() -> None:
    parts = [{"type": "text", "text": "one"}, {"type": "image_url", "image_url": {"url": URL}}]
    items = translated(
        {"role": "assistant", "tool_calls": [CALL, CUSTOM]},
        {"role": "tool", "tool_call_id": "call_2", "content": "a.txt"},
        {"role": "tool", "tool_call_id": "call_1", "content": parts},
        {"role": "tool", "tool_call_id": "of nothing", "content": ""},
    ).items
    assert items[2:] == [
        {"type": "custom_tool_call_output", "call_id": "call_2", "output": "a.txt"},
        {
            "type": "function_call_output",
            "call_id": "call_1",
            "output": [{"type": "input_text", "text": "one"}, {"type": "input_image", "image_url": URL}],
        },
        {"type": "function_call_output", "call_id": "of nothing", "output": ""},
    ]


def test_deprecated_calls_are_answered_by_name_oldest_first() -> None:
    call = {"role": "assistant", "content": None, "function_call": {"name": "look", "arguments": ""}}
    items = translated(
        call,
        call,
        {"role": "function", "name": "look", "content": "first"},
        {"role": "function", "name": "look", "content": None},
    ).items
    first, second, *outputs = items
    assert first["call_id"] != second["call_id"]
    assert first["arguments"] == "{}"
    assert [(output["call_id"], output["output"]) for output in outputs] == [
        (first["call_id"], "first"),
        (second["call_id"], ""),
    ]


def test_what_no_item_can_hold_is_left_out_and_said() -> None:
    generation = translated(
        {"role": "user", "content": "Hi", "name": "ann-lee"},
        {"role": "assistant", "content": "Hm.", "reasoning_content": "Well.", "reasoning_details": [{}], "audio": None},
        {"role": "assistant", "tool_calls": [{**CALL, "extra_content": {"signature": "x"}}], "annotations": []},
        user(
            {"type": "text", "text": "Hi", "odd": 1},
            {"type": "image_url", "image_url": {"url": URL, "odd": 1}},
        ),
        tools=[{"type": "function", "function": {"name": "f", "odd": 1}, "odd": 1}],
    )
    assert generation.untranslated == [
        "messages[0].name",
        "messages[1].reasoning_content",
        "messages[1].reasoning_details",
        "messages[2].tool_calls[0].extra_content",
        "messages[3].content[0].odd",
        "messages[3].content[1].image_url.odd",
        "tools[0].function.odd",
        "tools[0].odd",
    ]
    assert "ann-lee" not in str(generation.items)


def test_strict_is_written_out_where_chats_default_is_another() -> None:
    schema = {"type": "object", "properties": {}}
    functions = [{"name": "a", "parameters": schema, "description": None}, {"name": "b", "strict": True}]
    generation = translated(user(), tools=[{"type": "function", "function": function} for function in functions])
    assert generation.tools == [
        {"type": "function", "name": "a", "parameters": schema, "strict": False},
        {"type": "function", "name": "b", "strict": True},
    ]


def test_custom_tools_are_flat_and_so_are_their_grammars() -> None:
    grammar = {"syntax": "lark", "definition": 'start: "a"'}
    tool = {"name": "run", "description": "Runs.", "format": {"type": "grammar", "grammar": grammar}}
    plain = {"type": "custom", "custom": {"name": "say", "format": {"type": "text"}}}
    assert translated(user(), tools=[{"type": "custom", "custom": tool}, plain]).tools == [
        {"type": "custom", "name": "run", "description": "Runs.", "format": {"type": "grammar", **grammar}},
        {"type": "custom", "name": "say", "format": {"type": "text"}},
    ]


def test_tools_of_a_provider_pass_as_they_are() -> None:
    hosted = {"type": "web_search", "search_context_size": "low"}
    generation = translated(user(), tools=[hosted], tool_choice={"type": "web_search"})
    assert generation.tools == [hosted]
    assert generation.tool_choice == {"type": "web_search"}
    assert generation.untranslated == []


@pytest.mark.parametrize(
    ("choice", "neutral"),
    [
        (None, None),
        ("required", "required"),
        ({"type": "function", "function": {"name": "f"}}, {"type": "function", "name": "f"}),
        ({"type": "custom", "custom": {"name": "c"}}, {"type": "custom", "name": "c"}),
        (
            {
                "type": "allowed_tools",
                "allowed_tools": {
                    "mode": "required",
                    "tools": [
                        {"type": "function", "function": {"name": "f"}},
                        {"type": "custom", "custom": {"name": "c"}},
                        {"type": "mcp", "server_label": "m"},
                    ],
                },
            },
            {
                "type": "allowed_tools",
                "mode": "required",
                "tools": [
                    {"type": "function", "name": "f"},
                    {"type": "custom", "name": "c"},
                    {"type": "mcp", "server_label": "m"},
                ],
            },
        ),
    ],
    ids=["none", "word", "function", "custom", "allowed"],
)
def test_tool_choices_are_flat(choice: Any, neutral: Any) -> None:
    assert translated(user(), tool_choice=choice).tool_choice == neutral


def test_deprecated_functions_are_tools() -> None:
    generation = translated(user(), functions=[{"name": "f"}], function_call={"name": "f"})
    assert generation.tools == [{"type": "function", "name": "f", "strict": False}]
    assert generation.tool_choice == {"type": "function", "name": "f"}
    assert translated(user(), functions=[{"name": "f"}], function_call="none").tool_choice == "none"
    assert not {"functions", "function_call"} & generation.fields.keys()


def test_everything_else_is_a_field_unless_it_is_null() -> None:
    fields = {"temperature": 0, "stop": ["a"], "response_format": {"type": "json_object"}, "top_k": 4, "store": False}
    generation = translated(
        user(),
        **fields,
        seed=None,
        stream=True,
        stream_options={"include_usage": True},
        metadata={"a": "b"},
        tools=[],
        tool_choice="auto",
    )
    assert generation.fields == fields
    assert generation.metadata == {"a": "b"}
    assert generation.include_usage


def test_translating_again_gives_the_same() -> None:
    generation = translated({"role": "user", "content": "Hi", "name": "ann"}, tools=[], stop="a")
    items, fields, left = generation.items, generation.fields, generation.untranslated
    OpenAIChatSurface().translate(generation, "lab")
    assert (generation.items, generation.fields, generation.untranslated) == (items, fields, left)


def test_waystones_lists_of_texts_are_parts() -> None:
    surface = WaystoneChatSurface()
    generation = surface.read({"model": "small", "messages": [{"role": "system", "content": ["a", "b"]}]})
    surface.translate(generation, "lab")
    parts = [{"type": "input_text", "text": text} for text in "ab"]
    assert generation.items == [{"type": "message", "role": "system", "content": parts}]


@pytest.mark.parametrize(
    ("message", "param"),
    [
        ({"role": "critic", "content": "Hi"}, "messages[1].role"),
        ({"role": "user", "content": None}, "messages[1].content"),
        ({"role": "user", "content": [None]}, "messages[1].content[0]"),
        (user({"type": "text"}), "messages[1].content[0].text"),
        (user({"type": "image_url", "image_url": URL}), "messages[1].content[0].image_url"),
        (user({"type": "image_url", "image_url": {}}), "messages[1].content[0].image_url.url"),
        (user({"type": "file", "file": "a"}), "messages[1].content[0].file"),
        (user({"type": "input_audio"}), "messages[1].content[0].input_audio"),
        (user({"type": "video_url", "video_url": {"url": URL}}), "messages[1].content[0]"),
        ({"role": "assistant", "content": [{"type": "image_url"}]}, "messages[1].content[0]"),
        ({"role": "assistant", "content": 5}, "messages[1].content"),
        ({"role": "assistant", "refusal": {}}, "messages[1].refusal"),
        ({"role": "assistant", "audio": {"id": "a"}}, "messages[1].audio"),
        ({"role": "assistant", "tool_calls": {}}, "messages[1].tool_calls"),
        ({"role": "assistant", "tool_calls": [{**CALL, "id": None}]}, "messages[1].tool_calls[0].id"),
        ({"role": "assistant", "tool_calls": [{**CALL, "function": {}}]}, "messages[1].tool_calls[0].function.name"),
        ({"role": "assistant", "tool_calls": [{**CALL, "type": "search"}]}, "messages[1].tool_calls[0].type"),
        ({"role": "assistant", "tool_calls": [{**CUSTOM, "custom": 1}]}, "messages[1].tool_calls[0].custom"),
        ({"role": "assistant", "function_call": []}, "messages[1].function_call"),
        ({"role": "tool", "content": "x"}, "messages[1].tool_call_id"),
        ({"role": "function", "content": "x"}, "messages[1].name"),
    ],
)
def test_a_message_that_cannot_be_translated_is_refused_by_its_place(message: Any, param: str) -> None:
    error = refused({"role": "user", "content": "Hi"}, message)
    assert error.param == param
    assert param in error.message
    assert error.status == 400


def test_what_only_chat_has_is_told_from_what_is_wrong() -> None:
    video = user({"type": "video_url", "video_url": {"url": URL}})
    assert refused(video).code == "unsupported_parameter"
    assert "lab" in refused(video).message
    assert refused({"role": "user", "content": None}).code == "invalid_value"


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"tools": {}}, "tools"),
        ({"tools": [5]}, "tools[0]"),
        ({"tools": [{"type": "function"}]}, "tools[0].function"),
        ({"tools": [{"type": "function", "function": {}}]}, "tools[0].function.name"),
        ({"tools": [{"type": "custom", "custom": {"name": 5}}]}, "tools[0].custom.name"),
        ({"functions": [{}]}, "functions[0].name"),
        ({"function_call": 5}, "function_call"),
        ({"tool_choice": 5}, "tool_choice"),
        ({"tool_choice": {"type": "function", "name": "f"}}, "tool_choice.function"),
        ({"tool_choice": {"type": "allowed_tools"}}, "tool_choice.allowed_tools"),
        ({"tool_choice": {"type": "allowed_tools", "allowed_tools": {}}}, "tool_choice.allowed_tools.mode"),
        (
            {"tool_choice": {"type": "allowed_tools", "allowed_tools": {"mode": "auto", "tools": [5]}}},
            "tool_choice.allowed_tools.tools[0]",
        ),
    ],
)
def test_tools_that_cannot_be_translated_are_refused_by_their_place(fields: Any, param: str) -> None:
    assert refused(user(), **fields).param == param
