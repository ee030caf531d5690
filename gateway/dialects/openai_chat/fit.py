"""Fits a chat request to what is particular to one upstream."""

from typing import Any

from gateway.dialects.base import Origin
from gateway.dialects.openai_chat.choices import fit_choice, leave_out_tools
from gateway.dialects.openai_chat.efforts import fit_effort
from gateway.dialects.openai_chat.fields import Named, fit_fields, keep_known, leave_out_with_reasoning, limit
from gateway.dialects.openai_chat.forms import fit_form
from gateway.dialects.openai_chat.media import fit_parts
from gateway.dialects.openai_chat.messages import fit_messages

Body = dict[str, Any]


def fit(body: Body, origin: Origin, dropped: list[str], named: Named = str) -> Body:
    """The body as this upstream takes it; what had to go is added to `dropped`. Raises `InvalidRequest`.

    `named` gives a field the name by which the client asked for it. What came is not changed: a message that has to
    be another one is copied.
    """
    facts = origin.facts
    if facts.token_limit_field or facts.max_answer_tokens:
        limit(body, facts)
    if facts.thinking is not None and "reasoning_effort" in body:
        fit_effort(body, facts.thinking, dropped)
    if facts.dropped_reasoning:
        leave_out_with_reasoning(body, facts, body.get("reasoning_effort"), dropped)
    if not facts.takes_tools:
        leave_out_tools(body, origin, dropped)
    elif body.get("tool_choice") is not None:
        fit_choice(body, facts)
    if body.get("response_format") is not None:
        fit_form(body, facts)
    _fit_conversation(body, origin, dropped)
    fit_fields(body, facts, origin.provider, dropped, named)
    for name, value in facts.defaults.items():
        if body.get(name) is None:
            body[name] = value
    return body if facts.fields is None else keep_known(body, facts.fields, dropped)


def _fit_conversation(body: Body, origin: Origin, dropped: list[str]) -> None:
    facts = origin.facts
    if not (facts.takes_parts and facts.takes_image_urls) or facts.part_forms:
        body["messages"] = fit_parts(body["messages"], facts, f"{origin.model} at {origin.provider}")
    body["messages"] = fit_messages(body["messages"], facts, dropped)
    if facts.system_prompt and not _has_instructions(body["messages"]):
        body["messages"] = [{"role": "system", "content": facts.system_prompt}, *body["messages"]]


def _has_instructions(messages: list[Body]) -> bool:
    return any(message.get("role") in ("system", "developer") for message in messages)
