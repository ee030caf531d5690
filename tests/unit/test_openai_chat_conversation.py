"""Conversations of items as chat messages: in order, paired, nothing lost, nothing made up."""

from typing import Any

import pytest

from gateway.dialects.profiles.openai_chat import ChatProfile
from tests.servers.chat_rules import complaints
from tests.unit.chat_requests import (
    PLAIN,
    RICH,
    asked,
    assistant,
    call,
    custom_call,
    custom_output,
    encode,
    messages,
    output,
    reasoning,
    refusal,
    roles,
    user,
)

PNG = "data:image/png;base64,aW1hZ2U="
IMAGE = {"type": "input_image", "image_url": PNG, "detail": "auto"}
TEXT_ONLY = ChatProfile(takes_parts=False)


def test_instructions_come_first_as_a_system_message() -> None:
    assert messages(user(), instructions="Be brief.") == [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "Hi"},
    ]


@pytest.mark.parametrize("role", ["user", "system", "developer", "assistant"])
@pytest.mark.parametrize("kind", ["input_text", "output_text", "text"])
def test_one_text_is_a_text_whoever_says_it(role: str, kind: str) -> None:
    part = {"type": kind, "text": "Hi"}
    told = [{"role": "system" if role == "developer" else role, "content": "Hi"}]
    for content in ("Hi", [part]):
        assert messages({"type": "message", "role": role, "content": content}) == told
    assert messages({"role": role, "content": "Hi"}) == told


def test_messages_of_the_system_in_front_are_one_and_those_of_a_developer_are_the_systems() -> None:
    def told(role: str, content: Any) -> dict[str, Any]:
        return {"role": role, "content": content}

    asked_for = [told("developer", "Env."), told("system", "Be kind."), user("Hi"), told("developer", "Brief.")]
    assert messages(*asked_for, instructions="You code.") == [
        told("system", "You code.\n\nEnv.\n\nBe kind."),
        told("user", "Hi"),
        told("system", "Brief."),
    ]
    assert messages(user("Hi"), instructions="You code.")[0] == told("system", "You code.")


def test_several_texts_are_parts_for_users_and_one_text_for_everybody_else() -> None:
    parts = [{"type": "input_text", "text": "a"}, {"type": "input_text", "text": "b"}]
    (told,) = messages(user(parts))
    assert told["content"] == [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]
    assert messages(user(parts), facts=TEXT_ONLY)[0]["content"] == "a\nb"
    assert messages({**user(parts), "role": "developer"})[0]["content"] == "a\nb"
    assert messages(assistant("a", "b"))[0]["content"] == "ab"


def test_what_is_attached_to_a_text_travels() -> None:
    part = {"type": "input_text", "text": "a", "prompt_cache_breakpoint": {"mode": "explicit"}}
    (told,) = messages(user([part]))
    assert told["content"] == [{**part, "type": "text"}]


@pytest.mark.parametrize(
    ("given", "expected"),
    [("auto", "auto"), ("low", "low"), ("high", "high"), ("original", "high"), (None, None)],
)
def test_image_is_nested_and_its_detail_is_one_that_chat_knows(given: Any, expected: Any) -> None:
    (told,) = messages(user([{"type": "input_image", "image_url": PNG, "detail": given}]))
    image = {"url": PNG} if expected is None else {"url": PNG, "detail": expected}
    assert told["content"] == [{"type": "image_url", "image_url": image}]


def test_image_that_is_nested_already_stays_so() -> None:
    (told,) = messages(user([{"type": "input_image", "image_url": {"url": PNG, "detail": "low"}}]))
    assert told["content"] == [{"type": "image_url", "image_url": {"url": PNG, "detail": "low"}}]


def test_file_is_nested_with_what_names_it() -> None:
    file = {"file_data": "data:application/pdf;base64,AA==", "filename": "a.pdf"}
    (told,) = messages(user([{"type": "input_file", **file, "file_id": None}]))
    assert told["content"] == [{"type": "file", "file": file}]
    (told,) = messages(user([{"type": "input_file", "file_id": "file_1"}]))
    assert told["content"] == [{"type": "file", "file": {"file_id": "file_1"}}]


@pytest.mark.parametrize(
    "part",
    [
        {"type": "input_audio", "input_audio": {"data": "AA==", "format": "wav"}},
        {"type": "image_url", "image_url": {"url": PNG}},
        {"type": "file", "file": {"file_id": "file_1"}},
    ],
)
def test_parts_of_chats_own_form_stay_as_they_are(part: dict[str, Any]) -> None:
    assert messages(user([part]))[0]["content"] == [part]


@pytest.mark.parametrize(
    ("part", "place", "code"),
    [
        ({"type": "input_file", "file_url": "https://example.com/a.pdf"}, ".file_url", "unsupported_parameter"),
        ({"type": "input_image", "file_id": "file_1"}, ".file_id", "unsupported_parameter"),
        ({"type": "input_image"}, ".image_url", "invalid_value"),
        ({"type": "input_file"}, "", "invalid_value"),
        ({"type": "computer_screenshot", "image_url": PNG}, ".type", "unsupported_parameter"),
    ],
)
def test_part_that_chat_cannot_carry_is_refused_where_it_stands(part: Any, place: str, code: str) -> None:
    content = [{"type": "input_text", "text": "See:"}, part]
    assert refusal(asked(user(), user(content))) == (f"input[1].content[1]{place}", code)
    said = asked(call("c"), output("c", content))
    assert refusal(said) == (f"input[1].output[1]{place}", code)


def test_an_image_is_refused_where_it_stands_for_a_model_that_reads_text_only() -> None:
    assert refusal(asked(user([IMAGE])), TEXT_ONLY) == ("input[0].content[0]", "unsupported_parameter")


@pytest.mark.parametrize("role", ["assistant", "system", "developer"])
def test_only_a_user_shows_images(role: str) -> None:
    item = {"type": "message", "role": role, "content": [IMAGE]}
    assert refusal(asked(item)) == ("input[0].content[0].type", "unsupported_parameter")


def test_refusal_of_anybody_but_the_assistant_is_a_text() -> None:
    said = {"type": "message", "role": "user", "content": [{"type": "refusal", "refusal": "No."}]}
    assert messages(said, facts=RICH) == [{"role": "user", "content": [{"type": "text", "text": "No."}]}]


def test_refusal_goes_back_as_a_refusal_or_as_text() -> None:
    said = {"type": "message", "role": "assistant", "content": [{"type": "refusal", "refusal": "No."}]}
    assert messages(user(), said, facts=RICH)[1] == {"role": "assistant", "content": None, "refusal": "No."}
    assert messages(user(), said)[1] == {"role": "assistant", "content": "No."}


def test_text_and_its_calls_are_one_turn() -> None:
    told = messages(user(), assistant("Let me look."), call("a"), call("b"), output("a"), output("b"), assistant("So."))
    assert roles(told) == ["user", "assistant", "tool", "tool", "assistant"]
    assert told[1]["content"] == "Let me look."
    assert [one["id"] for one in told[1]["tool_calls"]] == ["a", "b"]
    assert [one["tool_call_id"] for one in told[2:4]] == ["a", "b"]


def test_parallel_calls_are_grouped_also_with_reasoning_between_them() -> None:
    """Behaviour 6: several calls in a row are one assistant message, their outputs follow at once."""
    told = messages(user(), call("a"), reasoning(), call("b"), output("b", "B"), output("a", "A"))
    assert roles(told) == ["user", "assistant", "tool", "tool"]
    assert told[1]["content"] is None
    assert [(one["tool_call_id"], one["content"]) for one in told[2:]] == [("a", "A"), ("b", "B")]


def test_calls_one_after_the_other_are_turns_of_their_own() -> None:
    told = messages(user(), call("a"), output("a"), call("b"), output("b"))
    assert roles(told) == ["user", "assistant", "tool", "assistant", "tool"]


def test_output_that_stands_further_down_follows_its_call() -> None:
    told = messages(call("a"), user("Wait."), assistant("Yes?"), output("a", "A"))
    assert roles(told) == ["assistant", "tool", "user", "assistant"]
    assert told[1] == {"role": "tool", "tool_call_id": "a", "content": "A"}


def test_ids_that_begin_anew_in_every_turn_pair_by_turn() -> None:
    told = messages(user(), call("c"), output("c", "1"), call("c"), output("c", "2"))
    assert [one["content"] for one in told if one["role"] == "tool"] == ["1", "2"]
    told = messages(call("c", name="lost"), user(), call("c", name="found"), output("c"))
    assert roles(told) == ["assistant", "user", "assistant", "tool"]
    told = messages(call("c", name="lost"), call("d"), output("d"), call("c", name="found"), output("c"))
    assert roles(told) == ["assistant", "tool", "assistant", "tool"]


@pytest.mark.parametrize("orphan", [output("b"), custom_output("b"), {**output("b"), "call_id": None}])
def test_output_of_no_call_is_refused(orphan: dict[str, Any]) -> None:
    assert refusal(asked(call("a"), output("a"), orphan)) == ("input[2].call_id", "invalid_value")


def test_second_output_of_one_call_is_refused() -> None:
    assert refusal(asked(call("a"), output("a"), output("a"))) == ("input[2].call_id", "invalid_value")


def test_empty_arguments_become_an_empty_object() -> None:
    """Behaviour 7."""
    told = messages(call("a", arguments=""), output("a"))
    assert told[0]["tool_calls"][0]["function"]["arguments"] == "{}"


def test_call_that_was_broken_off_is_left_out_unless_it_has_an_output() -> None:
    broken = call("a", arguments='{"a', status="incomplete")
    assert roles(messages(user(), assistant("So"), broken, user())) == ["user", "assistant", "user"]
    assert roles(messages(user(), {**broken, "arguments": "{}"}, output("a"))) == ["user", "assistant", "tool"]


def test_answer_that_says_nothing_is_left_out() -> None:
    assert roles(messages(user(), assistant(), user())) == ["user", "user"]


def test_text_of_an_array_of_output_parts_is_the_tools_message() -> None:
    told = messages(call("a"), output("a", [{"type": "input_text", "text": "x"}, {"type": "input_text", "text": "y"}]))
    assert told[1]["content"] == "x\ny"


def test_images_of_tool_outputs_follow_the_last_of_them_in_one_message() -> None:
    """Behaviour 19: never as text, and the tools' messages stay together."""
    file = {"type": "input_file", "file_data": "data:text/plain;base64,AA==", "filename": "a.txt"}
    told = messages(
        call("a"),
        call("b"),
        output("a", [{"type": "input_text", "text": "A picture:"}, IMAGE]),
        output("b", [file]),
        user(),
    )
    assert roles(told) == ["assistant", "tool", "tool", "user", "user"]
    assert told[1]["content"] == "A picture:"
    assert PNG not in told[1]["content"] + told[2]["content"]
    assert told[2]["content"]
    assert [part["type"] for part in told[3]["content"]] == ["text", "image_url", "text", "file"]
    assert ["a" in told[3]["content"][0]["text"], "b" in told[3]["content"][2]["text"]] == [True, True]


def test_image_of_a_single_tool_output_stands_alone() -> None:
    told = messages(call("a"), output("a", [IMAGE]))
    assert told[2] == {
        "role": "user",
        "content": [{"type": "image_url", "image_url": {"url": PNG, "detail": "auto"}}],
    }


def test_custom_call_is_a_function_with_one_text_where_there_are_no_custom_tools() -> None:
    told = messages(custom_call("a", text='say "hi"'), custom_output("a"))
    function = {"name": "patch", "arguments": '{"input":"say \\"hi\\""}'}
    assert told[0]["tool_calls"] == [{"id": "a", "type": "function", "function": function}]
    assert told[1] == {"role": "tool", "tool_call_id": "a", "content": "done"}
    told = messages(custom_call("a"), custom_output("a"), facts=RICH)
    assert told[0]["tool_calls"] == [{"id": "a", "type": "custom", "custom": {"name": "patch", "input": "free text"}}]


@pytest.mark.parametrize("name", ["reasoning_content", "reasoning"])
def test_reasoning_goes_back_with_the_message_that_follows_it(name: str) -> None:
    told = messages(user(), reasoning({name: "Hm."}), assistant("So."), user(), reasoning({name: "Oh."}), call("a"))
    assert [one.get(name) for one in told] == [None, "Hm.", None, "Oh."]


def test_reasoning_of_one_turn_is_put_together() -> None:
    pieces = [{"reasoning_details": [{"type": "reasoning.text", "text": text, "index": 0}]} for text in "ab"]
    told = messages(user(), reasoning(pieces[0]), assistant("So."), reasoning(pieces[1]), call("a"), output("a"))
    assert told[1]["reasoning_details"] == [*pieces[0]["reasoning_details"], *pieces[1]["reasoning_details"]]
    told = messages(reasoning({"reasoning": "a"}), call("a"), reasoning({"reasoning": "b"}), call("b"))
    assert told[0]["reasoning"] == "ab"


def test_reasoning_belongs_to_the_second_of_two_messages() -> None:
    told = messages(assistant("One."), reasoning({"reasoning": "b"}), assistant("Two."))
    assert [one.get("reasoning") for one in told] == [None, "b"]


def test_reasoning_at_the_end_of_a_turn_belongs_to_what_was_said_in_it() -> None:
    told = messages(assistant("One."), reasoning({"reasoning": "b"}), user())
    assert [one.get("reasoning") for one in told] == ["b", None]


def test_reasoning_in_a_list_of_parts_goes_back_in_one() -> None:
    thinking = {"type": "thinking", "thinking": [{"type": "text", "text": "Hm."}]}
    told = messages(user(), reasoning({"content": [thinking]}), assistant("So."))
    assert told[1]["content"] == [thinking, {"type": "text", "text": "So."}]


def test_reasoning_without_state_is_left_out_and_said() -> None:
    body, dropped = encode(asked(user(), reasoning(), assistant("So."), reasoning({"reasoning": "x"})))
    assert roles(body["messages"]) == ["user", "assistant"]
    assert dropped == ["input[1]"]
    assert encode(asked(reasoning({"reasoning": "x"}), user()))[1] == ["input[0]"]


def test_state_that_is_no_chat_models_never_leaves() -> None:
    (told,) = messages(reasoning({"encrypted_content": "x", "role": "system"}), assistant("So."))
    assert told == {"role": "assistant", "content": "So."}


HARMLESS = [
    {"type": "web_search_call", "action": {"type": "search", "query": "x"}},
    {"type": "file_search_call", "queries": ["x"], "results": None},
    {"type": "mcp_list_tools", "server_label": "x", "tools": []},
    {"type": "code_interpreter_call", "code": "1", "outputs": [{"type": "logs", "logs": "1"}]},
    {"type": "image_generation_call", "result": "aW1hZ2U="},
]
NEEDED = [
    {"type": "file_search_call", "queries": ["x"], "results": [{"text": "found"}]},
    {"type": "mcp_call", "name": "x", "arguments": "{}", "output": "found"},
    *(
        {"type": kind}
        for kind in (
            *("computer_call", "computer_call_output", "shell_call", "shell_call_output", "local_shell_call"),
            *("local_shell_call_output", "apply_patch_call", "apply_patch_call_output", "mcp_approval_request"),
            *("mcp_approval_response", "tool_search_call", "tool_search_output", "compaction", "compaction_trigger"),
            *("program", "program_output", "item_reference", "something_new"),
        )
    ),
]


@pytest.mark.parametrize("item", HARMLESS, ids=lambda item: item["type"])
def test_hosted_call_without_which_the_answer_is_the_same_is_left_out_and_said(item: dict[str, Any]) -> None:
    body, dropped = encode(asked(user(), item, user()))
    assert len(body["messages"]) == 2
    assert dropped == ["input[1]"]


@pytest.mark.parametrize("item", NEEDED, ids=lambda item: item["type"])
def test_item_that_would_change_the_answer_is_refused_by_its_type(item: dict[str, Any]) -> None:
    assert refusal(asked(user(), item)) == ("input[1].type", "unsupported_parameter")


def test_places_are_those_of_the_clients_own_input() -> None:
    bad = {"type": "compaction"}
    assert refusal(asked(user(), user(), user(), bad, history=2)) == ("input[1].type", "unsupported_parameter")
    assert refusal(asked(bad, user(), history=1)) == ("previous_response_id", "unsupported_parameter")
    spoken = asked(bad, user(), history=1, asked={"conversation": "conv_1"})
    assert refusal(spoken) == ("conversation", "unsupported_parameter")
    assert encode(asked(reasoning(), reasoning(), user(), history=1))[1] == ["previous_response_id[0]", "input[0]"]


def test_whole_session_of_an_agent_is_one_that_a_strict_server_takes() -> None:
    body, dropped = encode(
        asked(
            {"role": "developer", "content": [{"type": "input_text", "text": "Env."}]},
            user(),
            reasoning({"reasoning_content": "Hm."}),
            assistant("Looking."),
            call("a"),
            custom_call("b"),
            output("a", [IMAGE]),
            custom_output("b"),
            user("Go on."),
            instructions="You are a coding agent.",
            tools=[{"type": "function", "name": "look", "parameters": {}}, {"type": "custom", "name": "patch"}],
            tool_choice="auto",
            fields={"parallel_tool_calls": True},
        ),
        PLAIN,
    )
    assert list(complaints(body)) == []
    assert dropped == []


@pytest.mark.parametrize("number", [0, 1])
def test_configuration_update_sets_effort_and_format(number: int) -> None:
    update = {
        "type": "configuration_update",
        "reasoning": {"effort": "high"},
        "text": {"format": {"type": "json_schema", "name": "a", "schema": {}}},
    }
    body, _ = encode(asked(update, user(), history=number, fields={"reasoning_effort": "low"}))
    # What the history set gives way to what this request asks for; what its own input sets does not.
    assert body["reasoning_effort"] == ("low" if number else "high")
    assert body["response_format"] == {"type": "json_schema", "json_schema": {"name": "a", "schema": {}}}
    assert roles(body["messages"]) == ["user"]
