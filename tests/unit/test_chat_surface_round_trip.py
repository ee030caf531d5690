"""Chat bodies turned into items and back: what an upstream of another make is asked is what the client asked."""

from dataclasses import replace
from itertools import takewhile
from typing import Any

import orjson
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.dialects.base import Origin
from gateway.dialects.openai_chat import OpenAIChat
from gateway.dialects.profiles.openai_chat import ChatProfile
from gateway.surfaces.openai_chat import OpenAIChatSurface

Body = dict[str, Any]
FACTS = ChatProfile(stream_usage=False, takes_custom_tools=True, takes_allowed_tools=True, takes_refusals=True)
ORIGIN = Origin("lab", "small", FACTS)


def there_and_back(body: Body) -> Body:
    """The body that a chat upstream gets if nothing of the native one is at hand."""
    given: Any = body
    outbound = OpenAIChat().encode(replace(OpenAIChatSurface().read(given), dialect=None), ORIGIN)
    assert not outbound.dropped
    written: Body = orjson.loads(outbound.body)
    return written


def normal(body: Body) -> Body:
    """The body without the freedom that chat leaves in how to say one thing."""
    found = {name: value for name, value in body.items() if value not in (None, [])}
    found["messages"] = [_normal_message(message) for message in _one_system(body["messages"])]
    if "tools" in found:
        found["tools"] = [_normal_tool(tool) for tool in found["tools"]]
    if not found.get("tools"):
        for name in ("tool_choice", "parallel_tool_calls"):
            found.pop(name, None)
    return found


def _one_system(messages: list[Body]) -> list[Body]:
    """The messages with one of the system's in front: a developer's are the same."""
    named = [{**one, "role": "system"} if one["role"] == "developer" else one for one in messages]
    leading = [*takewhile(lambda one: one["role"] == "system", named)]
    said = "\n\n".join(one["content"] for one in leading)
    return [{"role": "system", "content": said}, *named[len(leading) :]] if leading else named


def _normal_message(message: Body) -> Body:
    content = message.get("content")
    parts = [{"type": "text", "text": content}] if isinstance(content, str) else content or []
    found = {**message, "content": [_normal_part(part) for part in parts if part != {"type": "text", "text": ""}]}
    return {name: value for name, value in found.items() if value is not None}


def _normal_part(part: Body) -> Body:
    if part["type"] != "image_url":
        return part
    return {**part, "image_url": {"detail": "auto", **part["image_url"]}}


def _normal_tool(tool: Body) -> Body:
    if tool["type"] != "function":
        return tool
    return {**tool, "function": {"strict": False, **tool["function"]}}


TEXTS = st.sampled_from(["Hi", "two\nlines", "ä🙂", "{}", " "])
NAMES = st.sampled_from(["look", "find", "do-it_2"])
URLS = st.sampled_from(["https://example.com/a.png", "data:image/png;base64,iVBORw0KGgo="])
PARTS: st.SearchStrategy[Body] = st.one_of(
    st.fixed_dictionaries({"type": st.just("text"), "text": TEXTS}),
    st.fixed_dictionaries(
        {
            "type": st.just("image_url"),
            "image_url": st.fixed_dictionaries(
                {"url": URLS}, optional={"detail": st.sampled_from(["auto", "low", "high"])}
            ),
        }
    ),
)
SAID: st.SearchStrategy[Body] = st.one_of(
    st.fixed_dictionaries(
        {"role": st.just("user"), "content": st.one_of(TEXTS, st.lists(PARTS, min_size=1, max_size=3))}
    ),
    st.fixed_dictionaries({"role": st.sampled_from(["system", "developer"]), "content": TEXTS}),
)
FUNCTION_CALLS = st.fixed_dictionaries({"name": NAMES, "arguments": st.sampled_from(["{}", '{"a": [1]}', "broken {"])})
CALLS = st.lists(st.one_of(FUNCTION_CALLS, st.fixed_dictionaries({"name": NAMES, "input": TEXTS})), max_size=3)
SCHEMA = {"type": "object", "properties": {"a": {"type": "array"}}}
TOOLS: st.SearchStrategy[list[Body]] = st.lists(
    st.one_of(
        st.fixed_dictionaries(
            {"name": NAMES},
            optional={"description": TEXTS, "parameters": st.just(SCHEMA), "strict": st.booleans()},
        ).map(lambda function: {"type": "function", "function": function}),
        st.fixed_dictionaries(
            {"name": NAMES},
            optional={
                "description": TEXTS,
                "format": st.just({"type": "grammar", "grammar": {"syntax": "regex", "definition": "a+"}}),
            },
        ).map(lambda custom: {"type": "custom", "custom": custom}),
    ),
    max_size=3,
    unique_by=lambda tool: str(tool[tool["type"]]["name"]),
)
FIELDS = st.fixed_dictionaries(
    {},
    optional={
        "temperature": st.sampled_from([0, 0.5]),
        "max_completion_tokens": st.integers(1, 100),
        "reasoning_effort": st.just("low"),
        "response_format": st.just({"type": "json_object"}),
        "stop": st.just(["a"]),
        "seed": st.just(7),
        "parallel_tool_calls": st.booleans(),
    },
)


@st.composite
def turns(draw: st.DrawFn, number: int) -> list[Body]:
    """What was said, an answer, and the outputs of the answer's calls."""
    answer: Body = {"role": "assistant", "content": draw(st.one_of(st.none(), TEXTS))}
    calls, outputs = [], []
    for place, call in enumerate(draw(CALLS)):
        call_id = f"call_{number}_{place}"
        kind = "custom" if "input" in call else "function"
        calls.append({"id": call_id, "type": kind, kind: call})
        outputs.append({"role": "tool", "tool_call_id": call_id, "content": draw(TEXTS)})
    if calls:
        answer["tool_calls"] = calls
    elif answer["content"] is None:
        answer = {"role": "assistant", "refusal": "No."}
    return [*draw(st.lists(SAID, min_size=1, max_size=2)), answer, *outputs]


@st.composite
def bodies(draw: st.DrawFn) -> Body:
    messages = [message for number in range(draw(st.integers(0, 3))) for message in draw(turns(number))]
    tools = draw(TOOLS)
    body: Body = {"model": "lab/small", "messages": [*messages, draw(SAID)], "tools": tools, **draw(FIELDS)}
    named = [{"type": tool["type"], tool["type"]: {"name": tool[tool["type"]]["name"]}} for tool in tools]
    if named:
        allowed = {"type": "allowed_tools", "allowed_tools": {"mode": "required", "tools": named[:1]}}
        body["tool_choice"] = draw(st.sampled_from([None, "auto", "required", "none", named[0], allowed]))
    return body


@settings(deadline=None)
@given(bodies())
def test_a_body_comes_back_as_it_was(body: Body) -> None:
    before = orjson.loads(orjson.dumps(body))
    assert normal(there_and_back(body)) == normal({**before, "model": "small"})
