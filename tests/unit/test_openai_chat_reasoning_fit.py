"""Reasoning goes back to a provider in the field and in the messages where it takes it, and where it requires some."""

from dataclasses import replace
from typing import Any

import orjson
import pytest

from gateway.dialects.base import Origin
from gateway.dialects.profiles.openai_chat import ChatProfile
from tests.unit.chat_fit import DIALECT, HI, asked, called, fitted, result


def test_thoughts_stand_among_the_texts_where_a_model_has_them_there() -> None:
    told = {"role": "assistant", "content": "4", "reasoning_content": "2+2"}
    sent, dropped = fitted("mistral", "magistral-medium-latest", messages=[*HI, told, *HI])
    thinking = {"type": "thinking", "thinking": [{"type": "text", "text": "2+2"}]}
    assert sent["messages"][1] == {"role": "assistant", "content": [thinking, {"type": "text", "text": "4"}]}
    assert dropped == []
    assert fitted("mistral", "mistral-large-latest", messages=[*HI, told, *HI])[1] == ["messages[].reasoning_content"]


def test_deepseek_gets_its_reasoning_back_with_the_calls_since_the_user_spoke_last() -> None:
    old = {"role": "assistant", "content": "4", "reasoning_content": "old"}
    messages = [
        *HI,
        called("a", reasoning_content="old"),
        result("a"),
        old,
        *HI,
        called("b", reasoning="new"),
        result("b"),
    ]
    sent = fitted("deepseek", "deepseek-reasoner", messages=messages)[0]["messages"]
    told = [message.get("reasoning_content") for message in sent if message["role"] == "assistant"]
    assert told == [None, None, "new"]
    assert "reasoning" not in sent[5]


_LOOPS: Any = [*HI, called("a"), result("a"), {"role": "assistant", "content": "4"}, *HI, called("b"), result("b")]


@pytest.mark.parametrize(
    ("model", "fields", "expected"),
    [
        ("deepseek-reasoner", {}, [None, None, " "]),
        ("deepseek-chat", {}, [None, None, None]),
        ("deepseek-chat", {"reasoning_effort": "high"}, [None, None, " "]),
        ("deepseek-chat", {"thinking": {"type": "enabled"}}, [None, None, " "]),
        ("deepseek-v4-pro", {}, [" ", " ", " "]),
        ("DeepSeek-V4-Pro", {}, [" ", " ", " "]),
        ("deepseek-v10-pro", {}, [" ", " ", " "]),
        ("deepseek-v3.2", {}, [None, None, None]),
        ("DeepSeek-Reasoner", {}, [None, None, " "]),
        ("deepseek-v4-pro", {"reasoning_effort": "none"}, [None, None, None]),
        ("deepseek-v4-flash", {"thinking": {"type": "disabled"}}, [None, None, None]),
        ("deepseek-v4-flash", {"messages": [*HI, {"role": "assistant", "content": "4"}, *HI]}, [None]),
    ],
)
def test_deepseek_finds_some_reasoning_where_another_model_made_the_calls(
    model: str, fields: dict[str, Any], expected: list[str | None]
) -> None:
    sent, _ = fitted("deepseek", model, **{"messages": _LOOPS, **fields})
    told = [message.get("reasoning_content") for message in sent["messages"] if message["role"] == "assistant"]
    assert told == expected


_IMAGE: Any = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA=="}}
_NOTE: Any = {"role": "system", "content": "Be quick."}


@pytest.mark.parametrize(
    ("facts", "behind"),
    [
        ({"takes_output_parts": False}, [{**result("b"), "content": [_IMAGE]}]),
        ({"takes_user_after_tool": False, "system_messages": "first"}, [result("b"), _NOTE]),
        ({"system_messages": "first"}, [result("b"), _NOTE]),
        ({"system_messages": "none"}, [result("b"), _NOTE]),
        ({"system_messages": "none", "takes_turns_in_row": False}, [result("b"), _NOTE, _NOTE]),
    ],
)
@pytest.mark.parametrize("given", [{"reasoning": "new"}, {}], ids=["given", "required"])
@pytest.mark.parametrize("is_native", [False, True], ids=["translated", "native"])
def test_a_users_message_that_the_gateway_makes_ends_no_loop(
    facts: dict[str, Any], behind: list[Any], given: dict[str, Any], is_native: bool
) -> None:
    profile = ChatProfile(
        requires_reasoning=True, reasoning_in_loops=True, reasoning_field="reasoning_content", **facts
    )
    messages = [*HI, called("a"), result("a"), *HI, called("b", **given), *behind]
    generation = asked(messages=messages, tools=[{"type": "function", "function": {"name": "look"}}])
    generation = generation if is_native else replace(generation, dialect=None)
    sent = orjson.loads(DIALECT.encode(generation, Origin("lab", "m", profile)).body)["messages"]
    assert "user" in [message["role"] for message in sent[5:]]
    told = [message.get("reasoning_content") for message in sent if message.get("tool_calls")]
    # A translated conversation keeps only what the model itself has sealed.
    assert told == [None, "new" if given and is_native else " "]


def test_deepseek_v4_gets_the_reasoning_of_all_turns_back() -> None:
    messages = [*HI, called("a", reasoning_content="old"), result("a"), *HI, called("b", reasoning="new"), result("b")]
    sent = fitted("deepseek", "deepseek-v4-pro", messages=messages)[0]["messages"]
    told = [message.get("reasoning_content") for message in sent if message["role"] == "assistant"]
    assert told == ["old", "new"]


@pytest.mark.parametrize("fact", [True, False])
def test_reasoning_that_a_setting_says_is_required_is_there_under_the_name_that_the_provider_has(fact: bool) -> None:
    for field in ("reasoning", "reasoning_content", "content", None):
        profile = ChatProfile(requires_reasoning=fact, reasoning_field=field)
        body = orjson.loads(DIALECT.encode(asked(messages=_LOOPS), Origin("lab", "m", profile)).body)
        name = field if field in ("reasoning", "reasoning_content") else "reasoning_content"
        assert [message.get(name) for message in body["messages"] if message["role"] == "assistant"] == [
            " " if fact else None
        ] * 3


@pytest.mark.parametrize(("provider", "field"), [("groq", "reasoning"), ("fireworks", "reasoning_content")])
def test_reasoning_goes_back_by_the_name_that_the_provider_has_for_it(provider: str, field: str) -> None:
    for name in ("reasoning", "reasoning_content"):
        told = {"role": "assistant", "content": "4", name: "2+2"}
        sent, _ = fitted(provider, "m", messages=[*HI, told, *HI])
        assert sent["messages"][1] == {"role": "assistant", "content": "4", field: "2+2"}
