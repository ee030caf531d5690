"""Writes a Generation as the body of a chat completions request."""

from typing import Any

import orjson

from gateway.dialects.openai_chat.messages import chat_messages, chat_tool, chat_tool_choice
from gateway.errors import InvalidRequest
from gateway.generation import Generation
from gateway.providers.row import Facts

_LIMITS = ("max_completion_tokens", "max_tokens")


def encode_request(generation: Generation, model: str, facts: Facts) -> bytes:
    """The request for `model` as JSON. Raises `InvalidRequest` for what the upstream cannot be asked."""
    try:
        return orjson.dumps(encode_body(generation, model, facts))
    except orjson.JSONEncodeError:
        # Read it can be, written it cannot.
        raise InvalidRequest("The body is nested too deeply.", code="invalid_value") from None


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
        options = body.get("stream_options")
        if facts.stream_usage and (options is None or isinstance(options, dict)):
            body["stream_options"] = {**(options or {}), "include_usage": True}
    return _fit(body, facts)


def _translate(generation: Generation) -> dict[str, Any]:
    body = {**generation.fields, "messages": chat_messages(generation.instructions, generation.items)}
    if generation.tools:
        body["tools"] = [chat_tool(tool) for tool in generation.tools]
    if generation.tool_choice is not None:
        body["tool_choice"] = chat_tool_choice(generation.tool_choice)
    return body


def _fit(body: dict[str, Any], facts: Facts) -> dict[str, Any]:
    """Meet what is particular to this upstream."""
    if facts.token_limit_field or facts.max_answer_tokens:
        _limit(body, facts)
    if not facts.takes_developer_role:
        body["messages"] = [_as_system(message) for message in body["messages"]]
    if not facts.takes_tools:
        _leave_out_tools(body)
    if not facts.takes_parts:
        _refuse_parts(body["messages"])
    for name, value in facts.defaults.items():
        if body.get(name) is None:
            body[name] = value
    if facts.system_prompt and not any(m.get("role") in ("system", "developer") for m in body["messages"]):
        body["messages"] = [{"role": "system", "content": facts.system_prompt}, *body["messages"]]
    if facts.fields is not None:
        return {name: value for name, value in body.items() if name in facts.fields}
    return body


def _limit(body: dict[str, Any], facts: Facts) -> None:
    """Cap the answer's tokens, and give the limit the name that the upstream has for it."""
    asked = {name: _count(name, body[name]) for name in _LIMITS if body.get(name) is not None}
    limits = [*asked.values()]
    if facts.max_answer_tokens is not None:
        limits.append(facts.max_answer_tokens)
    if not limits:
        return
    for name in _LIMITS:
        body.pop(name, None)
    body[facts.token_limit_field or next(iter(asked), "max_tokens")] = min(limits)


def _count(name: str, value: Any) -> int:
    """A limit as a whole number: to some servers one below 1 is no limit at all."""
    if isinstance(value, bool) or not isinstance(value, int | float) or value < 1 or value != value // 1:
        message = f"Invalid value for {name}: expected a whole number from 1 up."
        raise InvalidRequest(message, param=name, code="invalid_value")
    return int(value)


def _as_system(message: dict[str, Any]) -> dict[str, Any]:
    return {**message, "role": "system"} if message.get("role") == "developer" else message


def _leave_out_tools(body: dict[str, Any]) -> None:
    choice = body.pop("tool_choice", None)
    if choice not in (None, "auto", "none"):
        message = "This model cannot call tools, so tool_choice must be auto or none."
        raise InvalidRequest(message, param="tool_choice", code="unsupported_parameter")
    for name in ("tools", "parallel_tool_calls"):
        body.pop(name, None)


def _refuse_parts(messages: list[dict[str, Any]]) -> None:
    for i, message in enumerate(messages):
        content = message.get("content")
        for j, part in enumerate(content if isinstance(content, list) else ()):
            if isinstance(part, dict) and part.get("type") not in ("text", "refusal"):
                place = f"messages[{i}].content[{j}]"
                raise InvalidRequest(f"This model reads text only; see {place}.", param=place, code="unsupported_value")
