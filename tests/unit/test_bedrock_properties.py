"""Whatever is asked, Bedrock gets a request that it takes, with nothing lost; whatever it answers, it can be told."""

import binascii
import json
from base64 import b64encode
from typing import Any

import orjson
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.dialects.bedrock.content import is_base64
from gateway.errors import InvalidRequest
from gateway.neutral.events import Done, Failed, Usage
from tests.replay.bedrock_requests import as_chat
from tests.replay.rendering import on_responses
from tests.servers.bedrock_rules import complaints
from tests.unit.bedrock_encoding import CLAUDE_4_5, DIALECT, FORM, MODELS, NOVA, TOOL, chat, of_chat, origin
from tests.unit.upstreams import JUNK, odd, record, written
from tests.unit.validating import validated

PNG = {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgo="}}
PDF = {"type": "file", "file": {"filename": "Report.pdf", "file_data": "data:application/pdf;base64,JVBERi0="}}
SAID = st.sampled_from(["Hi", "ä🙂", " spaced ", "", "\n", "two\nlines"])
PARTS = st.lists(
    st.one_of(st.builds(lambda text: {"type": "text", "text": text}, SAID), st.sampled_from([PNG, PDF])),
    min_size=1,
    max_size=3,
)
IDS = st.sampled_from(["call_1", "a|b", "x" * 90, "call_2"])


@st.composite
def turns(draw: st.DrawFn) -> list[dict[str, Any]]:
    """A user's turn, or an answer that may call, and then has its outputs."""
    kind = draw(st.sampled_from(["user", "user", "system", "answer", "calls"]))
    if kind in ("user", "system"):
        content = draw(st.one_of(SAID, PARTS)) if kind == "user" else draw(SAID)
        return [{"role": kind, "content": content}]
    if kind == "answer":
        return [{"role": "assistant", "content": draw(SAID)}]
    ids = draw(st.lists(IDS, min_size=1, max_size=2, unique=True))
    given_ = draw(st.sampled_from(["", "{}", '{"city":"Paris"}', "[1]", "{"]))
    calls = [{"id": one, "type": "function", "function": {"name": "weather", "arguments": given_}} for one in ids]
    outputs = [{"role": "tool", "tool_call_id": one, "content": draw(SAID)} for one in ids]
    return [{"role": "assistant", "content": draw(SAID), "tool_calls": calls}, *outputs]


CONVERSATIONS = st.lists(turns(), min_size=1, max_size=5).map(lambda many: [one for turn in many for one in turn])
FIELDS = st.fixed_dictionaries(
    {},
    optional={
        "temperature": st.sampled_from([0, 0.5, 2]),
        "top_p": st.sampled_from([0.1, 1]),
        "top_k": st.just(5),
        "max_tokens": st.sampled_from([1, 500, 9000]),
        "stop": st.sampled_from(["a", ["a", "", " "], []]),
        "reasoning_effort": st.sampled_from(["none", "minimal", "low", "medium", "high", "xhigh", "max"]),
        "tools": st.sampled_from([[TOOL], []]),
        "tool_choice": st.sampled_from(["auto", "none", "required"]),
        "response_format": st.sampled_from([FORM, {"type": "json_object"}, {"type": "text"}]),
        "user": st.sampled_from(["ann", "ä"]),
        "metadata": st.just({"a": "b"}),
        "service_tier": st.sampled_from(["auto", "flex", "scale"]),
    },
)


@given(st.sampled_from(MODELS), CONVERSATIONS, FIELDS)
@settings(max_examples=300, deadline=None)
def test_request_is_one_that_bedrock_takes_or_is_refused(model: str, said: list[Any], fields: dict[str, Any]) -> None:
    try:
        sent = chat(said, model, **fields)
    except InvalidRequest as error:
        refused = error.param
    else:
        refused = None
        assert not list(complaints(model, sent.body))
    has_something = any(one["role"] == "user" or str(one["content"]).strip() or "tool_calls" in one for one in said)
    assert refused is None or fields.get("tool_choice") == "required" or (refused == "messages" and not has_something)


WORDS = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), min_size=1, max_size=12).filter(str.strip)
LOSSLESS = st.fixed_dictionaries(
    {},
    optional={
        "temperature": st.floats(0, 1),
        "max_completion_tokens": st.integers(1, 9000),
        "stop": st.lists(WORDS, min_size=1, max_size=3),
        "reasoning_effort": st.sampled_from(["minimal", "low", "medium", "high"]),
        "tools": st.just([TOOL]),
    },
)


@given(st.lists(WORDS, min_size=1, max_size=6), WORDS, LOSSLESS, st.booleans())
@settings(deadline=None)
def test_what_bedrock_can_carry_comes_out_of_its_parser_as_it_went_in(
    words: list[str], system: str, fields: dict[str, Any], has_image: bool
) -> None:
    if "reasoning_effort" in fields:
        # It rules out the temperature, and lifts the limit.
        fields = {name: value for name, value in fields.items() if name in ("reasoning_effort", "stop", "tools")}
    said: list[dict[str, Any]] = [{"role": "system", "content": [{"type": "text", "text": system}]}]
    for number, text in enumerate(words):
        role = "assistant" if number % 2 else "user"
        said.append({"role": role, "content": [{"type": "text", "text": text}]})
    if has_image and said[-1]["role"] == "user":
        said[-1]["content"].append(PNG)
    if said[-1]["role"] == "assistant":
        said.append({"role": "user", "content": [{"type": "text", "text": "And?"}]})
    asked = {"model": CLAUDE_4_5, "messages": said, **fields}
    sent = chat(said, CLAUDE_4_5, **fields)
    assert sent.dropped == []
    found = as_chat(sent.body, CLAUDE_4_5)
    for tool in found.get("tools", ()):
        assert tool["function"].pop("strict") is False
    assert found == asked


BLOCK = st.sampled_from([0, 0, 1, 2, None])
DELTA = record(
    {
        "text": odd(SAID),
        "toolUse": odd(record({"input": odd(st.sampled_from(["", "{", "}", '{"a":1}']))})),
        "reasoningContent": odd(record({name: odd(SAID) for name in ("text", "signature", "redactedContent")})),
        "citation": odd(
            record({"title": odd(SAID), "source": odd(SAID), "location": odd(st.just({"web": {"url": "u"}}))})
        ),
        "toolResult": odd(st.just([{"json": {"stdOut": "1"}}])),
        "image": odd(st.just({"source": {"bytes": "QQ=="}})),
    }
)
CALL = record({"toolUseId": odd(st.just("t")), "name": odd(st.just("weather")), "type": st.just("server_tool_use")})
STREAM = st.lists(
    st.one_of(
        st.builds(
            lambda index, delta: {"contentBlockDelta": {"contentBlockIndex": index, "delta": delta}}, BLOCK, odd(DELTA)
        ),
        st.builds(
            lambda index, call: {"contentBlockStart": {"contentBlockIndex": index, "start": {"toolUse": call}}},
            BLOCK,
            odd(CALL),
        ),
        st.builds(lambda index: {"contentBlockStop": {"contentBlockIndex": index}}, BLOCK),
        st.builds(
            lambda reason: {"messageStop": {"stopReason": reason}}, odd(st.sampled_from(["end_turn", "tool_use"]))
        ),
        st.builds(
            lambda usage: {"metadata": {"usage": usage}},
            odd(record({"inputTokens": odd(st.integers(0, 9)), "cacheReadInputTokens": JUNK})),
        ),
        st.builds(lambda told: {"exception": told}, JUNK),
        odd(st.just({"messageStart": {}})),
    ),
    max_size=12,
)
ASKED = (of_chat("Hi", tools=[TOOL]), of_chat("Hi", NOVA, response_format=FORM))


@given(STREAM, st.sampled_from(ASKED))
@settings(deadline=None)
def test_whatever_comes_has_one_end_and_can_be_told(stream: list[Any], asked: Any) -> None:
    decoder = DIALECT.decoder(asked, origin(asked.model), is_native=False)
    events = [event for one in stream for event in decoder.feed(written(one))]
    events = validated([*events, *decoder.end()], DIALECT, asked, origin(asked.model))
    assert sum(isinstance(event, Done | Failed) for event in events) == 1
    assert isinstance(events[-1], Done | Failed)
    assert decoder.is_over
    for usage in (event for event in events if isinstance(event, Usage)):
        assert usage.cached + usage.cache_write <= usage.prompt
        assert usage.reasoning <= usage.completion
    on_responses(events)


@given(
    st.lists(
        odd(
            st.one_of(
                record({"text": odd(SAID)}), record({"toolUse": odd(CALL)}), record({"reasoningContent": odd(DELTA)})
            )
        ),
        max_size=4,
    ),
    JUNK,
)
@settings(deadline=None)
def test_whatever_is_replied_has_one_end(blocks: list[Any], usage: Any) -> None:
    document = {"output": {"message": {"content": blocks}}, "stopReason": "end_turn", "usage": usage}
    events = DIALECT.decode_reply(json.dumps(document).encode(), ASKED[0], origin(CLAUDE_4_5), is_native=False)
    assert [isinstance(event, Done | Failed) for event in events].count(True) == 1
    orjson.dumps([event.document for event in events if hasattr(event, "document")])


@settings(max_examples=300)
@given(st.text("Ab0+/=é \n", max_size=12) | st.binary(max_size=20).map(lambda data: b64encode(data).decode()))
def test_base64_is_what_a_strict_decoder_takes(text: str) -> None:
    try:
        binascii.a2b_base64(text, strict_mode=True)
    except ValueError:
        assert not is_base64(text)
    else:
        # Python's lets a `=` too many behind whole groups of four pass.
        assert is_base64(text) or len(text) % 4
