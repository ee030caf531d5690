"""Strategies for what an upstream may send: plausible, careless, and broken."""

import json
from typing import Any

from hypothesis import strategies as st

# What no reader of the dialect expects.
JUNK: st.SearchStrategy[Any] = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.sampled_from([0, 1, -1, 2**53, 2**64 - 1, 0.5, 1e300, -1e300, "", "x", "0", "error"]),
    ),
    lambda inner: st.one_of(st.lists(inner, max_size=2), st.dictionaries(st.sampled_from("ab"), inner, max_size=2)),
    max_leaves=3,
)
WORDS = st.sampled_from(["", "a", "ä🙂", " two words ", "{", "}", '"'])
COUNTS = st.one_of(st.integers(0, 9), st.none(), st.sampled_from([-1, 2.0, 2.5, "3", True, 2**70]))


def written(document: Any) -> bytes:
    """A document as an upstream writes it, numbers beyond 64 bits included."""
    return json.dumps(document, ensure_ascii=False).encode()


def odd(plausible: st.SearchStrategy[Any], often: int = 12) -> st.SearchStrategy[Any]:
    """Mostly what is plausible, now and then junk."""

    @st.composite
    def drawn(draw: st.DrawFn) -> Any:
        return draw(plausible if draw(st.integers(0, often)) else JUNK)

    return drawn()


def record(fields: dict[str, st.SearchStrategy[Any]]) -> st.SearchStrategy[dict[str, Any]]:
    """An object with any of these fields."""
    return st.fixed_dictionaries({}, optional=fields)


FUNCTION = record(
    {
        "name": odd(st.sampled_from(["look", "find", "", None])),
        "arguments": odd(st.sampled_from(["", "{", '{"a": 1}', "}", "{}", None])),
    }
)
CALL = record(
    {
        "index": odd(st.sampled_from([0, 0, 1, 2, None])),
        "id": odd(st.sampled_from(["call_1", "call_2", "", None])),
        "type": odd(st.sampled_from(["function", None])),
        "function": odd(FUNCTION),
    }
)
CITATION = record(
    {
        "type": st.just("url_citation"),
        "url_citation": odd(
            record({"url": odd(WORDS), "title": odd(WORDS), "start_index": COUNTS, "end_index": COUNTS})
        ),
    }
)
PARTS = st.lists(
    odd(
        st.one_of(
            st.fixed_dictionaries({"type": st.just("text"), "text": odd(WORDS)}),
            st.fixed_dictionaries(
                {"type": st.just("thinking"), "thinking": odd(st.lists(odd(record({"text": odd(WORDS)}))))}
            ),
        )
    ),
    max_size=2,
)
MESSAGE = record(
    {
        "role": odd(st.just("assistant")),
        "content": odd(st.one_of(WORDS, st.none(), PARTS)),
        "refusal": odd(st.one_of(WORDS, st.none())),
        "reasoning": odd(WORDS),
        "reasoning_content": odd(st.one_of(WORDS, st.none())),
        "tool_calls": odd(st.one_of(st.none(), st.lists(odd(CALL), max_size=3))),
        "annotations": odd(st.lists(odd(CITATION), max_size=2)),
        "function_call": odd(st.none()),
        "unknown": JUNK,
    }
)
TOKEN = record(
    {
        "token": odd(WORDS),
        "logprob": odd(st.just(-0.5)),
        "bytes": odd(st.one_of(st.none(), st.just([97]))),
        "top_logprobs": odd(st.just([{"token": "a", "logprob": -0.5, "bytes": [97]}])),
    }
)
LOGPROBS = odd(st.one_of(st.none(), record({"content": odd(st.lists(odd(TOKEN), max_size=2)), "refusal": st.none()})))
FINISH = odd(st.sampled_from(["stop", "length", "tool_calls", "content_filter", "eos", "", "whatever"]), often=40)
USAGE = record(
    {
        "prompt_tokens": COUNTS,
        "completion_tokens": COUNTS,
        "total_tokens": COUNTS,
        "prompt_tokens_details": odd(record({"cached_tokens": COUNTS, "audio_tokens": COUNTS})),
        "completion_tokens_details": odd(record({"reasoning_tokens": COUNTS})),
        "cached_tokens": COUNTS,
        "cost": JUNK,
    }
)
LABELS: dict[str, st.SearchStrategy[Any]] = {
    "id": odd(st.sampled_from(["chatcmpl-1", "chatcmpl-2", ""])),
    "created": odd(st.sampled_from([1700000000, 1700000000.5, 0])),
    "model": odd(st.sampled_from(["small", ""])),
    "system_fingerprint": odd(st.just("fp")),
    "service_tier": odd(st.just("default")),
    "unknown": JUNK,
}
CHOICE = record(
    {
        "index": odd(st.sampled_from([0, 0, 0, 1, 2, None])),
        "delta": odd(st.one_of(MESSAGE, st.none())),
        "finish_reason": st.one_of(st.none(), st.none(), FINISH),
        "logprobs": LOGPROBS,
    }
)
CHUNK = record(
    {
        **LABELS,
        "object": odd(st.just("chat.completion.chunk")),
        "choices": odd(st.lists(odd(CHOICE, often=40), max_size=2), often=40),
        "usage": odd(st.one_of(st.none(), USAGE)),
        "error": st.one_of(st.none(), st.none(), st.none(), JUNK),
    }
)
REPLY_CHOICE = record(
    {
        "index": odd(st.sampled_from([0, 1, None])),
        "message": odd(MESSAGE, often=40),
        "finish_reason": st.one_of(st.none(), FINISH),
        "logprobs": LOGPROBS,
    }
)
REPLY = record(
    {
        **LABELS,
        "object": odd(st.just("chat.completion")),
        "choices": odd(st.lists(odd(REPLY_CHOICE, often=40), min_size=1, max_size=2), often=40),
        "usage": odd(st.one_of(st.none(), USAGE)),
    }
)
