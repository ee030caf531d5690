"""Chat bodies as they are fitted to one provider."""

from typing import Any

import orjson

from gateway.dialects.base import Origin
from gateway.dialects.openai_chat import OpenAIChat
from gateway.dialects.profiles.openai_chat import ChatProfile
from gateway.neutral.generation import Generation
from gateway.providers import ROWS
from gateway.surfaces.openai_chat import OpenAIChatSurface

DIALECT, SURFACE = OpenAIChat(), OpenAIChatSurface()
HI = [{"role": "user", "content": "Hi"}]


def fitted(provider: str, model: str, /, **fields: Any) -> tuple[dict[str, Any], list[str]]:
    """What a provider that is known by name is sent for a chat body, and what was left out."""
    facts = ROWS[provider].profile(ChatProfile).of(model)
    outbound = DIALECT.encode(asked(model, **fields), Origin(provider, model, facts))
    return orjson.loads(outbound.body), list(outbound.dropped)


def asked(model: str = "m", **fields: Any) -> Generation:
    body: Any = {"model": model, "messages": HI, **fields}
    return SURFACE.read(body)


def called(call_id: str, **more: Any) -> dict[str, Any]:
    call = {"id": call_id, "type": "function", "function": {"name": "look", "arguments": "{}"}}
    return {"role": "assistant", "content": None, "tool_calls": [call], **more}


def result(call_id: str) -> dict[str, Any]:
    return {"role": "tool", "tool_call_id": call_id, "content": "Sunny"}
