"""What Cohere is sent: messages, settings, tools and forms in its own words, and what it cannot be told."""

from typing import Any

import pytest

from gateway.errors import InvalidRequest
from tests.unit.cohere_requests import CALL, OUTPUT, URL, asked, body, dropped, encode, refusal, tool
from tests.unit.generations import Recovered, generation_of

USER = {"role": "user", "content": "Hi"}
SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
FORM = {"type": "json_schema", "json_schema": {"name": "place", "description": "A place.", "schema": SCHEMA}}
OLD = "command-r-08-2024"


def test_roles_are_the_four_that_cohere_has() -> None:
    messages = body(
        {"role": "developer", "content": "Be brief."},
        {"role": "system", "content": [{"type": "text", "text": "Be"}, {"type": "text", "text": "good."}]},
        USER,
        {"role": "assistant", "content": "Yes?"},
        {"role": "user", "content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]},
    )["messages"]
    assert messages == [
        {"role": "system", "content": "Be brief."},
        {"role": "system", "content": "Be\ngood."},
        USER,
        {"role": "assistant", "content": "Yes?"},
        {"role": "user", "content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]},
    ]


def test_images_go_to_models_that_see_and_are_refused_for_others() -> None:
    seen = {"type": "image_url", "image_url": {"url": URL, "detail": "low"}}
    said = {"role": "user", "content": [{"type": "text", "text": "See."}, seen]}
    for model in ("command-a-plus-05-2026", "command-a-vision-07-2025", "c4ai-aya-vision-32b", "of-tomorrow"):
        assert body(said, model=model)["messages"][0]["content"][1] == seen
    for model in ("command-a-03-2025", "command-a-reasoning-08-2025", "command-r7b-12-2024", OLD):
        assert refusal(said, model=model) == "messages[0].content[1]"


@pytest.mark.parametrize(
    "part",
    [
        {"type": "file", "file": {"file_data": "data:application/pdf;base64,JVBERg=="}},
        {"type": "input_audio", "input_audio": {"data": "UklGRg==", "format": "wav"}},
    ],
)
def test_files_and_sound_are_refused(part: dict[str, Any]) -> None:
    assert refusal(USER, {"role": "user", "content": [part]}) == "messages[1].content[0].type"


def test_calls_and_their_outputs_follow_each_other() -> None:
    other = {**CALL, "id": "call_2"}
    answer = {"role": "assistant", "content": "Well.", "tool_calls": [CALL, other]}
    messages = body(USER, answer, {**OUTPUT, "tool_call_id": "call_2"}, OUTPUT, tools=[tool()])["messages"]
    assert messages[1] == answer
    assert messages[2:] == [OUTPUT, {**OUTPUT, "tool_call_id": "call_2"}]


def test_images_of_a_tool_follow_in_a_message_of_the_users() -> None:
    image = {"type": "image_url", "image_url": {"url": URL}}
    messages = body(
        USER,
        {"role": "assistant", "tool_calls": [CALL, {**CALL, "id": "call_2"}]},
        {**OUTPUT, "content": [{"type": "text", "text": "See."}, image]},
        {**OUTPUT, "tool_call_id": "call_2", "content": [image]},
    )["messages"]
    assert [message["content"] for message in messages[2:4]] == ["See.", "The output is in the message that follows."]
    assert messages[4]["content"] == [
        {"type": "text", "text": "Output of call_1:"},
        image,
        {"type": "text", "text": "Output of call_2:"},
        image,
    ]


def test_image_of_a_single_call_needs_no_name() -> None:
    image = {"type": "image_url", "image_url": {"url": URL}}
    messages = body(USER, {"role": "assistant", "tool_calls": [CALL]}, {**OUTPUT, "content": [image]})["messages"]
    assert messages[-1] == {"role": "user", "content": [image]}


def test_plan_of_nothing_is_not_sent() -> None:
    said = {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": ""}]}
    user = {"type": "message", "role": "user", "content": "Hi"}
    sent, _ = encode(generation_of("x", items=[user, Recovered({"type": "reasoning"}, {"tool_plan": "I look."}), said]))
    assert sent["messages"] == [USER]


def test_failure_of_a_tool_is_said_to_be_left_out() -> None:
    assert dropped(USER, {"role": "assistant", "tool_calls": [CALL]}, {**OUTPUT, "is_error": True}) == [
        "messages[2].is_error"
    ]


def test_answer_that_says_nothing_is_not_sent() -> None:
    assert body(USER, {"role": "assistant", "content": ""}, USER)["messages"] == [USER, USER]


def test_reasoning_goes_back_where_it_came_from() -> None:
    items = [
        {"type": "message", "role": "user", "content": "Hi"},
        Recovered({"type": "reasoning"}, {"thinking": "Hm."}),
        Recovered({"type": "reasoning"}, {"tool_plan": "I look."}),
        {"type": "function_call", "call_id": "call_1", "name": "look", "arguments": ""},
        {"type": "function_call_output", "call_id": "call_1", "output": "A hill."},
        Recovered({"type": "reasoning"}, {"blocks": ["somebody else's"]}),
        {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "It is."}]},
    ]
    sent, left = encode(generation_of("x", items=items))
    assert sent["messages"][1] == {
        "role": "assistant",
        "content": [{"type": "thinking", "thinking": "Hm."}],
        "tool_plan": "I look.",
        "tool_calls": [{"id": "call_1", "type": "function", "function": {"name": "look", "arguments": "{}"}}],
    }
    assert sent["messages"][3] == {"role": "assistant", "content": "It is."}
    assert left == ["input[5]"]


def test_settings_have_coheres_names_and_bounds() -> None:
    sent = body(
        temperature=0.5, top_p=0.9, top_k=40, seed=7, presence_penalty=0.5, max_completion_tokens=100, stop="END"
    )
    assert {name: sent[name] for name in sent if name not in ("model", "messages", "stream")} == {
        "temperature": 0.5,
        "p": 0.9,
        "k": 40,
        "seed": 7,
        "presence_penalty": 0.5,
        "max_tokens": 100,
        "stop_sequences": ["END"],
    }
    sent, left = encode(asked(presence_penalty=-0.5, frequency_penalty=2, top_p=1, top_k=1000))
    assert [sent[name] for name in ("presence_penalty", "frequency_penalty", "p", "k")] == [0, 1, 0.99, 500]
    assert sorted(left) == ["frequency_penalty", "presence_penalty", "top_k"]


def test_settings_without_a_place_are_left_out_and_said() -> None:
    fields: dict[str, Any] = {
        "user": "ann",
        "verbosity": "low",
        "prompt_cache_key": "k",
        "odd": 1,
    }
    assert dropped(**fields, metadata={"topic": "x"}, n=1, logit_bias={}, service_tier="auto") == [
        *("user", "verbosity", "prompt_cache_key", "odd")
    ]


@pytest.mark.parametrize(
    "fields",
    [
        {"n": 2},
        {"logit_bias": {"1": 2}},
        {"modalities": ["text", "audio"]},
        {"web_search_options": {}},
        {"stop": ["a", "b", "c", "d", "e", "f"]},
        {"top_logprobs": 2, "logprobs": True},
    ],
    ids=lambda fields: next(iter(fields)),
)
def test_what_would_change_the_answer_is_refused(fields: dict[str, Any]) -> None:
    assert refusal(**fields) == next(iter(fields))


def test_limit_that_is_none_is_invalid() -> None:
    with pytest.raises(InvalidRequest) as caught:
        body(max_tokens=0)
    assert (caught.value.param, caught.value.code) == ("max_tokens", "invalid_value")


def test_service_tiers_are_priorities() -> None:
    assert body(service_tier="flex")["priority"] == 999
    assert body(service_tier="priority")["priority"] == 0
    assert dropped(service_tier="scale") == ["service_tier"]


def test_effort_is_a_budget_that_leaves_room_for_the_answer() -> None:
    assert body(reasoning_effort="none")["thinking"] == {"type": "disabled"}
    assert body(reasoning_effort="low")["thinking"] == {"type": "enabled", "token_budget": 1024}
    assert body(reasoning_effort="low", max_tokens=100)["thinking"]["token_budget"] == 99
    assert body(reasoning_effort="max")["thinking"] == {"type": "enabled"}
    assert dropped(reasoning_effort="extreme") == ["reasoning_effort"]
    assert dropped(reasoning_effort="high", model=OLD) == ["reasoning_effort"]


def test_fields_of_coheres_own_travel() -> None:
    documents = [{"id": "1", "data": {"text": "A hill."}}]
    sent, left = encode(asked(documents=documents, citation_options={"mode": "FAST"}, safety_mode="STRICT"))
    assert (sent["documents"], sent["citation_options"], left) == (documents, {"mode": "FAST"}, ["safety_mode"])
    assert body(safety_mode="STRICT")["safety_mode"] == "STRICT"


def test_thinking_that_is_another_providers_is_left_out_and_said_and_the_effort_counts() -> None:
    own: Any = {"clear_thinking": False}
    assert dropped(thinking=own, reasoning_effort="low") == ["thinking"]
    assert body(thinking=own, reasoning_effort="low")["thinking"] == {"type": "enabled", "token_budget": 1024}


def test_tool_choices_are_required_none_and_nothing() -> None:
    tools = [tool("look"), tool("find")]
    assert "tool_choice" not in body(tools=tools, tool_choice="auto")
    assert body(tools=tools, tool_choice="none")["tool_choice"] == "NONE"
    assert body(tools=tools, tool_choice="required")["tool_choice"] == "REQUIRED"
    named = body(tools=tools, tool_choice={"type": "function", "function": {"name": "find"}})
    assert ([entry["function"]["name"] for entry in named["tools"]], named["tool_choice"]) == (["find"], "REQUIRED")


def test_old_models_have_no_tool_choice() -> None:
    assert "tools" not in body(tools=[tool()], tool_choice="none", model=OLD)
    assert refusal(tools=[tool()], tool_choice="required", model=OLD) == "tool_choice"
    assert refusal(tools=[tool()], response_format=FORM, model=OLD) == "response_format"


def test_tools_are_strict_when_all_of_them_are() -> None:
    assert body(tools=[tool(strict=True)])["strict_tools"] is True
    sent, left = encode(asked(tools=[tool("a", strict=True), tool("b")]))
    assert ("strict_tools" in sent, left) == (False, ["tools[0].strict"])
    sent, left = encode(asked(tools=[tool("a", strict=True, parameters={"type": "object", "properties": {}})]))
    assert ("strict_tools" in sent, left) == (False, ["tools[0].strict"])


def test_tool_without_parameters_has_empty_ones() -> None:
    sent = body(tools=[{"type": "function", "function": {"name": "now", "description": "Tells it."}}])
    assert sent["tools"][0]["function"] == {
        "parameters": {"type": "object", "properties": {}},
        "name": "now",
        "description": "Tells it.",
    }


def test_schema_of_a_form_is_not_wrapped() -> None:
    assert body(response_format=FORM)["response_format"] == {"type": "json_object", "json_schema": SCHEMA}
    assert body(response_format={"type": "json_object"})["response_format"] == {"type": "json_object"}
    assert "response_format" not in body(response_format={"type": "text"})
    sent = body(response_format=FORM, tools=[tool()], tool_choice="none")
    assert ("tools" in sent, "response_format" in sent) == (False, True)


def test_form_beside_tools_is_a_tool_of_its_own() -> None:
    sent = body(response_format=FORM, tools=[tool()])
    form = {"name": "answer_in_form", "description": "A place.", "parameters": SCHEMA}
    assert sent["tools"][1]["function"] == form
    assert (sent["tool_choice"], "response_format" in sent) == ("REQUIRED", False)
    required = body(response_format=FORM, tools=[tool()], tool_choice="required")
    assert ([entry["function"]["name"] for entry in required["tools"]], required["tool_choice"]) == (
        ["look"],
        "REQUIRED",
    )
    loose = body(response_format={"type": "json_object"}, tools=[tool()])
    assert ("response_format" in loose, "tool_choice" in loose, len(loose["tools"])) == (False, False, 1)


def test_custom_tools_take_their_text_wrapped() -> None:
    custom = {"type": "custom", "custom": {"name": "run", "description": "Runs."}}
    call = {"id": "call_1", "type": "custom", "custom": {"name": "run", "input": "ls"}}
    sent = body(USER, {"role": "assistant", "tool_calls": [call]}, OUTPUT, tools=[custom])
    assert sent["tools"][0]["function"]["parameters"]["required"] == ["input"]
    assert sent["messages"][1]["tool_calls"][0]["function"] == {"name": "run", "arguments": '{"input":"ls"}'}


def test_cache_control_is_dropped_and_reported() -> None:
    part = {"type": "text", "text": "Long.", "cache_control": {"type": "ephemeral"}}
    sent, left = encode(asked({"role": "user", "content": [part]}, {"role": "assistant", "content": [part]}))
    assert [message["content"] for message in sent["messages"]] == ["Long.", "Long."]
    assert left == ["messages[0].content[0].cache_control", "messages[1].content[0].cache_control"]
