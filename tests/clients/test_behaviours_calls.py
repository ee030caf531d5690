"""Behaviours that gateways get wrong: tools, their calls and their outputs (facts on the Responses API, section 4)."""

from typing import Any

import httpx
import pytest

from tests.clients.asking import answered, function, items, kinds, output, plain, refused, streamed, text, user
from tests.servers.chat_upstream import ChatUpstream
from tests.servers.responses_upstream import ResponsesUpstream
from tests.servers.told_upstream import ToldUpstream, call_chunk, chunk, usage_chunk

STREAMS = pytest.mark.parametrize("is_stream", [False, True], ids=["plain", "streamed"])
PIXEL = "data:image/png;base64,iVBORw0KGgo="
WEATHER = function("weather", "city")


def _calls(response: dict[str, Any]) -> list[tuple[str, str, str]]:
    return [(call["call_id"], call["name"], call["arguments"]) for call in items(response, "function_call")]


def test_behaviour_04_arguments_are_found_by_index_where_only_the_first_chunk_has_the_id(
    client: httpx.Client, told: ToldUpstream
) -> None:
    pieces = ['{"ci', 'ty":', '"Par', 'is"}']
    told.streams(
        chunk(role="assistant", content=None),
        call_chunk(index=0, id="call_a", type="function", function={"name": "weather", "arguments": ""}),
        *(call_chunk(index=0, function={"arguments": piece}) for piece in pieces),
        chunk("tool_calls"),
        usage_chunk(),
    )
    events = streamed(client, model="told/deltas", tools=[WEATHER])
    deltas = [event["delta"] for event in events if event["type"] == "response.function_call_arguments.delta"]
    assert deltas == pieces
    assert _calls(events[-1]["response"]) == [("call_a", "weather", '{"city":"Paris"}')]


def test_behaviour_04_no_item_is_opened_before_its_name_is_known(client: httpx.Client, told: ToldUpstream) -> None:
    told.streams(
        call_chunk(index=0, id="call_a", type="function", function={"arguments": ""}),
        call_chunk(index=0, function={"name": "weather"}),
        call_chunk(index=0, function={"arguments": "{}"}),
        chunk("tool_calls"),
        usage_chunk(),
    )
    events = streamed(client, model="told/late-name", tools=[WEATHER])
    (added,) = [event["item"] for event in events if event["type"] == "response.output_item.added"]
    assert (added["name"], added["call_id"], added["arguments"]) == ("weather", "call_a", "")
    assert _calls(events[-1]["response"]) == [("call_a", "weather", "{}")]


def test_behaviour_04_done_comes_after_the_last_delta(client: httpx.Client) -> None:
    for model in ("test/tools", "test/interleaved", "native/interleaved"):
        told = kinds(streamed(client, model=model))
        for kind in [place for place, kind in enumerate(told) if kind == "function_call_arguments.done"]:
            assert told[kind - 1] == "function_call_arguments.delta"
            assert told[kind + 1] == "output_item.done"


@pytest.mark.parametrize("model", ["test/parallel-tools", "test/interleaved", "native/parallel-tools"])
@STREAMS
def test_behaviour_05_parallel_calls_stay_apart(client: httpx.Client, model: str, is_stream: bool) -> None:
    response = answered(client, is_stream, model=model)
    paris = '{"city":"Paris"}'
    assert _calls(response) == [("call_0", "f0", paris), ("call_1", "f1", paris)]
    assert len({item["id"] for item in response["output"]}) == 2


def test_behaviour_05_parallel_calls_that_all_have_index_0_stay_apart(client: httpx.Client, told: ToldUpstream) -> None:
    whole = [
        {
            "index": 0,
            "id": f"call_{name}",
            "type": "function",
            "function": {"name": name, "arguments": f'{{"{name}":1}}'},
        }
        for name in ("a", "b", "c")
    ]
    told.streams(
        chunk(role="assistant", tool_calls=whole[:1]),
        *(call_chunk(**call) for call in whole[1:]),
        chunk("tool_calls"),
        usage_chunk(),
    )
    response = streamed(client, model="told/zero")[-1]["response"]
    assert _calls(response) == [(f"call_{name}", name, f'{{"{name}":1}}') for name in ("a", "b", "c")]


def test_behaviour_05_several_calls_in_one_chunk_keep_ids_and_names(client: httpx.Client, told: ToldUpstream) -> None:
    opened = [{"index": i, "id": f"call_{i}", "type": "function", "function": {"name": f"f{i}"}} for i in (0, 1)]
    pieces = [{"index": i, "function": {"arguments": f'{{"n":{i}}}'}} for i in (0, 1)]
    told.streams(chunk(tool_calls=opened), chunk(tool_calls=pieces), chunk("tool_calls"), usage_chunk())
    response = streamed(client, model="told/together")[-1]["response"]
    assert _calls(response) == [("call_0", "f0", '{"n":0}'), ("call_1", "f1", '{"n":1}')]


@STREAMS
def test_behaviour_06_parallel_calls_are_one_turn_with_their_outputs_right_behind(
    client: httpx.Client, upstream: ChatUpstream, is_stream: bool
) -> None:
    tools = [function("f0", "city"), function("f1", "city")]
    first = answered(client, is_stream, "Weather?", "test/parallel-tools", tools=tools)
    calls = items(first, "function_call")
    outputs = [output(call, f"sunny {i}") for i, call in enumerate(calls)]
    answered(client, is_stream, outputs, previous_response_id=first["id"], tools=tools)
    messages = upstream.last["messages"]
    assert [message["role"] for message in messages] == ["user", "assistant", "tool", "tool"]
    assert [call["id"] for call in messages[1]["tool_calls"]] == ["call_0", "call_1"]
    assert [(message["tool_call_id"], message["content"]) for message in messages[2:]] == [
        ("call_0", "sunny 0"),
        ("call_1", "sunny 1"),
    ]


def test_behaviour_06_outputs_stand_alone_after_a_previous_response_and_nowhere_else(client: httpx.Client) -> None:
    stray = {"type": "function_call_output", "call_id": "call_nobody_made", "output": "x"}
    error = refused(client, 400, {"input": [user("Hi."), stray]})
    assert error["param"] == "input[1].call_id"


@pytest.mark.parametrize("model", ["test/empty-arguments", "told/empty"])
@STREAMS
def test_behaviour_07_empty_arguments_become_an_object_both_ways(
    client: httpx.Client, upstream: ChatUpstream, told: ToldUpstream, model: str, is_stream: bool
) -> None:
    call = {"id": "call_0", "type": "function", "function": {"name": "f0", "arguments": ""}}
    told.streams(call_chunk(index=0, **call), chunk("tool_calls"), usage_chunk())
    told.replies({"content": None, "tool_calls": [call]}, "tool_calls")
    first = answered(client, is_stream, model=model, tools=[function("f0")])
    assert _calls(first) == [("call_0", "f0", "{}")]
    plain(client, [output(items(first, "function_call")[0])], previous_response_id=first["id"])
    assert upstream.last["messages"][1]["tool_calls"][0]["function"]["arguments"] == "{}"


def test_behaviour_07_empty_arguments_in_a_history_do_not_fail_for_ever(
    client: httpx.Client, upstream: ChatUpstream, native: ResponsesUpstream
) -> None:
    call = {"type": "function_call", "call_id": "call_9", "name": "f0", "arguments": ""}
    history = [user("Go."), call, output(call)]
    plain(client, history)
    assert upstream.last["messages"][1]["tool_calls"][0]["function"]["arguments"] == "{}"
    plain(client, history, "native/echo")
    assert native.last["input"][1]["arguments"] == "{}"


def test_behaviour_07_arguments_are_text_where_an_upstream_gives_an_object(
    client: httpx.Client, told: ToldUpstream
) -> None:
    call = {"id": "call_0", "type": "function", "function": {"name": "f0", "arguments": {"city": "Paris"}}}
    told.streams(call_chunk(index=0, **call), chunk("tool_calls"), usage_chunk())
    told.replies({"content": None, "tool_calls": [call]}, "tool_calls")
    for is_stream in (False, True):
        assert _calls(answered(client, is_stream, model="told/object")) == [("call_0", "f0", '{"city":"Paris"}')]


IMAGES = [
    {"type": "input_text", "text": "A picture:"},
    {"type": "input_image", "image_url": PIXEL, "detail": "original"},
    {"type": "input_file", "filename": "a.pdf", "file_data": "data:application/pdf;base64,JVBERi0="},
]


def test_behaviour_19_tool_outputs_with_images_go_to_chat_as_a_users_message(
    client: httpx.Client, upstream: ChatUpstream
) -> None:
    calls = [{"type": "function_call", "call_id": f"call_{i}", "name": "look", "arguments": "{}"} for i in (0, 1)]
    plain(client, [user("Look."), *calls, output(calls[0], IMAGES), output(calls[1], "Nothing.")])
    _, _, first, second, shown = upstream.last["messages"]
    assert (first["role"], first["tool_call_id"]) == ("tool", "call_0")
    assert "A picture:" in first["content"]
    assert (second["role"], second["content"]) == ("tool", "Nothing."), "the tools' messages stay together"
    assert shown["role"] == "user"
    parts = {part["type"]: part for part in shown["content"]}
    assert parts["image_url"]["image_url"]["url"] == PIXEL
    assert parts["image_url"]["image_url"]["detail"] == "high"
    assert parts["file"]["file"]["file_data"].startswith("data:application/pdf")
    assert not any(PIXEL in str(message) for message in (first, second)), "an image is not told as text"


def test_behaviour_19_tool_outputs_as_arrays_are_kept_and_go_on_as_they_came(
    client: httpx.Client, native: ResponsesUpstream, upstream: ChatUpstream
) -> None:
    call = {"type": "function_call", "call_id": "call_0", "name": "look", "arguments": "{}"}
    first = plain(client, [user("Look."), call, output(call, IMAGES)], "native/echo")
    assert native.last["input"][2]["output"] == IMAGES
    plain(client, "And now?", "native/echo", previous_response_id=first["id"])
    assert native.last["input"][2]["output"] == IMAGES
    plain(client, "And now?", previous_response_id=first["id"])
    assert PIXEL in str(upstream.last["messages"][3])


@STREAMS
def test_behaviour_22_unknown_fields_tools_and_items_do_not_refuse_a_request(
    client: httpx.Client, native: ResponsesUpstream, is_stream: bool
) -> None:
    odd = {
        "client_metadata": {"session": "1"},
        "x_new_setting": {"deep": [1, None]},
        "metadata": {"a": "b"},
        "tools": [{**WEATHER, "x_hint": 1}],
    }
    answered(client, is_stream, [{**user("Hi."), "x_mark": 1}], "native/echo", **odd)
    assert {name: native.last[name] for name in odd} == odd
    assert native.last["input"][0]["x_mark"] == 1
    assert text(answered(client, is_stream, "Hi.", "test/echo", **odd)) == "Hi."


def test_behaviour_22_tools_of_a_provider_are_refused_by_name_where_nobody_runs_them(client: httpx.Client) -> None:
    hosted: list[dict[str, Any]] = [
        {"type": "web_search"},
        {"type": "file_search", "vector_store_ids": ["vs_1"]},
        {"type": "mcp", "server_label": "docs", "server_url": "https://example.org/mcp"},
        {"type": "acme:telescope", "aperture": 8},
    ]
    for tool in hosted:
        error = refused(client, 400, {"tools": [WEATHER, tool]})
        assert error["param"] == "tools[1].type"
        assert tool["type"] in error["message"]
        assert "test" in error["message"]


@STREAMS
def test_behaviour_22_tools_of_a_provider_are_dropped_and_said_where_the_settings_say_so(
    client: httpx.Client, upstream: ChatUpstream, is_stream: bool
) -> None:
    tools = [{"type": "web_search"}, WEATHER, {"type": "acme:telescope"}]
    body = {"model": "drops/echo", "input": "Hi.", "tools": tools, "stream": is_stream}
    reply = client.post("/v1/responses", json=body)
    assert reply.status_code == 200, reply.text
    assert reply.headers["x-waystone-dropped"] == "tools[0],tools[2]"
    assert [tool["function"]["name"] for tool in upstream.last["tools"]] == ["weather"]


NAMESPACE = {
    "type": "namespace",
    "name": "agents",
    "description": "Other agents.",
    "tools": [function("spawn", "city"), function("wait", "city")],
}


@STREAMS
def test_behaviour_22_namespaces_are_flattened_and_come_back(
    client: httpx.Client, upstream: ChatUpstream, is_stream: bool
) -> None:
    first = answered(client, is_stream, "Go.", "test/call", tools=[NAMESPACE, WEATHER])
    names = [tool["function"]["name"] for tool in upstream.last["tools"]]
    assert names == ["agents__spawn", "agents__wait", "weather"]
    calls = items(first, "function_call")
    assert [(call["name"], call.get("namespace")) for call in calls] == [
        ("spawn", "agents"),
        ("wait", "agents"),
        ("weather", None),
    ]
    again = {"previous_response_id": first["id"], "tools": [NAMESPACE, WEATHER]}
    answered(client, is_stream, [output(call) for call in calls], "test/call", **again)
    told = upstream.last["messages"][1]["tool_calls"]
    assert [call["function"]["name"] for call in told] == names


@STREAMS
def test_custom_tools_take_and_give_free_text(client: httpx.Client, upstream: ChatUpstream, is_stream: bool) -> None:
    tools = [{"type": "custom", "name": "patch", "description": "Change a file."}]
    first = answered(client, is_stream, "Go.", "test/call", tools=tools)
    (call,) = items(first, "custom_tool_call")
    assert (call["name"], call["input"]) == ("patch", "*** Begin\nAdd a line.\n")
    second = answered(client, is_stream, [output(call)], "test/call", previous_response_id=first["id"], tools=tools)
    assert text(second) == "Go."
    assert upstream.last["messages"][-1]["role"] == "tool"


def test_allowed_tools_are_a_hard_limit(client: httpx.Client, upstream: ChatUpstream) -> None:
    tools = [function("f0", "city"), function("f1", "city")]
    allowed = {"type": "allowed_tools", "mode": "required", "tools": [{"type": "function", "name": "f1"}]}
    response = plain(client, "Go.", "test/call", tools=tools, tool_choice=allowed)
    assert [call["name"] for call in items(response, "function_call")] == ["f1"]
    assert response["tool_choice"] == allowed
