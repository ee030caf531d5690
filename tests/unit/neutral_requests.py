"""Requests as any client could mean them, however odd: strategies for neutral Generations."""

from typing import Any

from hypothesis import strategies as st

from gateway.neutral.generation import Generation
from tests.unit.generations import Recovered, generation_of
from tests.unit.upstreams import JUNK, record

Item = dict[str, Any]

TEXTS = st.one_of(
    st.sampled_from(["Hi", "", " ", "\n", "ä🙂", "two\nlines ", "\u2028", "\x00", "a" * 300]),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=12),
)
NAMES = st.sampled_from(["look", "find", "ns.look", "1st", "-x", "ä", "a b", "x" * 70, "9" * 64, "answer_in_form", "_"])
IDS = st.sampled_from(["call_1", "call_2", "a|b", "", "ä", "x" * 90, "toolu_1", "aB3dE6gH9"])
PNG = "data:image/png;base64,iVBORw0KGgo="
IMAGES = st.sampled_from([PNG, "data:image/jpeg;base64,AA==", "https://example.org/a.png", "data:,x", "x", ""])
FILE = "data:application/pdf;base64,JVBERi0="


def _made(**fields: Any) -> st.SearchStrategy[Item]:
    """An object with these fields, each a value or a strategy."""
    strategies = {name: one if isinstance(one, st.SearchStrategy) else st.just(one) for name, one in fields.items()}
    return st.fixed_dictionaries(strategies)


PART = st.one_of(
    _made(type="input_text", text=TEXTS),
    _made(type="input_image", image_url=IMAGES, detail=st.sampled_from(["auto", "low", "high", "original"])),
    _made(type="input_image", file_id="file-1"),
    _made(
        type="input_file", file_data=st.sampled_from([FILE, "data:text/plain;base64,SGk=", "SGk="]), filename="a.pdf"
    ),
    _made(type="input_file", file_url="https://example.org/a.pdf"),
    _made(type="input_audio", input_audio=_made(data="AA==", format=st.sampled_from(["wav", "mp3"]))),
    _made(type="yet_to_come", text=TEXTS),
)
SAID = st.one_of(
    _made(type="message", role="user", content=st.one_of(TEXTS, st.lists(PART, max_size=3))),
    _made(type="message", role=st.sampled_from(["system", "developer"]), content=TEXTS),
    _made(role="user", content=TEXTS),
)
SPOKEN = _made(
    type="message",
    role="assistant",
    content=st.lists(
        st.one_of(_made(type="output_text", text=TEXTS, annotations=st.just([])), _made(type="refusal", refusal=TEXTS)),
        max_size=2,
    ),
)
ARGUMENTS = st.sampled_from(["{}", '{"city": "Paris"}', "", "[1]", "null", "{", "no JSON", '{"a": 1e400}', "NaN"])
CALL = st.one_of(
    _made(type="function_call", call_id=IDS, name=NAMES, arguments=ARGUMENTS),
    _made(type="function_call", call_id=IDS, name="look", arguments="{}", namespace="ns", status="incomplete"),
    _made(type="custom_tool_call", call_id=IDS, name=NAMES, input=TEXTS),
)
OUTPUT = st.one_of(
    _made(type="function_call_output", call_id=IDS, output=st.one_of(TEXTS, st.lists(PART, max_size=2))),
    _made(type="custom_tool_call_output", call_id=IDS, output=TEXTS),
)
STATES = record(
    {
        "blocks": JUNK,
        "thinking": JUNK,
        "tool_plan": TEXTS,
        "thought_signature": TEXTS,
        "on": st.sampled_from(["call", "text"]),
        "reasoning_content": TEXTS,
        "reasoning": TEXTS,
        "content": JUNK,
        "encrypted_content": TEXTS,
    }
)
REASONING = st.one_of(
    _made(type="reasoning", id="rs_1", summary=st.just([])),
    st.builds(lambda state: Recovered({"type": "reasoning", "id": "rs_1", "summary": []}, state), STATES),
)
OTHERS = st.one_of(
    _made(type="web_search_call", id="ws_1", status="completed"),
    _made(type="code_interpreter_call", id="ci_1", code="1", outputs=st.just([{"type": "logs", "logs": "1"}])),
    _made(type=st.sampled_from(["yet_to_come", "compaction", "computer_call"]), id="x"),
    _made(type="configuration_update", reasoning=_made(effort="low")),
)
OBJECT = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
SCHEMAS = st.one_of(
    st.just(OBJECT),
    st.sampled_from(
        [
            {"type": "object"},
            {},
            {"type": "object", "properties": {"a": {"type": ["string", "null"], "pattern": "^a"}}},
            {"type": "object", "properties": {"a": {"$ref": "#/$defs/a"}}, "$defs": {"a": {"type": "integer"}}},
            {"$ref": "#/$defs/a", "$defs": {"a": {"type": "object", "properties": {"a": {"$ref": "#/$defs/a"}}}}},
            {"type": "array", "items": {"enum": [1, "a", None]}},
            {"anyOf": [{"type": "object"}, {"type": "string", "format": "date"}]},
            {"type": "object", "additionalProperties": {"const": 1}, "minProperties": 1},
            {"type": "object", "properties": {"a": True, "b": {"allOf": [{"type": "string"}, {"minLength": 1}]}}},
            {"$ref": "https://example.org/schema.json"},
            {"type": "objekt"},
        ]
    ),
)
TOOL = st.one_of(
    _made(type="function", name=NAMES, parameters=SCHEMAS, strict=st.booleans()),
    _made(type="function", name="look", description=TEXTS),
    _made(type="custom", name=NAMES, description=TEXTS),
    _made(type="namespace", name="ns", tools=st.just([{"type": "function", "name": "look", "parameters": OBJECT}])),
    _made(type=st.sampled_from(["web_search", "code_interpreter", "yet_to_come"])),
)
CHOICE = st.one_of(
    st.sampled_from([None, "auto", "none", "required"]),
    _made(type="function", name=NAMES),
    _made(
        type="allowed_tools",
        mode=st.sampled_from(["auto", "required"]),
        tools=st.lists(_made(type="function", name=NAMES), min_size=1, max_size=2),
    ),
    _made(type="web_search"),
)
FORM = st.one_of(
    st.sampled_from([{"type": "text"}, {"type": "json_object"}, {"type": "json_schema"}, {"type": "yet_to_come"}]),
    _made(type="json_schema", json_schema=_made(name="place", schema=SCHEMAS, strict=st.booleans())),
)
FIELDS = record(
    {
        "temperature": st.sampled_from([0, 0.3, 1, 2, None]),
        "top_p": st.sampled_from([0, 0.5, 1]),
        "top_k": st.sampled_from([0, 5, 1000]),
        "max_tokens": st.sampled_from([-1, 0, 1, 20, 5000, 2**40]),
        "max_completion_tokens": st.sampled_from([1, 2000, None]),
        "stop": st.sampled_from(["a", "", " ", ["a", "b"], [], ["a", ""], list("abcdefg")]),
        "seed": st.sampled_from([0, -1, 2**53]),
        "n": st.sampled_from([None, 1, 2, 0]),
        "logprobs": st.booleans(),
        "top_logprobs": st.sampled_from([0, 3, 20]),
        "logit_bias": st.sampled_from([{}, {"1": 5}]),
        "presence_penalty": st.sampled_from([-2, 0, 1.5]),
        "frequency_penalty": st.sampled_from([-2, 0, 1.5]),
        "response_format": FORM,
        "reasoning_effort": st.sampled_from(["none", "minimal", "low", "medium", "high", "xhigh", "max", "untold"]),
        "parallel_tool_calls": st.booleans(),
        "user": TEXTS,
        "safety_identifier": TEXTS,
        "service_tier": st.sampled_from(["auto", "default", "flex", "priority", "untold"]),
        "prompt_cache_key": TEXTS,
        "verbosity": st.sampled_from(["low", "medium"]),
        "store": st.booleans(),
        "modalities": st.sampled_from([["text"], ["text", "audio"], []]),
        "web_search_options": st.just({}),
    }
)


@st.composite
def generations(draw: st.DrawFn) -> Generation:
    """A request, mostly with few fields: nearly every one is refused by somebody."""
    items = draw(st.lists(st.one_of(SAID, SAID, SPOKEN, CALL, OUTPUT, REASONING, OTHERS), max_size=6))
    fields = draw(FIELDS)
    few = draw(st.sets(st.sampled_from(sorted(fields)), max_size=3)) if fields else set()
    return generation_of(
        "m",
        is_stream=draw(st.booleans()),
        metadata=draw(st.sampled_from([None, {"a": "b"}, {"ä" * 70: "\x00"}])),
        instructions=draw(st.sampled_from([None, "", "Be brief.", " "])),
        items=items,
        tools=draw(st.lists(TOOL, max_size=3)),
        tool_choice=draw(CHOICE),
        fields={name: fields[name] for name in few},
    )
