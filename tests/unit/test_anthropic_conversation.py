"""Messages for Anthropic: turns, instructions, calls and their results, thinking that goes back."""

from typing import Any

from tests.unit.anthropic_requests import FABLE, HAIKU, OPUS_46, OPUS_48, SONNET_4, encode, messages, refusal, text
from tests.unit.chat_requests import assistant, call, custom_call, output, reasoning, user
from tests.unit.generations import generation_of

TOOL = {"type": "function", "name": "look", "parameters": {"type": "object", "properties": {}}}
THOUGHT = {"type": "thinking", "thinking": "Hm.", "signature": "c2ln"}


def system(words: str) -> dict[str, Any]:
    return {"type": "message", "role": "system", "content": words}


def used(call_id: str, given: Any) -> dict[str, Any]:
    return {"type": "tool_use", "id": call_id, "name": "look", "input": given}


def result(call_id: str, content: Any, **more: Any) -> dict[str, Any]:
    return {"type": "tool_result", "tool_use_id": call_id, "content": content, **more}


def test_leading_instructions_are_lifted_whoever_gave_them() -> None:
    items = [system("One."), {**system("Two."), "role": "developer"}, user("Hi")]
    body, _ = encode(generation_of("m", items=items, instructions="Zero."))
    assert body["system"] == [text("Zero."), text("One."), text("Two.")]
    assert body["messages"] == [{"role": "user", "content": [text("Hi")]}]


def test_one_instruction_alone_is_a_text() -> None:
    body, _ = encode(generation_of("m", items=[user("Hi")], instructions="Be brief."))
    assert body["system"] == "Be brief."


def test_late_instruction_stays_in_its_place_where_the_model_knows_that() -> None:
    told = messages(user("Hi"), system("Be brief."), assistant("Yes."), user("Go on."), model=OPUS_48)
    assert [role for role, _ in told] == ["user", "system", "assistant", "user"]
    assert told[1][1] == [text("Be brief.")]


def test_late_instruction_after_results_stays_in_its_place() -> None:
    told = messages(user(), call("c"), output("c"), system("Be brief."), model=OPUS_48, tools=[TOOL])
    assert [role for role, _ in told] == ["user", "assistant", "user", "system"]


def test_late_instruction_is_folded_into_the_users_turn_elsewhere() -> None:
    folded = text("<system>\nBe brief.\n</system>")
    assert messages(user("Hi"), system("Be brief.")) == [("user", [text("Hi"), folded])]
    told = messages(user("Hi"), assistant("Yes."), system("Be brief."), user("Go on."), model=OPUS_48)
    assert told[2] == ("user", [folded, text("Go on.")])


def test_turns_of_one_role_are_one_message() -> None:
    told = messages(user("One."), user("Two."), assistant("Three."), assistant("Four."), user("Five."))
    assert [role for role, _ in told] == ["user", "assistant", "user"]
    assert told[0][1] == [text("One."), text("Two.")]


def test_user_is_first_even_where_nobody_asked() -> None:
    assert messages(assistant("Welcome."), user("Hi"))[0] == ("user", [text(".")])
    body, _ = encode(generation_of("m", instructions="Say something."))
    assert body["messages"] == [{"role": "user", "content": [text(".")]}]


def test_blank_texts_are_left_out() -> None:
    told = messages(user([{"type": "input_text", "text": " \n"}, {"type": "input_text", "text": "Hi"}]))
    assert told == [("user", [text("Hi")])]
    assert messages(user("Hi"), assistant(""), user("There?")) == [("user", [text("Hi"), text("There?")])]


def test_last_words_of_the_assistant_lose_their_last_blanks() -> None:
    assert messages(user(), assistant("{ \n"))[-1] == ("assistant", [text("{")])


def test_user_has_the_last_word_where_the_model_does_not_go_on() -> None:
    assert messages(user(), assistant("{"), model=OPUS_46)[-1] == ("user", [text("Please continue.")])


def test_results_stand_together_and_first() -> None:
    picture = {"type": "input_image", "image_url": "data:image/png;base64,AA=="}
    items = [user(), call("a"), call("b"), output("b", [picture]), output("a", "done"), user("Well?")]
    told = messages(*items, tools=[TOOL])
    assert told[1] == ("assistant", [used("a", {"a": 1}), used("b", {"a": 1})])
    image = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "AA=="}}
    assert told[2] == ("user", [result("a", "done"), result("b", [image]), text("Well?")])


def test_calls_of_one_go_stay_one_message_though_words_stand_between_them() -> None:
    items = [user(), assistant("One."), call("a"), assistant("Two."), call("b"), output("a"), output("b")]
    told = messages(*items, tools=[TOOL])
    assert [role for role, _ in told] == ["user", "assistant", "user"]
    assert [block["type"] for block in told[1][1]] == ["text", "tool_use", "text", "tool_use"]


def test_result_is_never_missing_and_never_empty() -> None:
    told = messages(user(), call("a"), call("b"), output("b", ""), user("Well?"), tools=[TOOL])
    nothing = [text("(no output)")]
    assert told[2][1][:2] == [result("a", nothing, is_error=True), result("b", "(no output)")]


def test_failure_of_a_tool_is_carried() -> None:
    told = messages(user(), call("a"), {**output("a", "no"), "is_error": True}, tools=[TOOL])
    assert told[2] == ("user", [result("a", "no", is_error=True)])


def test_ids_are_made_legal_and_each_is_used_once() -> None:
    items = [user(), call("call:1/ü"), output("call:1/ü"), call("call:1/ü"), output("call:1/ü", "again")]
    told = messages(*items, tools=[TOOL])
    first, second = told[1][1][0]["id"], told[3][1][0]["id"]
    assert first.startswith("call_1__")
    assert first != second
    assert (told[2][1][0]["tool_use_id"], told[4][1][0]["tool_use_id"]) == (first, second)
    assert messages(*items, tools=[TOOL]) == told


def test_what_a_tool_is_given_is_an_object_always() -> None:
    given = {"": {}, "[1]": {"input": [1]}, "{": {"input": "{"}}
    for written, expected in given.items():
        told = messages(user(), call("a", arguments=written), output("a"), tools=[TOOL])
        assert told[1][1] == [used("a", expected)]
    tool = {"type": "custom", "name": "patch"}
    told = messages(user(), custom_call("a"), {**output("a"), "type": "custom_tool_call_output"}, tools=[tool])
    assert told[1][1][0]["input"] == {"input": "free text"}


def test_tools_that_are_gone_are_named_where_the_history_calls_them() -> None:
    body, _ = encode(generation_of("m", items=[user(), call("a"), output("a")]))
    assert body["tools"] == [{"name": "look", "input_schema": {"type": "object"}}]
    assert body["tool_choice"] == {"type": "none"}


def test_thinking_goes_back_unharmed_and_first() -> None:
    redacted = {"type": "redacted_thinking", "data": "b3A="}
    items = [user(), reasoning({"blocks": [THOUGHT, redacted]}), call("a"), output("a")]
    told = messages(*items, tools=[TOOL], fields={"reasoning_effort": "low"}, model=SONNET_4)
    assert told[1] == ("assistant", [THOUGHT, redacted, used("a", {"a": 1})])


def test_thinking_that_led_to_nothing_does_not_go_back() -> None:
    told = messages(user(), assistant("So."), reasoning({"blocks": [THOUGHT]}), user("And?"))
    assert told[1] == ("assistant", [text("So.")])


def test_thinking_of_others_is_left_out_and_said() -> None:
    body, dropped = encode(generation_of("m", items=[user(), reasoning(), assistant("So."), user()]))
    assert dropped == ["input[1]"]
    assert body["messages"][1]["content"] == [text("So.")]


def test_tools_that_anthropic_ran_go_back_with_what_they_found() -> None:
    ran = {"type": "server_tool_use", "id": "srvtoolu_1", "name": "bash_code_execution", "input": {"command": "ls"}}
    found = {"type": "bash_code_execution_tool_result", "tool_use_id": "srvtoolu_1", "content": {"stdout": "a"}}
    item = {"type": "code_interpreter_call", "id": "ci", "code": "ls", "outputs": [{"type": "logs", "logs": "a"}]}
    items = [user(), item, reasoning({"blocks": [ran, found]}), assistant("One file."), user("Which?")]
    body, dropped = encode(generation_of("m", items=items))
    assert body["messages"][1]["content"] == [ran, found, text("One file.")]
    assert dropped == []


def test_tools_that_others_ran_are_refused_where_they_brought_something() -> None:
    item = {"type": "mcp_call", "id": "mcp", "name": "x", "arguments": "{}", "output": "found"}
    assert refusal(generation_of("m", items=[user(), item])) == ("input[1].type", "unsupported_parameter")


def test_budget_is_given_up_where_thinking_is_missing_in_the_history() -> None:
    """Clients of chat cannot bring it back, and Anthropic refuses the request without it."""
    items = [user(), call("a"), output("a")]
    generation = generation_of("m", items=items, tools=[TOOL], fields={"reasoning_effort": "low"})
    body, dropped = encode(generation, HAIKU)
    assert "thinking" not in body
    assert dropped == ["reasoning_effort"]
    body, dropped = encode(generation, FABLE)
    assert body["thinking"]["type"] == "adaptive"
    assert dropped == []
