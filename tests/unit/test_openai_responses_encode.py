"""Requests on their way to a Responses upstream: nothing lost, nothing of the gateway's own, nothing unsaid."""

from dataclasses import replace
from typing import Any

import orjson
import pytest

from gateway.dialects.base import Origin
from gateway.dialects.openai_responses import OpenAIResponses
from gateway.dialects.profiles.openai_responses import ResponsesProfile
from gateway.errors import InvalidRequest
from gateway.neutral.generation import Generation
from gateway.surfaces.openai_chat import OpenAIChatSurface
from gateway.surfaces.openai_responses import OpenAIResponsesSurface
from tests.unit.generations import Native, Recovered, generation_of, translated

DIALECT, SURFACE = OpenAIResponses(), OpenAIResponsesSurface()
PLAIN = ResponsesProfile()
ASKS = ResponsesProfile(asks_encrypted_reasoning=True)
ENCRYPTED = "reasoning.encrypted_content"
OURS = "0123456789" * 4
USER = {"type": "message", "role": "user", "content": "Hi"}


def sent(generation: Generation, facts: ResponsesProfile = PLAIN) -> tuple[dict[str, Any], list[str]]:
    """What the upstream gets, and what it was not given."""
    outbound = DIALECT.encode(generation, Origin("lab", "small", facts))
    assert outbound.path == "/responses"
    body: dict[str, Any] = orjson.loads(outbound.body)
    return body, list(outbound.dropped)


def native(facts: ResponsesProfile = PLAIN, /, **body: Any) -> dict[str, Any]:
    """What the upstream gets of a Responses request."""
    return sent(read(**body), facts)[0]


def read(**body: Any) -> Generation:
    """A Responses request as its surface read it."""
    given: Any = {"model": "lab/small", "input": "Hi", **body}
    return SURFACE.read(given)


def chat(**fields: Any) -> tuple[dict[str, Any], list[str]]:
    """What the upstream gets of a chat request with these fields, and what it was not given."""
    return sent(generation_of("lab/small", native=Native("openai-chat", {}), items=[USER], fields=fields))


def test_native_body_arrives_as_it_came() -> None:
    body = {
        "x_first": {"odd": [None, 1.5]},
        "input": "Hi",
        "model": "lab/small",
        "tools": [{"type": "function", "name": "f", "parameters": {}}, {"type": "acme", "odd": 1}],
        "tool_choice": {"type": "acme"},
        "temperature": None,
        "include": ["web_search_call.results"],
        "text": {"format": {"type": "text"}, "odd": 1},
        "top_k": 5,
    }
    assert native(**body) == {**body, "model": "small", "store": False}
    assert [*native(**body)][:3] == ["model", "input", "x_first"]


@pytest.mark.parametrize("state", [{"previous_response_id": "resp_1"}, {"conversation": {"id": "conv_1"}}])
def test_native_body_has_nothing_of_the_gateways_state(state: dict[str, Any]) -> None:
    body = native(
        **state,
        store=True,
        provider="lab",
        stream=True,
        stream_options={"include_usage": True},
        metadata={"waystone": "x", "trace": "7"},
    )
    assert body == {
        "model": "small",
        "input": "Hi",
        "store": False,
        "stream": True,
        "metadata": {"waystone": "x", "trace": "7"},
    }


def test_metadata_is_what_the_engine_left_of_it() -> None:
    generation = generation_of("lab/small", native=Native(DIALECT.name, {"model": "m", "metadata": {"waystone": "x"}}))
    assert "metadata" not in sent(generation)[0]
    generation = replace(generation, metadata={"trace": "7"})
    assert sent(generation)[0]["metadata"] == {"trace": "7"}


def test_obfuscation_may_still_be_asked_for() -> None:
    options = {"include_usage": True, "include_obfuscation": False}
    assert native(stream=True, stream_options=options)["stream_options"] == {"include_obfuscation": False}
    assert native(stream=True, stream_options=None)["stream_options"] is None


def test_reasoning_gets_its_own_state_back() -> None:
    item = {
        "type": "reasoning",
        "id": f"rs_{OURS}0001",
        "summary": [{"type": "summary_text", "text": "Hm."}],
        "content": [],
        "encrypted_content": "sealed",
        "status": "completed",
        "format": "openai-responses-v1",
    }
    state = {"id": "rs_theirs", "encrypted_content": "gAAA="}
    (found,) = restored(item, state)
    assert found == {
        "type": "reasoning",
        "id": "rs_theirs",
        "summary": item["summary"],
        "encrypted_content": "gAAA=",
        "format": "openai-responses-v1",
    }
    (kept,) = restored({**item, "content": [{"type": "reasoning_text", "text": "Hm"}]}, state)
    assert kept["content"] == [{"type": "reasoning_text", "text": "Hm"}]


def restored(item: dict[str, Any], state: dict[str, Any]) -> list[dict[str, Any]]:
    """What the upstream gets of reasoning under whose seal is this."""
    generation = SURFACE.restore(read(input=[item]), {item["encrypted_content"]: state}.get)
    found: list[dict[str, Any]] = sent(generation)[0]["input"]
    return found


def test_reasoning_without_state_goes_on() -> None:
    theirs = {"type": "reasoning", "id": "rs_theirs", "summary": [], "encrypted_content": "gAAA="}
    ours: dict[str, Any] = {"type": "reasoning", "id": f"rs_{OURS}0001", "summary": [], "encrypted_content": None}
    assert native(input=[theirs, ours])["input"] == [theirs, {"type": "reasoning", "summary": []}]


@pytest.mark.parametrize("number", ["", "0001", "ffff"])
def test_ids_of_the_gateway_stay_here_unless_the_item_is_known_by_its_id(number: str) -> None:
    own = f"_{OURS}{number}"
    message = {"type": "message", "id": f"msg{own}", "role": "assistant", "content": []}
    call = {"type": "function_call", "id": f"fc{own}", "call_id": "c", "name": "f", "arguments": "{}"}
    search = {"type": "web_search_call", "id": f"ws{own}", "status": "completed"}
    theirs = {"type": "message", "id": f"msg{own}0123456789", "role": "assistant", "content": []}
    plain = {"role": "user", "id": f"msg{own}", "content": "x"}
    assert native(input=[message, call, search, theirs, plain])["input"] == [
        {"type": "message", "role": "assistant", "content": []},
        {"type": "function_call", "call_id": "c", "name": "f", "arguments": "{}"},
        search,
        theirs,
        {"role": "user", "content": "x"},
    ]


def test_encrypted_reasoning_is_asked_for_where_the_request_shows_that_its_model_reasons() -> None:
    item = {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "x"}
    assert native(ASKS, reasoning={"effort": "low"})["include"] == [ENCRYPTED]
    assert native(ASKS, input=[item, USER])["include"] == [ENCRYPTED]
    both = ["web_search_call.results", ENCRYPTED]
    assert native(ASKS, reasoning={"effort": "low"}, include=both[:1])["include"] == both
    assert native(ASKS, reasoning={"effort": "low"}, include=both)["include"] == both
    assert "include" not in native(ASKS)
    assert "include" not in native(ASKS, reasoning={"effort": None})
    assert "include" not in native(PLAIN, reasoning={"effort": "low"})


def test_fields_that_an_upstream_has_no_use_for_are_left_out_and_said() -> None:
    facts = ResponsesProfile(dropped=frozenset({"top_k", "user"}), defaults={"truncation": "auto"})
    generation = generation_of("m", native=Native(DIALECT.name, {"top_k": 1, "user": None, "top_p": 1}))
    assert sent(generation, facts) == ({"model": "small", "store": False, "top_p": 1, "truncation": "auto"}, ["top_k"])


def test_body_that_cannot_be_written_is_refused() -> None:
    deep: Any = []
    for _ in range(300):
        deep = [deep]
    with pytest.raises(InvalidRequest, match="nested too deeply"):
        native(x=deep)


def test_chat_fields_get_the_names_that_they_have_here() -> None:
    same = {
        "temperature": 0.5,
        "top_p": 1,
        "user": "u",
        "safety_identifier": "s",
        "prompt_cache_key": "k",
        "service_tier": "flex",
    }
    schema = {"name": "s", "schema": {"type": "object"}, "strict": True, "description": "d"}
    body, dropped = chat(
        max_completion_tokens=100,
        reasoning_effort="low",
        verbosity="high",
        response_format={"type": "json_schema", "json_schema": schema},
        logprobs=True,
        top_logprobs=3,
        **same,
    )
    assert body == {
        "input": [USER],
        "model": "small",
        "store": False,
        "max_output_tokens": 100,
        "reasoning": {"effort": "low"},
        "text": {"format": {"type": "json_schema", **schema}, "verbosity": "high"},
        "include": ["message.output_text.logprobs"],
        "top_logprobs": 3,
        **same,
    }
    assert dropped == []
    assert chat(response_format={"type": "json_object"})[0]["text"] == {"format": {"type": "json_object"}}


@pytest.mark.parametrize("name", ["max_tokens", "max_completion_tokens"])
def test_limit_below_sixteen_is_raised_and_said(name: str) -> None:
    assert chat(**{name: 8})[0]["max_output_tokens"] == 16
    assert chat(**{name: 8})[1] == [name]
    assert chat(**{name: 16})[1] == []


def test_limit_that_is_none_is_refused_by_name() -> None:
    with pytest.raises(InvalidRequest) as refused:
        chat(max_tokens=0)
    assert (refused.value.param, refused.value.code) == ("max_tokens", "invalid_value")


def test_lower_of_two_limits_counts() -> None:
    body, dropped = chat(max_tokens=50, max_completion_tokens=100)
    assert body["max_output_tokens"] == 50
    assert dropped == []


@pytest.mark.parametrize(
    "field",
    [
        {"n": 2},
        {"stop": ["x"]},
        {"stop": "x"},
        {"logit_bias": {"1": 2}},
        {"modalities": ["text", "audio"]},
        {"audio": {"voice": "a", "format": "wav"}},
        {"web_search_options": {}},
    ],
)
def test_what_the_answer_depends_on_and_cannot_be_said_is_refused_by_name(field: dict[str, Any]) -> None:
    (name,) = field
    with pytest.raises(InvalidRequest) as refused:
        chat(**field)
    assert (refused.value.param, refused.value.code) == (name, "unsupported_parameter")
    assert name in refused.value.message
    assert "lab" in refused.value.message


def test_what_the_answer_does_not_depend_on_is_left_out_and_said() -> None:
    neutral = {"n": 1, "stop": [], "logit_bias": {}, "presence_penalty": 0, "modalities": ["text"]}
    harmless = {"seed": 7, "prediction": {"type": "content"}, "frequency_penalty": -1, "acme": 1, "store": True}
    body, dropped = chat(**neutral, **harmless, stream=None)
    assert body == {"input": [USER], "model": "small", "store": False}
    assert dropped == [*harmless]


def test_what_the_surface_could_not_translate_is_said_too() -> None:
    assert sent(generation_of("m", items=[USER], untranslated=["messages[0].name"]))[1] == ["messages[0].name"]


def test_tools_are_flat_and_strict_as_chat_has_it() -> None:
    flat = {"type": "function", "name": "f", "parameters": {}}
    function = {"name": "f", "parameters": {}}
    nested = {"type": "function", "function": function}
    strict = {"type": "function", "function": {**function, "strict": True}}
    custom = {"type": "custom", "custom": {"name": "c"}}
    asking = {"model": "m", "messages": [{"role": "user", "content": "Hi"}], "tools": [nested, strict, custom]}
    body, _ = sent(translated(OpenAIChatSurface(), {**asking, "tool_choice": "required"}))
    assert body["tools"] == [
        {**flat, "strict": False},
        {**flat, "strict": True},
        {"type": "custom", "name": "c"},
    ]
    assert body["tool_choice"] == "required"


def test_tools_in_this_dialects_own_form_stay_as_they_came() -> None:
    flat = {"type": "function", "name": "f", "parameters": {}}
    assert sent(generation_of("m", items=[USER], tools=[flat]))[0]["tools"] == [flat]


def test_translated_request_has_instructions_stream_and_reasoning_with_state_only() -> None:
    lost = {"type": "reasoning", "summary": []}
    kept = Recovered(lost, {"id": "rs_1", "encrypted_content": "x"})
    generation = generation_of("m", is_stream=True, instructions="Be kind.", items=[lost, kept, USER])
    body, _ = sent(generation)
    assert body == {
        "instructions": "Be kind.",
        "input": [{"type": "reasoning", "summary": [], "id": "rs_1", "encrypted_content": "x"}, USER],
        "model": "small",
        "store": False,
        "stream": True,
    }
