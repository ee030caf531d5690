"""Every row whose provider speaks chat: what leaves for it is what that provider takes, or it does not leave."""

from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.dialects.base import Origin
from gateway.dialects.openai_chat import OpenAIChat
from gateway.dialects.profiles.openai_chat import ChatProfile
from gateway.errors import InvalidRequest
from gateway.providers import ROWS
from gateway.surfaces.openai_chat import OpenAIChatSurface
from tests.servers.row_rules import complaints
from tests.unit.generations import translated

DIALECT, SURFACE = OpenAIChat(), OpenAIChatSurface()
NAMES = sorted(name for name, row in ROWS.items() if "openai-chat" in row.dialects)
each = pytest.mark.parametrize("name", NAMES)

MODELS = {
    "openai": (
        *("gpt-4o", "gpt-5", "gpt-5.2", "gpt-5.6-sol", "gpt-6", "o3", "o1-mini"),
        *("gpt-5-chat-latest", "gpt-5-2025-08-07"),
    ),
    "azure": ("gpt-4o", "gpt-5", "my-deployment"),
    "mistral": ("mistral-large-latest", "magistral-medium-latest"),
    "groq": ("openai/gpt-oss-120b", "qwen/qwen3-32b", "llama-3.3-70b-versatile", "meta-llama/llama-4-scout-17b"),
    "deepseek": ("deepseek-chat", "deepseek-reasoner", "deepseek-v4-pro"),
    "xai": ("grok-3-mini", "grok-4.3", "grok-4.5", "grok-4-1-fast-non-reasoning", "grok-code-fast-1"),
    "perplexity": ("sonar", "sonar-reasoning-pro"),
    "together": ("meta-llama/Llama-3.3-70B-Instruct-Turbo", "openai/gpt-oss-20b", "deepseek-ai/DeepSeek-V3.1"),
    "cerebras": ("gpt-oss-120b", "llama-3.3-70b"),
}
PARAMETERS = {
    "type": "object",
    "properties": {"city": {"type": "string"}},
    "required": ["city"],
    "additionalProperties": False,
}
TOOLS = [{"type": "function", "function": {"name": name, "parameters": PARAMETERS}} for name in ("look", "find")]
IMAGE = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA=="}}
CALL = {
    "id": "call_abcdefghijklmnop",
    "type": "function",
    "function": {"name": "look", "arguments": '{"city":"Paris"}'},
}
SHOWN = {"reasoning_content": "Greet.", "citations": [{"type": "document"}], "images": []}
HISTORY: list[dict[str, Any]] = [
    {"role": "developer", "content": "Be brief."},
    {"role": "user", "content": "Hi", "name": "ann"},
    {"role": "assistant", "content": "Hello.", "refusal": None, "annotations": [], **SHOWN},
    {"role": "user", "content": "Look."},
    {"role": "assistant", "content": None, "tool_calls": [CALL], "reasoning_content": "Look.", "reasoning": "Look."},
    {"role": "tool", "tool_call_id": CALL["id"], "content": "Sunny."},
    {"role": "user", "content": "And now?"},
]
TALK = [message for message in HISTORY if message["role"] != "tool" and "tool_calls" not in message]
SCHEMA = {"type": "json_schema", "json_schema": {"name": "a", "schema": PARAMETERS, "strict": True}}
CHOICES = (None, "auto", "none", "required", {"type": "function", "function": {"name": "find"}})
EFFORTS = ("none", "minimal", "low", "medium", "high", "xhigh", "max")
FIELDS: dict[str, tuple[Any, ...]] = {
    "temperature": (0, 0.3, 1, 1.8),
    "top_p": (0.5, 1),
    "top_k": (20,),
    "seed": (7,),
    "n": (1, 2),
    "stop": (["END"],),
    "user": ("ann",),
    "max_tokens": (50,),
    "max_completion_tokens": (60,),
    "presence_penalty": (0, 0.5),
    "frequency_penalty": (0.5,),
    "logprobs": (False, True),
    "logit_bias": ({}, {"5": 1}),
    "parallel_tool_calls": (True, False),
    "store": (False, True),
    "service_tier": ("auto", "flex"),
    "reasoning_effort": EFFORTS,
    "response_format": ({"type": "text"}, {"type": "json_object"}, SCHEMA),
    "stream": (False, True),
    "prompt_cache_key": ("k",),
    "tool_choice": CHOICES,
}


def models_of(name: str) -> tuple[str, ...]:
    return MODELS.get(name, ("some-model",))


def encoded(name: str, body: dict[str, Any], *, is_native: bool = True) -> tuple[dict[str, Any], list[str]]:
    """What leaves for a provider, and what was left out."""
    came = orjson.loads(orjson.dumps(body))
    generation = SURFACE.read(came) if is_native else translated(SURFACE, came, name)
    facts = ROWS[name].profile(ChatProfile).of(body["model"])
    outbound = DIALECT.encode(generation, Origin(name, body["model"], facts))
    return orjson.loads(outbound.body), list(outbound.dropped)


def conversation(name: str) -> list[dict[str, Any]]:
    """A conversation with everything that clients send back, as far as the provider can be told of it."""
    return HISTORY if ROWS[name].profile(ChatProfile).takes_tools else TALK


@each
@pytest.mark.parametrize("is_native", [True, False], ids=["native", "translated"])
def test_conversation_is_one_that_its_provider_takes(name: str, is_native: bool) -> None:
    for model in models_of(name):
        body = {"model": model, "messages": conversation(name), "max_tokens": 50, "temperature": 1.8, "user": "ann"}
        if ROWS[name].profile(ChatProfile).takes_tools:
            body |= {"tools": TOOLS, "parallel_tool_calls": False}
        sent, _ = encoded(name, {**body, "reasoning_effort": "high", "stream": True}, is_native=is_native)
        assert list(complaints(name, sent)) == []
        told = orjson.dumps(sent["messages"]).decode()
        assert [text for text in ("Be brief.", "Hello.", "And now?") if told.count(text) != 1] == []


@each
@pytest.mark.parametrize("choice", CHOICES, ids=str)
def test_tool_choice_is_told_or_made_true(name: str, choice: Any) -> None:
    for model in models_of(name) if ROWS[name].profile(ChatProfile).takes_tools else ():
        body = {"model": model, "messages": HISTORY, "tools": TOOLS, "tool_choice": choice}
        sent, _ = encoded(name, body)
        assert list(complaints(name, sent)) == []
        shown = [tool["function"]["name"] for tool in sent.get("tools", [])]
        said = sent.get("tool_choice")
        if choice == "none":
            assert not shown or said == "none"
        elif isinstance(choice, dict):
            assert shown == ["find"] or said == choice
        else:
            assert shown == ["look", "find"]


@each
@pytest.mark.parametrize("effort", EFFORTS)
def test_effort_is_one_that_the_model_knows_or_is_said_to_be_left_out(name: str, effort: str) -> None:
    for model in models_of(name):
        sent, dropped = encoded(name, {"model": model, "messages": TALK, "reasoning_effort": effort})
        assert list(complaints(name, sent)) == []
        is_told = sent.keys() & {"reasoning_effort", "thinking", "reasoning"}
        assert bool(is_told) != ("reasoning_effort" in dropped)


@each
@settings(max_examples=120, deadline=None)
@given(data=st.data())
def test_any_settings_are_taken_or_refused_before_they_leave(name: str, data: st.DataObject) -> None:
    chosen = data.draw(st.sets(st.sampled_from(sorted(FIELDS)), max_size=8))
    fields = {field: data.draw(st.sampled_from(FIELDS[field])) for field in sorted(chosen)}
    has_tools = data.draw(st.booleans()) or fields.get("tool_choice") is not None
    tools = {"tools": TOOLS} if has_tools else {}
    if not has_tools:
        fields.pop("tool_choice", None), fields.pop("parallel_tool_calls", None)
    model = data.draw(st.sampled_from(models_of(name)))
    body = {"model": model, "messages": conversation(name), **fields, **tools}
    refused: InvalidRequest | None = None
    try:
        sent, dropped = encoded(name, body, is_native=data.draw(st.booleans()))
    except InvalidRequest as error:
        refused = error
    if refused is not None:
        assert refused.param in fields
        assert refused.code in ("unsupported_parameter", "unsupported_value", "invalid_value")
        return
    assert list(complaints(name, sent)) == []
    assert {field for field in dropped if not field.startswith("messages[")} <= body.keys()


@each
def test_images_by_their_address_reach_a_provider_that_fetches_them_or_are_refused(name: str) -> None:
    url = {"type": "image_url", "image_url": {"url": "https://example.org/a.png"}}
    body = {"model": models_of(name)[0], "messages": [{"role": "user", "content": [url]}]}
    facts = ROWS[name].profile(ChatProfile)
    if facts.takes_parts and facts.takes_image_urls:
        assert encoded(name, body)[0]["messages"][0]["content"] == [url]
        return
    for is_native in (True, False):
        with pytest.raises(InvalidRequest) as refused:
            encoded(name, body, is_native=is_native)
        assert "data: URL" in refused.value.message or not facts.takes_parts


@each
def test_what_a_client_sent_is_not_changed_under_its_hands(name: str) -> None:
    tools = {"tools": TOOLS, "tool_choice": "none"} if ROWS[name].profile(ChatProfile).takes_tools else {}
    body: Any = {"model": models_of(name)[0], "messages": conversation(name), "response_format": SCHEMA, **tools}
    before = orjson.dumps(body)
    facts = ROWS[name].profile(ChatProfile).of(str(body["model"]))
    DIALECT.encode(SURFACE.read(body), Origin(name, str(body["model"]), facts))
    assert orjson.dumps(body) == before
