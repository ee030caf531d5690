"""Fits a chat request to what is particular to one upstream."""

from typing import Any

from gateway.dialects.base import Origin
from gateway.errors import InvalidRequest
from gateway.providers.row import Facts

Body = dict[str, Any]
_LIMITS = ("max_completion_tokens", "max_tokens")


def fit(body: Body, origin: Origin, dropped: list[str]) -> Body:
    """The body as this upstream takes it; what had to go is added to `dropped`. Raises `InvalidRequest`."""
    facts = origin.facts
    if facts.token_limit_field or facts.max_answer_tokens:
        _limit(body, facts)
    if not facts.takes_developer_role:
        body["messages"] = [_as_system(message) for message in body["messages"]]
    if not facts.takes_tools:
        _leave_out_tools(body, origin, dropped)
    if not facts.takes_parts:
        _refuse_parts(body["messages"], origin)
    for name in facts.dropped & body.keys():
        if body.pop(name) is not None:
            dropped.append(name)
    for name, value in facts.defaults.items():
        if body.get(name) is None:
            body[name] = value
    if facts.system_prompt and not any(m.get("role") in ("system", "developer") for m in body["messages"]):
        body["messages"] = [{"role": "system", "content": facts.system_prompt}, *body["messages"]]
    return body if facts.fields is None else _known(body, facts.fields, dropped)


def _known(body: Body, fields: frozenset[str], dropped: list[str]) -> Body:
    dropped += [name for name, value in body.items() if name not in fields and value is not None]
    return {name: value for name, value in body.items() if name in fields}


def _limit(body: Body, facts: Facts) -> None:
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


def _as_system(message: Body) -> Body:
    return {**message, "role": "system"} if message.get("role") == "developer" else message


def _leave_out_tools(body: Body, origin: Origin, dropped: list[str]) -> None:
    choice = body.pop("tool_choice", None)
    if choice not in (None, "auto", "none"):
        message = f"{origin.model} at {origin.provider} cannot call tools, so tool_choice must be auto or none."
        raise InvalidRequest(message, param="tool_choice", code="unsupported_parameter")
    body.pop("parallel_tool_calls", None)
    if body.pop("tools", None):
        dropped.append("tools")


def _refuse_parts(messages: list[Body], origin: Origin) -> None:
    for i, message in enumerate(messages):
        content = message.get("content")
        for j, part in enumerate(content if isinstance(content, list) else ()):
            if isinstance(part, dict) and part.get("type") not in ("text", "refusal"):
                place = f"messages[{i}].content[{j}]"
                why = f"{origin.model} at {origin.provider} reads text only; see {place}."
                raise InvalidRequest(why, param=place, code="unsupported_value")
