"""Conversations that are longer than their model can read: compacted, truncated or refused, by the official SDK."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import httpx
import openai
import pytest
from openai import OpenAI

from tests.clients.asking import RESPONSES, Document
from tests.clients.contract import check, response_events
from tests.clients.stops import wait_until
from tests.clients.windowed import MODEL, Upstreams, talk, windowed_gateway
from tests.servers.gateway import KEY, RunningGateway
from tests.servers.responses_upstream import OPAQUE
from tests.servers.windowed_upstream import MARK, WindowedUpstream, is_summary, text_of, unpaired

HELLO: Any = {"role": "user", "content": "Hi."}
TOOL: Any = {"type": "function", "name": "look", "parameters": {"type": "object", "properties": {}}}
COMPACTED: Any = [{"type": "compaction"}]
LOW: Any = [{"type": "compaction", "compact_threshold": 1000}]


@pytest.fixture(scope="module")
def upstreams() -> Upstreams:
    return Upstreams()


@pytest.fixture(scope="module")
def gateway(upstreams: Upstreams, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningGateway]:
    with windowed_gateway(upstreams, tmp_path_factory.mktemp("windowed")) as running:
        yield running


@pytest.fixture
def upstream(upstreams: Upstreams) -> WindowedUpstream:
    upstreams.forget()
    return upstreams.windowed


@pytest.fixture
def client(gateway: RunningGateway, upstream: WindowedUpstream) -> Iterator[httpx.Client]:
    with gateway.client() as client:
        yield client


@pytest.fixture
def sdk(gateway: RunningGateway, upstream: WindowedUpstream) -> Iterator[OpenAI]:
    with OpenAI(api_key=KEY, base_url=f"{gateway.url}/v1", max_retries=0, timeout=30) as client:
        yield client


def rows(gateway: RunningGateway, statement: str) -> list[Any]:
    with closing(sqlite3.connect(gateway.folder / "data" / "waystone.db")) as database:
        return database.execute(statement).fetchall()


def kinds(response: Any) -> list[str]:
    return [item.type for item in response.output]


def sent_back(output: Any) -> list[Any]:
    return [item.model_dump(exclude_none=True) for item in output]


def refused(sdk: OpenAI, **body: Any) -> Document:
    with pytest.raises(openai.BadRequestError) as refusal:
        sdk.responses.create(model=MODEL, **body)
    error: Document = refusal.value.body  # type: ignore[assignment]
    return error


def test_three_hundred_turns_stay_in_a_window_of_eight_thousand_tokens(
    sdk: OpenAI, client: httpx.Client, upstream: WindowedUpstream
) -> None:
    previous: Any = None
    inputs: list[tuple[str, str]] = []
    for number in range(300):
        text = f"turn {number} {'call' if number % 3 == 0 else ''} " + "lorem ipsum " * 30
        body: Any = {"model": MODEL, "tools": [TOOL], "context_management": COMPACTED}
        response = sdk.responses.create(input=text, previous_response_id=previous, **body)
        inputs.append((response.id, text))
        previous = response.id
        calls: list[Any] = [item for item in response.output if item.type == "function_call"]
        if calls:
            output: Any = {"type": "function_call_output", "call_id": calls[0].call_id, "output": "found " + "x" * 200}
            previous = sdk.responses.create(input=[output], previous_response_id=previous, **body).id
    assert upstream.refused == 0
    assert max(upstream.sizes) < upstream.window
    assert len(upstream.summaries) > 5
    assert all(not unpaired(body["messages"]) for body in upstream.others)
    has_summary = False
    for body in upstream.received:
        if is_summary(body):
            has_summary = True
        elif has_summary:
            assert any(MARK in text_of(message) for message in body["messages"])
    # What clients see of the chain is what they sent and got.
    for response_id, text in inputs[::50]:
        (item,) = client.get(f"{RESPONSES}/{response_id}/input_items").json()["data"]
        assert item["content"][0]["text"] == text


@pytest.mark.parametrize("keeps_history", [True, False], ids=["with what came before", "without"])
def test_compaction_item_stands_for_what_came_before_it(
    sdk: OpenAI, upstream: WindowedUpstream, keeps_history: bool
) -> None:
    items = talk(30)
    first = sdk.responses.create(model=MODEL, input=items, context_management=COMPACTED, store=False)
    assert kinds(first) == ["compaction", "message"]
    before = items if keeps_history else []
    again: Any = [*before, *sent_back(first.output), {"role": "user", "content": "and now?"}]
    sdk.responses.create(model=MODEL, input=again, store=False)
    messages = upstream.others[-1]["messages"]
    texts = [text_of(message) for message in messages]
    assert texts[0] == "Be brief."
    assert MARK in texts[1]
    assert texts[-1] == "and now?"
    assert "the last question" in texts
    assert not any("question 0 " in text for text in texts)


@pytest.mark.parametrize("model", ["larger/large", "anthropic/echo", "gemini/echo", "lab/echo", "openai/echo"])
def test_another_model_reads_the_compaction_item(sdk: OpenAI, upstreams: Upstreams, model: str) -> None:
    first = sdk.responses.create(model=MODEL, input=talk(30), context_management=COMPACTED)
    second = sdk.responses.create(model=model, input="and now?", previous_response_id=first.id, max_output_tokens=50)
    assert second.output_text
    sent = upstreams.last(model.partition("/")[0])
    assert MARK in sent
    assert "question 0 " not in sent


def test_several_compactions_in_a_chain_build_on_each_other(sdk: OpenAI, upstream: WindowedUpstream) -> None:
    previous = None
    for _ in range(3):
        response = sdk.responses.create(
            model=MODEL, input=talk(30), previous_response_id=previous, context_management=COMPACTED
        )
        assert kinds(response)[0] == "compaction"
        previous = response.id
    assert len(upstream.summaries) == 3
    assert MARK in text_of(upstream.summaries[2]["messages"][1])
    last = [text_of(message) for message in upstream.others[-1]["messages"]]
    assert sum(MARK in text for text in last) == 1


def test_conversation_is_compacted_and_goes_on(sdk: OpenAI, client: httpx.Client, upstream: WindowedUpstream) -> None:
    conversation = sdk.conversations.create()
    for _ in range(2):
        first = sdk.responses.create(
            model=MODEL, input=talk(20), conversation=conversation.id, context_management=COMPACTED
        )
    assert kinds(first)[0] == "compaction"
    sdk.responses.create(model=MODEL, input="and now?", conversation=conversation.id)
    assert MARK in str(upstream.others[-1])
    listed = client.get(f"/v1/conversations/{conversation.id}/items?limit=100&order=asc").json()["data"]
    assert [item["type"] for item in listed].count("compaction") == 2
    assert listed[1]["content"][0]["text"].startswith("question 0 ")


def test_what_was_added_meanwhile_is_not_lost(sdk: OpenAI, client: httpx.Client, upstream: WindowedUpstream) -> None:
    conversation = sdk.conversations.create()
    sdk.responses.create(model="larger/large", input=talk(30), conversation=conversation.id)
    first = sdk.responses.create(model=MODEL, input="go on", conversation=conversation.id, context_management=COMPACTED)
    assert kinds(first)[0] == "compaction"
    items = client.get(f"/v1/conversations/{conversation.id}/items?limit=100").json()["data"]
    # As if another turn had ended while the summary was made.
    late: Any = [{"role": "user", "content": "the code is 4711"}]
    stateless: Any = [*late, *reversed(items), {"role": "user", "content": "which code?"}]
    sdk.responses.create(model="larger/large", input=stateless, store=False)
    sent = str(upstream.others[-1])
    assert "the code is 4711" in sent
    assert "question 0 " not in sent


def test_rules_in_front_of_a_compaction_item_stay(sdk: OpenAI, upstream: WindowedUpstream) -> None:
    compacted = sdk.responses.compact(model=MODEL, input=talk(3))
    rules: Any = [{"role": "developer", "content": "NEW RULE"}, {"role": "user", "content": "NEW FACT"}]
    following: Any = [*rules, *sent_back(compacted.output), {"role": "user", "content": "and now?"}]
    sdk.responses.create(model=MODEL, input=following)
    assert "NEW RULE" in str(upstream.others[-1])
    assert "NEW FACT" in str(upstream.others[-1])


def test_secrets_of_tools_are_not_sealed_for_others(
    sdk: OpenAI, client: httpx.Client, upstream: WindowedUpstream
) -> None:
    server = {"type": "mcp", "server_label": "s", "server_url": "http://127.0.0.1:9", "authorization": "very-secret"}
    tools: Any = {"type": "additional_tools", "role": "developer", "tools": [server]}
    compacted = client.post(f"{RESPONSES}/compact", json={"model": MODEL, "input": [tools, *talk(3)]}).json()
    body = {"model": "openai/echo", "input": [*compacted["output"], {"role": "user", "content": "and now?"}]}
    assert client.post(RESPONSES, json=body).status_code == 200
    assert "very-secret" not in str(upstream.received[1:])


def test_trigger_is_no_part_of_what_is_stored(sdk: OpenAI, client: httpx.Client, upstream: WindowedUpstream) -> None:
    trigger: Any = [*talk(1), {"type": "compaction_trigger"}]
    for model in (MODEL, "openai/echo"):
        first = sdk.responses.create(model=model, input=trigger)
        listed = client.get(f"{RESPONSES}/{first.id}/input_items").json()["data"]
        assert [item["type"] for item in listed] == ["message"] * 4
        assert sdk.responses.create(model=model, input="and now?", previous_response_id=first.id).output_text


def test_summary_that_would_gain_little_is_not_paid_for(sdk: OpenAI, upstream: WindowedUpstream) -> None:
    instructions = "rule " * 900
    response = sdk.responses.create(model=MODEL, input=talk(1, 10), instructions=instructions, context_management=LOW)
    assert kinds(response) == ["message"]
    assert upstream.summaries == []


def test_stream_begins_with_the_compaction_item(client: httpx.Client, upstream: WindowedUpstream) -> None:
    body = {"model": MODEL, "input": talk(30), "context_management": COMPACTED, "stream": True}
    with client.stream("POST", RESPONSES, json=body) as reply:
        found = response_events(reply.iter_lines())
    added = [event["item"]["type"] for event in found if event["type"] == "response.output_item.added"]
    assert added == ["compaction", "message"]
    response = found[-1]["response"]
    assert response["usage"]["input_tokens"] == sum(upstream.sizes)
    assert [item["type"] for item in response["output"]] == ["compaction", "message"]


def test_response_in_the_background_is_compacted(client: httpx.Client, upstream: WindowedUpstream) -> None:
    body = {"model": MODEL, "input": talk(30), "context_management": COMPACTED, "background": True}
    response_id = client.post(RESPONSES, json=body).json()["id"]
    wait_until(lambda: client.get(f"{RESPONSES}/{response_id}").json()["status"] == "completed")
    response = client.get(f"{RESPONSES}/{response_id}").json()
    assert [item["type"] for item in response["output"]] == ["compaction", "message"]


def test_trigger_compacts_in_the_background(client: httpx.Client, upstream: WindowedUpstream) -> None:
    body = {"model": MODEL, "input": [*talk(3), {"type": "compaction_trigger"}], "background": True}
    created = client.post(RESPONSES, json=body)
    assert created.status_code == 200, created.text
    response_id = created.json()["id"]
    wait_until(lambda: client.get(f"{RESPONSES}/{response_id}").json()["status"] == "completed")
    response = client.get(f"{RESPONSES}/{response_id}").json()
    assert [item["type"] for item in response["output"]] == ["compaction"]
    counted = client.post(f"{RESPONSES}/input_tokens", json={"model": MODEL, "input": body["input"]})
    assert counted.status_code == 200


def test_summary_has_a_row_of_its_own_and_is_part_of_the_usage(
    client: httpx.Client, gateway: RunningGateway, upstream: WindowedUpstream
) -> None:
    waystone = '{"user":{"id":"ann-of-the-summary"}}'
    body = {"model": MODEL, "input": talk(30), "context_management": COMPACTED, "metadata": {"waystone": waystone}}
    usage = client.post(RESPONSES, json=body).json()["usage"]
    assert (usage["input_tokens"], usage["output_tokens"]) == (sum(upstream.sizes), 2 * upstream.words)
    statement = "select operation, prompt_tokens from usage where user_id = 'ann-of-the-summary' order by time desc"
    wait_until(lambda: len(rows(gateway, statement)) == 2)
    assert rows(gateway, statement) == [("compaction", upstream.sizes[0]), ("responses.create", upstream.sizes[1])]


def test_request_goes_on_uncompacted_while_it_fits(client: httpx.Client, upstream: WindowedUpstream) -> None:
    upstream.fails_summaries = True
    fits = {
        "model": MODEL,
        "input": talk(10),
        "context_management": [{"type": "compaction", "compact_threshold": 1000}],
    }
    response = client.post(RESPONSES, json=fits).json()
    assert [item["type"] for item in response["output"]] == ["message"]
    assert "question 0 " in str(upstream.others[-1])
    too_long = {"model": MODEL, "input": talk(60), "context_management": COMPACTED}
    reply = client.post(RESPONSES, json=too_long)
    assert reply.status_code == 503
    assert len(upstream.others) == 1


def test_threshold_is_the_requests_own(sdk: OpenAI, upstream: WindowedUpstream) -> None:
    # Under the window's share by far, and of a model whose window nobody knows.
    assert kinds(sdk.responses.create(model="unknown/m", input=talk(6), context_management=LOW))[0] == "compaction"
    assert kinds(sdk.responses.create(model="unknown/m", input=talk(6), context_management=COMPACTED)) == ["message"]


@pytest.mark.parametrize("model", ["windowed/m", "anthropic/echo", "gemini/echo", "lab/echo"])
def test_compact_makes_one_item_that_goes_on(sdk: OpenAI, client: httpx.Client, model: str) -> None:
    compacted = sdk.responses.compact(model=model, input=talk(3))
    assert [item.type for item in compacted.output] == ["compaction"]
    assert compacted.usage.total_tokens > 0
    following: Any = [*sent_back(compacted.output), {"role": "user", "content": "and now?"}]
    assert sdk.responses.create(model=model, input=following, max_output_tokens=50).output_text
    reply = client.post(f"{RESPONSES}/compact", json={"model": model, "input": talk(3)})
    check("CompactedResponse", reply.json())


def test_compact_takes_up_a_stored_response_and_stores_nothing(
    sdk: OpenAI, client: httpx.Client, upstream: WindowedUpstream
) -> None:
    first = sdk.responses.create(model=MODEL, input="remember the number 42")
    compacted = sdk.responses.compact(model=MODEL, previous_response_id=first.id)
    assert "number 42" in str(upstream.summaries[-1])
    assert client.get(f"{RESPONSES}/{compacted.id}").status_code == 404


def test_upstream_that_compacts_itself_is_sent_the_request_as_it_is(client: httpx.Client, upstreams: Upstreams) -> None:
    body = {"model": "openai/echo", "input": "Hi.", "context_management": COMPACTED, "truncation": "auto"}
    assert client.post(RESPONSES, json=body).status_code == 200
    assert upstreams.native.received[-1]["context_management"] == COMPACTED
    assert upstreams.native.received[-1]["truncation"] == "auto"
    lab = {**body, "model": "lab/echo"}
    assert client.post(RESPONSES, json=lab).status_code == 200
    assert "context_management" not in upstreams.native.received[-1]


@pytest.mark.parametrize("is_stream", [False, True], ids=["plain", "stream"])
def test_upstream_that_compacts_itself_is_asked_to(client: httpx.Client, upstreams: Upstreams, is_stream: bool) -> None:
    upstreams.forget()
    body = {"model": "openai/echo", "input": talk(3), "instructions": "Be brief."}
    compacted = client.post(f"{RESPONSES}/compact", json=body).json()
    assert [item["encrypted_content"] for item in compacted["output"]] == [OPAQUE]
    assert compacted["usage"]["total_tokens"] == 18
    (received,) = upstreams.native.received
    assert (received["instructions"], received["input"][-1]["content"]) == ("Be brief.", "the last question")
    triggered = {**body, "input": [*talk(3), {"type": "compaction_trigger"}], "stream": is_stream, "temperature": 0.5}
    reply = client.post(RESPONSES, json=triggered)
    response = response_events(reply.iter_lines())[-1]["response"] if is_stream else reply.json()
    assert (response["status"], [item["type"] for item in response["output"]]) == ("completed", ["compaction"])
    assert upstreams.windowed.received == []


def test_item_of_a_provider_stays_with_it(client: httpx.Client, upstreams: Upstreams) -> None:
    foreign = {"type": "compaction", "encrypted_content": "from the provider"}
    question = {"role": "user", "content": "and now?"}
    assert client.post(RESPONSES, json={"model": "openai/echo", "input": [foreign, question]}).status_code == 200
    assert foreign in upstreams.native.received[-1]["input"]
    reply = client.post(RESPONSES, json={"model": MODEL, "input": [foreign, question]})
    assert (reply.status_code, reply.json()["error"]["param"]) == (400, "input")
    # What it stands for is there as well.
    whole = [{"role": "user", "content": "first"}, foreign, question]
    assert client.post(RESPONSES, json={"model": MODEL, "input": whole}).status_code == 200


def test_messages_of_a_template_are_no_part_of_what_is_compacted(sdk: OpenAI, upstream: WindowedUpstream) -> None:
    guide: Any = {"id": "guide", "variables": {"who": "Ann"}}
    first = sdk.responses.create(model=MODEL, prompt=guide, input=talk(30), context_management=COMPACTED)
    assert kinds(first) == ["compaction", "message"]
    assert "Guide for" not in str(upstream.summaries[-1])
    assert [text_of(message) for message in upstream.others[-1]["messages"]][:2] == ["Guide for Ann.", "Be brief."]
    sdk.responses.create(model=MODEL, prompt=guide, input="and now?", previous_response_id=first.id)
    assert str(upstream.others[-1]).count("Guide for") == 1
    sdk.responses.create(model=MODEL, input="and now?", previous_response_id=first.id)
    assert "Guide for" not in str(upstream.others[-1])
    body: Any = {"model": MODEL, "prompt": guide, "input": talk(60), "truncation": "auto"}
    dropped = sdk.responses.with_raw_response.create(**body).headers["x-waystone-dropped"]
    assert dropped.startswith("input[1],input[2]")
    assert text_of(upstream.others[-1]["messages"][0]) == "Guide for Ann."


def test_trigger_compacts_as_a_response(sdk: OpenAI, client: httpx.Client, upstream: WindowedUpstream) -> None:
    trigger: Any = {"type": "compaction_trigger"}
    first = sdk.responses.create(model=MODEL, input=[*talk(3), trigger])
    assert (first.status, kinds(first)) == ("completed", ["compaction"])
    assert upstream.others == []
    sdk.responses.create(model=MODEL, input="and now?", previous_response_id=first.id)
    assert [text_of(message) for message in upstream.others[-1]["messages"]][-1] == "and now?"
    assert MARK in str(upstream.others[-1])
    body = {"model": MODEL, "input": [*talk(3), trigger], "stream": True}
    with client.stream("POST", RESPONSES, json=body) as reply:
        found = response_events(reply.iter_lines())
    assert found[-1]["type"] == "response.completed"
    assert found[-1]["response"]["usage"]["total_tokens"] > 0


@pytest.mark.parametrize(
    ("items", "param"),
    [
        ([{"type": "compaction", "encrypted_content": "waystone.compaction.1.AAAA"}], "input[0].encrypted_content"),
        ([HELLO, {"type": "compaction", "encrypted_content": "waystone.compaction.1.%"}], "input[1].encrypted_content"),
        ([{"type": "compaction_trigger"}, HELLO], "input[0]"),
        ([{"type": "compaction_trigger"}], "input"),
    ],
    ids=["changed", "no base64", "trigger in front", "trigger alone"],
)
def test_what_cannot_be_gone_on_from_is_refused_by_its_place(
    sdk: OpenAI, upstream: WindowedUpstream, items: Any, param: str
) -> None:
    assert refused(sdk, input=items)["param"] == param
    assert upstream.received == []


def test_item_opens_for_its_own_key_only(gateway: RunningGateway, sdk: OpenAI, upstream: WindowedUpstream) -> None:
    compacted = sdk.responses.compact(model=MODEL, input=talk(3))
    created = gateway.command("keys", "create", "--name", "other")
    key = next(word for word in created.split() if word.startswith("sk-gateway-"))
    following: Any = [*sent_back(compacted.output), {"role": "user", "content": "and now?"}]
    with OpenAI(api_key=key, base_url=f"{gateway.url}/v1", max_retries=0) as other:
        assert refused(other, input=following)["param"] == "input[0].encrypted_content"
