"""Requests of both APIs, as Bedrock is sent them."""

from dataclasses import dataclass
from typing import Any

import orjson

from gateway.dialects.base import Origin
from gateway.dialects.bedrock import BEDROCK_CONVERSE
from gateway.neutral.generation import Generation
from gateway.providers import ROWS
from gateway.surfaces.openai_chat import OpenAIChatSurface
from gateway.surfaces.openai_responses import OpenAIResponsesSurface
from tests.unit.generations import translated

DIALECT = BEDROCK_CONVERSE
CLAUDE_3 = "anthropic.claude-3-haiku-20240307-v1:0"
CLAUDE_4 = "us.anthropic.claude-sonnet-4-20250514-v1:0"
CLAUDE_4_5 = "us.anthropic.claude-sonnet-4-5-20250929-v1:0"
CLAUDE_4_6 = "us.anthropic.claude-sonnet-4-6"
CLAUDE_5 = "global.anthropic.claude-opus-5"
CLAUDE_FREE = "anthropic.claude-fable-5"
NOVA = "us.amazon.nova-lite-v1:0"
NOVA_2 = "us.amazon.nova-2-lite-v1:0"
GPT_OSS = "openai.gpt-oss-120b-1:0"
QWEN = "qwen.qwen3-32b-v1:0"
LLAMA = "meta.llama3-3-70b-instruct-v1:0"
MISTRAL = "mistral.ministral-3-8b-instruct"
MISTRAL_LARGE = "mistral.mistral-large-2407-v1:0"
DEEPSEEK = "us.deepseek.r1-v1:0"
UNKNOWN = "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/abc"
MODELS = (
    *(CLAUDE_3, CLAUDE_4, CLAUDE_4_5, CLAUDE_4_6, CLAUDE_5, CLAUDE_FREE, NOVA, NOVA_2, GPT_OSS, QWEN, LLAMA, MISTRAL),
    *(MISTRAL_LARGE, DEEPSEEK, UNKNOWN),
)
WEATHER = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
TOOL = {"type": "function", "function": {"name": "weather", "description": "The weather.", "parameters": WEATHER}}
SCHEMA = {
    "type": "object",
    "properties": {"city": {"type": "string"}},
    "required": ["city"],
    "additionalProperties": False,
}
FORM = {"type": "json_schema", "json_schema": {"name": "place", "schema": SCHEMA, "description": "A place."}}


@dataclass
class Sent:
    """What Bedrock would get."""

    path: str
    body: dict[str, Any]
    dropped: list[str]

    @property
    def messages(self) -> list[dict[str, Any]]:
        messages: list[dict[str, Any]] = self.body["messages"]
        return messages

    @property
    def inference(self) -> dict[str, Any]:
        found: dict[str, Any] = self.body.get("inferenceConfig", {})
        return found

    @property
    def extra(self) -> dict[str, Any]:
        found: dict[str, Any] = self.body.get("additionalModelRequestFields", {})
        return found

    @property
    def tools(self) -> dict[str, Any]:
        found: dict[str, Any] = self.body.get("toolConfig", {})
        return found


def origin(model: str) -> Origin:
    return Origin("bedrock", model, ROWS["bedrock"].own.of(model))


def of_chat(messages: Any, model: str = CLAUDE_4_5, **fields: Any) -> Generation:
    """A chat request as a Generation; a text is the user's only message."""
    said = [{"role": "user", "content": messages}] if isinstance(messages, str) else messages
    return translated(OpenAIChatSurface(), {"model": model, "messages": said, **fields}, "bedrock")


def of_responses(input: Any, model: str = CLAUDE_4_5, **fields: Any) -> Generation:
    """A request to the Responses API as a Generation."""
    return translated(OpenAIResponsesSurface(), {"model": model, "input": input, **fields}, "bedrock")


def encoded(generation: Generation) -> Sent:
    outbound = DIALECT.encode(generation, origin(generation.model))
    return Sent(outbound.path, orjson.loads(outbound.body), list(outbound.dropped))


def chat(messages: Any, model: str = CLAUDE_4_5, **fields: Any) -> Sent:
    """What Bedrock would get for a chat request."""
    return encoded(of_chat(messages, model, **fields))


def call(call_id: str = "call_1", name: str = "weather", arguments: str = '{"city":"Paris"}') -> dict[str, Any]:
    """An assistant's message with one call."""
    made = {"id": call_id, "type": "function", "function": {"name": name, "arguments": arguments}}
    return {"role": "assistant", "content": None, "tool_calls": [made]}


def result(content: Any = "Sunny.", call_id: str = "call_1") -> dict[str, Any]:
    return {"role": "tool", "tool_call_id": call_id, "content": content}
