"""Chunks that are passed on unread are just those that reading would pass on as they are."""

import orjson
from hypothesis import given
from hypothesis import strategies as st

from gateway.dialects.openai_chat.fast_path import ChunkTemplate


def chunk(text: str, index: int = 0, **more: object) -> bytes:
    choice = {"index": index, "delta": {"content": text}, "logprobs": None, "finish_reason": None}
    return orjson.dumps({"id": "chatcmpl-1", "created": 1, "model": "m", "choices": [choice], **more})


def told(template: ChunkTemplate, payload: bytes) -> str | None:
    """The text that is known by the chunk's bytes, or else by its fields."""
    text = template.text(payload)
    return template.text_in(orjson.loads(payload)) if text is None else text


@given(learnt=st.text(min_size=1), text=st.text())
def test_text_is_told_whatever_it_is(learnt: str, text: str) -> None:
    template = ChunkTemplate()
    template.learn(chunk(learnt))
    assert told(template, chunk(text)) == text


@given(payload=st.binary(max_size=40))
def test_what_stands_between_the_known_ends_is_told_only_if_it_is_a_string(payload: bytes) -> None:
    template = ChunkTemplate()
    template.learn(chunk("something"))
    before, _, after = chunk("something").partition(b"something")
    given = before + payload + after
    try:
        expected = orjson.loads(given)["choices"][0]["delta"]["content"]
    except (orjson.JSONDecodeError, LookupError, TypeError):
        expected = None
    try:
        found = told(template, given)
    except orjson.JSONDecodeError:
        found = None
    assert found is None or found == expected


def test_another_choice_and_another_envelope_are_not_usual() -> None:
    template = ChunkTemplate()
    template.learn(chunk("Hello"))
    assert told(template, chunk("Hello", index=1)) is None
    assert told(template, chunk("Hello", usage={"total_tokens": 1})) is None


def test_padding_does_not_matter() -> None:
    template = ChunkTemplate()
    template.learn(chunk("Hello", obfuscation="aXz"))
    assert told(template, chunk("there", obfuscation="q")) == "there"


def test_a_chunk_that_hides_its_text_forgets_the_bytes_of_the_one_before() -> None:
    template = ChunkTemplate()
    template.learn(chunk("Hello", index=0))
    template.learn(chunk("m", index=1))  # "m" is the model's name, too
    assert told(template, chunk("Hello", index=0)) is None
    assert (told(template, chunk("x", index=1)), template.choice) == ("x", 1)


FIELDS = st.sampled_from(["content", "reasoning_content", "reasoning", "tool_calls"])


def piece(field: str, text: str, **more: object) -> bytes:
    """A chunk that brings a piece of a text, of reasoning, or of a call's arguments."""
    value: object = [{"index": 2, "function": {"arguments": text}}] if field == "tool_calls" else text
    choice = {"index": 0, "delta": {field: value}, "logprobs": None, "finish_reason": None}
    return orjson.dumps({"id": "chatcmpl-1", "created": 1, "model": "m", "choices": [choice], **more})


@given(FIELDS, st.text(min_size=1), st.text())
def test_pieces_of_every_kind_are_told_whatever_they_are(field: str, learnt: str, text: str) -> None:
    template = ChunkTemplate()
    template.learn(piece(field, f"<{learnt}>"))
    assert (told(template, piece(field, text)), template.field) == (text, field)


@given(FIELDS, FIELDS, st.text(min_size=1), st.text())
def test_a_piece_of_another_kind_is_not_usual(field: str, other: str, learnt: str, text: str) -> None:
    template = ChunkTemplate()
    template.learn(piece(field, f"<{learnt}>"))
    assert (told(template, piece(other, text)) is None) == (field != other)


def test_a_call_that_is_named_is_not_usual() -> None:
    template = ChunkTemplate()
    identified = {"index": 0, "id": "c", "function": {"arguments": "a"}}
    named = {"index": 0, "function": {"name": "f", "arguments": "a"}}
    for call in (identified, named):
        choice = {"index": 0, "delta": {"tool_calls": [call]}, "finish_reason": None}
        template.learn(orjson.dumps({"created": 1, "choices": [choice]}))
        assert told(template, orjson.dumps({"created": 1, "choices": [choice]})) is None
