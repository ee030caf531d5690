"""Bytes to tokens: what is learnt from replies, and what is estimated by it."""

import math
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.accounting import token_ratios
from gateway.accounting.token_ratios import DEFAULT, HIGHEST, LOWEST, MEMORY, Ratio, TokenRatios
from gateway.store.usage import UsageRow

TOKENS = st.integers(1, 10**9)
BETWEEN = st.floats(LOWEST, HIGHEST)
SAMPLES = st.lists(st.tuples(TOKENS, BETWEEN), min_size=1, max_size=50)


def row(model: str = "m", **more: Any) -> UsageRow:
    counts = {"prompt_tokens": 100, "prompt_bytes": 500, "completion_tokens": 10, "completion_bytes": 30}
    fields: dict[str, Any] = {"provider": "lab", "model": model, **counts, **more}
    return UsageRow(request_id="r", time=0.0, key_id="k", operation="o", **fields)


@given(SAMPLES)
def test_ratio_lies_between_those_of_the_replies_that_it_was_learnt_from(samples: list[tuple[int, float]]) -> None:
    ratio = Ratio()
    learnt = [each for tokens, each in samples if ratio.learn(tokens * each, tokens)]
    if learnt:
        assert min(learnt) * (1 - 1e-9) <= ratio.value <= max(learnt) * (1 + 1e-9)
    assert ratio.tokens <= MEMORY


@given(SAMPLES, BETWEEN)
def test_ratio_follows_a_model_whose_replies_have_become_others(samples: list[tuple[int, float]], now: float) -> None:
    ratio = Ratio()
    for tokens, each in samples:
        ratio.learn(tokens * each, tokens)
    for _ in range(200):
        ratio.learn(token_ratios.MOST_OF_ONE * now, token_ratios.MOST_OF_ONE)
    assert ratio.value == pytest.approx(now, rel=0.01)


@given(SAMPLES, st.integers(0, 2**40), st.integers(0, 2**40))
def test_estimate_grows_with_the_bytes_and_has_a_token_for_any(
    samples: list[tuple[int, float]], one: int, other: int
) -> None:
    ratio = Ratio()
    for tokens, each in samples:
        ratio.learn(tokens * each, tokens)
    assert (ratio.estimate(0), ratio.estimate(1) >= 1) == (0, True)
    assert (one <= other) <= (ratio.estimate(one) <= ratio.estimate(other))


@given(st.integers(-(2**40), 2**40), st.integers(-(2**40), 2**60))
def test_reply_whose_counts_cannot_be_right_teaches_nothing(size: int, tokens: int) -> None:
    ratio = Ratio()
    is_likely = tokens > 0 and LOWEST <= size / tokens <= HIGHEST
    assert ratio.learn(size, tokens) == is_likely
    assert (ratio.value == DEFAULT and not ratio.tokens) or is_likely


def test_a_model_that_nothing_was_learnt_of_has_four_bytes_a_token() -> None:
    ratios = TokenRatios()
    assert ratios.prompt_tokens("lab", "m", b"x" * 41) == 11
    assert ratios.completion_tokens("lab", "m", 8) == 2


def test_prompts_and_completions_have_ratios_of_their_own() -> None:
    ratios = TokenRatios()
    ratios.learn([row(), row("other", prompt_bytes=200)])
    assert ratios.prompt_tokens("lab", "m", b"x" * 500) == 100
    assert ratios.prompt_tokens("lab", "other", b"x" * 500) == 250
    assert ratios.completion_tokens("lab", "m", 30) == 10


@pytest.mark.parametrize(
    "odd",
    [
        {"estimated": True},
        {"status": 499},
        {"status": 502},
        {"provider": None},
        {"model": None},
        {"prompt_tokens": None, "completion_tokens": None},
        {"prompt_tokens": 0, "completion_tokens": 0},
        {"prompt_bytes": 0, "completion_bytes": 0},
        {"model": "m" * 513},
    ],
)
def test_rows_without_counts_of_a_whole_reply_are_not_learnt_from(odd: dict[str, Any]) -> None:
    ratios = TokenRatios()
    ratios.learn([row(**odd)])
    assert not ratios._models


def test_many_models_are_bounded_and_those_not_used_for_long_go_first() -> None:
    ratios = TokenRatios(most=3)
    for name in ("a", "b", "c", "a", "d", "e"):
        ratios.learn([row(name, prompt_bytes=1000)])
    kept = [name for name in "abcde" if ratios.prompt_tokens("lab", name, b"x" * 1000) == 100]
    assert kept == ["a", "d", "e"]


def test_files_in_a_prompt_are_no_text() -> None:
    picture = b"A" * 400_000 + b"=="
    body = b'{"text":"What is this?","image":"data:image/png;base64,' + picture + b'"}'
    tokens = TokenRatios().prompt_tokens("lab", "m", body)
    assert tokens == math.ceil((len(body) - 400_000) / DEFAULT)


def test_long_text_of_a_prompt_counts_whole() -> None:
    assert TokenRatios().prompt_tokens("lab", "m", b"a word " * 100_000) == 175_000


@given(st.lists(st.sampled_from([b"A" * 1023, b"/" * 1024, b"z" * 3000, b" ", b'"', b"-", b"a b"]), max_size=12))
def test_files_are_what_a_pattern_finds(pieces: list[bytes]) -> None:
    body = b"{" + b"".join(pieces)
    files = re.findall(rb"[A-Za-z0-9+/]{1024,}", body)
    size = len(body) - sum(map(len, files))
    assert TokenRatios().prompt_tokens("lab", "m", body) == math.ceil(size / 4)
