"""What a client can ask for, one thing at a time: requests by which the fidelity of each provider is found out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

Surface = Literal["chat", "responses"]

_PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR4nGNgYGBgAAAABQABpfZFQAAAAABJRU5ErkJggg=="
_PNG = f"data:image/png;base64,{_PIXEL}"
_PDF = "data:application/pdf;base64,JVBERi0xLjQK"
_WAV = "UklGRiQAAABXQVZFZm10IBAAAAABAAEA"
_PARAMETERS = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
_SCHEMA = {**_PARAMETERS, "additionalProperties": False}
_TOOL = {"type": "function", "function": {"name": "weather", "description": "Tells it.", "parameters": _PARAMETERS}}
_OTHER = {"type": "function", "function": {"name": "clock", "description": "Tells it.", "parameters": _PARAMETERS}}
_CALL = {"id": "call_1", "type": "function", "function": {"name": "weather", "arguments": '{"city":"Oslo"}'}}
_FLAT = {"type": "function", "name": "weather", "parameters": _SCHEMA, "strict": True}
_NAMED = {"type": "function", "function": {"name": "weather"}}


_BREAKPOINT = {"mode": "explicit"}


@dataclass(frozen=True)
class Probe:
    """One thing to ask for: what it adds to a request, and what of it would stand in the upstream's if it is carried.

    `around` is what the request needs so that the thing has a meaning; without the thing, it is what is compared with.
    """

    name: str
    adds: Mapping[str, Any]
    carried: Sequence[Any] = ()
    around: Mapping[str, Any] = field(default_factory=dict)
    surface: Surface = "chat"
    is_default: bool = False
    """Whether it is what every provider does where nothing is said."""
    is_kept: bool = False
    """Whether it is the gateway's own affair, so that a provider need not hear of it."""

    @property
    def fragments(self) -> Sequence[Any]:
        """What stands in the upstream's request where it travels as it came."""
        return self.carried or [dict(self.adds)]


def _said(*parts: Any, role: str = "user") -> dict[str, Any]:
    return {"messages": [{"role": role, "content": list(parts)}]}


def _moderation(mode: str) -> dict[str, Any]:
    return {"model": "omni-moderation-latest", "policy": {"input": {"mode": mode}, "output": {"mode": mode}}}


def _part(name: str, part: dict[str, Any]) -> Probe:
    text = {"type": "text", "text": "What is it?"}
    return Probe(name, _said(text, part), [part], around=_said(text))


def _history(output: Any, **more: Any) -> dict[str, Any]:
    return {
        "messages": [
            {"role": "user", "content": "How is it in Oslo?"},
            {"role": "assistant", "content": None, "tool_calls": [_CALL]},
            {"role": "tool", "tool_call_id": "call_1", "content": output, **more},
        ],
        "tools": [_TOOL],
    }


_TOOLS = {"tools": [_TOOL, _OTHER]}
_IMAGE = {"type": "image_url", "image_url": {"url": _PNG}}
_ALLOWED = {"type": "allowed_tools", "allowed_tools": {"mode": "auto", "tools": [_NAMED]}}

_LIMITS = [
    Probe("max_completion_tokens", {"max_completion_tokens": 100}),
    Probe("max_tokens", {"max_tokens": 100}),
    Probe("temperature", {"temperature": 0.5}),
    Probe("top_p", {"top_p": 0.9}),
    Probe("top_k", {"top_k": 40}),
    Probe("stop", {"stop": ["END"]}),
    Probe("seed", {"seed": 7}),
    Probe("presence_penalty", {"presence_penalty": 0.5}),
    Probe("frequency_penalty", {"frequency_penalty": 0.5}),
    Probe("n: 2", {"n": 2}),
    Probe("logprobs", {"logprobs": True, "top_logprobs": 2}),
    Probe("logit_bias", {"logit_bias": {"50256": -100}}),
]

_ANSWERS = [
    Probe("reasoning_effort: low", {"reasoning_effort": "low"}),
    Probe("reasoning_effort: high", {"reasoning_effort": "high"}),
    Probe("verbosity", {"verbosity": "low"}),
    Probe("response_format: json_object", {"response_format": {"type": "json_object"}}),
    Probe(
        "response_format: json_schema",
        {
            "response_format": {
                "type": "json_schema",
                "json_schema": {"name": "place", "schema": _SCHEMA, "strict": True},
            }
        },
    ),
    Probe("prediction", {"prediction": {"type": "content", "content": "It is fine."}}),
    Probe("modalities: audio", {"modalities": ["text", "audio"], "audio": {"voice": "ash", "format": "wav"}}),
    Probe("web_search_options", {"web_search_options": {}}),
]

_IDENTITY = [
    Probe("user", {"user": "user-1"}),
    Probe("safety_identifier", {"safety_identifier": "user-1"}),
    Probe("service_tier: flex", {"service_tier": "flex"}),
    Probe("prompt_cache_key", {"prompt_cache_key": "key-1"}),
    Probe("prompt_cache_options: prewarm", {"prompt_cache_options": {"prewarm": True}}),
    Probe("moderation: score", {"moderation": _moderation("score")}),
    Probe("moderation: block", {"moderation": _moderation("block")}),
    Probe("metadata", {"metadata": {"topic": "weather"}}, is_kept=True),
]

_TOOL_USE = [
    Probe("tools", {"tools": [_TOOL]}),
    Probe("tool_choice: auto", {"tool_choice": "auto"}, around=_TOOLS, is_default=True),
    Probe("tool_choice: none", {"tool_choice": "none"}, around=_TOOLS),
    Probe("tool_choice: required", {"tool_choice": "required"}, around=_TOOLS),
    Probe("tool_choice: one tool", {"tool_choice": _NAMED}, around=_TOOLS),
    Probe("tool_choice: allowed_tools", {"tool_choice": _ALLOWED}, around=_TOOLS),
    Probe("parallel_tool_calls: false", {"parallel_tool_calls": False}, around=_TOOLS),
    Probe(
        "tools: custom (free text)",
        {"tools": [{"type": "custom", "custom": {"name": "patch", "description": "Takes a patch."}}]},
    ),
    Probe("tool output: text", _history("Fine."), [{"tool_call_id": "call_1", "content": "Fine."}]),
    Probe("tool output: image", _history([{"type": "text", "text": "See."}, _IMAGE]), [_IMAGE], _history("See.")),
    Probe("tool output: is_error", _history("No.", is_error=True), [{"is_error": True}], _history("No.")),
]

_CONTENT = [
    Probe(
        "system message",
        {"messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hi"}]},
        [{"role": "system", "content": "Be brief."}],
    ),
    Probe(
        "developer message",
        {"messages": [{"role": "developer", "content": "Be brief."}, {"role": "user", "content": "Hi"}]},
        [{"role": "developer", "content": "Be brief."}],
    ),
    Probe(
        "system message later on",
        {"messages": [{"role": "user", "content": "Hi"}, {"role": "system", "content": "Be brief."}]},
        [{"role": "system", "content": "Be brief."}],
    ),
    _part("image: data URL", _IMAGE),
    _part("image: URL", {"type": "image_url", "image_url": {"url": "https://example.com/a.png"}}),
    _part("image: detail", {"type": "image_url", "image_url": {"url": _PNG, "detail": "low"}}),
    _part("file: PDF data", {"type": "file", "file": {"filename": "a.pdf", "file_data": _PDF}}),
    _part("file: id", {"type": "file", "file": {"file_id": "file-1"}}),
    _part("audio input", {"type": "input_audio", "input_audio": {"data": _WAV, "format": "wav"}}),
    _part("cache_control mark", {"type": "text", "text": "Long.", "cache_control": {"type": "ephemeral"}}),
    _part("prompt_cache_breakpoint", {"type": "text", "text": "Long.", "prompt_cache_breakpoint": _BREAKPOINT}),
]


def _asked(name: str, adds: dict[str, Any], around: dict[str, Any] | None = None) -> Probe:
    return Probe(name, adds, around=around or {}, surface="responses")


_UPDATE = {"type": "configuration_update", "reasoning": {"effort": "high"}}
_HELLO = {"role": "user", "content": "Hi"}
_LONG = {"type": "input_text", "text": "Long.", "prompt_cache_breakpoint": _BREAKPOINT}
_MARKED = {"input": [{"role": "user", "content": [_LONG]}]}

_RESPONSES = [
    _asked("instructions", {"instructions": "Be brief."}),
    _asked("max_output_tokens", {"max_output_tokens": 100}),
    _asked("reasoning.effort: high", {"reasoning": {"effort": "high"}}),
    Probe("reasoning.summary", {"reasoning": {"summary": "auto"}}, surface="responses", is_kept=True),
    _asked("text.verbosity", {"text": {"verbosity": "low"}}),
    _asked(
        "text.format: json_schema",
        {"text": {"format": {"type": "json_schema", "name": "place", "schema": _SCHEMA, "strict": True}}},
    ),
    _asked("truncation: auto", {"truncation": "auto"}),
    _asked("include: logprobs", {"include": ["message.output_text.logprobs"], "top_logprobs": 2}),
    _asked(
        "input_file: URL",
        {
            "input": [
                {
                    "role": "user",
                    "content": [
                        {"type": "input_text", "text": "Read."},
                        {"type": "input_file", "file_url": "https://example.com/a.pdf"},
                    ],
                }
            ]
        },
        {"input": [{"role": "user", "content": [{"type": "input_text", "text": "Read."}]}]},
    ),
]

_RESPONSE_STATE = [
    _asked("reasoning.mode: pro", {"reasoning": {"mode": "pro"}}),
    Probe(
        "reasoning.context: current_turn", {"reasoning": {"context": "current_turn"}}, surface="responses", is_kept=True
    ),
    _asked("configuration_update: effort", {"input": [_UPDATE, _HELLO]}, {"input": [_HELLO]}),
    _asked("prompt_cache_options: ttl", {"prompt_cache_options": {"ttl": "30m"}, **_MARKED}, _MARKED),
    _asked("access_programs", {"access_programs": {"cyber": "standard"}}),
    _asked("image", {"image": {"context_compression": "enabled"}}),
]

_RESPONSE_TOOLS = [
    _asked("tools: function", {"tools": [_FLAT]}),
    _asked("tools: web_search", {"tools": [{"type": "web_search"}]}),
    _asked("tools: code_interpreter", {"tools": [{"type": "code_interpreter", "container": {"type": "auto"}}]}),
    _asked("tools: file_search", {"tools": [{"type": "file_search", "vector_store_ids": ["vs_1"]}]}),
    _asked("tools: mcp", {"tools": [{"type": "mcp", "server_label": "m", "server_url": "https://example.com/mcp"}]}),
    _asked("max_tool_calls", {"max_tool_calls": 3}, {"tools": [_FLAT]}),
]

BASES: Mapping[Surface, Mapping[str, Any]] = {
    "chat": {"model": "x", "messages": [{"role": "user", "content": "Hi"}]},
    "responses": {"model": "x", "input": "Hi"},
}
"""What every request has."""

SECTIONS: Mapping[str, Sequence[Probe]] = {
    "Limits and sampling, in chat": _LIMITS,
    "Answer and reasoning, in chat": _ANSWERS,
    "Identity, cache and service, in chat": _IDENTITY,
    "Tools, in chat": _TOOL_USE,
    "Messages, in chat": _CONTENT,
    "Settings and messages, in the Responses API": _RESPONSES,
    "Reasoning, changes of settings and cache, in the Responses API": _RESPONSE_STATE,
    "Tools, in the Responses API": _RESPONSE_TOOLS,
}
"""Everything that can be asked for, as the page has it: a table of each, not wider than it can be read."""

PROBES: Sequence[Probe] = [probe for probes in SECTIONS.values() for probe in probes]
"""The same in one list."""
