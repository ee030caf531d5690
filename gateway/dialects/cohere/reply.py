"""Reads a plain answer of Cohere's."""

from typing import Any

import orjson

from gateway.dialects.base import Origin
from gateway.dialects.cohere.errors import broken_off, error_in_band
from gateway.dialects.cohere.messages import PLAN, THINKING
from gateway.dialects.cohere.telling import Telling, logprobs
from gateway.dialects.cohere.tokens import read_usage
from gateway.dialects.conversation.answers import NotAnAnswer, nonsense
from gateway.dialects.depth import is_too_deep
from gateway.errors import GatewayError
from gateway.events import Done, Event, Failed
from gateway.generation import Generation


def decode_reply(body: bytes, generation: Generation, origin: Origin) -> list[Event]:
    """The events of one reply, ending in `Done`, or in `Failed`."""
    usage = None
    try:
        document = orjson.loads(body)
        if not isinstance(document, dict) or is_too_deep(body, document):
            raise NotAnAnswer
        usage = read_usage(document.get("usage"))
        broken = error_in_band(document, origin) or broken_off(document.get("finish_reason"), document, origin)
        if broken is not None:
            raise broken
        return [*_said(document, Telling(generation, origin)), *([usage] if usage else []), Done()]
    except (orjson.JSONDecodeError, NotAnAnswer):
        return [Failed(nonsense(origin, "answered with something that is no answer of its chat"))]
    except GatewayError as error:
        return [*([usage] if usage else []), Failed(error)]


def _said(document: dict[str, Any], telling: Telling) -> list[Event]:
    message = document.get("message")
    if not isinstance(message, dict):
        raise NotAnAnswer
    events: list[Event] = []
    cited = _cited(message)
    content = message.get("content")
    parts = [{"type": "text", "text": content}] if isinstance(content, str) else content or []
    told = logprobs(document.get("logprobs"))
    for place, part in enumerate(parts if isinstance(parts, list) else []):
        match part:
            case {"type": "thinking", "thinking": str() as text}:
                events += [*telling.thought(), *telling.think(text, THINKING)]
            case {"type": "text", "text": str() as text}:
                events += [*telling.begin_text(), *telling.text(text, told)]
                told = None
                for citation in cited.get(place, ()):
                    events += telling.cite(citation)
    plan = message.get(PLAN)
    if isinstance(plan, str):
        events += [*telling.thought(), *telling.think(plan, PLAN)]
    calls = message.get("tool_calls")
    for index, call in enumerate(calls if isinstance(calls, list) else []):
        events += telling.call(index, call)
    return [*events, *telling.finish(document.get("finish_reason"))]


def _cited(message: dict[str, Any]) -> dict[int, list[Any]]:
    """The citations by the part of the content that they stand in."""
    found: dict[int, list[Any]] = {}
    citations = message.get("citations")
    for citation in citations if isinstance(citations, list) else []:
        place = citation.get("content_index") if isinstance(citation, dict) else None
        found.setdefault(place if isinstance(place, int) else 0, []).append(citation)
    return found
