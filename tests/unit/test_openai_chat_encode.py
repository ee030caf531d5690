"""Requests on their way to a chat upstream: fitted to its facts, nothing lost, nothing leaked."""

from dataclasses import replace
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.contract.bundle import Bundle
from gateway.contract.validation import CompiledSchema
from gateway.dialects.base import Origin, Outbound
from gateway.dialects.openai_chat import OpenAIChat
from gateway.dialects.profiles.openai_chat import ChatProfile
from gateway.dialects.report import require_translatable
from gateway.errors import InvalidRequest
from gateway.neutral.end_user import split_end_user
from gateway.neutral.events import Done
from gateway.neutral.generation import Generation
from gateway.surfaces.base import Author, Surface
from gateway.surfaces.openai_chat import OpenAIChatSurface
from gateway.surfaces.waystone_chat import WaystoneChatSurface
from gateway.surfaces.waystone_responses import WaystoneResponsesSurface
from tests.clients.contract import check
from tests.unit.generations import generation_of

CHAT, WAYSTONE, RESPONSES = OpenAIChatSurface(), WaystoneChatSurface(), WaystoneResponsesSurface()
DIALECT = OpenAIChat()
PLAIN = ChatProfile(stream_usage=False)
SMALL = ChatProfile(
    token_limit_field="max_tokens", max_answer_tokens=256, defaults={"temperature": 0}, system_prompt="Be kind."
)


def sent(surface: Surface[Any], facts: ChatProfile = PLAIN, /, **fields: Any) -> dict[str, Any]:
    """What the upstream gets for a request with these fields, after the engine has taken out the end user."""
    body = {"input": "Hi"} if surface is RESPONSES else {"messages": [{"role": "user", "content": "Hi"}]}
    generation = surface.read({"model": "lab/small", **body, **fields})
    if generation.metadata:
        generation = replace(generation, metadata=split_end_user(generation.metadata)[1])
    return orjson.loads(encoded(surface, generation, facts).body)  # type: ignore[no-any-return]


def encoded(surface: Surface[Any], generation: Generation, facts: ChatProfile = PLAIN) -> Outbound:
    """The request to a chat upstream, translated where the surface does not speak chat itself."""
    if surface.dialect != DIALECT.name:
        require_translatable(generation.prompt, "lab")
    outbound = DIALECT.encode(generation, Origin("lab", "small", facts))
    assert outbound.path == "/chat/completions"
    return outbound


chats = pytest.mark.parametrize("surface", [CHAT, WAYSTONE], ids=["chat", "waystone"])
every = pytest.mark.parametrize("surface", [CHAT, WAYSTONE, RESPONSES], ids=["chat", "waystone", "responses"])


@every
def test_model_is_the_upstreams_own_name(surface: Surface[Any]) -> None:
    assert sent(surface)["model"] == "small"


@every
def test_unknown_fields_travel(surface: Surface[Any]) -> None:
    odd: dict[str, Any] = {"top_k": 5, "ünknown": [1], "reasoning_effort": "low"}
    if surface is not RESPONSES:
        odd |= {"provider": {"order": ["a"]}, "nothing": None}
    document = sent(surface, PLAIN, **odd)
    assert {name: document.get(name, "absent") for name in odd} == odd


def test_native_body_arrives_as_it_came() -> None:
    body: dict[str, Any] = {
        "messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "x"}, "odd": 1}]}],
        "tools": [{"type": "function", "function": {"name": "f", "odd": 1}}],
        "max_tokens": 5,
        "temperature": None,
        "stream": False,
    }
    assert sent(CHAT, PLAIN, **body) == {**body, "model": "small"}


@every
def test_end_user_never_leaves_and_other_metadata_does(surface: Surface[Any]) -> None:
    metadata = {"waystone": '{"user": "ann"}', "trace": "7"}
    assert sent(surface, metadata=metadata)["metadata"] == {"trace": "7"}
    assert "metadata" not in sent(surface, metadata={"waystone": '{"user": "ann"}'})
    assert "metadata" not in sent(surface)


@chats
def test_stream_asks_for_usage_where_the_upstream_can_tell_it(surface: Surface[Any]) -> None:
    assert "stream_options" not in sent(surface, PLAIN, stream=True)
    document = sent(surface, ChatProfile(), stream=True, stream_options={"include_obfuscation": False, "odd": 1})
    assert document["stream"] is True
    assert document["stream_options"] == {"include_obfuscation": False, "odd": 1, "include_usage": True}
    assert sent(surface, ChatProfile(), stream=True, stream_options=None)["stream_options"] == {"include_usage": True}
    assert "stream_options" not in sent(surface, ChatProfile(), stream=False)


@chats
def test_stream_options_that_are_none_are_the_upstreams_to_refuse(surface: Surface[Any]) -> None:
    assert sent(surface, ChatProfile(), stream=True, stream_options="usage")["stream_options"] == "usage"


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({}, {}),
        ({"max_tokens": 5}, {"max_completion_tokens": 5}),
        ({"max_completion_tokens": 5}, {"max_completion_tokens": 5}),
        ({"max_tokens": 9, "max_completion_tokens": 5}, {"max_completion_tokens": 5}),
        ({"max_tokens": None, "max_completion_tokens": 5}, {"max_completion_tokens": 5}),
    ],
)
@every
def test_token_limit_has_the_name_that_the_upstream_knows(
    surface: Surface[Any], asked: dict[str, Any], expected: dict[str, Any]
) -> None:
    document = sent(surface, ChatProfile(token_limit_field="max_completion_tokens"), **asked)
    assert {name: value for name, value in document.items() if name.startswith("max_")} == expected


@pytest.mark.parametrize(
    ("asked", "limit"),
    [({}, 256), ({"max_tokens": 5}, 5), ({"max_completion_tokens": 5000}, 256), ({"max_tokens": 300.0}, 256)],
)
@every
def test_token_limit_is_capped(surface: Surface[Any], asked: dict[str, Any], limit: int) -> None:
    document = sent(surface, SMALL, **asked)
    assert {name: value for name, value in document.items() if name.startswith("max_")} == {"max_tokens": limit}


def test_cap_without_a_name_keeps_the_name_that_came() -> None:
    facts = ChatProfile(max_answer_tokens=10)
    assert sent(CHAT, facts, max_completion_tokens=50)["max_completion_tokens"] == 10
    assert sent(CHAT, facts)["max_tokens"] == 10


@pytest.mark.parametrize("limit", [0, -1, "5", True, [], 2.5])
@every
def test_token_limit_that_is_none_is_refused_where_it_must_hold(surface: Surface[Any], limit: Any) -> None:
    with pytest.raises(InvalidRequest) as refused:
        sent(surface, SMALL, max_tokens=limit)
    assert refused.value.param == "max_tokens"
    if surface.dialect == "openai-chat":
        # The contract lets it through, and the upstream has an answer of its own to it.
        assert sent(surface, PLAIN, max_tokens=limit)["max_tokens"] == limit
    else:
        with pytest.raises(InvalidRequest):
            sent(surface, PLAIN, max_tokens=limit)


@every
def test_defaults_stand_in_for_what_is_left_out(surface: Surface[Any]) -> None:
    assert sent(surface, SMALL)["temperature"] == 0
    assert sent(surface, SMALL, temperature=1.5)["temperature"] == 1.5


@every
def test_system_prompt_comes_first(surface: Surface[Any]) -> None:
    assert [message["role"] for message in sent(surface, SMALL)["messages"]] == ["system", "user"]
    assert sent(surface, SMALL)["messages"][0]["content"] == "Be kind."


@pytest.mark.parametrize("role", ["system", "developer"])
def test_system_prompt_gives_way_to_the_callers_own(role: str) -> None:
    own = [{"role": "user", "content": "Hi"}, {"role": role, "content": "Be brief."}]
    assert sent(CHAT, SMALL, messages=own)["messages"] == own
    assert [m["content"] for m in sent(RESPONSES, SMALL, instructions="Be brief.")["messages"]] == ["Be brief.", "Hi"]


def test_strings_in_a_content_list_become_text_parts() -> None:
    messages = [{"role": "user", "content": ["See", "this"]}, {"role": "assistant", "content": "ok"}]
    parts = [{"type": "text", "text": "See"}, {"type": "text", "text": "this"}]
    assert sent(WAYSTONE, messages=messages)["messages"] == [{"role": "user", "content": parts}, messages[1]]


@pytest.mark.parametrize("surface", [WAYSTONE, RESPONSES])
@pytest.mark.parametrize("name", ["n", "max_completion_tokens"])
def test_counts_are_whole(surface: Surface[Any], name: str) -> None:
    assert type(sent(surface, PLAIN, **{name: 2.0})[name]) is int
    for wrong in (1.5, 1e300, -1e300):
        with pytest.raises(InvalidRequest) as refused:
            sent(surface, PLAIN, **{name: wrong})
        assert (refused.value.param, refused.value.code) == (name, "invalid_value")


def test_fields_of_the_responses_api_have_their_chat_names() -> None:
    schema = {"name": "answer", "schema": {"type": "object"}, "strict": True}
    document = sent(
        RESPONSES,
        instructions="Be brief.",
        max_output_tokens=9,
        reasoning={"effort": "low", "summary": "auto"},
        text={"format": {"type": "json_schema", **schema}, "verbosity": "low"},
        tools=[{"type": "function", "name": "look", "parameters": {}}],
        tool_choice={"type": "function", "name": "look"},
        parallel_tool_calls=False,
    )
    function = {"name": "look", "parameters": {}, "strict": True}
    assert document == {
        "model": "small",
        "messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hi"}],
        "max_completion_tokens": 9,
        "reasoning_effort": "low",
        "response_format": {"type": "json_schema", "json_schema": schema},
        "verbosity": "low",
        "tools": [{"type": "function", "function": function}],
        "tool_choice": {"type": "function", "function": {"name": "look"}},
        "parallel_tool_calls": False,
    }


def test_tools_in_their_chat_form_stay_as_they_are() -> None:
    tools = [{"type": "function", "function": {"name": "look"}}]
    choice = {"type": "function", "function": {"name": "look"}}
    document = sent(RESPONSES, tools=tools, tool_choice=choice)
    assert (document["tools"], document["tool_choice"]) == (tools, choice)


@pytest.mark.parametrize("tool", [None, "look", {}])
def test_tools_of_no_known_shape_are_refused_where_they_stand(tool: Any) -> None:
    with pytest.raises(InvalidRequest) as refused:
        sent(RESPONSES, tools=[TOOL, tool])
    assert (refused.value.param, refused.value.code) == ("tools[1].type", "unsupported_parameter")


def test_response_repeats_settings_whole_and_in_its_own_shapes() -> None:
    function = {"name": "look", "parameters": {"type": "object"}}
    asked: Any = {
        "model": "m",
        "input": "Hi",
        "tools": [
            {"type": "function", "function": function},
            {"type": "function", "name": "find", "parameters": "none", "strict": True},
            {"type": "web_search"},
            None,
        ],
        "tool_choice": {"type": "function", "function": {"name": "look"}},
        "reasoning": {"effort": "low", "summary": 5},
        "text": {"format": {"type": "json_schema", "name": "a", "schema": {}}, "verbosity": "low"},
        "top_p": "much",
        "truncation": "auto",
        "max_completion_tokens": 9.0,
    }
    response = told(RESPONSES.read(asked))
    check("Response", response)
    assert response["tools"] == [
        {"type": "function", "name": "look", "description": None, "parameters": {"type": "object"}, "strict": None},
        {"type": "function", "name": "find", "description": None, "parameters": None, "strict": True},
        {"type": "web_search"},
    ]
    assert response["tool_choice"] == {"type": "function", "name": "look"}
    assert response["reasoning"] == {"effort": "low", "summary": None}
    assert response["text"]["format"]["description"] is None
    assert (response["top_p"], response["truncation"], response["max_output_tokens"]) == (1, "auto", 9)
    assert response["store"] is False


def test_input_is_the_conversation_whatever_else_is_sent() -> None:
    document = sent(RESPONSES, SMALL, messages="not these")
    assert document["messages"][-1] == {"role": "user", "content": "Hi"}


@every
def test_body_that_is_nested_too_deeply_to_be_written_is_refused(surface: Surface[Any]) -> None:
    with pytest.raises(InvalidRequest, match="nested too deeply"):
        sent(surface, odd=orjson.loads(b"[" * 300 + b"]" * 300))


def told(generation: Generation) -> dict[str, Any]:
    """An empty answer."""
    writer = RESPONSES.writer(generation, Author("lab", "small", lambda state: "sealed"))
    return orjson.loads(writer.reply([Done()]))  # type: ignore[no-any-return]


# What a surface or an encoder looks at, or a Response repeats.
NAMES = st.sampled_from(
    sorted(
        {"input", "messages", "stream", "stream_options", "max_tokens", "max_completion_tokens", "n"}
        | told(generation_of("m")).keys()
    )
)
VALUES: st.SearchStrategy[Any] = st.recursive(
    st.one_of(
        st.none(), st.booleans(), st.integers(-2, 300), st.floats(-2, 3), st.sampled_from(["", "auto", "function", "x"])
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=2),
        st.dictionaries(
            st.sampled_from(["type", "name", "function", "format", "schema", "effort", "id", "include_usage"]), inner
        ),
    ),
    max_leaves=6,
)


@every
@pytest.mark.parametrize("facts", [ChatProfile(), SMALL], ids=["any", "small"])
def test_whatever_the_contract_lets_pass_is_sent_or_refused(surface: Surface[Any], facts: ChatProfile) -> None:
    validate = CompiledSchema(_schema(surface)).require
    base = {"model": "m", "input": "Hi", "messages": [{"role": "user", "content": "Hi"}]}

    @settings(max_examples=150, deadline=None)
    @given(st.dictionaries(NAMES, VALUES, max_size=5))
    def run(fields: dict[str, Any]) -> None:
        body = {**base, **fields}
        try:
            validate(body)
            generation = surface.read(body)
            encoded(surface, generation, facts)
        except InvalidRequest:
            return
        _check_echo(surface, generation)

    run()


def _schema(surface: Surface[Any]) -> dict[str, Any]:
    bundle = Bundle.load()
    paths = {
        id(CHAT): "/v1/chat/completions",
        id(WAYSTONE): "/api/gateway/v1/chat/completions",
        id(RESPONSES): "/api/gateway/v1/responses",
    }
    (spec,) = [spec for spec in bundle.operations.values() if spec.path == paths[id(surface)]]
    assert spec.body_schema is not None
    return bundle.schema(spec.body_schema)


def _check_echo(surface: Surface[Any], generation: Generation) -> None:
    """A Response repeats what was asked, in the shapes that the contract has for it."""
    if surface is RESPONSES:
        check("Response", told(generation))


TEXT_ONLY = ChatProfile(stream_usage=False, takes_developer_role=False, takes_tools=False, takes_parts=False)
TOOL = {"type": "function", "function": {"name": "f"}}


def test_developer_messages_go_as_system_to_a_model_that_does_not_know_them() -> None:
    messages = [{"role": "developer", "content": "Be brief."}, {"role": "user", "content": "Hi"}]
    assert [m["role"] for m in sent(CHAT, TEXT_ONLY, messages=messages)["messages"]] == ["system", "user"]
    assert [m["role"] for m in sent(CHAT, PLAIN, messages=messages)["messages"]] == ["developer", "user"]


def test_tools_on_offer_are_left_out_for_a_model_that_has_none() -> None:
    document = sent(CHAT, TEXT_ONLY, tools=[TOOL], tool_choice="auto", parallel_tool_calls=True)
    assert not {"tools", "tool_choice", "parallel_tool_calls"} & document.keys()


@pytest.mark.parametrize("choice", ["required", {"type": "function", "function": {"name": "f"}}])
def test_a_required_call_is_refused_for_a_model_that_has_no_tools(choice: Any) -> None:
    with pytest.raises(InvalidRequest) as refused:
        sent(CHAT, TEXT_ONLY, tools=[TOOL], tool_choice=choice)
    assert refused.value.param == "tool_choice"


def test_an_image_is_refused_for_a_model_that_reads_text_only() -> None:
    parts = [{"type": "text", "text": "What is this?"}, {"type": "image_url", "image_url": {"url": "x"}}]
    with pytest.raises(InvalidRequest) as refused:
        sent(CHAT, TEXT_ONLY, messages=[{"role": "user", "content": parts}])
    assert refused.value.param == "messages[0].content[1]"


@chats
def test_what_is_removed_from_a_native_body_is_said(surface: Surface[Any]) -> None:
    facts = ChatProfile(
        dropped=frozenset({"top_k"}), fields=frozenset({"model", "messages", "top_k"}), takes_tools=False
    )
    body = {"model": "m", "messages": [{"role": "user", "content": "Hi"}], "top_k": 5, "tools": [TOOL], "user": "a"}
    outbound = encoded(surface, surface.read({**body, "seed": None}), facts)
    assert sorted(outbound.dropped) == ["tools", "top_k", "user"]
    assert orjson.loads(outbound.body) == {"model": "small", "messages": body["messages"]}
    assert not encoded(surface, surface.read(body), PLAIN).dropped


def test_only_the_fields_of_a_row_that_lists_them_travel() -> None:
    facts = ChatProfile(stream_usage=False, fields=frozenset({"model", "messages", "seed"}))
    assert sent(CHAT, facts, seed=1, n_predict=9999).keys() == {"model", "messages", "seed"}


@pytest.mark.parametrize("field", ["reasoning", "text"])
def test_what_the_answer_could_not_repeat_is_refused_before_anybody_is_asked(field: str) -> None:
    deep: dict[str, Any] = {"effort": "low"}
    for _ in range(251):
        deep = {"deeper": deep}
    with pytest.raises(InvalidRequest, match="nested too deeply"):
        sent(RESPONSES, PLAIN, **{field: {"effort": "low", "deep": deep}})
