"""Reasoning between tags at the beginning of a text is reasoning, on every path and however the text is cut."""

from collections.abc import Iterator
from itertools import cycle
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.dialects.base import Origin
from gateway.dialects.openai_chat import OpenAIChat
from gateway.dialects.openai_chat.think_tags import Thoughts
from gateway.dialects.profiles.openai_chat import ChatProfile, ThinkTags
from gateway.neutral.events import Event, NativeReply
from gateway.neutral.json import JsonObject, text_or_empty
from gateway.providers import ROWS
from gateway.settings.profiles import ProfileSettings
from gateway.surfaces.base import Author
from gateway.surfaces.openai_chat import OpenAIChatSurface
from gateway.surfaces.openai_responses import OpenAIResponsesSurface
from gateway.wire.sse import Reader

DIALECT, CHAT, RESPONSES = OpenAIChat(), OpenAIChatSurface(), OpenAIResponsesSurface()
AUTHOR = Author("lab", "m", lambda state: "sealed")
ASKED: Any = {"model": "m", "messages": [{"role": "user", "content": "Hi"}]}
STREAMED: Any = {**ASKED, "stream": True}
IDENTITY = {"id": "x", "created": 1_700_000_000, "model": "m"}
CALL = {"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}}

# A text as the server writes it, its reasoning, and what is left.
TEXTS: dict[str, tuple[str, str, str]] = {
    "both": ("<think>Hm.</think>Yes.", "Hm.", "Yes."),
    "blanks around": ("\n<think>\nHm.\n</think>\n\nYes.\n", "Hm.\n", "Yes.\n"),
    "no reasoning": ("<think>\n\n</think>\n\nYes.", "", "Yes."),
    "not closed": ("<think>Hm", "Hm", ""),
    "cut off within the last tag": ("<think>Hm</thi", "Hm</thi", ""),
    "cut off within the first tag": ("<thi", "", "<thi"),
    "no answer": ("<think>Hm.</think>\n", "Hm.", ""),
    "other tags within": ("<think>a < b </b> </thin> <think></think>Yes.", "a < b </b> </thin> <think>", "Yes."),
    "a second pair": ("<think>Hm.</think>Yes <think>no</think>", "Hm.", "Yes <think>no</think>"),
    "tags in the middle": ("Say <think>x</think>.", "", "Say <think>x</think>."),
    "only a last tag": ("Hm.</think>Yes.", "", "Hm.</think>Yes."),
    "another tag": ("<thinking>Hm.</thinking>", "", "<thinking>Hm.</thinking>"),
    "capital letters": ("<Think>Hm.</Think>", "", "<Think>Hm.</Think>"),
    "too many blanks": (" " * 65 + "<think>Hm.</think>", "", " " * 65 + "<think>Hm.</think>"),
    "blanks alone": (" \n", "", " \n"),
    "nothing": ("", "", ""),
}
texts = pytest.mark.parametrize(("text", "thought", "told"), TEXTS.values(), ids=TEXTS)
both = pytest.mark.parametrize("is_native", [True, False], ids=["passed on", "translated"])
cuts = pytest.mark.parametrize("size", [1, 3, 100])


def origin(tags: ThinkTags = "always") -> Origin:
    return Origin("lab", "m", ChatProfile(think_tags=tags))


def reply(message: dict[str, Any], **choice: Any) -> bytes:
    whole = {"index": 0, "message": {"role": "assistant", **message}, "finish_reason": "stop", **choice}
    return orjson.dumps({**IDENTITY, "object": "chat.completion", "choices": [whole]})


def chunks(*deltas: dict[str, Any], finish: str | None = "stop", **choice: Any) -> list[bytes]:
    told = [{"index": 0, "delta": delta, "finish_reason": None, **choice} for delta in ({"role": "assistant"}, *deltas)]
    end = [{"index": 0, "delta": {}, "finish_reason": finish}] if finish else []
    chunk = {**IDENTITY, "object": "chat.completion.chunk"}
    return [*(orjson.dumps({**chunk, "choices": [one]}) for one in (*told, *end)), b"[DONE]"]


def cut(text: str, size: int) -> list[dict[str, Any]]:
    return [{"content": text[start : start + size]} for start in range(0, len(text), size)]


def streamed(payloads: list[bytes], of: Origin, *, is_native: bool) -> list[Event]:
    decoder = DIALECT.decoder(CHAT.read(STREAMED), of, is_native=is_native)
    return [*decoder.feed_all(payloads), *decoder.end()]


def put_together(events: list[Event]) -> dict[str, Any]:
    """The message that a client of chat puts together."""
    message: dict[str, Any] = {"content": "", "reasoning_content": ""}
    for delta in deltas(events):
        for name in message:
            message[name] += delta.get(name) or ""
    return message


def deltas(events: list[Event]) -> Iterator[dict[str, Any]]:
    written = CHAT.writer(CHAT.read(STREAMED), AUTHOR).write(events)
    for payload in Reader().feed(written):
        for choice in orjson.loads(payload)["choices"] if payload != b"[DONE]" else ():
            yield choice["delta"]


def plain(body: bytes, of: Origin, *, is_native: bool) -> dict[str, Any]:
    events = DIALECT.decode_reply(body, CHAT.read(ASKED), of, is_native=is_native)
    written: dict[str, Any] = orjson.loads(CHAT.writer(CHAT.read(ASKED), AUTHOR).reply(events))["choices"][0]
    return written


@texts
@both
def test_a_plain_reply(text: str, thought: str, told: str, is_native: bool) -> None:
    message = plain(reply({"content": text}), origin(), is_native=is_native)["message"]
    assert (message.get("reasoning_content") or "", message["content"] or "") == (thought, told)


@texts
@both
@cuts
@pytest.mark.parametrize("finish", ["stop", None])
def test_a_stream(text: str, thought: str, told: str, is_native: bool, size: int, finish: str | None) -> None:
    events = streamed(chunks(*cut(text, size), finish=finish), origin(), is_native=is_native)
    assert put_together(events) == {"content": told, "reasoning_content": thought}


@texts
def test_an_answer_of_the_responses_api(text: str, thought: str, told: str) -> None:
    asked = RESPONSES.read({"model": "m", "input": "Hi"})
    events = DIALECT.decode_reply(reply({"content": text}), asked, origin(), is_native=False)
    output = orjson.loads(RESPONSES.writer(asked, AUTHOR).reply(events))["output"]
    found = {item["type"]: "".join(part["text"] for part in item["content"]) for item in output}
    assert (found.get("reasoning", ""), found.get("message", "")) == (thought, told)


@given(
    st.lists(st.sampled_from(["<", "think>", "/think>", "<think>", "</think>", " ", "a"]), max_size=12).map("".join),
    st.lists(st.integers(1, 5), min_size=1, max_size=30),
)
def test_it_is_the_same_however_a_text_is_cut(text: str, sizes: list[int]) -> None:
    whole: JsonObject = {"content": text}
    Thoughts().take({}, whole, is_last=True)
    pieces, start = Thoughts(), 0
    found = {"content": "", "reasoning_content": ""}
    for size in cycle(sizes):
        delta: JsonObject = {"content": text[start : start + size]}
        start += size
        pieces.take({}, delta, is_last=start >= len(text))
        for name in found:
            found[name] += text_or_empty(delta.get(name))
        if start >= len(text):
            break
    assert found == {"content": whole["content"], "reasoning_content": whole.get("reasoning_content", "")}


@both
def test_it_goes_before_a_call(is_native: bool) -> None:
    called = {"content": "ink>Look", "tool_calls": [{"index": 0, **CALL}]}
    events = streamed(chunks({"content": "<th"}, called, finish="tool_calls"), origin(), is_native=is_native)
    found = [*deltas(events)]
    assert put_together(events) == {"content": "", "reasoning_content": "Look"}
    assert any(delta.get("tool_calls") for delta in found)


def test_each_choice_has_its_own() -> None:
    first, second = ({"index": index, "finish_reason": None} for index in range(2))
    chunk = {**IDENTITY, "object": "chat.completion.chunk"}
    said = [(first, "<think>a"), (second, "<thi"), (first, "</think>b"), (second, "nk>c</think>d")]
    payloads = [orjson.dumps({**chunk, "choices": [{**one, "delta": {"content": text}}]}) for one, text in said]
    written = CHAT.writer(CHAT.read(STREAMED), AUTHOR).write(streamed([*payloads, b"[DONE]"], origin(), is_native=True))
    found: dict[int, str] = {}
    for payload in Reader().feed(written):
        for choice in orjson.loads(payload)["choices"] if payload != b"[DONE]" else ():
            delta = choice["delta"]
            text = "".join(f"{name[0]}:{delta[name]} " for name in delta if delta[name] and name != "role")
            found[choice["index"]] = found.get(choice["index"], "") + text
    assert found == {0: "r:a c:b ", 1: "c:d r:c "}


@both
def test_log_probabilities_stay_with_the_text(is_native: bool) -> None:
    tokens: list[dict[str, Any]] = [
        {"token": token, "logprob": -0.1, "bytes": None, "top_logprobs": []}
        for token in ("<think>", "Hm", "</think>", "Yes", ".")
    ]
    logprobs = {"content": tokens, "refusal": None}
    choice = plain(reply({"content": "<think>Hm</think>Yes."}, logprobs=logprobs), origin(), is_native=is_native)
    assert [entry["token"] for entry in choice["logprobs"]["content"]] == ["Yes", "."]
    held = chunks({"content": "<"}, logprobs={"content": [{**tokens[0], "token": "<"}], "refusal": None}, finish=None)
    more = chunks({"content": "b>"}, logprobs={"content": [{**tokens[0], "token": "b>"}], "refusal": None})
    events = streamed([*held[1:-1], *more[1:]], origin(), is_native=False)
    asked: Any = {**STREAMED, "logprobs": True}
    writer = CHAT.writer(CHAT.read(asked), AUTHOR)
    told = [orjson.loads(payload) for payload in Reader().feed(writer.write(events)) if payload != b"[DONE]"]
    found = [
        entry["token"]
        for one in told
        for choice in one["choices"]
        for entry in (choice["logprobs"] or {}).get("content", ())
    ]
    assert found == ["<", "b>"]


@pytest.mark.parametrize(("tags", "natively", "translated"), [("never", 0, 0), ("translated", 0, 1), ("always", 1, 1)])
def test_where_it_is_looked_for(tags: ThinkTags, natively: int, translated: int) -> None:
    text = "<think>Hm.</think>Yes."
    for is_native, is_found in ((True, natively), (False, translated)):
        expected = "Yes." if is_found else text
        message = plain(reply({"content": text}), origin(tags), is_native=is_native)["message"]
        assert message["content"] == expected
        events = streamed(chunks(*cut(text, 4)), origin(tags), is_native=is_native)
        assert put_together(events)["content"] == expected


def test_native_bytes_stay_as_they_are_where_nothing_says_so() -> None:
    body = orjson.dumps(
        {
            **IDENTITY,
            "object": "chat.completion",
            "choices": [
                {
                    "index": 0,
                    "message": {"role": "assistant", "content": "<think>Hm.</think>Yes.", "refusal": None},
                    "logprobs": None,
                    "finish_reason": "stop",
                }
            ],
            "usage": {"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3},
        }
    )
    (native, *_) = DIALECT.decode_reply(body, CHAT.read(ASKED), origin("translated"), is_native=True)
    assert isinstance(native, NativeReply)
    assert native.written == body


def sent(surface: Any, body: dict[str, Any], of: Origin) -> list[dict[str, Any]]:
    messages: list[dict[str, Any]] = orjson.loads(DIALECT.encode(surface.read(body), of).body)["messages"]
    return messages


HISTORY: Any = [
    {"role": "user", "content": "Hi <think>you</think>"},
    {"role": "assistant", "content": "<think>Hm.</think>\nYes."},
    {"role": "assistant", "content": [{"type": "text", "text": "<think>Oh.</think>No."}]},
    {"role": "assistant", "content": "<think>Look.</think>", "tool_calls": [CALL]},
    {"role": "assistant", "content": "<think>x</think>y", "reasoning_content": "Known."},
    {"role": "user", "content": "And?"},
]


def test_in_a_native_history_it_is_reasoning_where_the_setting_says_so() -> None:
    body = {"model": "m", "messages": HISTORY}
    assert sent(CHAT, body, origin("translated")) == HISTORY
    assert sent(CHAT, body, origin()) == [
        HISTORY[0],
        {"role": "assistant", "content": "Yes.", "reasoning_content": "Hm."},
        {"role": "assistant", "content": [{"type": "text", "text": "No."}], "reasoning_content": "Oh."},
        {"role": "assistant", "content": "", "tool_calls": [CALL], "reasoning_content": "Look."},
        {"role": "assistant", "content": "y", "reasoning_content": "Known."},
        HISTORY[5],
    ]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ([{"type": "text", "text": "<think>Hm"}, {"type": "text", "text": "</think>Yes."}], [("text", "Yes.")]),
        ([{"type": "text", "text": ""}, {"type": "text", "text": "<think>Hm</think>Yes."}], [("text", "Yes.")]),
        ([{"type": "text", "text": "<think>Hm</think>"}], ""),
    ],
)
def test_in_a_history_it_may_stand_in_several_parts(content: Any, told: Any) -> None:
    body = {"model": "m", "messages": [HISTORY[0], {"role": "assistant", "content": content}, HISTORY[5]]}
    message = sent(CHAT, body, origin())[1]
    found = message["content"] if told == "" else [(part["type"], part["text"]) for part in message["content"]]
    assert (found, message["reasoning_content"]) == (told, "Hm")


@both
@pytest.mark.parametrize(
    ("beside", "expected"),
    [
        ({"reasoning": "Known."}, "Known.Hm."),
        ({"reasoning_content": "Known."}, "Known.Hm."),
        ({"reasoning": "Hm."}, "Hm."),
    ],
)
def test_reasoning_that_comes_in_a_field_as_well_is_kept(
    beside: dict[str, str], expected: str, is_native: bool
) -> None:
    said = {"content": "<think>Hm.</think>Yes.", **beside}
    assert plain(reply(said), origin(), is_native=is_native)["message"]["reasoning_content"] == expected
    assert put_together(streamed(chunks(said), origin(), is_native=is_native))["reasoning_content"] == expected


@pytest.mark.parametrize("tags", ["translated", "always"])
def test_in_a_translated_history_it_is_reasoning(tags: ThinkTags) -> None:
    items = [
        {"role": "user", "content": "Hi"},
        {"role": "assistant", "content": "<think>Hm.</think>Yes."},
        {"role": "user", "content": "And?"},
    ]
    assert sent(RESPONSES, {"model": "m", "input": items}, origin(tags))[1] == {
        "role": "assistant",
        "content": "Yes.",
        "reasoning_content": "Hm.",
    }


@pytest.mark.parametrize(
    ("provider", "model"),
    [
        ("vllm", "qwen3"),
        ("lmstudio", "m"),
        ("ollama", "m"),
        ("together", "deepseek-ai/DeepSeek-R1"),
        ("together", "openai/gpt-oss-120b"),
        ("huggingface", "m"),
        ("fireworks", "m"),
        ("perplexity", "sonar-reasoning-pro"),
    ],
)
def test_servers_known_to_write_it(provider: str, model: str) -> None:
    assert ROWS[provider].profile(ChatProfile).of(model).think_tags == "translated"


def test_a_setting_says_so_for_any_server() -> None:
    adjusted = ProfileSettings(think_tags="always").adjusted(ROWS["vllm"].profile(ChatProfile))
    assert adjusted.of("m").think_tags == "always"
    assert ProfileSettings(think_tags="never").adjusted(adjusted).of("m").think_tags == "never"
