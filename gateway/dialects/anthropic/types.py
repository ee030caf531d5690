"""What is written to Anthropic: the body of `POST /v1/messages` and what it consists of.

https://docs.claude.com/en/api/messages
"""

from typing import Literal, NotRequired, TypeAlias, TypedDict

from gateway.neutral.json import Json, JsonObject


class TextBlock(TypedDict):
    type: Literal["text"]
    text: str
    cache_control: NotRequired[JsonObject]


class Base64Source(TypedDict):
    type: Literal["base64"]
    media_type: str
    data: str


class TextSource(TypedDict):
    type: Literal["text"]
    media_type: Literal["text/plain"]
    data: str


class UrlSource(TypedDict):
    type: Literal["url"]
    url: str


class ImageBlock(TypedDict):
    type: Literal["image"]
    source: Base64Source | UrlSource
    cache_control: NotRequired[JsonObject]


class DocumentBlock(TypedDict):
    type: Literal["document"]
    source: Base64Source | TextSource | UrlSource
    title: NotRequired[str]
    citations: NotRequired[Json]
    context: NotRequired[Json]
    cache_control: NotRequired[JsonObject]


InputBlock: TypeAlias = TextBlock | ImageBlock | DocumentBlock


class ToolUseBlock(TypedDict):
    type: Literal["tool_use"]
    id: str
    name: str
    input: JsonObject
    cache_control: NotRequired[JsonObject]


class ToolResultBlock(TypedDict):
    type: Literal["tool_result"]
    tool_use_id: str
    content: str | list[InputBlock]
    is_error: NotRequired[bool]
    cache_control: NotRequired[JsonObject]


Block: TypeAlias = InputBlock | ToolUseBlock | ToolResultBlock | JsonObject
"""The last is a block of an earlier answer that goes back as it came: thinking, and tools that Anthropic ran."""


class Message(TypedDict):
    role: Literal["user", "assistant", "system"]
    content: list[Block]


class ClientTool(TypedDict):
    name: str
    description: NotRequired[str]
    input_schema: JsonObject
    strict: NotRequired[bool]
    defer_loading: NotRequired[Json]
    eager_input_streaming: NotRequired[Json]
    input_examples: NotRequired[Json]
    allowed_callers: NotRequired[Json]
    cache_control: NotRequired[JsonObject]


Tool: TypeAlias = ClientTool | JsonObject
"""The second is a tool that Anthropic runs; its fields depend on its type."""


class ToolChoice(TypedDict):
    type: Literal["auto", "any", "none", "tool"]
    name: NotRequired[str]
    disable_parallel_tool_use: NotRequired[bool]


class Metadata(TypedDict):
    user_id: Json


class RequestBody(TypedDict):
    model: str
    max_tokens: int
    messages: list[Message]
    system: NotRequired[str | list[TextBlock]]
    tools: NotRequired[list[Tool]]
    tool_choice: NotRequired[ToolChoice]
    thinking: NotRequired[JsonObject]
    output_config: NotRequired[JsonObject]
    temperature: NotRequired[Json]
    top_p: NotRequired[Json]
    top_k: NotRequired[Json]
    stop_sequences: NotRequired[list[str]]
    metadata: NotRequired[Metadata]
    service_tier: NotRequired[str]
    container: NotRequired[Json]
    inference_geo: NotRequired[Json]
    cache_control: NotRequired[Json]
    stream: NotRequired[bool]
