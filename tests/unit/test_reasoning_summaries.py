"""Where a summary is asked for, reasoning that an upstream shows is told as one, whatever its dialect."""

from typing import Any

import orjson
import pytest

from gateway.dialects import DIALECTS
from gateway.dialects.base import Origin
from gateway.neutral.events import (
    Done,
    Event,
    Finished,
    ItemBegan,
    ItemEnded,
    PartBegan,
    Reasoning,
    ReasoningState,
    Summary,
    Text,
)
from gateway.neutral.json import JsonObject
from gateway.surfaces.base import Author
from gateway.surfaces.openai_responses import OpenAIResponsesSurface
from gateway.wire.sse import Reader

SURFACE = OpenAIResponsesSurface()
AUTHOR = Author("lab", "m", lambda state: "sealed")
THOUGHT, SAID = "Let me think.", "Yes."

CHAT = {"index": 0, "message": {"role": "assistant", "content": SAID}, "finish_reason": "stop"}
BEDROCK = {"reasoningContent": {"reasoningText": {"text": THOUGHT, "signature": "s"}}}
ANSWERS: dict[str, tuple[str, dict[str, Any]]] = {
    "chat": ("openai-chat", {"choices": [{**CHAT, "message": {"content": SAID, "reasoning_content": THOUGHT}}]}),
    "chat, by another name": (
        "openai-chat",
        {"choices": [{**CHAT, "message": {"content": SAID, "reasoning": THOUGHT}}]},
    ),
    "anthropic": (
        "anthropic-messages",
        {
            "type": "message",
            "role": "assistant",
            "content": [
                {"type": "thinking", "thinking": THOUGHT, "signature": "s"},
                {"type": "text", "text": SAID},
            ],
            "stop_reason": "end_turn",
            "usage": {"input_tokens": 1, "output_tokens": 2},
        },
    ),
    "bedrock": (
        "bedrock-converse",
        {
            "output": {"message": {"role": "assistant", "content": [BEDROCK, {"text": SAID}]}},
            "stopReason": "end_turn",
            "usage": {"inputTokens": 1, "outputTokens": 2, "totalTokens": 3},
        },
    ),
    "cohere": (
        "cohere",
        {
            "id": "x",
            "message": {
                "role": "assistant",
                "content": [{"type": "thinking", "thinking": THOUGHT}, {"type": "text", "text": SAID}],
            },
            "finish_reason": "COMPLETE",
        },
    ),
    "gemini": (
        "gemini",
        {
            "candidates": [
                {
                    "content": {"role": "model", "parts": [{"text": THOUGHT, "thought": True}, {"text": SAID}]},
                    "finishReason": "STOP",
                }
            ]
        },
    ),
}
ASKED = [{"summary": "auto"}, {"summary": "detailed", "effort": "low"}, {"generate_summary": "concise"}]


def asked(reasoning: Any, **more: Any) -> Any:
    body: Any = {"model": "m", "input": "Hi", "reasoning": reasoning, **more}
    return SURFACE.read(body)


def output(events: list[Event], reasoning: Any) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = orjson.loads(SURFACE.writer(asked(reasoning), AUTHOR).reply(events))["output"]
    return items


@pytest.mark.parametrize("reasoning", ASKED, ids=str)
@pytest.mark.parametrize(("dialect", "body"), ANSWERS.values(), ids=ANSWERS)
def test_reasoning_is_a_summary_where_one_is_asked_for(dialect: str, body: dict[str, Any], reasoning: Any) -> None:
    events = DIALECTS[dialect].decode_reply(orjson.dumps(body), asked(reasoning), Origin("lab", "m"), is_native=False)
    thought, said = output(list(events), reasoning)
    assert thought["summary"] == [{"type": "summary_text", "text": THOUGHT}]
    assert thought["content"] == []
    assert said["content"][0]["text"] == SAID


@pytest.mark.parametrize("reasoning", [None, {}, {"summary": None}, {"effort": "low"}], ids=str)
def test_reasoning_is_itself_where_none_is(reasoning: Any) -> None:
    (thought,) = output([Reasoning(THOUGHT), Finished("stop"), Done()], reasoning)
    assert (thought["summary"], thought["content"]) == ([], [{"type": "reasoning_text", "text": THOUGHT}])


def test_what_a_responses_upstream_calls_reasoning_stays_what_it_is() -> None:
    item: JsonObject = {"id": "rs_1", "type": "reasoning", "summary": [], "content": []}
    said = (PartBegan("reasoning_text"), Reasoning(THOUGHT), Summary("So."))
    (thought,) = output([ItemBegan(item), *said, ItemEnded(item), Finished("stop"), Done()], {"summary": "auto"})
    assert [part["text"] for part in thought["content"]] == [THOUGHT]
    assert [part["text"] for part in thought["summary"]] == ["So."]


def test_a_stream_tells_it_part_by_part_and_keeps_the_state() -> None:
    events: list[Event] = [
        *(Reasoning("Let me "), Reasoning("think.")),
        *(PartBegan("reasoning_text"), Reasoning("And again.")),
        ReasoningState({"a": 1}),
        *(Text(SAID), Finished("stop"), Done()),
    ]
    writer = SURFACE.writer(asked({"summary": "auto"}, stream=True), AUTHOR)
    told = [orjson.loads(one) for one in Reader().feed(writer.write(events) + writer.end()) if one != b"[DONE]"]
    kinds = [event["type"].removeprefix("response.reasoning_") for event in told if "reasoning" in event["type"]]
    part = ["summary_text.done", "summary_part.done"]
    assert kinds == [
        *("summary_part.added", "summary_text.delta", "summary_text.delta", *part),
        *("summary_part.added", "summary_text.delta", *part),
    ]
    assert [event["summary_index"] for event in told if "summary_index" in event] == [0] * 5 + [1] * 4
    (thought, _) = told[-1]["response"]["output"]
    assert [text["text"] for text in thought["summary"]] == [THOUGHT, "And again."]
    assert thought["encrypted_content"] == "sealed"


@pytest.mark.parametrize("dialect", sorted(set(DIALECTS) - {"openai-responses"}))
def test_nothing_is_said_to_be_left_out(dialect: str) -> None:
    for reasoning in ({"summary": "auto"}, {"generate_summary": "auto"}):
        assert not [*DIALECTS[dialect].encode(asked(reasoning), Origin("lab", "m")).dropped]
