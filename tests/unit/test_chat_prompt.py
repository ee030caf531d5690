"""Chat messages read into items: every part, call and output, with the path at which it was written."""

from typing import Any

import pytest

from gateway.neutral.items import EarlierReasoning, Item, Message, Position, ToolCall, ToolOutput
from gateway.neutral.parts import (
    AudioPart,
    CacheControl,
    FilePart,
    ImagePart,
    Part,
    RefusalPart,
    TextPart,
    UnknownPart,
)
from gateway.neutral.prompt import Prompt
from gateway.surfaces.waystone_chat import WaystoneChatSurface
from tests.unit.chat_prompts import CALL, CUSTOM, HOUR, MARK, SOUND, URL, USER, listed, read, said, sealed, user


def test_plain_messages_are_messages_of_one_text_in_their_place() -> None:
    roles = ["user", "assistant", "system", "developer", "user"]
    prompt = read(*({"role": role, "content": role} for role in roles))
    assert listed(prompt.items) == listed([said(role, index, role) for index, role in enumerate(roles)])
    assert [item.role for item in prompt.items if isinstance(item, Message)] == roles
    assert (prompt.instructions, prompt.input_path, prompt.untranslated) == (None, "messages", [])


def test_unusual_messages_read_the_same_as_plain_ones() -> None:
    plain, unusual = read(USER).items, read({**USER, "name": "ann"}).items
    assert listed(plain) == listed(unusual)


AT = "messages[0].content[0]"


@pytest.mark.parametrize(
    ("part", "expected"),
    [
        ({"type": "text", "text": "Hi"}, TextPart("Hi", AT)),
        (
            {"type": "text", "text": "Hi", "prompt_cache_breakpoint": {"a": 1}, "cache_control": MARK},
            TextPart(
                "Hi",
                AT,
                (
                    CacheControl("prompt_cache_breakpoint", {"a": 1}, f"{AT}.prompt_cache_breakpoint"),
                    CacheControl("cache_control", MARK, f"{AT}.cache_control"),
                ),
            ),
        ),
        ({"type": "image_url", "image_url": {"url": URL}}, ImagePart(AT, f"{AT}.image_url.url", url=URL)),
        (
            {"type": "image_url", "image_url": {"url": URL, "detail": "low"}, "cache_control": MARK},
            ImagePart(
                AT,
                f"{AT}.image_url.url",
                url=URL,
                detail="low",
                cache=(CacheControl("cache_control", MARK, f"{AT}.cache_control"),),
            ),
        ),
        (
            {"type": "file", "file": {"file_data": "QQ==", "filename": "a.pdf", "file_id": None}},
            FilePart(AT, data="QQ==", filename="a.pdf"),
        ),
        (
            {"type": "file", "file": {"file_id": "file-1"}},
            FilePart(AT, file_id="file-1", source_path=f"{AT}.file.file_id"),
        ),
        (
            {"type": "file", "file": {"file_url": "https://a/b"}},
            FilePart(AT, url="https://a/b", source_path=f"{AT}.file.file_url"),
        ),
        ({"type": "file", "file": {"file_url": 5}}, FilePart(AT)),
        ({"type": "input_audio", "input_audio": SOUND}, AudioPart(SOUND, AT)),
    ],
)
def test_parts_know_where_they_are_written(part: Any, expected: Part) -> None:
    prompt = read(user(part))
    assert listed(prompt.items) == [(Message, Position(0, "messages[0]"), [expected])]
    assert (prompt.untranslated, prompt.untranslatable) == ([], None)


def test_answer_is_a_message_and_its_calls_in_order() -> None:
    answer = {"role": "assistant", "content": "Let me see.", "refusal": None, "tool_calls": [CALL, CUSTOM]}
    text, *calls = read(answer).items
    assert listed([text]) == listed([said("assistant", 0, "Let me see.")])
    assert calls == [
        ToolCall("call_1", "look", '{"at": 1}', Position(1, "messages[0].tool_calls[0]")),
        ToolCall("call_2", "run", "ls -l", Position(2, "messages[0].tool_calls[1]"), "custom"),
    ]


def test_call_without_a_type_is_a_function_call() -> None:
    call = {"id": "call_1", "index": 0, "function": {"name": "look"}}
    (item,) = read({"role": "assistant", "tool_calls": [call]}).items
    assert item == ToolCall("call_1", "look", "{}", Position(0, "messages[0].tool_calls[0]"))


@pytest.mark.parametrize("arguments", ["", None])
def test_empty_arguments_become_an_empty_object(arguments: str | None) -> None:
    function = {"name": "look"} | ({} if arguments is None else {"arguments": arguments})
    (item,) = read({"role": "assistant", "tool_calls": [{**CALL, "function": function}]}).items
    assert isinstance(item, ToolCall)
    assert item.arguments == "{}"


@pytest.mark.parametrize("content", [None, "", []])
def test_answer_that_only_calls_has_no_message(content: Any) -> None:
    assert [type(item) for item in read({"role": "assistant", "content": content, "tool_calls": [CALL]}).items] == [
        ToolCall
    ]


@pytest.mark.parametrize(("content", "count"), [("", 1), (None, 0), ([], 0)])
def test_answer_with_an_empty_text_stays_and_one_without_does_not(content: Any, count: int) -> None:
    assert len(read({"role": "assistant", "content": content, "name": "bot"}).items) == count


def test_refusals_are_the_last_parts_of_answers() -> None:
    parts = [{"type": "text", "text": "Hm."}, {"type": "refusal", "refusal": "No."}]
    (item,) = read({"role": "assistant", "content": parts, "refusal": "Never."}).items
    assert listed([item])[0][2] == [
        TextPart("Hm.", "messages[0].content[0]"),
        RefusalPart("No.", "messages[0].content[1]"),
        RefusalPart("Never.", "messages[0].refusal"),
    ]


def test_outputs_know_the_path_of_the_calls_id() -> None:
    parts = [{"type": "text", "text": "one"}, {"type": "image_url", "image_url": {"url": URL}}]
    prompt = read(
        {"role": "assistant", "tool_calls": [CALL]},
        {"role": "tool", "tool_call_id": "call_1", "content": parts, "is_error": True},
        {"role": "tool", "tool_call_id": "of nothing", "content": None, "is_error": False},
    )
    assert prompt.items[1:] == [
        ToolOutput(
            "call_1",
            [
                TextPart("one", "messages[1].content[0]"),
                ImagePart("messages[1].content[1]", "messages[1].content[1].image_url.url", url=URL),
            ],
            Position(1, "messages[1]"),
            "messages[1].tool_call_id",
            is_error=True,
        ),
        ToolOutput(
            "of nothing",
            [TextPart("", "messages[2].content")],
            Position(2, "messages[2]"),
            "messages[2].tool_call_id",
        ),
    ]
    assert prompt.untranslated == []


def test_deprecated_calls_are_answered_by_name_oldest_first() -> None:
    call = {"role": "assistant", "content": None, "function_call": {"name": "look", "arguments": ""}}
    outputs = [{"role": "function", "name": "look", "content": text} for text in ("first", None, "stray")]
    items = read(call, call, *outputs).items
    assert items[:2] == [
        ToolCall("call_messages_0", "look", "{}", Position(0, "messages[0].function_call")),
        ToolCall("call_messages_1", "look", "{}", Position(1, "messages[1].function_call")),
    ]
    found = [item for item in items if isinstance(item, ToolOutput)]
    assert [(item.call_id, item.call_id_path) for item in found] == [
        ("call_messages_0", "messages[2].name"),
        ("call_messages_1", "messages[3].name"),
        ("call_messages_4", "messages[4].name"),
    ]


def test_reasoning_comes_before_what_it_belongs_to() -> None:
    details = [
        sealed("last", id="end"),
        sealed("first"),
        sealed("second", id="call_2"),
        {"type": "reasoning.text", "text": "Hm."},
        sealed("odd", id="call_9"),
    ]
    answer = {"role": "assistant", "content": "I look.", "tool_calls": [CALL, CUSTOM], "reasoning_details": details}
    prompt = read(answer)

    def name(item: Item) -> Any:
        match item:
            case EarlierReasoning():
                return item.sealed, item.position.path
            case ToolCall():
                return item.call_id
            case _:
                return type(item)

    assert [name(item) for item in prompt.items] == [
        ("waystone.1.first", "messages[0].reasoning_details[1]"),
        ("waystone.1.odd", "messages[0].reasoning_details[4]"),
        Message,
        "call_1",
        ("waystone.1.second", "messages[0].reasoning_details[2]"),
        "call_2",
        ("waystone.1.last", "messages[0].reasoning_details[0]"),
    ]
    assert [item.position.index for item in prompt.items] == list(range(7))
    assert prompt.untranslated == ["messages[0].reasoning_details"]


def test_text_of_sealed_reasoning_is_not_missed() -> None:
    answer = {"role": "assistant", "content": "Yes.", "reasoning_content": "Hm.", "reasoning": "Hm."}
    assert read({**answer, "reasoning_details": [sealed("a")]}).untranslated == []
    assert read(answer).untranslated == ["messages[0].reasoning_content", "messages[0].reasoning"]


def caches(prompt: Prompt) -> list[list[tuple[Any, str]]]:
    """The cache controls of each part: value and path."""
    return [
        [(cache.value, cache.path) for cache in part.cache]
        for item in prompt.items
        if isinstance(item, Message | ToolOutput)
        for part in item.content
        if not isinstance(part, RefusalPart | UnknownPart)
    ]


def test_cache_control_of_a_message_is_on_its_last_part() -> None:
    texts = [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]
    prompt = read(
        {**USER, "cache_control": MARK},
        {**user(*texts), "cache_control": MARK},
        {"role": "assistant", "content": "Yes.", "tool_calls": [CALL], "cache_control": MARK},
        {"role": "tool", "tool_call_id": "call_1", "content": "A hill.", "cache_control": MARK},
    )
    assert caches(prompt) == [
        [(MARK, "messages[0].cache_control")],
        [],
        [(MARK, "messages[1].cache_control")],
        [(MARK, "messages[2].cache_control")],
        [(MARK, "messages[3].cache_control")],
    ]
    assert prompt.untranslated == []


def test_cache_control_of_the_last_part_comes_before_that_of_its_message() -> None:
    own = {"type": "text", "text": "a", "cache_control": HOUR}
    breakpoint_ = {"type": "text", "text": "a", "prompt_cache_breakpoint": {"a": 1}}
    prompt = read({**user(own), "cache_control": MARK}, {**user(breakpoint_), "cache_control": MARK})
    assert caches(prompt) == [
        [(HOUR, "messages[0].content[0].cache_control")],
        [
            (MARK, "messages[1].cache_control"),
            ({"a": 1}, "messages[1].content[0].prompt_cache_breakpoint"),
        ],
    ]


def test_empty_content_has_no_cache_control() -> None:
    assert caches(read({"role": "user", "content": "", "cache_control": MARK})) == [[]]
    assert read({**user(), "cache_control": MARK}).untranslated == []


@pytest.mark.parametrize(
    "answer",
    [
        {"role": "assistant", "tool_calls": [CALL], "cache_control": MARK},
        {"role": "assistant", "refusal": "No.", "cache_control": MARK},
    ],
)
def test_cache_control_of_an_answer_that_has_no_place_for_it_is_left_out(answer: Any) -> None:
    assert read(answer).untranslated == ["messages[0].cache_control"]


def test_what_no_item_has_is_left_out_in_order() -> None:
    prompt = read(
        {"role": "user", "content": "Hi", "name": "ann-lee"},
        {"role": "assistant", "content": "Hm.", "reasoning_content": "Well.", "reasoning_details": [{}], "audio": None},
        {"role": "assistant", "tool_calls": [{**CALL, "extra_content": {"signature": "x"}}], "annotations": []},
        user(
            {"type": "text", "text": "Hi", "odd": 1},
            {"type": "image_url", "image_url": {"url": URL, "odd": 1}},
            {"type": "file", "file": {"file_id": "a", "odd": 1}},
        ),
        {"role": "assistant", "content": [{"type": "refusal", "refusal": "No.", "cache_control": MARK}]},
        tools=[{"type": "function", "function": {"name": "f", "odd": 1}, "odd": 1}],
    )
    assert prompt.untranslated == [
        "messages[0].name",
        "messages[1].reasoning_content",
        "messages[1].reasoning_details",
        "messages[2].tool_calls[0].extra_content",
        "messages[3].content[0].odd",
        "messages[3].content[1].image_url.odd",
        "messages[3].content[2].file.odd",
        "messages[4].content[0].cache_control",
        "tools[0].function.odd",
        "tools[0].odd",
    ]


def test_waystones_lists_of_texts_are_parts() -> None:
    body: Any = {"model": "small", "messages": [{"role": "system", "content": ["a", "b"]}]}
    (item,) = WaystoneChatSurface().read(body).prompt.items
    assert isinstance(item, Message)
    assert list(item.content) == [
        TextPart("a", "messages[0].content[0]"),
        TextPart("b", "messages[0].content[1]"),
    ]
