"""An upstream that speaks the Responses API itself: the body travels as it came, ids and state are ours."""

from typing import Any

import httpx
import pytest

from tests.clients.asking import RESPONSES, answered, function, items, kinds, output, plain, streamed, text, user
from tests.clients.contract import chat_chunks, check
from tests.servers.chat_upstream import ChatUpstream
from tests.servers.responses_upstream import CITATION, ResponsesUpstream

STREAMS = pytest.mark.parametrize("is_stream", [False, True], ids=["plain", "streamed"])
LONG = "A text that is long enough to come in more than three pieces."
CHAT = "/v1/chat/completions"
BODY: dict[str, Any] = {
    "x_first": {"z": 1, "a": [None, 2.5, "é"]},
    "tools": [{"name": "f0", "type": "function", "x_hint": {"b": 1, "a": 2}, "parameters": None, "strict": None}],
    "input": [{"content": [{"text": LONG, "type": "input_text", "x_mark": True}], "role": "user", "type": "message"}],
    "include": ["message.output_text.logprobs"],
    "text": {"verbosity": "low", "x_style": "plain"},
    "reasoning": {"summary": None, "effort": "low", "context": "auto"},
    "prompt_cache_options": {"ttl": "30m", "mode": "explicit"},
    "truncation": "auto",
    "service_tier": "flex",
    "max_tool_calls": 3,
    "temperature": 0.5,
    "metadata": {"z": "1", "a": "2"},
}


def _ordered(value: Any) -> Any:
    """The value with the order of its keys made part of it."""
    if isinstance(value, dict):
        return [(name, _ordered(part)) for name, part in value.items()]
    return [_ordered(part) for part in value] if isinstance(value, list) else value


@pytest.mark.parametrize("provider", ["native", "both"])
@STREAMS
def test_the_body_travels_as_it_came(
    client: httpx.Client, native: ResponsesUpstream, provider: str, is_stream: bool
) -> None:
    answered(client, is_stream, BODY["input"], f"{provider}/echo", **{k: v for k, v in BODY.items() if k != "input"})
    sent = dict(native.last)
    assert (sent.pop("model"), sent.pop("store")) == ("echo", False)
    assert sent.pop("stream", False) is is_stream
    assert {name: _ordered(value) for name, value in sent.items()} == {k: _ordered(v) for k, v in BODY.items()}


def test_fields_keep_their_order(client: httpx.Client, native: ResponsesUpstream) -> None:
    reply = client.post(RESPONSES, json={"x_first": 1, **BODY, "model": "native/echo", "x_last": 1})
    assert reply.status_code == 200
    names = [name for name in native.last if name in BODY or name.startswith("x_")]
    assert names == [*BODY, "x_last"]


def test_a_text_stays_a_text(client: httpx.Client, native: ResponsesUpstream) -> None:
    plain(client, LONG, "native/echo")
    assert native.last == {"input": LONG, "model": "echo", "store": False}


def test_the_gateways_own_fields_stay_here(client: httpx.Client, native: ResponsesUpstream) -> None:
    own = {"provider": "native", "store": True, "stream_options": {"include_usage": True}, "stream": True}
    with client.stream("POST", RESPONSES, json={"model": "echo", "input": LONG, **own}) as reply:
        assert reply.status_code == 200, reply.read()
        reply.read()
    assert native.last == {"input": LONG, "model": "echo", "stream": True, "store": False}


@STREAMS
def test_tools_that_nobody_knows_yet_travel(client: httpx.Client, native: ResponsesUpstream, is_stream: bool) -> None:
    tools = [{"type": "web_search", "filters": {"allowed_domains": ["example.org"]}}, function("f0", x_new=[1])]
    response = answered(client, is_stream, LONG, "native/echo", tools=tools, tool_choice={"type": "web_search"})
    assert native.last["tools"] == tools
    assert native.last["tool_choice"] == {"type": "web_search"}
    assert response["tools"][0] == tools[0]


@STREAMS
def test_ids_are_ours_and_whatever_else_the_upstream_says_is_kept(client: httpx.Client, is_stream: bool) -> None:
    response = answered(client, is_stream, LONG, "native/echo")
    assert response["id"].startswith("resp_")
    assert "_test" not in str([response["id"], *(item["id"] for item in response["output"])])
    (message,) = response["output"]
    assert message["phase"] == "final_answer"
    assert (response["model"], response["provider"], response["service_tier"]) == ("echo-2026-01-01", "native", "flex")
    assert response["store"] is True
    assert client.get(f"{RESPONSES}/{response['id']}").json() == response


def test_hosted_tools_tell_what_they_do(client: httpx.Client) -> None:
    events = streamed(client, LONG, "native/web-search", tools=[{"type": "web_search"}])
    told = kinds(events)
    start = told.index("web_search_call.in_progress")
    assert told[start - 1] == "output_item.added"
    assert told[start : start + 4] == [
        *("web_search_call.in_progress", "web_search_call.searching", "web_search_call.completed", "output_item.done"),
    ]
    search, message = events[-1]["response"]["output"]
    assert search["action"] == {"type": "search", "query": "weather", "queries": ["weather"]}
    assert (search["status"], search["id"][:3]) == ("completed", "ws_")
    assert {event["item_id"] for event in events if "web_search_call" in event["type"]} == {search["id"]}
    (citation,) = [event["annotation"] for event in events if event["type"].endswith("annotation.added")]
    assert citation == CITATION == message["content"][0]["annotations"][0]


def test_a_hosted_call_goes_back_to_the_provider_that_made_it(client: httpx.Client, native: ResponsesUpstream) -> None:
    first = plain(client, LONG, "native/web-search")
    plain(client, "Go on.", "native/echo", previous_response_id=first["id"])
    assert [item["type"] for item in native.last["input"]] == ["message", "web_search_call", "message", "message"]
    assert text(plain(client, "Go on.", "test/echo", previous_response_id=first["id"])) == "Go on."


@STREAMS
def test_encrypted_reasoning_comes_back_byte_exact_through_a_tool_loop(
    client: httpx.Client, native: ResponsesUpstream, is_stream: bool
) -> None:
    tools = [function("f0", "city")]
    first = answered(client, is_stream, "Weather?", "native/reasoning", tools=tools)
    outputs = [output(call) for call in items(first, "function_call")]
    second = answered(client, is_stream, outputs, "native/reasoning", tools=tools, previous_response_id=first["id"])
    assert native.last["input"][1]["type"] == "reasoning"
    returned = native.last["input"][1]
    assert native.issued[returned["id"]] == returned["encrypted_content"]
    assert text(second) == "done"
    assert "input_transformations" not in second


def test_encrypted_reasoning_is_left_out_for_another_model_of_the_same_provider(
    client: httpx.Client, native: ResponsesUpstream
) -> None:
    first = plain(client, "One.", "native/reasoning")
    second = plain(client, "Two.", "native/echo", previous_response_id=first["id"])
    assert [entry["reason"] for entry in second["input_transformations"]] == ["model_mismatch"]
    assert "reasoning" not in [item["type"] for item in native.last["input"]]


SAME = [
    ("echo", {}),
    ("parallel-tools", {"tools": [function("f0", "city"), function("f1", "city")]}),
    ("refusal", {}),
    ("length", {}),
]


@pytest.mark.parametrize(("script", "more"), SAME, ids=[name for name, _ in SAME])
@STREAMS
def test_answers_are_the_same_over_chat_and_over_responses(
    client: httpx.Client, script: str, more: dict[str, Any], is_stream: bool
) -> None:
    over_chat, over_responses = (
        answered(client, is_stream, LONG, f"{provider}/{script}", **more) for provider in ("test", "native")
    )
    assert _meaning(over_chat) == _meaning(over_responses)


def _meaning(response: dict[str, Any]) -> Any:
    usage = response["usage"]
    counts = [usage[name] for name in ("input_tokens", "output_tokens", "total_tokens")]
    calls = [(call["call_id"], call["name"], call["arguments"]) for call in items(response, "function_call")]
    refusals = [part.get("refusal") for item in items(response, "message") for part in item["content"]]
    return response["status"], response["incomplete_details"], counts, calls, refusals, text(response)


@pytest.mark.parametrize(("script", "more"), SAME, ids=[name for name, _ in SAME])
@STREAMS
def test_chat_completions_are_the_same_over_chat_and_over_responses(
    client: httpx.Client, script: str, more: dict[str, Any], is_stream: bool
) -> None:
    tools = [
        {"type": "function", "function": {k: v for k, v in f.items() if k != "type"}} for f in more.get("tools", ())
    ]
    asked = {"messages": [{"role": "user", "content": LONG}], **({"tools": tools} if tools else {})}
    over_chat, over_responses = (
        _completed(client, {"model": f"{provider}/{script}", **asked}, is_stream) for provider in ("test", "native")
    )
    assert over_chat == over_responses


def _completed(client: httpx.Client, body: dict[str, Any], is_stream: bool) -> list[Any]:
    """What a completion says: text, refusal, calls, why it ended, what it cost."""
    if is_stream:
        return _folded(client, {**body, "stream": True, "stream_options": {"include_usage": True}})
    reply = client.post(CHAT, json=body)
    assert reply.status_code == 200, reply.text
    completion = reply.json()
    check("ChatCompletion", completion)
    (choice,) = completion["choices"]
    message = choice["message"]
    calls = [_call(call) for call in message.get("tool_calls") or ()]
    said = [message["content"] or "", message.get("refusal") or ""]
    return [*said, calls, choice["finish_reason"], completion["usage"]["total_tokens"]]


def _folded(client: httpx.Client, body: dict[str, Any]) -> list[Any]:
    with client.stream("POST", CHAT, json=body) as reply:
        assert reply.status_code == 200, reply.read()
        *chunks, last = chat_chunks(reply.iter_lines())
    deltas = [choice["delta"] for chunk in chunks for choice in chunk["choices"]]
    said = ["".join(delta.get(name) or "" for delta in deltas) for name in ("content", "refusal")]
    (reason,) = {choice["finish_reason"] for chunk in chunks for choice in chunk["choices"]} - {None}
    return [*said, _joined(deltas), reason, last["usage"]["total_tokens"]]


def _joined(deltas: list[dict[str, Any]]) -> list[Any]:
    calls: dict[int, dict[str, Any]] = {}
    for piece in (piece for delta in deltas for piece in delta.get("tool_calls") or ()):
        call = calls.setdefault(piece["index"], {"function": {"name": "", "arguments": ""}})
        call["id"] = piece.get("id") or call.get("id")
        for name in ("name", "arguments"):
            call["function"][name] += (piece.get("function") or {}).get(name) or ""
    return [_call(calls[index]) for index in sorted(calls)]


def _call(call: dict[str, Any]) -> Any:
    return call["id"], call["function"]["name"], call["function"]["arguments"]


def test_an_upstream_that_speaks_both_is_asked_in_the_clients_own_words(
    client: httpx.Client, native: ResponsesUpstream, upstream: ChatUpstream
) -> None:
    plain(client, [user("Hi.")], "both/echo")
    assert (len(native.received), len(upstream.received)) == (1, 0)
    body = {"model": "both/echo", "messages": [{"role": "user", "content": "Hi."}]}
    assert client.post(CHAT, json=body).status_code == 200
    assert (len(native.received), len(upstream.received)) == (1, 1)
