"""Messages as Converse wants them: in turn, results first and together, nothing blank, files by their bytes."""

import base64
from dataclasses import replace
from typing import Any

import pytest

from gateway.errors import InvalidRequest
from gateway.neutral.generation import Generation
from gateway.neutral.items import EarlierReasoning
from tests.unit.bedrock_encoding import (
    CLAUDE_4_5,
    DEEPSEEK,
    GPT_OSS,
    LLAMA,
    MISTRAL,
    NOVA,
    TOOL,
    call,
    chat,
    encoded,
    of_responses,
    result,
)

PNG = "data:image/png;base64,iVBORw0KGgo="
PDF = "data:application/pdf;base64,JVBERi0="
USER = {"role": "user", "content": "Weather?"}
SIGNED = {"reasoningText": {"text": "I think.", "signature": "abc=="}}
UNSIGNED = {"reasoningText": {"text": "I think."}}
REDACTED = {"redactedContent": "b3Bh"}


def user(*parts: Any) -> dict[str, Any]:
    return {"role": "user", "content": list(parts)}


def text(words: str) -> dict[str, str]:
    return {"type": "text", "text": words}


def blocks(*parts: Any, model: str = CLAUDE_4_5) -> list[dict[str, Any]]:
    """The blocks of one message of the user's."""
    content: list[dict[str, Any]] = chat([user(*parts)], model).messages[0]["content"]
    return content


def roles(messages: list[dict[str, Any]]) -> list[str]:
    return [message["role"] for message in messages]


def with_state(generation: Generation, content: dict[str, Any]) -> Generation:
    """The request to the author of its reasoning, who made this."""
    prompt, state = generation.prompt, {"reasoningContent": content}
    items = [replace(item, state=state) if isinstance(item, EarlierReasoning) else item for item in prompt.items]
    return generation.with_prompt(replace(prompt, items=items))


def test_leading_system_messages_are_the_system_and_later_ones_say_what_they_are() -> None:
    sent = chat(
        [
            {"role": "system", "content": "A"},
            {"role": "developer", "content": "B"},
            USER,
            {"role": "system", "content": "C"},
        ]
    )
    assert sent.body["system"] == [{"text": "A"}, {"text": "B"}]
    assert sent.messages == [{"role": "user", "content": [{"text": "Weather?"}, {"text": "<system>C</system>"}]}]


def test_neighbours_become_one_and_the_user_comes_first() -> None:
    said = [
        {"role": "assistant", "content": "Hello."},
        USER,
        user(text("And?")),
        {"role": "assistant", "content": "Sun. \n"},
    ]
    sent = chat(said)
    assert roles(sent.messages) == ["user", "assistant", "user", "assistant"]
    assert sent.messages[0]["content"] == [{"text": "."}]
    assert sent.messages[2]["content"] == [{"text": "Weather?"}, {"text": "And?"}]
    assert sent.messages[3]["content"] == [{"text": "Sun."}]


def test_blank_texts_are_left_out() -> None:
    sent = chat([user(text(" \n"), text("Hi")), {"role": "assistant", "content": ""}, user(text(""))])
    assert sent.messages == [{"role": "user", "content": [{"text": "Hi"}]}]


def test_results_of_one_turn_stand_together_and_first() -> None:
    calls = {**call("a"), "tool_calls": [*call("a")["tool_calls"], *call("b")["tool_calls"]]}
    sent = chat([USER, calls, result("One", "a"), result("Two", "b"), user(text("And?"))], tools=[TOOL])
    assert roles(sent.messages) == ["user", "assistant", "user"]
    first, second, third = sent.messages[2]["content"]
    assert first["toolResult"] == {"toolUseId": "a", "content": [{"text": "One"}], "status": "success"}
    assert (second["toolResult"]["toolUseId"], third) == ("b", {"text": "And?"})


def test_result_of_a_tool_that_failed_says_so_where_it_can() -> None:
    items = [
        {"role": "user", "content": "Hi"},
        {"type": "function_call", "call_id": "a", "name": "weather", "arguments": "{}"},
        {"type": "function_call_output", "call_id": "a", "output": "broken", "is_error": True},
    ]
    found = encoded(of_responses(items, CLAUDE_4_5)).messages[2]["content"][0]["toolResult"]
    assert found["status"] == "error"
    assert "status" not in encoded(of_responses(items, GPT_OSS)).messages[2]["content"][0]["toolResult"]


def test_call_without_a_result_gets_one() -> None:
    sent = chat([USER, call(), user(text("Never mind."))])
    found = sent.messages[2]["content"][0]["toolResult"]
    assert (found["status"], found["content"]) == ("error", [{"text": "The tool gave no output."}])


def test_ids_have_bedrocks_letters_and_are_unique() -> None:
    odd = "call|" + "ä" * 80
    sent = chat([USER, call(odd), result(call_id=odd), call("x"), result(call_id="x"), call("x"), result(call_id="x")])
    made = [
        block["toolUse"]["toolUseId"] for message in sent.messages for block in message["content"] if "toolUse" in block
    ]
    answered = [
        b["toolResult"]["toolUseId"] for message in sent.messages for b in message["content"] if "toolResult" in b
    ]
    assert made == answered
    assert len(set(made)) == 3
    assert all(len(one) <= 64 and one.isascii() and "|" not in one for one in made)


@pytest.mark.parametrize(("arguments", "there"), [("", {}), ("[1]", {"input": [1]}), ("{oops", {"input": "{oops"})])
def test_what_a_tool_is_given_is_an_object(arguments: str, there: dict[str, Any]) -> None:
    sent = chat([USER, call(arguments=arguments), result()])
    assert sent.messages[1]["content"][0]["toolUse"]["input"] == there


@pytest.mark.parametrize(("model", "is_apart"), [(LLAMA, True), (MISTRAL, True), (CLAUDE_4_5, False), (NOVA, False)])
def test_some_models_want_results_alone(model: str, is_apart: bool) -> None:
    sent = chat([USER, call(), result(), user(text("And?"))], model)
    apart = ["user", "assistant", "user", "assistant", "user"]
    assert roles(sent.messages) == (apart if is_apart else apart[:3])


def test_claude_wants_no_document_beside_a_result() -> None:
    file = {"type": "file", "file": {"filename": "a.pdf", "file_data": PDF}}
    said = [USER, call(), result(), user(text("See."), file)]
    assert roles(chat(said, CLAUDE_4_5).messages) == ["user", "assistant", "user", "assistant", "user"]
    assert roles(chat(said, NOVA).messages) == ["user", "assistant", "user"]


def test_outputs_are_objects_for_mistral() -> None:
    sent = chat([USER, call("a"), result("Sunny.", "a"), call("b"), result('{"sky":"blue"}', "b")], MISTRAL)
    found = [
        block["toolResult"]["content"]
        for message in sent.messages
        for block in message["content"]
        if "toolResult" in block
    ]
    assert found == [[{"json": {"output": "Sunny."}}], [{"json": {"sky": "blue"}}]]


def test_output_may_hold_an_image() -> None:
    items = [
        {"role": "user", "content": "Hi"},
        {"type": "function_call", "call_id": "a", "name": "look", "arguments": "{}"},
        {"type": "function_call_output", "call_id": "a", "output": [{"type": "input_image", "image_url": PNG}]},
    ]
    found = encoded(of_responses(items)).messages[2]["content"][0]["toolResult"]["content"]
    assert found == [{"image": {"format": "png", "source": {"bytes": "iVBORw0KGgo="}}}]


def test_images_come_by_their_bytes_or_from_s3() -> None:
    assert blocks({"type": "image_url", "image_url": {"url": PNG}})[0]["image"]["format"] == "png"
    stored = blocks({"type": "image_url", "image_url": {"url": "s3://bucket/a.jpg"}})
    assert stored == [{"image": {"format": "jpeg", "source": {"s3Location": {"uri": "s3://bucket/a.jpg"}}}}]
    assert blocks({"type": "image_url", "image_url": {"url": "data:image/gif,GIF%38"}})[0]["image"] == {
        "format": "gif",
        "source": {"bytes": base64.b64encode(b"GIF8").decode()},
    }


@pytest.mark.parametrize(
    ("part", "says"),
    [
        ({"type": "image_url", "image_url": {"url": "https://example.org/a.png"}}, "data: URL"),
        ({"type": "image_url", "image_url": {"url": "data:image/svg+xml;base64,AA=="}}, "svg"),
        ({"type": "image_url", "image_url": {"url": "data:image/png;base64,A"}}, "base64"),
        ({"type": "image_url", "image_url": {"url": "data:image/png;base64,"}}, "no data"),
        ({"type": "file", "file": {"file_id": "file-1"}}, "id"),
        ({"type": "input_audio", "input_audio": {"data": "AA==", "format": "midi"}}, "midi"),
    ],
)
def test_what_cannot_be_shown_is_refused_where_it_stands(part: dict[str, Any], says: str) -> None:
    with pytest.raises(InvalidRequest, match=says) as caught:
        chat([USER, user(text("See."), part)])
    assert caught.value.param == "messages[1].content[1]"


def test_documents_have_clean_names_and_a_text_beside_them() -> None:
    file = {"type": "file", "file": {"filename": "My  résumé_(1).v2.pdf", "file_data": PDF}}
    sibling, first, second = blocks(file, file)
    assert sibling == {"text": "."}
    assert first["document"]["name"] == "My r sum (1) v2"
    assert second["document"]["name"] == "My r sum (1) v2 2"
    assert first["document"]["format"] == "pdf"


@pytest.mark.parametrize(
    ("name", "data", "kind", "form"),
    [
        ("a.md", "data:;base64,QQ==", "document", "md"),
        ("a.py", "data:text/x-python;base64,QQ==", "document", "txt"),
        ("a.xlsx", "QQ==", "document", "xlsx"),
        ("film.mp4", "data:video/mp4;base64,QQ==", "video", "mp4"),
        ("film.mkv", "QQ==", "video", "mkv"),
        ("a.png", "data:image/png;base64,QQ==", "image", "png"),
        ("a.mp3", "data:audio/mpeg;base64,QQ==", "audio", "mp3"),
    ],
)
def test_files_are_what_their_kind_or_name_says(name: str, data: str, kind: str, form: str) -> None:
    found = blocks(text("See."), {"type": "file", "file": {"filename": name, "file_data": data}})[1]
    assert found[kind]["format"] == form
    assert found[kind]["source"] == {"bytes": "QQ=="}


def test_sound_travels() -> None:
    sound = {"type": "input_audio", "input_audio": {"data": "AA==", "format": "wav"}}
    assert blocks(sound) == [{"audio": {"format": "wav", "source": {"bytes": "AA=="}}}]


def test_cache_control_becomes_cache_points_where_there_is_a_cache() -> None:
    marked = {**text("Long."), "cache_control": {"type": "ephemeral", "ttl": "1h"}}
    point = {"cachePoint": {"type": "default", "ttl": "1h"}}
    said = [{"role": "system", "content": [marked]}, user(marked)]
    tool = {**TOOL, "cache_control": {"type": "ephemeral"}}
    sent = chat(said, CLAUDE_4_5, tools=[tool])
    assert sent.body["system"][1] == sent.messages[0]["content"][1] == point
    assert sent.tools["tools"][1] == {"cachePoint": {"type": "default"}}
    without = chat(said, LLAMA, tools=[tool])
    assert (len(without.body["system"]), len(without.tools["tools"])) == (1, 1)
    assert without.dropped == [
        *("messages[0].content[0].cache_control", "messages[1].content[0].cache_control", "tools[0].cache_control")
    ]


def test_no_more_cache_points_than_bedrock_takes_and_the_last_ones_stay() -> None:
    marked = [{**text(str(number)), "cache_control": {"type": "ephemeral"}} for number in range(6)]
    found = blocks(*marked)
    assert [next(iter(block)) for block in found] == ["text", "text", *["text", "cachePoint"] * 4]


@pytest.mark.parametrize(
    ("model", "state", "goes_back"),
    [
        (CLAUDE_4_5, SIGNED, True),
        (CLAUDE_4_5, UNSIGNED, False),
        (CLAUDE_4_5, REDACTED, True),
        (GPT_OSS, UNSIGNED, True),
        (DEEPSEEK, UNSIGNED, False),
    ],
)
def test_reasoning_goes_back_unharmed_where_its_family_takes_it(
    model: str, state: dict[str, Any], goes_back: bool
) -> None:
    items: list[dict[str, Any]] = [
        {"role": "user", "content": "Hi"},
        {"type": "reasoning", "summary": []},
        {"type": "function_call", "call_id": "a", "name": "weather", "arguments": "{}"},
        {"type": "function_call_output", "call_id": "a", "output": "Sunny."},
    ]
    generation = with_state(of_responses(items, model), state)
    first = encoded(generation).messages[1]["content"][0]
    assert (first == {"reasoningContent": state}) is goes_back


def test_answer_that_only_reasoned_is_left_out() -> None:
    generation = of_responses(
        [{"role": "user", "content": "Hi"}, {"type": "reasoning", "summary": []}, {"role": "user", "content": "Go on"}]
    )
    assert roles(encoded(with_state(generation, SIGNED)).messages) == ["user"]
