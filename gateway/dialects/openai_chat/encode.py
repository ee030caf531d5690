"""Writes a Generation as the body of a chat completions request."""

from typing import Any

from gateway.dialects.openai_chat.messages import chat_messages, chat_tool, chat_tool_choice
from gateway.generation import Generation
from gateway.providers.row import Facts

_LIMITS = ("max_completion_tokens", "max_tokens")


def encode_body(generation: Generation, model: str, facts: Facts) -> dict[str, Any]:
    """The request for `model`, a native body with nothing lost, a neutral one translated."""
    body = dict(generation.native.body) if generation.native else _translate(generation)
    body["model"] = model
    if generation.metadata:
        body["metadata"] = generation.metadata
    else:
        body.pop("metadata", None)
    if generation.is_stream:
        body["stream"] = True
        if facts.stream_usage:
            body["stream_options"] = {**(body.get("stream_options") or {}), "include_usage": True}
    return _fit(body, facts)


def _translate(generation: Generation) -> dict[str, Any]:
    body: dict[str, Any] = {"messages": chat_messages(generation.instructions, generation.items)}
    body.update(generation.fields)
    if generation.tools:
        body["tools"] = [chat_tool(tool) for tool in generation.tools]
    if generation.tool_choice is not None:
        body["tool_choice"] = chat_tool_choice(generation.tool_choice)
    return body


def _fit(body: dict[str, Any], facts: Facts) -> dict[str, Any]:
    """Meet what is particular to this upstream."""
    if facts.token_limit_field or facts.max_answer_tokens:
        _limit(body, facts)
    for name, value in facts.defaults.items():
        if body.get(name) is None:
            body[name] = value
    if facts.system_prompt and not any(m.get("role") in ("system", "developer") for m in body["messages"]):
        body["messages"] = [{"role": "system", "content": facts.system_prompt}, *body["messages"]]
    return body


def _limit(body: dict[str, Any], facts: Facts) -> None:
    asked = [name for name in _LIMITS if body.get(name) is not None]
    limit = min((body[name] for name in asked), default=None)
    if facts.max_answer_tokens is not None:
        limit = facts.max_answer_tokens if limit is None else min(limit, facts.max_answer_tokens)
    if limit is None:
        return
    for name in _LIMITS:
        body.pop(name, None)
    body[facts.token_limit_field or (asked[0] if asked else "max_tokens")] = limit
