"""Tools for Anthropic, the choice among them, and answers that must have a form."""

from typing import Any

import pytest

from gateway.dialects.anthropic.structured_output import instruction, plan_format
from gateway.dialects.profiles.anthropic import AnthropicProfile
from gateway.dialects.structured_output import FORMAT_TOOL
from tests.unit.anthropic_requests import FABLE, HAIKU, OPUS_48, SONNET_4, encode, origin, refusal
from tests.unit.chat_requests import user
from tests.unit.generations import generation_of

SCHEMA = {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]}
LOOK = {"type": "function", "name": "look", "description": "Looks.", "parameters": SCHEMA, "strict": False}
PATCH = {"type": "custom", "name": "patch"}
OBJECT = {"type": "json_object"}
DOG = {"type": "json_schema", "json_schema": {"name": "dog", "schema": SCHEMA}}
CLOSED = {**SCHEMA, "additionalProperties": False}


def asked(*tools: Any, choice: Any = None, model: str = HAIKU, **fields: Any) -> tuple[dict[str, Any], list[str]]:
    generation = generation_of("m", items=[user()], tools=list(tools), tool_choice=choice, fields=fields)
    return encode(generation, model)


def test_function_has_anthropics_form() -> None:
    body, _ = asked(LOOK)
    assert body["tools"] == [{"name": "look", "description": "Looks.", "input_schema": SCHEMA}]
    assert "tool_choice" not in body


def test_function_without_parameters_has_an_empty_schema() -> None:
    body, _ = asked({"type": "function", "name": "look", "strict": False})
    assert body["tools"] == [{"name": "look", "input_schema": {"type": "object", "properties": {}}}]


def test_custom_tool_is_a_function_of_one_text() -> None:
    body, _ = asked(PATCH)
    assert body["tools"][0]["input_schema"]["required"] == ["input"]


def test_strict_tool_is_strict_where_anthropic_can_do_so() -> None:
    body, dropped = asked({**LOOK, "strict": True})
    assert body["tools"][0] == {"name": "look", "description": "Looks.", "input_schema": CLOSED, "strict": True}
    assert dropped == []
    body, dropped = asked({**LOOK, "strict": True}, model=SONNET_4)
    assert "strict" not in body["tools"][0]
    assert dropped == ["tools[0].strict"]


def test_no_more_tools_are_strict_than_may_be() -> None:
    body, _ = asked(*({**LOOK, "name": f"look_{i}", "strict": True} for i in range(25)))
    assert sum("strict" in tool for tool in body["tools"]) == 20


def test_marks_and_fields_of_anthropics_own_travel() -> None:
    mark = {"type": "ephemeral", "ttl": "1h"}
    body, dropped = asked({**LOOK, "cache_control": mark, "eager_input_streaming": True})
    assert body["tools"][0] == {
        "name": "look",
        "description": "Looks.",
        "input_schema": SCHEMA,
        "eager_input_streaming": True,
        "cache_control": mark,
    }
    assert dropped == []


def test_tools_are_deferred_only_where_they_can_be_found() -> None:
    deferred = {**LOOK, "defer_loading": True}
    body, dropped = asked(deferred)
    assert "defer_loading" not in body["tools"][0]
    assert dropped == ["tools[0].defer_loading"]
    body, dropped = asked(deferred, {"type": "tool_search_tool_bm25_20251119", "name": "tool_search_tool_bm25"})
    assert body["tools"][0]["defer_loading"] is True
    assert dropped == []


@pytest.mark.parametrize(
    ("choice", "sent"),
    [
        ("auto", {"type": "auto"}),
        ("none", {"type": "none"}),
        ("required", {"type": "any"}),
        ({"type": "function", "name": "look"}, {"type": "tool", "name": "look"}),
        ({"type": "custom", "name": "patch"}, {"type": "tool", "name": "patch"}),
        (
            {"type": "allowed_tools", "mode": "required", "tools": [{"type": "function", "name": "look"}]},
            {"type": "any"},
        ),
    ],
)
def test_choice_has_anthropics_form(choice: Any, sent: Any) -> None:
    body, _ = asked(LOOK, PATCH, choice=choice)
    assert body["tool_choice"] == sent
    assert len(body["tools"]) == (1 if "tools" in choice else 2)


def test_choice_that_anthropic_does_not_know_is_refused() -> None:
    generation = generation_of("m", items=[user()], tools=[LOOK], tool_choice="sometimes")
    assert refusal(generation) == ("tool_choice", "unsupported_parameter")


def test_calls_one_at_a_time_are_asked_for_within_the_choice() -> None:
    single = {"disable_parallel_tool_use": True}
    assert asked(LOOK, parallel_tool_calls=False)[0]["tool_choice"] == {"type": "auto", **single}
    assert asked(LOOK, parallel_tool_calls=False, choice="required")[0]["tool_choice"] == {"type": "any", **single}
    assert asked(LOOK, parallel_tool_calls=False, choice="none")[0]["tool_choice"] == {"type": "none"}
    assert "tool_choice" not in asked(LOOK, parallel_tool_calls=True)[0]
    assert "tool_choice" not in asked(parallel_tool_calls=False)[0]


def test_thinking_with_a_budget_gives_way_to_a_call_that_must_be() -> None:
    body, dropped = asked(LOOK, choice="required", reasoning_effort="low")
    assert "thinking" not in body
    assert dropped == ["reasoning_effort"]
    body, dropped = asked(LOOK, choice="required", reasoning_effort="low", model=OPUS_48)
    assert (body["thinking"]["type"], body["tool_choice"], dropped) == ("adaptive", {"type": "any"}, [])


def test_call_that_cannot_be_forced_is_asked_for_in_words() -> None:
    body, dropped = asked(LOOK, PATCH, choice={"type": "function", "name": "look"}, model=FABLE)
    assert [tool["name"] for tool in body["tools"]] == ["look"]
    assert body["tool_choice"] == {"type": "auto"}
    assert body["system"] == "Call the tool look now."
    assert dropped == ["tool_choice"]


def test_search_of_the_web_is_anthropics_own() -> None:
    place = {"type": "approximate", "city": "Paris", "region": None}
    tool = {"type": "web_search", "filters": {"allowed_domains": ["a.org"]}, "user_location": place}
    body, dropped = asked({**tool, "search_context_size": "high"}, choice={"type": "web_search"})
    (sent,) = body["tools"]
    assert sent == {
        "type": "web_search_20250305",
        "name": "web_search",
        "allowed_domains": ["a.org"],
        "user_location": {"type": "approximate", "city": "Paris"},
    }
    assert body["tool_choice"] == {"type": "tool", "name": "web_search"}
    assert dropped == ["tools[0].search_context_size"]


def test_search_that_chat_asks_for_is_a_tool() -> None:
    place = {"type": "approximate", "approximate": {"country": "FR"}}
    body, _ = asked(web_search_options={"user_location": place})
    assert body["tools"][0]["user_location"] == {"type": "approximate", "country": "FR"}


def test_code_is_run_in_a_new_container() -> None:
    generation = generation_of("m", items=[user()], tools=[{"type": "code_interpreter", "container": {"type": "auto"}}])
    body, _ = encode(generation)
    assert body["tools"] == [{"type": "code_execution_20250825", "name": "code_execution"}]
    generation = generation_of("m", items=[user()], tools=[{"type": "code_interpreter", "container": "cntr_1"}])
    assert refusal(generation) == ("tools[0].type", "unsupported_parameter")


@pytest.mark.parametrize("kind", ["file_search", "image_generation", "mcp"])
def test_tools_that_only_others_run_are_refused(kind: str) -> None:
    generation = generation_of("m", items=[user()], tools=[{"type": kind}])
    assert refusal(generation) == ("tools[0].type", "unsupported_parameter")


def test_schema_is_kept_by_anthropic_where_it_can_be() -> None:
    body, _ = asked(response_format=DOG)
    assert body["output_config"] == {"format": {"type": "json_schema", "schema": CLOSED}}
    assert "tools" not in body


def test_form_and_effort_stand_together() -> None:
    body, _ = asked(response_format=DOG, reasoning_effort="low", model=OPUS_48)
    assert body["output_config"].keys() == {"format", "effort"}


def test_elsewhere_a_tool_stands_in_for_the_form() -> None:
    body, _ = asked(response_format=DOG, model=SONNET_4)
    assert body["tools"][0]["name"] == FORMAT_TOOL
    assert body["tools"][0]["input_schema"] == SCHEMA
    assert body["tool_choice"] == {"type": "tool", "name": FORMAT_TOOL}


def test_any_object_is_asked_for_by_a_tool() -> None:
    body, _ = asked(response_format=OBJECT)
    assert body["tools"][0]["input_schema"] == {"type": "object", "additionalProperties": True}


def test_form_stands_beside_the_clients_tools() -> None:
    body, _ = asked(LOOK, response_format=OBJECT)
    assert [tool["name"] for tool in body["tools"]] == ["look", FORMAT_TOOL]
    assert body["tool_choice"] == {"type": "any"}
    assert asked(LOOK, response_format=OBJECT, choice="none")[0]["tool_choice"]["name"] == FORMAT_TOOL


def test_answer_that_must_be_a_call_needs_no_form() -> None:
    body, _ = asked(LOOK, response_format=OBJECT, choice="required")
    assert [tool["name"] for tool in body["tools"]] == ["look"]


@pytest.mark.parametrize(("model", "fields"), [(FABLE, {}), (SONNET_4, {"reasoning_effort": "low"})])
def test_form_that_cannot_be_forced_is_asked_for_in_words(model: str, fields: dict[str, Any]) -> None:
    body, dropped = asked(response_format=OBJECT, model=model, **fields)
    assert body["tool_choice"] == {"type": "auto"}
    assert FORMAT_TOOL in body["system"]
    assert ("thinking" in body) == bool(fields)
    assert dropped == []


def test_schema_that_is_no_object_is_asked_for_in_words() -> None:
    form = {"type": "json_schema", "json_schema": {"name": "n", "schema": {"type": "array", "items": {}}}}
    body, _ = asked(response_format=form)
    assert "tools" not in body
    plan = plan_format(
        generation_of("m", fields={"response_format": form}).prompt, AnthropicProfile.own(origin().profile)
    )
    assert plan is not None
    assert body["system"] == instruction(plan)
