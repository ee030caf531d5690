"""The official SDK against the real gateway, with a strict Gemini behind it: the Gemini API's way and Vertex AI's."""

import json
from collections.abc import Iterator
from typing import Any

import openai
import pytest
from openai import OpenAI

from tests.servers.gateway import KEY, RunningGateway, running_gateway
from tests.servers.gemini_scripts import PIXEL, THOUGHT
from tests.servers.gemini_upstream import KEY as UPSTREAM_KEY
from tests.servers.gemini_upstream import SCRIPTS, TOKEN, GeminiUpstream
from tests.servers.thread import serving

SCHEMA = {
    "type": "object",
    "properties": {"city": {"type": "string"}, "days": {"type": "integer"}},
    "required": ["city", "days"],
    "additionalProperties": False,
}
WEATHER: Any = {"type": "function", "name": "weather", "description": "Tells it.", "parameters": SCHEMA}
CHAT_WEATHER: Any = {"type": "function", "function": {"name": "weather", "parameters": SCHEMA}}
UNLISTED = (
    *("cut", "late-error", "throttle", "overloaded", "unknown", "too-long", "unsafe", "malformed", "blocked"),
    "gemini-2.5-flash",
)


@pytest.fixture(scope="module")
def memory() -> GeminiUpstream:
    return GeminiUpstream()


@pytest.fixture(scope="module")
def gateway(memory: GeminiUpstream, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningGateway]:
    with serving(memory.app) as url:
        project = f"{url}/v1beta1/projects/p-1/locations/global/publishers/google"
        token = {"authorization": f"Bearer {TOKEN}"}
        providers = {
            "gemini": {"base_url": f"{url}/v1beta", "api_key": UPSTREAM_KEY, "retries": {"attempts": 1}},
            "more": {
                "provider": "gemini",
                "base_url": f"{url}/v1beta",
                "api_key": UPSTREAM_KEY,
                "models": UNLISTED,
                "retries": {"attempts": 1},
            },
            "vertex": {"base_url": project, "api_key": "unused", "headers": token, "models": ["echo", "think"]},
            "express": {
                "provider": "vertex",
                "base_url": f"{url}/v1/publishers/google",
                "api_key": UPSTREAM_KEY,
                "models": ["echo"],
            },
        }
        with running_gateway(tmp_path_factory.mktemp("gemini"), {"providers": providers}) as running:
            yield running


@pytest.fixture
def upstream(memory: GeminiUpstream) -> GeminiUpstream:
    memory.forget()
    return memory


@pytest.fixture(scope="module")
def sdk(gateway: RunningGateway) -> Iterator[OpenAI]:
    with OpenAI(api_key=KEY, base_url=f"{gateway.url}/v1", max_retries=0, timeout=30) as client:
        yield client


@pytest.mark.parametrize("name", ["gemini/echo", "vertex/echo", "express/echo"])
def test_chat_is_answered_by_every_flavour(name: str, sdk: OpenAI, upstream: GeminiUpstream) -> None:
    messages: Any = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "a grüezi"}]
    told = sdk.chat.completions.create(model=name, messages=messages, max_tokens=50, user="u-1")
    assert told.choices[0].message.content == "I was given a grüezi."
    assert told.choices[0].finish_reason == "stop"
    assert upstream.last["systemInstruction"] == {"parts": [{"text": "Be brief."}]}
    assert upstream.last["generationConfig"] == {"maxOutputTokens": 50}
    assert upstream.last.get("labels") == (None if name == "gemini/echo" else {"user": "u-1"})


def test_usage_has_the_meaning_of_openai(sdk: OpenAI) -> None:
    told = sdk.responses.create(model="gemini/echo", input="hi").usage
    assert told is not None
    assert (told.input_tokens, told.output_tokens, told.total_tokens) == (11, 7, 18)
    assert told.input_tokens_details.cached_tokens == 3
    assert told.output_tokens_details.reasoning_tokens == 2


def test_a_stream_says_what_the_plain_reply_says(sdk: OpenAI) -> None:
    with sdk.responses.stream(model="gemini/echo", input="a long word: Donaudampfschifffahrt") as stream:
        streamed = stream.get_final_response()
    plain = sdk.responses.create(model="gemini/echo", input="a long word: Donaudampfschifffahrt")
    assert streamed.output_text == plain.output_text == "I was given a long word: Donaudampfschifffahrt."
    assert streamed.usage == plain.usage


@pytest.mark.parametrize("is_stream", [False, True])
@pytest.mark.parametrize("name", ["gemini/think", "vertex/think"])
def test_a_tool_loop_keeps_its_reasoning(name: str, is_stream: bool, sdk: OpenAI, upstream: GeminiUpstream) -> None:
    asked: Any = {"model": name, "tools": [WEATHER], "reasoning": {"effort": "low", "summary": "auto"}}
    first = _response(sdk, is_stream, input="How is it?", store=False, **asked)
    reasoning, call = first.output
    assert [part.text for part in reasoning.summary] == [THOUGHT]
    assert (call.name, json.loads(call.arguments)) == ("weather", {"city": "Paris", "days": 3})
    back: Any = [{"role": "user", "content": "How is it?"}, *(item.model_dump() for item in first.output)]
    back.append({"type": "function_call_output", "call_id": call.call_id, "output": "sunny"})
    second = _response(sdk, is_stream, input=back, store=False, **asked)
    assert second.output_text == "The tool said sunny."
    assert upstream.last["generationConfig"]["thinkingConfig"] == {"thinkingLevel": "LOW", "includeThoughts": True}
    back += [item.model_dump() for item in second.output]
    third = _response(sdk, is_stream, input=[*back, {"role": "user", "content": "Thanks."}], store=False, **asked)
    assert third.status == "completed"


def test_a_chat_client_that_lost_the_signature_goes_on(sdk: OpenAI, upstream: GeminiUpstream) -> None:
    messages: Any = [{"role": "user", "content": "How is it?"}]
    first = sdk.chat.completions.create(model="gemini/tool", messages=messages, tools=[CHAT_WEATHER])
    (call,) = first.choices[0].message.tool_calls or []
    assert first.choices[0].finish_reason == "tool_calls"
    messages += [first.choices[0].message, {"role": "tool", "tool_call_id": call.id, "content": "sunny"}]
    second = sdk.chat.completions.create(model="gemini/tool", messages=messages, tools=[CHAT_WEATHER])
    assert second.choices[0].message.content == "The tool said sunny."
    assert "id" not in upstream.last["contents"][1]["parts"][0]["functionCall"]


@pytest.mark.parametrize("name", ["gemini/parallel", "gemini/ids"])
def test_outputs_come_in_the_order_of_the_calls(name: str, sdk: OpenAI, upstream: GeminiUpstream) -> None:
    other = {**WEATHER, "name": "7-days"}
    asked: Any = {"model": name, "tools": [WEATHER, other]}
    first = sdk.responses.create(input="How is it?", **asked)
    calls = [item for item in first.output if item.type == "function_call"]
    outputs: Any = [
        {"type": "function_call_output", "call_id": call.call_id, "output": f"from {call.name}"} for call in calls
    ]
    second = sdk.responses.create(input=outputs[::-1], previous_response_id=first.id, **asked)
    assert second.output_text == f"The tool said {', '.join(f'from {call.name}' for call in calls)}."
    names = [one["name"] for one in upstream.last["tools"][0]["functionDeclarations"]]
    assert names == ["weather", "_7-days"]
    ids = [part["functionCall"].get("id") for part in upstream.last["contents"][1]["parts"]]
    assert ids == (["g0000000"] if name == "gemini/ids" else [None, None])


def test_a_required_call_and_a_named_one_are_asked_for(sdk: OpenAI, upstream: GeminiUpstream) -> None:
    choice: Any = {"type": "function", "name": "weather"}
    told = sdk.responses.create(model="gemini/tool", input="hi", tools=[WEATHER], tool_choice=choice)
    assert told.output[-1].type == "function_call"
    calling = upstream.last["toolConfig"]["functionCallingConfig"]
    assert calling == {"mode": "ANY", "allowedFunctionNames": ["weather"]}


def test_images_come_back_and_go_there(sdk: OpenAI, upstream: GeminiUpstream) -> None:
    url = f"data:image/png;base64,{PIXEL}"
    parts: Any = [{"type": "input_text", "text": "Draw it."}, {"type": "input_image", "image_url": url}]
    told = sdk.responses.create(model="gemini/images", input=[{"role": "user", "content": parts}])
    assert upstream.last["contents"][0]["parts"][1] == {"inlineData": {"mimeType": "image/png", "data": PIXEL}}
    drawn = [item for item in told.output if item.type == "image_generation_call"]
    assert [item.result for item in drawn] == [PIXEL]


@pytest.mark.parametrize("is_stream", [False, True])
def test_a_search_is_cited_in_characters(is_stream: bool, sdk: OpenAI, upstream: GeminiUpstream) -> None:
    asked: Any = {"model": "gemini/search", "input": "How is it?", "tools": [{"type": "web_search"}]}
    told = _response(sdk, is_stream, **asked)
    assert upstream.last["tools"] == [{"googleSearch": {}}]
    message = next(item for item in told.output if item.type == "message")
    (note,) = message.content[0].annotations
    assert told.output_text[note.start_index : note.end_index] == "In Zürich it is sunny."
    (search,) = [item for item in told.output if item.type == "web_search_call"]
    assert search.action.query == "weather in Zürich"


def test_code_that_was_run_is_an_item(sdk: OpenAI) -> None:
    tools: Any = [{"type": "code_interpreter", "container": {"type": "auto"}}]
    include: Any = ["code_interpreter_call.outputs"]
    told = sdk.responses.create(model="gemini/code", input="6 * 7?", tools=tools, include=include)
    (run,) = [item for item in told.output if item.type == "code_interpreter_call"]
    assert run.code == "print(6 * 7)"
    assert [output.model_dump()["logs"] for output in run.outputs or []] == ["42\n"]
    assert told.output_text == "It is 42."


def test_several_choices_are_told_apart(sdk: OpenAI) -> None:
    messages: Any = [{"role": "user", "content": "hi"}]
    told = sdk.chat.completions.create(model="gemini/echo", messages=messages, n=3)
    assert [choice.message.content for choice in told.choices] == ["I was given hi."] * 3


@pytest.mark.parametrize("is_stream", [False, True])
def test_a_form_together_with_functions_is_had_by_a_call_where_gemini_takes_one_of_them(
    is_stream: bool, sdk: OpenAI, upstream: GeminiUpstream
) -> None:
    form: Any = {"format": {"type": "json_schema", "name": "answer", "schema": SCHEMA, "strict": True}}
    asked: Any = {"model": "more/gemini-2.5-flash", "tools": [WEATHER], "text": form}
    done = _response(sdk, is_stream, input="Be done.", **asked)
    assert json.loads(done.output_text) == {"city": "Paris", "days": 3}
    assert [item.type for item in done.output if item.type != "reasoning"] == ["message"]
    assert "responseMimeType" not in upstream.last.get("generationConfig", {})
    called = _response(sdk, is_stream, input="How is it?", **asked)
    assert [item.name for item in called.output if item.type == "function_call"] == ["weather"]


@pytest.mark.parametrize(
    ("model", "status", "code"),
    [
        ("throttle", 429, "rate_limit_exceeded"),
        ("overloaded", 503, "overloaded"),
        ("unknown", 404, "model_not_found"),
        ("too-long", 400, "context_length_exceeded"),
        ("malformed", 502, "upstream_bad_reply"),
    ],
)
def test_refusals_keep_their_meaning(model: str, status: int, code: str, sdk: OpenAI) -> None:
    with pytest.raises(openai.APIStatusError) as caught:
        sdk.responses.create(model=f"more/{model}", input="hi")
    assert (caught.value.status_code, caught.value.code) == (status, code)


@pytest.mark.parametrize("model", ["unsafe", "blocked"])
@pytest.mark.parametrize("is_stream", [False, True])
def test_what_was_blocked_is_incomplete(model: str, is_stream: bool, sdk: OpenAI) -> None:
    told = _response(sdk, is_stream, model=f"more/{model}", input="hi")
    assert told.incomplete_details.reason == "content_filter"


def test_an_answer_of_thoughts_alone_ran_out_of_tokens(sdk: OpenAI) -> None:
    told = sdk.chat.completions.create(model="gemini/length", messages=[{"role": "user", "content": "hi"}])
    assert (told.choices[0].finish_reason, told.choices[0].message.content or "") == ("length", "")


@pytest.mark.parametrize("model", ["cut", "late-error"])
def test_a_stream_that_breaks_ends_as_a_failure(model: str, sdk: OpenAI) -> None:
    events = list(sdk.responses.create(model=f"more/{model}", input="hi there, all of you", stream=True))
    assert events[-1].type == "response.failed"


def test_models_are_those_that_answer(sdk: OpenAI) -> None:
    names = {model.id for model in sdk.models.list()}
    assert {f"gemini/{name}" for name in SCRIPTS} <= names
    assert "gemini/embeddings" not in names


def _response(sdk: OpenAI, is_stream: bool, **asked: Any) -> Any:
    if not is_stream:
        return sdk.responses.create(**asked)
    return list(sdk.responses.create(stream=True, **asked))[-1].response
