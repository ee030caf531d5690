"""Translates the neutral part of a Generation, whose fields have chat's names, into a Responses request."""

from collections.abc import Sequence
from typing import Any

from gateway.dialects.base import Origin
from gateway.dialects.conversation.report import Report
from gateway.dialects.openai_responses.conversation import input_items
from gateway.dialects.openai_responses.marks import unmarked_items, unmarked_tools
from gateway.errors import InvalidRequest
from gateway.generation import Generation, Recovered

_Body = dict[str, Any]
_LOGPROBS = "message.output_text.logprobs"
# What OpenAI takes at least; chat takes any (shared facts on the Responses API, section 4, no. 23).
_LEAST_LIMIT = 16
_LIMITS = ("max_completion_tokens", "max_tokens", "max_output_tokens")
# The same in both dialects. `top_k` is not OpenAI's, and its row says so.
_SAME = frozenset(
    {
        "moderation",
        "parallel_tool_calls",
        "prompt_cache_key",
        "prompt_cache_options",
        "prompt_cache_retention",
        "safety_identifier",
        "service_tier",
        "temperature",
        "top_k",
        "top_p",
        "user",
    }
)
# Without these the answer would be another one; the values that ask for nothing are no reason to refuse.
_REFUSED: dict[str, tuple[Any, ...]] = {
    "audio": (),
    "frequency_penalty": (0,),
    "logit_bias": ({},),
    "modalities": (["text"], []),
    "n": (1,),
    "presence_penalty": (0,),
    "stop": ([], ""),
    "web_search_options": (),
}
_READ = frozenset({*_LIMITS, "logprobs", "top_logprobs", "reasoning_effort", "verbosity", "response_format"})


def translate(generation: Generation, origin: Origin, dropped: list[str]) -> _Body:
    """The body, all but its model; names of fields that have no place in it are added to `dropped`.

    Raises `InvalidRequest` for what cannot be left out, and cannot be said.
    """
    fields = generation.fields
    body: _Body = {}
    if generation.instructions:
        body["instructions"] = generation.instructions
    # Reasoning without its state was taken away from its reader, but stands in its place.
    items = unmarked_items(generation, dropped)
    items = [item for item in items if item.get("type") != "reasoning" or isinstance(item, Recovered)]
    body["input"] = input_items(items)
    report = Report(generation, origin.provider)
    if not (body["input"] or generation.instructions):
        raise report.nothing_said()
    is_chat = generation.native is not None
    if is_chat:
        _require_known_parts(generation.items, report)
    if generation.tools:
        tools = unmarked_tools(generation.tools, dropped) if is_chat else generation.tools
        body["tools"] = [_tool(tool, is_chat=is_chat) for tool in tools]
    if generation.tool_choice is not None:
        body["tool_choice"] = generation.tool_choice
    body |= _settings(fields, dropped)
    for name, value in fields.items():
        if value is None or name in _READ:
            continue
        if name in _SAME:
            body[name] = value
        else:
            _leave_out(name, value, origin.provider)
            dropped.append(name)
    dropped += generation.untranslated
    return body


def _require_known_parts(items: Sequence[_Body], report: Report) -> None:
    """Raises `InvalidRequest` for a part of chat's that has no place in an item of its role.

    The Responses API reads no sound (its description of August 2026), and texts alone of who gives instructions.
    """
    for number, item in enumerate(items):
        for field in ("content", "output"):
            parts = item.get(field)
            for place, part in enumerate(parts if isinstance(parts, list) else ()):
                kind, role = part.get("type"), item.get("role")
                if kind == "input_audio" or (role in ("system", "developer") and kind != "input_text"):
                    what = f"parts of type {kind!r} through the Responses API in what is said by {role or 'a tool'}"
                    raise report.unsupported(what, report.item(number, f".{field}[{place}].type"))


def _leave_out(name: str, value: Any, provider: str) -> None:
    """Raises `InvalidRequest` for a field that the answer depends on."""
    if name in _REFUSED and value not in _REFUSED[name]:
        message = (
            f"{provider} is asked through the Responses API, which has no {name}: the answer would be another one."
        )
        raise InvalidRequest(message, param=name, code="unsupported_parameter")


def _settings(fields: _Body, dropped: list[str]) -> _Body:
    """The fields that have other names, or another form."""
    body: _Body = {}
    for name in _LIMITS:
        if fields.get(name) is not None:
            body["max_output_tokens"] = _limit(name, fields[name], dropped)
            break
    if fields.get("reasoning_effort") is not None:
        body["reasoning"] = {"effort": fields["reasoning_effort"]}
    text: _Body = {}
    if fields.get("response_format") is not None:
        text["format"] = _format(fields["response_format"])
    if fields.get("verbosity") is not None:
        text["verbosity"] = fields["verbosity"]
    if text:
        body["text"] = text
    if fields.get("logprobs"):
        body["include"] = [_LOGPROBS]
        if fields.get("top_logprobs") is not None:
            body["top_logprobs"] = fields["top_logprobs"]
    return body


def _limit(name: str, value: Any, dropped: list[str]) -> Any:
    """The token limit, raised to the least that is taken; that it was raised is said."""
    if type(value) not in (int, float) or value >= _LEAST_LIMIT or value < 1:
        return value
    dropped.append(name)
    return _LEAST_LIMIT


def _format(given: Any) -> Any:
    """A response format, which chat nests under its type, flat."""
    if not isinstance(given, dict) or given.get("type") != "json_schema":
        return given
    nested = given.get("json_schema")
    schema = nested if isinstance(nested, dict) else given
    # Here it needs a schema, and a name; with no schema every object has its form.
    if not isinstance(schema.get("schema"), dict):
        return {"type": "json_object"}
    return {"type": "json_schema", "name": "answer", **schema} | {"type": "json_schema"}


def _tool(tool: Any, *, is_chat: bool) -> Any:
    """A tool in its flat form.

    A `strict` that is left out means false in chat and true here. What came in this dialect's own form stays as it is:
    OpenAI makes such a schema strict itself, and would refuse one that calls itself strict and is not.
    """
    if not isinstance(tool, dict):
        return tool
    kind = tool.get("type")
    nested = tool.get(kind) if kind in ("function", "custom") else None
    flat = {"type": kind, **nested} if isinstance(nested, dict) else tool
    if kind != "function":
        return flat
    # OpenAI's own description of the API requires it, if only to be null.
    flat = {"parameters": None, **flat}
    return {**flat, "strict": False} if flat.get("strict") is None and (is_chat or nested) else flat
