"""What each dialect sends to have tokens counted, and what it reads."""

import json
from typing import Any

import pytest

from gateway.dialects import DIALECTS
from gateway.dialects.base import Counting, Origin, Outbound
from gateway.dialects.profiles.gemini import GeminiProfile
from gateway.dialects.profiles.tokens import TokenFacts, TokenTable
from gateway.providers import ROWS

_Object = dict[str, Any]
COUNTS = {
    "openai-responses": b'{"object":"response.input_tokens","input_tokens":7}',
    "anthropic-messages": b'{"input_tokens":7}',
    "gemini": b'{"totalTokens":7,"promptTokensDetails":[]}',
    "bedrock-converse": b'{"inputTokens":7}',
    "cohere": b'{"tokens":[1,2,3,4,5,6,7],"token_strings":[]}',
}
"""The dialects that count, and an answer in each."""
NO_COUNTS = [b"", b"null", b"[]", b"{}", b"<html>", b'{"input_tokens":"7"}', b'{"input_tokens":-1,"totalTokens":1.5}']


def counting(dialect: str) -> Counting:
    found = DIALECTS[dialect].counting
    assert found is not None
    return found


def sent(dialect: str, path: str, body: _Object, origin: Origin) -> list[tuple[str, _Object]] | None:
    calls = counting(dialect).encode(Outbound(path, json.dumps(body).encode(), headers={"x-a": "b"}), origin)
    return None if calls is None else [(call.path, json.loads(call.body)) for call in calls.calls]


def test_five_dialects_count() -> None:
    assert {name for name, dialect in DIALECTS.items() if dialect.counting is not None} == COUNTS.keys()


@pytest.mark.parametrize("dialect", COUNTS)
def test_count_is_read(dialect: str) -> None:
    assert counting(dialect).read(COUNTS[dialect]) == 7


@pytest.mark.parametrize("dialect", COUNTS)
@pytest.mark.parametrize("body", NO_COUNTS)
def test_answer_without_a_count_has_none(dialect: str, body: bytes) -> None:
    assert counting(dialect).read(body) is None


CALLS: list[tuple[str, str, _Object, Origin, list[tuple[str, _Object]] | None]] = [
    (
        "openai-responses",
        "/responses",
        {"model": "m", "input": "x", "store": False, "stream": True, "temperature": 1, "text": {"verbosity": "low"}},
        Origin("openai", "m"),
        [("/responses/input_tokens", {"model": "m", "input": "x", "text": {"verbosity": "low"}})],
    ),
    (
        "anthropic-messages",
        "/v1/messages",
        {"model": "m", "max_tokens": 5, "messages": [], "stream": True, "top_k": 1, "metadata": {}, "system": "s"},
        Origin("anthropic", "m"),
        [("/v1/messages/count_tokens", {"model": "m", "messages": [], "system": "s"})],
    ),
    (
        "anthropic-messages",
        "/v1/messages",
        {"model": "m", "messages": [], "tools": [{"type": "web_fetch_20250910", "name": "web_fetch"}]},
        Origin("anthropic", "m"),
        None,
    ),
    (
        "gemini",
        "/models/a%2Fb:generateContent",
        {"contents": [], "generationConfig": {}},
        Origin("gemini", "a/b", GeminiProfile()),
        [
            (
                "/models/a%2Fb:countTokens",
                {"generateContentRequest": {"model": "models/a/b", "contents": [], "generationConfig": {}}},
            )
        ],
    ),
    (
        "gemini",
        "/models/m:generateContent",
        {"contents": [], "systemInstruction": {}, "tools": [], "labels": {}, "toolConfig": {}},
        Origin("vertex", "m", GeminiProfile(counts_whole_requests=False)),
        [("/models/m:countTokens", {"contents": [], "systemInstruction": {}, "tools": []})],
    ),
    (
        "bedrock-converse",
        "/model/x/converse",
        {"messages": [], "inferenceConfig": {}, "toolConfig": {}, "requestMetadata": {}},
        Origin("bedrock", "eu.anthropic.claude-sonnet-4-5-v1:0"),
        [
            (
                "/model/anthropic.claude-sonnet-4-5-v1%3A0/count-tokens",
                {"input": {"converse": {"messages": [], "toolConfig": {}}}},
            )
        ],
    ),
    ("cohere", "/v2/chat", {"messages": [{"role": "user", "content": ""}]}, Origin("cohere", "m"), None),
    (
        "cohere",
        "/v2/chat",
        {"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": [{"text": "b"}]}]},
        Origin("cohere", "m"),
        [("/v1/tokenize", {"model": "m", "text": "ab"})],
    ),
    (
        "cohere",
        "/v2/chat",
        {"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "x"}}]}]},
        Origin("cohere", "m"),
        None,
    ),
]


@pytest.mark.parametrize(("dialect", "path", "body", "origin", "calls"), CALLS)
def test_request_to_count_has_what_is_part_of_the_input_alone(
    dialect: str, path: str, body: _Object, origin: Origin, calls: list[tuple[str, _Object]] | None
) -> None:
    assert sent(dialect, path, body, origin) == calls


@pytest.mark.parametrize(
    ("row", "model", "encoding", "is_counted"),
    [
        ("openai", "gpt-4o-2024-08-06", "o200k", True),
        ("openai", "gpt-4.1", "o200k", True),
        ("openai", "gpt-4.5-preview", "o200k", True),
        ("openai", "gpt-5.2", "o200k", True),
        ("openai", "gpt-6-pro", "o200k", True),
        ("openai", "o3-mini", "o200k", True),
        ("openai", "chatgpt-4o-latest", "o200k", True),
        ("openai", "ft:gpt-4o:acme::id", "o200k", True),
        ("openai", "gpt-4", "cl100k", True),
        ("openai", "gpt-4-turbo-2024-04-09", "cl100k", True),
        ("openai", "gpt-3.5-turbo", "cl100k", True),
        ("openai", "davinci", None, True),
        ("azure", "gpt-35-turbo", "cl100k", False),
        ("azure", "GPT-4o", "o200k", False),
        ("anthropic", "claude-sonnet-4-5", None, True),
        ("bedrock", "us.anthropic.claude-3-7-sonnet-20250219-v1:0", None, True),
        ("bedrock", "anthropic.claude-v2", None, False),
        ("bedrock", "meta.llama3-8b-instruct-v1:0", None, False),
        ("vertex", "gemini-2.5-pro", None, True),
        ("groq", "any", None, False),
    ],
)
def test_tokenizer_and_count_are_facts_of_models(row: str, model: str, encoding: str | None, is_counted: bool) -> None:
    facts = ROWS[row].own.of(model).tokens.of(model)
    assert (facts.encoding, facts.is_counted) == (encoding, is_counted)


def test_table_is_changed_as_a_whole() -> None:
    table = TokenTable.by_name(TokenFacts(), {"a.*": TokenFacts("o200k")})
    changed = table.everywhere(lambda facts: TokenFacts(facts.encoding, is_counted=True))
    assert changed.of("ab") == TokenFacts("o200k", is_counted=True)
    assert changed.of("b") == TokenFacts(is_counted=True)
