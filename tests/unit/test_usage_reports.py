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


REPORTS: dict[str, tuple[str, list[Any]]] = {
    "once": ("openai-chat", chunks({"usage": FULL})),
    "in texts": ("openai-chat", chunks({"usage": {"prompt_tokens": "7", "completion_tokens": "5"}})),
    "under other names": ("openai-chat", chunks({"usage": {"input_tokens": 7, "output_tokens": 5}})),
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
