"""Reads a plain answer of Converse."""

from collections.abc import Iterator
from typing import Any

from gateway.dialects.base import Origin
from gateway.dialects.bedrock.answer import Answer, arguments_of
from gateway.dialects.bedrock.usage import read_usage
from gateway.dialects.conversation.answers import NotAnAnswer, decode_whole
from gateway.events import Event, Told, Usage
from gateway.generation import Generation


def decode_reply(body: bytes, generation: Generation, origin: Origin) -> list[Event]:
    """The events of one reply, ending in `Done`, or in `Failed` where it is none."""

    def usage(document: dict[str, Any]) -> Usage | None:
        return read_usage(document.get("usage"))

    def said(document: dict[str, Any]) -> list[Event]:
        return _read(document, Answer(generation, origin))

    return decode_whole(body, origin, "Converse answer", usage, said)


def service_tier(document: dict[str, Any]) -> list[Event]:
    """The tier that served the request, where it is told."""
    match document.get("serviceTier"):
        case {"type": str() as tier}:
            return [Told({"service_tier": tier})]
        case _:
            return []


def _read(document: dict[str, Any], answer: Answer) -> list[Event]:
    match document:
        case {"output": {"message": {"content": list() as content}}, "stopReason": str() as reason}:
            events = [event for block in content for event in _block(block, answer)]
            return [*events, *answer.finish(reason), *service_tier(document)]
        case _:
            raise NotAnAnswer


def _block(block: Any, answer: Answer) -> Iterator[Event]:
    match block:
        case {"text": str() as text}:
            yield from answer.text(text)
        case {"toolUse": {"toolUseId": str() as call_id, "name": str() as name, **more}}:
            is_hosted = more.get("type") == "server_tool_use"
            yield from answer.hosted_call(call_id, name) if is_hosted else answer.call(call_id, name)
            yield from answer.arguments(arguments_of(more.get("input")))
        case {"toolResult": {"toolUseId": str() as call_id, **more}}:
            yield from answer.hosted_output(call_id, more.get("content"))
        case {"reasoningContent": dict() as reasoning}:
            yield from _reasoning(reasoning, answer)
        case {"image": {"source": {"bytes": str() as data}}}:
            answer.image(data)
        case {"citationsContent": dict() as cited}:
            yield from _cited(cited, answer)
        case dict():
            pass
        case _:
            raise NotAnAnswer
    yield from answer.end_block()


def _reasoning(reasoning: dict[str, Any], answer: Answer) -> Iterator[Event]:
    match reasoning:
        case {"reasoningText": {"text": str() as text, **more}}:
            yield from answer.thought(text)
            if isinstance(signature := more.get("signature"), str):
                answer.sign(signature)
        case {"redactedContent": str() as content}:
            answer.redact(content)


def _cited(cited: dict[str, Any], answer: Answer) -> Iterator[Event]:
    pieces, citations = cited.get("content"), cited.get("citations")
    for piece in pieces if isinstance(pieces, list) else ():
        if isinstance(piece, dict) and isinstance(piece.get("text"), str):
            yield from answer.text(piece["text"])
    for citation in citations if isinstance(citations, list) else ():
        answer.cite(citation)
