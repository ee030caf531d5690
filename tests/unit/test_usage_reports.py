"""What an upstream reports of tokens more than once, or elsewhere than in `usage`."""

from typing import Any

import orjson
import pytest

from gateway.dialects import DIALECTS
from gateway.dialects.base import Origin
from gateway.neutral.events import Usage
from gateway.surfaces.openai_chat import OpenAIChatSurface

FULL = {"prompt_tokens": 7, "completion_tokens": 5, "total_tokens": 12}
NONE = {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0}
PROMPT, COMPLETION = {**FULL, "completion_tokens": 0}, {**FULL, "prompt_tokens": 0}
ZEROS = {"input_tokens": 0, "output_tokens": 0}
BEGUN, ENDED = {"input_tokens": 7, "output_tokens": 1}, {"output_tokens": 5}
CHUNK = {"id": "x", "object": "chat.completion.chunk", "created": 1_700_000_000, "model": "m"}
BODY: Any = {"model": "lab/m", "messages": [{"role": "user", "content": "Hi"}], "stream": True}


def chunks(*fields: dict[str, Any]) -> list[Any]:
    choices = [{"index": 0, "delta": {"content": "Hi"}, "finish_reason": None}]
    end = {**CHUNK, "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}
    return [{**CHUNK, "choices": choices}, *({**end, **more} for more in fields)]


def message(begun: Any, ended: Any) -> list[Any]:
    return [
        {"type": "message_start", "message": {"type": "message", "content": [], "usage": begun}},
        {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": ended},
        {"type": "message_stop"},
    ]


def candidates(*counts: Any) -> list[Any]:
    """Gemini's chunks, each with its counts, then one that is the last."""
    pieces = [{"content": {"role": "model", "parts": [{"text": "Hi"}]}, "index": 0} for _ in counts]
    pieces[-1]["finishReason"] = "STOP"
    return [{"candidates": [piece], "usageMetadata": one} for piece, one in zip(pieces, counts, strict=True)]


def converse(*counts: Any) -> list[Any]:
    delta = {"contentBlockDelta": {"contentBlockIndex": 0, "delta": {"text": "Hi"}}}
    reports = [{"metadata": {"usage": one}} for one in counts]
    return [delta, *reports[:-1], {"messageStop": {"stopReason": "end_turn"}}, reports[-1]]


def response(begun: Any, ended: Any) -> list[Any]:
    item = {"type": "message", "id": "m", "role": "assistant", "status": "completed", "content": []}
    whole = {"id": "r", "object": "response", "status": "completed", "output": [item], "usage": ended}
    return [
        {"type": "response.created", "response": {**whole, "status": "in_progress", "output": [], "usage": begun}},
        {"type": "response.completed", "response": whole},
    ]


def chat(*counts: Any) -> list[Any]:
    return [{"type": "message-end", "delta": {"finish_reason": "COMPLETE", "usage": one}} for one in counts]


GEMINI = {"promptTokenCount": 7, "candidatesTokenCount": 5}
NO_GEMINI, NULLS = dict.fromkeys(GEMINI, 0), dict.fromkeys(GEMINI)
CONVERSE = {"inputTokens": 7, "outputTokens": 5}
BOTH = {"input_tokens": 7, "output_tokens": 5}
REPORTS: dict[str, tuple[str, list[Any]]] = {
    "once": ("openai-chat", chunks({"usage": FULL})),
    "in texts": ("openai-chat", chunks({"usage": {"prompt_tokens": "7", "completion_tokens": "5"}})),
    "under other names": ("openai-chat", chunks({"usage": {"input_tokens": 7, "output_tokens": 5}})),
    "zeros beside other names": ("openai-chat", chunks({"usage": {**NONE, "input_tokens": 7, "output_tokens": 5}})),
    "a zero beside a vendor's own": ("openai-chat", chunks({"usage": NONE, "x_groq": {"usage": FULL}})),
    "a vendor's own before the end": ("openai-chat", [{**chunks()[0], "x_groq": {"usage": FULL}}, *chunks({})[1:]]),
    "a zero later": ("openai-chat", chunks({"usage": FULL}, {"usage": NONE})),
    "growing": ("openai-chat", chunks({"usage": PROMPT}, {"usage": FULL})),
    "in two halves": ("openai-chat", chunks({"usage": PROMPT}, {"usage": COMPLETION})),
    "in the vendor's field": ("openai-chat", chunks({"x_groq": {"id": "r", "usage": FULL}})),
    "in both fields": ("openai-chat", chunks({"usage": FULL, "x_groq": {"usage": FULL}})),
    "Anthropic's": ("anthropic-messages", message(BEGUN, ENDED)),
    "Anthropic's with zeros at the end": ("anthropic-messages", message(BEGUN, {**ENDED, "input_tokens": 0})),
    "Anthropic's with nulls at the end": ("anthropic-messages", message(BEGUN, {**ENDED, "input_tokens": None})),
    "Anthropic's at the end alone": ("anthropic-messages", message({"input_tokens": 0}, {**ENDED, "input_tokens": 7})),
    "Anthropic's, a zero for all": ("anthropic-messages", message({**BEGUN, **ENDED}, ZEROS)),
    "Gemini's": ("gemini", candidates({**GEMINI, "candidatesTokenCount": 1}, GEMINI)),
    "Gemini's that are fewer at the end": ("gemini", candidates({**GEMINI, "promptTokenCount": 9}, GEMINI)),
    "Gemini's with zeros at the end": ("gemini", candidates(GEMINI, NO_GEMINI)),
    "Gemini's with zeros at the beginning": ("gemini", candidates(NO_GEMINI, GEMINI)),
    "Gemini's with nulls at the end": ("gemini", candidates(GEMINI, NULLS, None)),
    "Gemini's in two halves": ("gemini", candidates({"promptTokenCount": 7}, {**GEMINI, "promptTokenCount": 0})),
    "Bedrock's": ("bedrock-converse", converse(CONVERSE)),
    "Bedrock's with zeros at the end": ("bedrock-converse", converse(CONVERSE, {**CONVERSE, "inputTokens": 0})),
    "Bedrock's with nulls at the end": ("bedrock-converse", converse(CONVERSE, dict.fromkeys(CONVERSE))),
    "Bedrock's with nothing at the end": ("bedrock-converse", converse(CONVERSE, None)),
    "Cohere's": ("cohere", chat({"tokens": BOTH}, {"tokens": ZEROS})),
    "a Response's": ("openai-responses", response(None, BOTH)),
    "a Response's that is counted at once": ("openai-responses", response(BOTH, None)),
    "a Response's with zeros at the end": ("openai-responses", response(BOTH, ZEROS)),
    "a Response's in two halves": ("openai-responses", response(ZEROS | {"input_tokens": 7}, ENDED)),
}  # fmt: skip


@pytest.mark.parametrize("is_native", [False, True], ids=["translated", "native"])
@pytest.mark.parametrize(("dialect", "payloads"), REPORTS.values(), ids=REPORTS)
def test_what_was_reported_counts_however_it_was_reported(dialect: str, payloads: list[Any], is_native: bool) -> None:
    origin = Origin("lab", "m", DIALECTS[dialect].profile_type())
    decoder = DIALECTS[dialect].decoder(OpenAIChatSurface().read(BODY), origin, is_native=is_native)
    events = [event for payload in payloads for event in decoder.feed(orjson.dumps(payload))]
    if not decoder.is_over:
        events += decoder.feed(b"[DONE]")
    (usage,) = [event for event in events if isinstance(event, Usage)]
    assert (usage.prompt, usage.completion) == (7, 5)
