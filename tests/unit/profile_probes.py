"""Requests and refusals by which the facts of providers' profiles show: each makes a difference to one of them."""

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from gateway.dialects.profiles.base import Profile
from gateway.dialects.report import require_translatable
from gateway.errors import InvalidRequest
from gateway.neutral.generation import Generation
from gateway.neutral.settings import is_required
from gateway.providers import ROWS
from gateway.providers.row import Row
from gateway.surfaces.openai_chat import OpenAIChatSurface
from gateway.surfaces.openai_responses import OpenAIResponsesSurface
from scripts.documents.probes import BASES, PROBES
from tests.unit.generations import Recovered, generation_of
from tests.unit.settings_ways import REQUESTED

Body = Mapping[str, Any]

SURFACES: Mapping[str, OpenAIChatSurface | OpenAIResponsesSurface] = {
    "chat": OpenAIChatSurface(),
    "responses": OpenAIResponsesSurface(),
}
EFFORTS = ("none", "minimal", "low", "medium", "high", "xhigh", "max")
PROSE = (
    "This model's maximum context length is 9 tokens.",
    "prompt is too long: 9 tokens > 8 maximum",
    "Input is too long for requested model.",
    "too many tokens: size limit exceeded by 9 tokens",
    "Incorrect API key provided: k.",
    "Your credit balance is too low to access the API.",
)
"""What providers say in words alone, with status 400."""

_PIXEL = "data:image/png;base64,iVBORw0KGgo="
_PDF = "data:application/pdf;base64,JVBERi0xLjQK"
_PARAMETERS = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
_LOOK = {"type": "function", "function": {"name": "look", "parameters": _PARAMETERS, "strict": True}}
_FIND = {
    "type": "function",
    "function": {"name": "find", "parameters": _PARAMETERS},
    "cache_control": {"type": "ephemeral"},
}
# Settings that only mean something beside another one.
_TOGETHER: Mapping[str, Mapping[str, Any]] = {
    "top_logprobs": {"logprobs": True},
    "parallel_tool_calls": {"tools": [_LOOK]},
}
_PATCH = {"type": "custom", "custom": {"name": "patch"}}
_NAMED = {"type": "function", "function": {"name": "look"}}
_SCHEMA = {"type": "json_schema", "json_schema": {"name": "place", "schema": _PARAMETERS, "strict": True}}
# Values that the contract lets through.
_EXTREMES: Mapping[str, Sequence[float]] = {
    "temperature": (0, 1.2, 2),
    "top_p": (0, 1),
    "top_k": (0, 1000),
    "presence_penalty": (-2, 2),
    "frequency_penalty": (-2, 2),
    "max_tokens": (10, 1_000_000),
    "max_completion_tokens": (10, 1_000_000),
}


@dataclass(frozen=True)
class Request:
    """A client's request."""

    text: str
    """All that it mentions, as JSON."""
    generation: Generation
    translated: Generation | None
    """The same for another dialect than the client's; None where that is refused, whatever the profile."""


def _user(content: Any = "Hi") -> dict[str, Any]:
    return {"role": "user", "content": content}


def _answer(content: Any = "Hello.", **more: Any) -> dict[str, Any]:
    return {"role": "assistant", "content": content, **more}


def _called(*ids: str, **more: Any) -> dict[str, Any]:
    calls = [{"id": one, "type": "function", "function": {"name": "look", "arguments": "{}"}} for one in ids]
    return _answer(None, tool_calls=calls, **more)


def _output(call_id: str, content: Any = "Sunny.") -> dict[str, Any]:
    return {"role": "tool", "tool_call_id": call_id, "content": content}


def _system(role: str = "system") -> dict[str, Any]:
    return {"role": role, "content": "Be brief."}


_IMAGE = {"type": "image_url", "image_url": {"url": _PIXEL}}
_FILE = {"type": "file", "file": {"filename": "a.pdf", "file_data": _PDF}}
_TEXT = {"type": "text", "text": "See."}
_EPHEMERAL = {"type": "ephemeral"}
_MARKED = {"type": "text", "text": "Long.", "cache_control": _EPHEMERAL}
_CUSTOM_CALL = {"id": "call_1", "type": "custom", "custom": {"name": "patch", "input": "a"}}

_HISTORIES: Sequence[Sequence[Body]] = (
    [_user(), _called("call_1", "call_2"), _output("call_1"), _output("call_2"), _user()],
    [_user(), _called("call_1"), _output("call_1", [_TEXT, _IMAGE])],
    [_user(), _called("call_1"), _output("call_1"), _user([_TEXT, _FILE])],
    [_user(), _called("call_1"), _output("call_1"), _user([_MARKED])],
    [_user(), _answer(None, tool_calls=[_CUSTOM_CALL]), _output("call_1")],
    [_user(), _user(), _answer(), _answer(), _user()],
    [_user(), _answer()],
    [_user(), _answer("<think>Hm.</think>Yes."), _user()],
    [_user(), _answer(None, refusal="I won't."), _user()],
    [_user(), _answer(annotations=[], citations=[{"type": "document"}], images=[]), _user()],
    [_user(), _answer(audio={"id": "audio_1"}), _user()],
    [_user(), _answer(None, function_call={"name": "look", "arguments": "{}"}), _user()],
    [{**_user(), "name": "ann"}],
    *([_system(role), _user()] for role in ("system", "developer")),
    *([_user(), _answer(), _system(role)] for role in ("system", "developer")),
)
_REASONING = ("reasoning_content", "reasoning", "reasoning_details")


def _reasoning_histories() -> Iterator[Sequence[Body]]:
    """Answers with their reasoning, under every name of it: one of an earlier turn, and one within a loop of calls."""
    for name in _REASONING:
        thought: Any = [{"type": "reasoning.text", "text": "Hm."}] if name == "reasoning_details" else "Hm."
        yield [_user(), _answer(**{name: thought}), _user()]
        yield [_user(), _called("call_1", **{name: thought}), _output("call_1")]


def _chat_bodies() -> Iterator[Body]:
    yield {}
    for messages in (*_HISTORIES, *_reasoning_histories()):
        yield {"messages": messages, "tools": [_LOOK]}
        yield {"messages": messages}
    yield from ({**_TOGETHER.get(name, {}), name: value} for name, value in REQUESTED.items())
    yield {"top_logprobs": 3}
    yield from ({name: value} for name, values in _EXTREMES.items() for value in values)
    for effort in EFFORTS:
        yield {"reasoning_effort": effort}
        yield {"reasoning_effort": effort, "tools": [_LOOK]}
        yield {"reasoning_effort": effort, "messages": [_user(), _called("call_1"), _output("call_1")]}
        yield from ({"reasoning_effort": effort, name: REQUESTED[name]} for name in sorted(_named("dropped_reasoning")))
    yield {"temperature": 0.5, "top_p": 0.5}
    yield {"stop": [" ", "END"]}
    yield {"metadata": {"topic": "weather"}}
    yield {"stream_options": {"include_obfuscation": False}}
    yield {"stream": True}
    yield {"stream": True, "stream_options": {"include_usage": False}}
    yield from _tool_bodies()


def _tool_bodies() -> Iterator[Body]:
    allowed = {"type": "allowed_tools", "allowed_tools": {"mode": "required", "tools": [_NAMED]}}
    tools = {"tools": [_LOOK, _FIND]}
    for choice in ("auto", "none", "required", _NAMED, allowed):
        yield {**tools, "tool_choice": choice}
        yield {**tools, "tool_choice": choice, "response_format": _SCHEMA}
        yield {**tools, "tool_choice": choice, "parallel_tool_calls": False}
    for wanted in ({"type": "json_object"}, _SCHEMA):
        yield {"response_format": wanted}
        yield {"response_format": wanted, **tools}
        yield from ({"response_format": wanted, "reasoning_effort": effort} for effort in EFFORTS)
    yield {"tools": [_PATCH]}
    yield {"tools": [_LOOK], "web_search_options": {}}


def _settings(known: Collection[str]) -> Iterator[Body]:
    """The settings that any row names and that are not known, so that a new one needs no probe of its own."""
    named = _named("dropped", "refused", "renamed", "fields", "defaults")
    yield from ({name: "x"} for name in sorted(named.difference(known)))


@cache
def _named(*fields: str) -> frozenset[str]:
    """The names in these fields of all profiles."""
    profiles = [each for row in rows() for profile in row.profiles for _, each in each_profile(profile)]
    return frozenset(name for profile in profiles for field in fields for name in getattr(profile, field, ()) or ())


def rows() -> Iterator[Row]:
    """All rows, and those that count in their place where a setting is given."""
    for row in ROWS.values():
        yield row
        yield from row.variants.values()


def each_profile(profile: Profile) -> Iterator[tuple[str, Profile]]:
    """The profile, and those of its models by their patterns."""
    yield "", profile
    yield from ((pattern.pattern, of_model) for pattern, of_model in profile.models)


def _item(kind: str, **more: Any) -> dict[str, Any]:
    return {"type": kind, **more}


_CALL_ITEM = _item("function_call", call_id="call_1", name="look", arguments="{}")
_OUTPUT_ITEM = _item("function_call_output", call_id="call_1", output="Sunny.")
_SAID = {"role": "user", "content": [{"type": "input_text", "text": "See."}]}
_FLAT = {"type": "function", "name": "look", "parameters": _PARAMETERS, "strict": True}
_HOSTED: Sequence[Body] = (
    _item("web_search"),
    _item("code_interpreter", container={"type": "auto"}),
    _item("file_search", vector_store_ids=["vs_1"]),
)


def _image(**more: Any) -> dict[str, Any]:
    return {"role": "user", "content": [_item("input_image", detail="auto", **more)]}


def _responses_bodies() -> Iterator[Body]:
    yield {}
    for role in ("system", "developer"):
        yield {"input": [{"role": role, "content": "Be brief."}, _SAID]}
        yield {"input": [_SAID, {"role": role, "content": "Be brief."}]}
    yield {"input": [_image(image_url="https://example.com/a.png")]}
    yield {"input": [_SAID, _item("reasoning", id="rs_1", summary=[], encrypted_content="gAAA")]}
    refusal = [_item("refusal", refusal="I won't.")]
    yield {"input": [_SAID, _item("message", role="assistant", content=refusal), _SAID]}
    yield {"input": [_SAID, _item("custom_tool_call", call_id="call_1", name="patch", input="a")]}
    yield {"tools": [_item("custom", name="patch")]}
    for effort in EFFORTS:
        yield {"reasoning": {"effort": effort}}
        yield {"reasoning": {"effort": effort, "summary": "auto"}}
        for name in sorted(_named("dropped_reasoning")):
            yield {"reasoning": {"effort": effort}, name: REQUESTED[name]}
    yield {"reasoning": {"summary": "auto"}}
    yield from ({name: REQUESTED[name]} for name in sorted(_named("dropped_reasoning")))
    yield from ({name: REQUESTED[name]} for name in ("service_tier", "store", "user", "safety_identifier"))
    yield from ({name: value} for name in ("temperature", "top_p", "top_k") for value in _EXTREMES[name])
    yield {"metadata": {"topic": "weather"}}
    for hosted in _HOSTED:
        yield {"tools": [hosted]}
        yield {"tools": [hosted, _FLAT]}
        yield {"tools": [hosted, _FLAT], "tool_choice": "required"}
    allowed = {"type": "allowed_tools", "mode": "auto", "tools": [{"type": "function", "name": "look"}]}
    yield {"tools": [_FLAT, {**_FLAT, "name": "find"}], "tool_choice": allowed}
    yield {"top_logprobs": 3}
    yield {"prompt": {"id": "pmpt_1"}}
    yield {"input": [{"role": "user", "content": [_item("input_text", text="Long.", cache_control=_EPHEMERAL)]}]}
    yield {"input": [_item("configuration_update", reasoning={"effort": "high"}), _SAID]}


_STATES: Sequence[Body] = (
    {"blocks": [{"type": "thinking", "thinking": "Hm.", "signature": "c2ln"}]},
    {"reasoningContent": {"reasoningText": {"text": "Hm.", "signature": "c2ln"}}},
    {"reasoningContent": {"reasoningText": {"text": "Hm."}}},
    {"thought_signature": "c2ln", "on": "call"},
    {"thinking": "Hm."},
    {"tool_plan": "Hm."},
    {"encrypted_content": "gAAA"},
    {"reasoning_content": "Hm."},
    {"reasoning": "Hm."},
    {"content": [{"type": "thinking", "thinking": [{"type": "text", "text": "Hm."}]}]},
)
"""The state of reasoning that was under the gateway's seal, as each dialect's decoder has it."""


def bodies() -> Iterator[tuple[str, Body]]:
    """Every probe that is a body, with the name of its surface.

    Not those with two settings without which a request is refused. Which of both is named is no effect of a fact.
    """
    yield from (
        (surface, body)
        for surface, body in _all_bodies()
        if sum(is_required(name, value) for name, value in body.items()) < 2
    )


def _all_bodies() -> Iterator[tuple[str, Body]]:
    for probe in PROBES:
        base = {**BASES[probe.surface], **probe.around}
        yield probe.surface, base
        yield probe.surface, {**base, **probe.adds}
    chat = [{**BASES["chat"], **body} for body in _chat_bodies()]
    yield from (("chat", body) for body in chat)
    known = {name for body in chat for name in body}
    yield from (("chat", {**BASES["chat"], **body}) for body in _settings(known))
    yield from (("responses", {**BASES["responses"], **body}) for body in _responses_bodies())


@cache
def requests() -> Sequence[Request]:
    """All requests, each read once."""
    found: dict[str, Request] = {}
    for surface, body in bodies():
        text = json.dumps(body)
        if text not in found:
            generation = SURFACES[surface].read(json.loads(text))
            found[text] = Request(text, generation, _translatable(generation))
    for state in _STATES:
        reasoning = Recovered(_item("reasoning", id="rs_1", summary=[]), state)
        for items in ([_SAID, reasoning, _CALL_ITEM, _OUTPUT_ITEM], [_SAID, reasoning, _answer(), _SAID]):
            items = [{"type": "message", **item} if "role" in item else item for item in items]
            generation = generation_of(items=items, tools=[_FLAT])
            text = json.dumps([state, *items])
            found[text] = Request(text, generation, generation)
    return tuple(found.values())


def _translatable(generation: Generation) -> Generation | None:
    translated = replace(generation, dialect=None)
    try:
        require_translatable(translated.prompt, "any")
    except InvalidRequest:
        return None
    return translated
