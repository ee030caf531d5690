"""Bodies with every setting, at ordinary, extreme and odd values."""

from collections.abc import Iterator
from typing import Any

from scripts.goldens.cases import Case
from scripts.goldens.schemas_asked import SCHEMAS
from scripts.goldens.targets import FEW, chat, responses

_EFFORTS = ("none", "minimal", "low", "medium", "high", "xhigh", "max", "odd")
_NUMBERS = (0, 0.5, 1, 2, -3, 1000)
_CHAT: dict[str, list[Any]] = {
    "max_tokens": [1, 2000, 10_000_000, 0],
    "max_completion_tokens": [1, 2000, 10_000_000],
    "temperature": [*_NUMBERS, None],
    "top_p": [0, 0.001, 0.5, 1],
    "top_k": [0, 1, 40, 1000, "many"],
    "min_p": [0.1],
    "stop": ["END", ["A", "B"], [], "", ["", "A"], [" "], [f"s{number}" for number in range(7)], None],
    "seed": [0, 7, -1, 2**40],
    "presence_penalty": [-2, 0, 1, 2],
    "frequency_penalty": [-2, 0, 1, 2],
    "n": [1, 2, 8],
    "logprobs": [True, False],
    "top_logprobs": [0, 5],
    "logit_bias": [{}, {"5": 10}],
    "reasoning_effort": [*_EFFORTS, None],
    "verbosity": ["low", "medium", "high"],
    "user": ["user-1", "", "u" * 300],
    "safety_identifier": ["user-1"],
    "service_tier": ["auto", "default", "flex", "priority", "scale", "odd"],
    "store": [True, False],
    "metadata": [{"a": "b"}, {}],
    "prediction": [
        {"type": "content", "content": "x"},
        {"type": "content", "content": [{"type": "text", "text": "x"}]},
    ],
    "modalities": [["text"], ["text", "image"], ["image"], ["text", "audio"]],
    "audio": [{"voice": "ash", "format": "wav"}],
    "web_search_options": [{}, {"search_context_size": "low"}],
    "prompt_cache_key": ["key"],
    "prompt_cache_retention": ["24h"],
    "parallel_tool_calls": [True, False],
    "tool_choice": ["none", "auto"],
    "stream_options": [{"include_usage": True}],
    "thinking": [{"type": "enabled", "budget_tokens": 2000}, {"type": "disabled"}, "odd"],
    "reasoning": [{"effort": "high"}, {"max_tokens": 100}],
    "output_config": [{"effort": "low"}, "odd"],
    "safety_settings": [[{"category": "HARM_CATEGORY_HARASSMENT", "threshold": "BLOCK_NONE"}]],
    "safety_mode": ["STRICT", "OFF"],
    "guardrailConfig": [{"guardrailIdentifier": "g", "guardrailVersion": "1"}, "odd"],
    "additionalModelRequestFields": [{"top_k": 5}, "odd"],
    "performanceConfig": [{"latency": "optimized"}],
    "requestMetadata": [{"a": "b"}],
    "cachedContent": ["cachedContents/1"],
    "labels": [{"a": "b"}],
    "documents": [["a document"], [{"data": {"text": "x"}}]],
    "citation_options": [{"mode": "FAST"}],
    "cache_control": [{"type": "ephemeral"}],
    "metadata_odd": [{"deep": {"er": 1}}],
    "container": ["c1"],
    "context_management": [{"edits": []}],
    "mcp_servers": [[{"type": "url", "url": "https://example.com", "name": "m"}]],
    "provider": [{"order": ["a"]}],
    "transforms": [["middle-out"]],
    "extra_body": [{"a": 1}],
    "models": [["anthropic/claude-sonnet-4-5"], [], ["nobody/m"], [7], "odd"],
}
_RESPONSES: dict[str, list[Any]] = {
    "max_output_tokens": [1, 16, 2000, 10_000_000, None],
    "max_tool_calls": [1],
    "temperature": [*_NUMBERS],
    "top_p": [0, 0.5, 1],
    "top_k": [40],
    "reasoning": [
        *({"effort": effort} for effort in _EFFORTS),
        *({"summary": summary} for summary in ("auto", "concise", "detailed")),
        *({"effort": "high", "generate_summary": "auto"}, {}, None),
    ],
    "text": [{}, {"verbosity": "low"}, {"verbosity": "high"}, {"format": {"type": "text"}}, None],
    "truncation": ["auto", "disabled"],
    "include": [
        *(["reasoning.encrypted_content"], ["message.output_text.logprobs"], ["code_interpreter_call.outputs"]),
        *(["web_search_call.action.sources"], ["file_search_call.results"], []),
    ],
    "top_logprobs": [0, 3],
    "store": [True, False, None],
    "background": [True, False],
    "context_management": [[{"type": "compaction", "compact_threshold": 1000}]],
    "instructions": ["Be brief.", "", None],
    "metadata": [{"a": "b"}, None],
    "user": ["user-1"],
    "safety_identifier": ["user-1"],
    "prompt_cache_key": ["key"],
    "prompt_cache_retention": ["24h"],
    "service_tier": ["auto", "default", "flex", "priority"],
    "parallel_tool_calls": [True, False],
    "prompt": [{"id": "pmpt_1"}],
    "conversation": ["conv_missing", {"id": "conv_missing"}],
    "previous_response_id": ["resp_missing"],
    "stream_options": [{"include_obfuscation": False}],
    "moderation": ["auto"],
    "stop": [["END"]],
    "seed": [7],
    "presence_penalty": [0.5],
    "unknown_field": [1],
    "models": [["anthropic/claude-sonnet-4-5"], ["nobody/m"]],
}
_WITH_TOOLS = ("plain", "list", "choices", "object", "text", "none")
_HISTORY = [
    {"role": "user", "content": "Hi"},
    {"role": "system", "content": "Be brief.", "reasoning": {"effort": "low"}},
    {"type": "configuration_update", "reasoning": {"effort": "high"}},
    {"role": "user", "content": "Go on."},
]


def setting_cases() -> Iterator[Case]:
    """Every case about settings."""
    yield from chat("chat-setting", _each(_CHAT))
    yield from responses("response-setting", {**_each(_RESPONSES), "update": {"input": _HISTORY}})
    reasons = {f"{name} while reasoning": {name: values[-1]} for name, values in _CHAT.items()}
    yield from chat("chat-setting", {name: {"reasoning_effort": "high", **body} for name, body in reasons.items()}, FEW)
    yield from chat("chat-form", _chat_forms())
    yield from responses("response-form", _response_forms())


def _each(settings: dict[str, list[Any]]) -> dict[str, dict[str, Any]]:
    return {
        f"{name} {number}": {name: value} for name, values in settings.items() for number, value in enumerate(values)
    }


def _chat_forms() -> dict[str, dict[str, Any]]:
    tools = [{"type": "function", "function": {"name": "look", "parameters": {"type": "object", "properties": {}}}}]
    found: dict[str, dict[str, Any]] = {}
    for name, form in _forms():
        nested = {"type": "json_schema", "json_schema": form} if name.startswith("schema") else form
        found[name] = {"response_format": nested}
        if name.endswith(_WITH_TOOLS):
            found[f"{name} with tools"] = {"response_format": nested, "tools": tools}
            found[f"{name} while reasoning"] = {"response_format": nested, "reasoning_effort": "high"}
            for choice in ("required", "none"):
                asked = {"response_format": nested, "tools": tools, "tool_choice": choice}
                found[f"{name} with tools {choice}"] = asked
    return found


def _response_forms() -> dict[str, dict[str, Any]]:
    tools = [{"type": "function", "name": "look", "parameters": {"type": "object", "properties": {}}}]
    found: dict[str, dict[str, Any]] = {}
    for name, form in _forms():
        flat = {"type": "json_schema", **form} if name.startswith("schema") else form
        found[name] = {"text": {"format": flat}}
        if name.endswith(_WITH_TOOLS):
            found[f"{name} with tools"] = {"text": {"format": flat}, "tools": tools}
    return found


def _forms() -> Iterator[tuple[str, Any]]:
    for name, schema in SCHEMAS.items():
        yield f"schema {name}", {"name": "place", "schema": schema}
        yield f"schema strict {name}", {"name": "place", "schema": schema, "strict": True, "description": "A place."}
    yield "schema none", {"name": "place"}
    yield "schema odd", {"name": "a b", "schema": "odd", "strict": "yes"}
    yield "object", {"type": "json_object"}
    yield "text", {"type": "text"}
    yield "grammar", {"type": "grammar", "grammar": "x"}
    yield "unknown", {"type": "yet_to_come"}
    yield "empty", {}
