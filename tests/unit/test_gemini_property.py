"""Any conversation that Gemini can be told reaches it whole: written by the dialect, read by a parser of the tests'."""

from collections.abc import Iterator
from typing import Any

import orjson
from hypothesis import given
from hypothesis import strategies as st

from gateway.dialects.base import Origin
from gateway.dialects.gemini import GEMINI
from gateway.dialects.gemini.messages import STAND_IN
from gateway.providers import gemini
from tests.unit.generations import Recovered, generation_of

_Object = dict[str, Any]
Atom = tuple[Any, ...]
DIALECT = GEMINI
MODEL = "gemini-3-flash-preview"
HI = [{"type": "message", "role": "user", "content": "Hi"}]
ORIGIN = Origin("gemini", MODEL, gemini.ROW.own.of(MODEL))

texts = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12)
names = st.from_regex(r"[A-Za-z0-9_-]{1,12}", fullmatch=True)
signatures = st.one_of(st.none(), st.sampled_from(["c2lnbmVk", "b3RoZXI="]))
arguments = st.dictionaries(
    st.text(max_size=4), st.one_of(st.none(), st.booleans(), st.integers(0, 9), texts), max_size=3
)
calls = st.tuples(names, arguments, signatures, st.booleans(), st.one_of(texts, arguments))
answers = st.tuples(st.one_of(st.none(), texts), signatures, st.lists(calls, max_size=3), st.randoms())
users = st.lists(st.tuples(st.sampled_from(["text", "image"]), texts), min_size=1, max_size=3)
turns = st.lists(st.tuples(users, answers), min_size=1, max_size=4)
settings = st.fixed_dictionaries(
    {},
    optional={
        "temperature": st.floats(0, 2),
        "top_p": st.floats(0, 1),
        "top_k": st.integers(1, 99),
        "n": st.integers(1, 8),
        "seed": st.integers(0, 2**31 - 1),
        "max_tokens": st.integers(1, 9999),
        "stop": st.lists(texts, min_size=1, max_size=5),
        "presence_penalty": st.floats(-2, 1),
        "frequency_penalty": st.floats(-2, 1),
        "logprobs": st.just(True),
        "top_logprobs": st.integers(1, 20),
        "reasoning_effort": st.sampled_from(["minimal", "low", "medium", "high"]),
    },
)
tools = st.lists(st.tuples(names, st.one_of(st.just(""), texts), arguments), max_size=4, unique_by=lambda one: one[0])


@given(st.lists(texts, max_size=2), turns)
def test_conversation_is_read_as_it_was_told(system: list[str], told: list[Any]) -> None:
    items = [{"type": "message", "role": "system", "content": text} for text in system]
    expected: list[Atom] = []
    for number, (user, answer) in enumerate(told):
        _ask(user, items, expected)
        _reply(answer, number, items, expected)
    body = orjson.loads(DIALECT.encode(generation_of("m", items=items), ORIGIN).body)
    assert [part["text"] for part in body.get("systemInstruction", {"parts": []})["parts"]] == system
    assert list(_atoms(body["contents"])) == expected
    roles = [content["role"] for content in body["contents"]]
    assert roles[0] == "user"
    assert all(content["parts"] for content in body["contents"])


@given(settings)
def test_settings_are_read_as_they_were_told(fields: _Object) -> None:
    outbound = DIALECT.encode(generation_of("m", items=HI, fields=dict(fields)), ORIGIN)
    assert outbound.dropped == []
    config = orjson.loads(outbound.body).get("generationConfig", {})
    assert _settings(config) == ({"logprobs": True, **fields} if "top_logprobs" in fields else fields)


@given(tools)
def test_tools_are_read_as_they_were_told(told: list[Any]) -> None:
    given_tools = [
        {
            "type": "function",
            "name": name,
            "description": words,
            "parameters": {"type": "object", "properties": properties},
            "strict": False,
        }
        for name, words, properties in told
    ]
    body = orjson.loads(DIALECT.encode(generation_of("m", items=HI, tools=given_tools), ORIGIN).body)
    declared = [one for tool in body.get("tools", []) for one in tool["functionDeclarations"]]
    read = [(one["name"], one.get("description", ""), one["parametersJsonSchema"]["properties"]) for one in declared]
    assert [(_name(name), words, properties) for name, words, properties in read] == told


def _ask(user: list[tuple[str, str]], items: list[_Object], expected: list[Atom]) -> None:
    parts: list[_Object] = []
    for kind, text in user:
        if kind == "text":
            parts.append({"type": "input_text", "text": text})
            expected.append(("user", text))
        else:
            data = text.encode().hex()
            parts.append({"type": "input_image", "image_url": f"data:image/png;base64,{data}"})
            expected.append(("image", data))
    items.append({"type": "message", "role": "user", "content": parts})


def _reply(answer: Any, number: int, items: list[_Object], expected: list[Atom]) -> None:
    text, signature, called, random = answer
    if text is not None:
        items += _thought(signature, "text")
        items.append({"type": "message", "role": "assistant", "content": text})
        expected.append(("model", text, signature))
    outputs: list[_Object] = []
    for place, (name, given_arguments, signature, is_own, output) in enumerate(called):
        call_id = f"{'gemini_' if is_own else ''}{number}{place}"
        items += _thought(signature, "call")
        written = orjson.dumps(given_arguments).decode()
        items.append({"type": "function_call", "call_id": call_id, "name": name, "arguments": written})
        stood_in = STAND_IN if place == 0 and signature is None else signature
        expected.append(("call", name, given_arguments, f"{number}{place}" if is_own else None, stood_in))
        shown = output if isinstance(output, str) else orjson.dumps(output).decode()
        outputs.append({"type": "function_call_output", "call_id": call_id, "output": shown})
    expected += [("output", name, _result(output)) for name, _, _, _, output in called]
    random.shuffle(outputs)
    items += outputs


def _result(output: Any) -> _Object:
    if isinstance(output, dict):
        return output
    try:
        document = orjson.loads(output)
    except orjson.JSONDecodeError:
        document = None
    return document if isinstance(document, dict) else {"result": output}


def _thought(signature: str | None, on: str) -> list[_Object]:
    return [Recovered({"type": "reasoning"}, {"thought_signature": signature, "on": on})] if signature else []


def _atoms(contents: list[_Object]) -> Iterator[Atom]:
    """What a request's contents say, part by part."""
    for content in contents:
        for part in content["parts"]:
            signature = part.get("thoughtSignature")
            match part:
                case {"functionCall": call}:
                    yield "call", _name(call["name"]), call["args"], call.get("id"), signature
                case {"functionResponse": response}:
                    yield "output", _name(response["name"]), response["response"]
                case {"inlineData": {"mimeType": "image/png", "data": data}}:
                    yield "image", data
                case {"text": text} if content["role"] == "user":
                    yield "user", text
                case {"text": text}:
                    yield "model", text, signature


def _name(name: str) -> str:
    """A name without the underscore that one with a bad start has in front."""
    bare = name.lstrip("_")
    return name[1:] if name != bare and (bare[:1].isdigit() or bare[:1] == "-") else name


def _settings(config: _Object) -> _Object:
    known = {
        "temperature": "temperature",
        "topP": "top_p",
        "topK": "top_k",
        "candidateCount": "n",
        "seed": "seed",
        "maxOutputTokens": "max_tokens",
        "stopSequences": "stop",
        "presencePenalty": "presence_penalty",
        "frequencyPenalty": "frequency_penalty",
        "responseLogprobs": "logprobs",
        "logprobs": "top_logprobs",
    }
    read = {name: config[theirs] for theirs, name in known.items() if theirs in config}
    thinking = config.get("thinkingConfig")
    return {**read, "reasoning_effort": thinking["thinkingLevel"].lower()} if thinking else read
