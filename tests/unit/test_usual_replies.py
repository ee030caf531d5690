"""A reply that is passed on as it came is one in which the repairs would have found nothing to do."""

import copy
from collections.abc import Iterator
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.dialects.base import Origin
from gateway.dialects.openai_chat import OpenAIChat, response
from gateway.dialects.openai_chat.fast_path import usual_usage
from gateway.dialects.openai_chat.repairs import read_choices
from gateway.neutral.events import NativeReply, Usage
from gateway.surfaces.openai_chat import OpenAIChatSurface

USUAL: dict[str, Any] = {
    "id": "chatcmpl-1",
    "object": "chat.completion",
    "created": 1_700_000_000,
    "model": "m",
    "choices": [
        {
            "index": 0,
            "message": {"role": "assistant", "content": "Hi.", "refusal": None, "annotations": []},
            "logprobs": None,
            "finish_reason": "stop",
        }
    ],
    "usage": {
        "prompt_tokens": 10,
        "completion_tokens": 5,
        "total_tokens": 15,
        "prompt_tokens_details": {"cached_tokens": 4, "audio_tokens": 0},
        "completion_tokens_details": {"reasoning_tokens": 2},
    },
    "service_tier": "default",
    "system_fingerprint": None,
}
ODD = st.sampled_from(
    [None, "", "x", 0, 1, -1, 3, 99, 2**53, 1.0, True, [], ["x"], {}, {"cached_tokens": 11}, {"a": None}, "tool_calls"]
)
NAMES = st.sampled_from(
    [
        *(
            "id",
            "object",
            "created",
            "model",
            "choices",
            "usage",
            "service_tier",
            "system_fingerprint",
            "error",
            "x_new",
        ),
        *("index", "message", "logprobs", "finish_reason", "role", "content", "refusal", "annotations", "tool_calls"),
        *("function_call", "audio", "reasoning", "reasoning_content", "prompt_tokens", "completion_tokens"),
        *("total_tokens", "prompt_tokens_details", "completion_tokens_details", "cached_tokens", "reasoning_tokens"),
        *("cache_write_tokens", "num_cached_tokens", "prompt_cache_hit_tokens", "prompt_token_details"),
    ]
)
GONE = object()


def objects(tree: Any) -> Iterator[dict[str, Any]]:
    """Every object in a document, itself the first."""
    if isinstance(tree, dict):
        yield tree
    for inner in tree.values() if isinstance(tree, dict) else tree if isinstance(tree, list) else ():
        yield from objects(inner)


def repaired(document: dict[str, Any]) -> tuple[dict[str, Any], Usage | None]:
    """What the repairs make of a reply, and the usage that they read."""
    events = response._native(document, read_choices(document, Origin("p", "m")), Origin("p", "m"))
    assert isinstance(events[0], NativeReply)
    return events[0].document, next((event for event in events if isinstance(event, Usage)), None)


def test_what_most_servers_answer_is_usual() -> None:
    body = orjson.dumps(USUAL, option=orjson.OPT_INDENT_2)
    generation = OpenAIChatSurface().read({"model": "m", "messages": [{"role": "user", "content": "Hi"}]})
    first, usage, _ = OpenAIChat().decode_reply(body, generation, Origin("p", "m"), is_native=True)
    assert isinstance(first, NativeReply)
    assert first.written == body
    assert usage == Usage(10, 5, 4, 0, 2, USUAL["usage"])


@settings(max_examples=1000)
@given(changes=st.lists(st.tuples(st.integers(0, 9), NAMES, ODD | st.just(GONE)), max_size=3))
def test_a_usual_reply_is_one_that_needs_no_repair(changes: list[tuple[int, str, Any]]) -> None:
    document = copy.deepcopy(USUAL)
    for place, name, value in changes:
        found = list(objects(document))
        target = found[place % len(found)]
        if value is GONE:
            target.pop(name, None)
        else:
            target[name] = copy.deepcopy(value)
    found_usage = usual_usage(document)
    if found_usage is not None:
        assert repaired(copy.deepcopy(document)) == (document, found_usage)
        assert orjson.dumps(repaired(copy.deepcopy(document))[0]) == orjson.dumps(document)


@pytest.mark.parametrize(
    ("place", "name", "value"),
    [
        (0, "object", "text_completion"),
        (0, "id", ""),
        (0, "created", 1.5),
        (0, "system_fingerprint", 5),
        (0, "error", None),
        (1, "finish_reason", "eos"),
        (1, "finish_reason", "tool_calls"),
        (1, "index", None),
        (1, "logprobs", {"content": []}),
        (2, "content", ["a"]),
        (2, "reasoning", "So."),
        (2, "tool_calls", [{}]),
        (2, "refusal", "No."),
        (3, "total_tokens", 20),
        (3, "prompt_tokens", 10.0),
        (3, "completion_tokens_details", {"reasoning_tokens": 6}),
        (3, "prompt_tokens_details", {"cached_tokens": None}),
        (3, "num_cached_tokens", 3),
    ],
)
def test_whatever_is_to_be_repaired_or_translated_is_not(place: int, name: str, value: Any) -> None:
    document = copy.deepcopy(USUAL)
    list(objects(document))[place][name] = value
    assert usual_usage(document) is None
