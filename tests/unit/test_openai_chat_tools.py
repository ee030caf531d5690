"""Tools and tool choices on their way to a chat upstream: named as chat allows, restricted as asked."""

from typing import Any

import orjson
import pytest

from gateway.dialects.base import Origin
from gateway.dialects.profiles.openai_chat import ChatProfile
from gateway.errors import InvalidRequest
from gateway.neutral.events import Event, Failed, ToolArguments, ToolCallBegan
from gateway.neutral.generation import Generation
from tests.servers.chat_rules import complaints
from tests.unit.chat_requests import DIALECT, PLAIN, RICH, asked, call, encode, messages, output, refusal, user

LOOK = {"type": "function", "name": "look", "parameters": {"type": "object", "properties": {}}}
FIND = {"type": "function", "name": "find"}
PATCH = {"type": "custom", "name": "patch", "description": "Changes a file."}
SPACE = {"type": "namespace", "name": "crm", "description": "Customers.", "tools": [LOOK, PATCH]}
HOSTED = ("web_search", "file_search", "mcp", "code_interpreter", "image_generation", "local_shell", "computer")
DROPPING = ChatProfile(drops_hosted_tools=True)


def body_of(tools: list[Any], choice: Any = None, facts: ChatProfile = PLAIN, **fields: Any) -> dict[str, Any]:
    """The body with these tools, which a strict server would take."""
    body, _ = encode(asked(user(), tools=tools, tool_choice=choice, **fields), facts)
    assert list(complaints(body)) == []
    return body


def names(body: dict[str, Any]) -> list[str]:
    return [tool[tool["type"]]["name"] for tool in body.get("tools", [])]


def answered(generation: Generation, *calls: dict[str, Any], is_stream: bool = False) -> list[Event]:
    """The events of an answer with these calls, plain or streamed."""
    origin = Origin("lab", "small")
    if not is_stream:
        message = {"role": "assistant", "content": None, "tool_calls": list(calls)}
        body = orjson.dumps({"choices": [{"index": 0, "message": message, "finish_reason": "tool_calls"}]})
        return DIALECT.decode_reply(body, generation, origin, is_native=False)
    decoder = DIALECT.decoder(generation, origin, is_native=False)
    events: list[Event] = []
    for index, piece in enumerate(calls):
        choice = {"index": 0, "delta": {"tool_calls": [{"index": index, **piece}]}}
        events += decoder.feed(orjson.dumps({"choices": [choice]}))
    return [*events, *decoder.feed(b"[DONE]")]


def chat_call(name: str, arguments: str = "{}") -> dict[str, Any]:
    return {"id": "c", "type": "function", "function": {"name": name, "arguments": arguments}}


def test_function_is_nested_and_fields_that_chat_lacks_are_dropped_and_said() -> None:
    tool = {**LOOK, "description": "Looks.", "strict": False, "output_schema": {"type": "null"}, "defer_loading": True}
    body, dropped = encode(asked(user(), tools=[FIND, tool]))
    function = {"name": "look", "description": "Looks.", "parameters": LOOK["parameters"], "strict": False}
    assert body["tools"][1] == {"type": "function", "function": function}
    assert sorted(dropped) == ["tools[1].defer_loading", "tools[1].output_schema"]


OPEN = {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]}
CLOSED = {**OPEN, "additionalProperties": False}


@pytest.mark.parametrize(
    ("given", "strict", "parameters"),
    [
        ({"parameters": OPEN}, True, CLOSED),
        ({"parameters": CLOSED}, True, CLOSED),
        ({"parameters": {**OPEN, "required": []}}, False, {**OPEN, "required": []}),
        ({"parameters": {**OPEN, "additionalProperties": True}}, False, {**OPEN, "additionalProperties": True}),
        (
            {"parameters": {**OPEN, "properties": {"a": {"type": "array", "items": OPEN}}}},
            True,
            {**CLOSED, "properties": {"a": {"type": "array", "items": CLOSED}}},
        ),
        ({"parameters": {**OPEN, "properties": {"a": {"type": "object", "properties": {"b": {}}}}}}, False, None),
        ({"parameters": {"anyOf": [OPEN, {"type": "null"}]}}, True, {"anyOf": [CLOSED, {"type": "null"}]}),
        ({"parameters": OPEN, "strict": None}, False, OPEN),
        ({"parameters": OPEN, "strict": False}, False, OPEN),
        ({"parameters": OPEN, "strict": True}, True, OPEN),
        ({}, True, None),
    ],
)
def test_omitted_strict_is_true_as_far_as_the_schema_allows(given: Any, strict: bool, parameters: Any) -> None:
    """Behaviour 20: strict by default here, not in chat. A closed schema is what OpenAI itself makes of an open one."""
    body, _ = encode(asked(user(), tools=[{"type": "function", "name": "f", **given}]))
    function = body["tools"][0]["function"]
    assert function["strict"] is strict
    if parameters is not None:
        assert function["parameters"] == parameters


def test_schema_that_is_nested_without_end_is_not_strict() -> None:
    deep: dict[str, Any] = {}
    for _ in range(100):
        deep = {"items": deep}
    body, _ = encode(asked(user(), tools=[{"type": "function", "name": "f", "parameters": deep}]))
    assert body["tools"][0]["function"]["strict"] is False


def test_function_in_chats_own_form_stays_as_it_is() -> None:
    tool = {"type": "function", "function": {"name": "look", "odd": 1}}
    assert body_of([tool])["tools"] == [tool]


def test_tool_without_a_name_is_refused() -> None:
    assert refusal(asked(user(), tools=[LOOK, {"type": "function"}])) == ("tools[1].name", "invalid_value")


GRAMMAR = {"syntax": "lark", "definition": "start: /a+/"}


def test_custom_tool_keeps_its_grammar() -> None:
    tool = {**PATCH, "format": {"type": "grammar", **GRAMMAR}, "defer_loading": True}
    custom = {"name": "patch", "description": "Changes a file.", "format": {"type": "grammar", "grammar": GRAMMAR}}
    assert body_of([tool], facts=RICH)["tools"] == [{"type": "custom", "custom": custom}]
    assert body_of([PATCH], facts=RICH)["tools"][0]["custom"] == {"name": "patch", "description": "Changes a file."}


def test_custom_tool_is_a_function_with_one_text_where_there_are_none() -> None:
    (tool,) = body_of([{**PATCH, "format": {"type": "grammar", **GRAMMAR}}])["tools"]
    function = tool["function"]
    assert list(function["parameters"]["properties"]) == function["parameters"]["required"] == ["input"]
    assert function["parameters"]["properties"]["input"]["type"] == "string"
    for told in ("Changes a file.", "lark", "start: /a+/"):
        assert told in function["description"]


@pytest.mark.parametrize("kind", HOSTED)
def test_hosted_tool_is_refused_by_its_type_or_left_out_where_the_operator_says_so(kind: str) -> None:
    generation = asked(user(), tools=[LOOK, {"type": kind}])
    assert refusal(generation) == ("tools[1].type", "unsupported_parameter")
    body, dropped = encode(generation, DROPPING)
    assert (names(body), dropped) == (["look"], ["tools[1]"])


def test_tools_of_a_namespace_are_flattened_and_their_calls_restored() -> None:
    generation = asked(user(), tools=[SPACE, FIND])
    body, _ = encode(generation)
    assert names(body) == ["crm__look", "crm__patch", "find"]
    for is_stream in (False, True):
        events = answered(generation, chat_call("crm__look"), chat_call("find"), is_stream=is_stream)
        told = [(event.name, event.namespace) for event in events if isinstance(event, ToolCallBegan)]
        assert told == [("look", "crm"), ("find", None)]


def test_calls_of_the_history_have_the_names_that_the_tools_have() -> None:
    told = messages(call("a", namespace="crm"), output("a"), tools=[SPACE])
    assert told[0]["tool_calls"][0]["function"]["name"] == "crm__look"
    told = messages(call("a", name="crm__look"), output("a"), tools=[SPACE])
    assert told[0]["tool_calls"][0]["function"]["name"] == "crm__look"
    gone = messages(call("a", namespace="gone"), output("a"))
    assert gone[0]["tool_calls"][0]["function"]["name"] == "gone__look"


def test_names_that_collide_or_are_too_long_are_told_apart_and_restored() -> None:
    long = "n" * 100
    tools = [
        SPACE,
        {"type": "function", "name": "crm__look"},
        {"type": "function", "name": long},
        {"type": "function", "name": f"{long}2"},
        {"type": "function", "name": "with space"},
    ]
    generation = asked(user(), tools=tools)
    chat_names = names(body_of(tools))
    assert chat_names[2] == "crm__look"
    assert len(set(chat_names)) == len(chat_names)
    events = answered(generation, *(chat_call(name) for name in chat_names))
    told = [(event.name, event.namespace) for event in events if isinstance(event, ToolCallBegan)]
    assert told == [
        ("look", "crm"),
        ("patch", "crm"),
        ("crm__look", None),
        (long, None),
        (f"{long}2", None),
        ("with space", None),
    ]


def test_tools_that_items_add_are_on_offer() -> None:
    added = {"type": "additional_tools", "role": "developer", "tools": [FIND]}
    body, _ = encode(asked(added, user(), tools=[LOOK]))
    assert names(body) == ["look", "find"]
    hosted = {**added, "tools": [FIND, {"type": "web_search"}]}
    assert refusal(asked(user(), hosted)) == ("input[1].tools[1].type", "unsupported_parameter")
    assert refusal(asked(hosted, user(), history=1)) == ("previous_response_id", "unsupported_parameter")


@pytest.mark.parametrize("choice", ["none", "auto", "required"])
def test_choice_in_a_word_stays_one(choice: str) -> None:
    assert body_of([LOOK], choice)["tool_choice"] == choice


def test_choice_means_nothing_without_tools() -> None:
    body = body_of([], "auto", fields={"parallel_tool_calls": True})
    assert not {"tools", "tool_choice", "parallel_tool_calls"} & body.keys()
    assert refusal(asked(user(), tool_choice="required")) == ("tool_choice", "invalid_value")


@pytest.mark.parametrize(
    ("choice", "expected"),
    [
        ({"type": "function", "name": "look"}, {"type": "function", "function": {"name": "look"}}),
        ({"type": "function", "function": {"name": "look"}}, {"type": "function", "function": {"name": "look"}}),
        ({"type": "custom", "name": "patch"}, {"type": "custom", "custom": {"name": "patch"}}),
        ({"type": "custom", "custom": {"name": "patch"}}, {"type": "custom", "custom": {"name": "patch"}}),
    ],
)
def test_choice_of_one_tool_is_nested(choice: Any, expected: Any) -> None:
    assert body_of([LOOK, PATCH], choice, RICH)["tool_choice"] == expected


def test_choice_of_a_custom_tool_is_one_of_the_function_that_stands_in() -> None:
    choice = body_of([LOOK, PATCH], {"type": "custom", "name": "patch"})["tool_choice"]
    assert choice == {"type": "function", "function": {"name": "patch"}}


def test_choice_finds_a_tool_in_its_namespace() -> None:
    for choice in ({"name": "look", "namespace": "crm"}, {"name": "look"}, {"name": "crm__look"}):
        told = body_of([SPACE], {"type": "function", **choice})["tool_choice"]
        assert told == {"type": "function", "function": {"name": "crm__look"}}


@pytest.mark.parametrize(
    ("choice", "code"),
    [
        ({"type": "web_search"}, "unsupported_parameter"),
        ({"type": "mcp", "server_label": "x"}, "unsupported_parameter"),
        ({"type": "shell"}, "unsupported_parameter"),
        ({"type": "function", "name": "gone"}, "invalid_value"),
        ({"type": "allowed_tools", "mode": "auto", "tools": [{"type": "function", "name": "gone"}]}, "invalid_value"),
        ({"type": "allowed_tools", "mode": "maybe", "tools": []}, "invalid_value"),
        ({"type": "allowed_tools", "mode": "required", "tools": []}, "invalid_value"),
        ({"type": "allowed_tools", "mode": "auto"}, "invalid_value"),
        ({}, "invalid_value"),
        (5, "invalid_value"),
    ],
)
def test_choice_that_cannot_be_met_is_refused(choice: Any, code: str) -> None:
    assert refusal(asked(user(), tools=[LOOK], tool_choice=choice)) == ("tool_choice", code)


ALLOWED = [{"type": "function", "name": "look"}, {"type": "custom", "name": "patch"}]


@pytest.mark.parametrize("mode", ["auto", "required"])
@pytest.mark.parametrize("is_nested", [True, False])
def test_allowed_tools_are_nested_or_the_only_ones_shown(mode: str, is_nested: bool) -> None:
    choice: dict[str, Any] = {"mode": mode, "tools": ALLOWED}
    choice = {"type": "allowed_tools", "allowed_tools": choice} if is_nested else {"type": "allowed_tools", **choice}
    rich = body_of([FIND, LOOK, PATCH], choice, RICH)
    assert names(rich) == ["find", "look", "patch"]
    told = [{"type": "function", "function": {"name": "look"}}, {"type": "custom", "custom": {"name": "patch"}}]
    assert rich["tool_choice"] == {"type": "allowed_tools", "allowed_tools": {"mode": mode, "tools": told}}
    plain = body_of([FIND, LOOK, PATCH], choice)
    assert (names(plain), plain["tool_choice"]) == (["look", "patch"], mode)


def test_allowed_tools_may_name_a_namespace() -> None:
    choice = {"type": "allowed_tools", "mode": "auto", "tools": [{"type": "namespace", "name": "crm"}]}
    assert names(body_of([FIND, SPACE], choice)) == ["crm__look", "crm__patch"]


def test_allowed_tools_that_allow_none_call_none() -> None:
    assert body_of([FIND], {"type": "allowed_tools", "mode": "auto", "tools": []})["tool_choice"] == "none"


@pytest.mark.parametrize("is_stream", [True, False])
@pytest.mark.parametrize(
    "choice",
    [
        "none",
        {"type": "function", "name": "look"},
        {"type": "allowed_tools", "mode": "auto", "tools": ALLOWED},
    ],
)
def test_call_that_the_choice_forbids_fails_the_answer(choice: Any, is_stream: bool) -> None:
    generation = asked(user(), tools=[FIND, LOOK, PATCH], tool_choice=choice)
    for name in ("find", "invented"):
        last = answered(generation, chat_call(name), is_stream=is_stream)[-1]
        assert isinstance(last, Failed)
        assert (last.error.status, last.error.code) == (502, "upstream_bad_reply")
    if choice != "none":
        events = answered(generation, chat_call("look"), is_stream=is_stream)
        assert events[0] == ToolCallBegan(0, "c", "look")


def test_call_of_what_nobody_offered_is_the_clients_to_answer() -> None:
    assert answered(asked(user(), tools=[LOOK]), chat_call("invented", '{"a":1}'))[:2] == [
        ToolCallBegan(0, "c", "invented"),
        ToolArguments(0, '{"a":1}'),
    ]


def test_tools_are_left_out_and_said_where_there_are_none() -> None:
    without = ChatProfile(takes_tools=False)
    body, dropped = encode(asked(user(), tools=[LOOK], fields={"parallel_tool_calls": False}), without)
    assert not {"tools", "tool_choice", "parallel_tool_calls"} & body.keys()
    assert dropped == ["tools"]
    for choice in ("required", {"type": "function", "name": "look"}):
        assert refusal(asked(user(), tools=[LOOK], tool_choice=choice), without)[0] == "tool_choice"


def test_what_the_upstream_has_no_use_for_is_said_by_the_name_it_was_asked_by() -> None:
    facts = ChatProfile(dropped=frozenset({"top_k", "seed"}), fields=frozenset({"model", "messages", "seed"}))
    generation = asked(
        user(),
        fields={"top_k": 5, "reasoning_effort": "low", "stop": None},
        untranslated=["include"],
        asked={"top_k": 5, "reasoning": {"effort": "low"}, "text": {}},
    )
    body, dropped = encode(generation, facts)
    assert body.keys() == {"model", "messages"}
    assert sorted(dropped) == ["include", "reasoning.effort", "top_k"]


@pytest.mark.parametrize("wanted", [{"response_format": {"type": "json_object"}}, {"n": 2}, {"stop": ["x"]}])
def test_what_the_answer_depends_on_is_refused_where_few_fields_are_known(wanted: dict[str, Any]) -> None:
    facts = ChatProfile(fields=frozenset({"model", "messages"}))
    with pytest.raises(InvalidRequest, match="and without it the answer would be another one"):
        encode(asked(user(), fields=wanted), facts)


def test_body_that_is_nested_too_deeply_to_be_written_is_refused() -> None:
    deep = orjson.loads(b"[" * 300 + b"]" * 300)
    with pytest.raises(InvalidRequest, match="nested too deeply"):
        encode(asked(user(), tools=[{**LOOK, "odd": deep}]))
