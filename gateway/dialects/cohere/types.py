"""What Cohere's chat is sent, version 2 (its API reference, https://docs.cohere.com/reference/chat, August 2026)."""

from typing import Literal, NotRequired, TypedDict

from gateway.neutral.json import JsonObject


class TextContent(TypedDict):
    """A text."""

    type: Literal["text"]
    text: str


class ThinkingContent(TypedDict):
    """Earlier reasoning of the model."""

    type: Literal["thinking"]
    thinking: str


class ImageUrl(TypedDict):
    """The address of an image, which may be a `data:` URL."""

    url: str
    detail: NotRequired[str]


class ImageContent(TypedDict):
    """An image."""

    type: Literal["image_url"]
    image_url: ImageUrl


Content = TextContent | ThinkingContent | ImageContent


class CalledFunction(TypedDict):
    """The function of a call; `arguments` are JSON."""

    name: str
    arguments: str


class ToolCallMessage(TypedDict):
    """A call in an earlier answer."""

    id: str
    type: Literal["function"]
    function: CalledFunction


class InputMessage(TypedDict):
    """A message of the user's, or a system message, whose content is always a string."""

    role: Literal["user", "system"]
    content: str | list[Content]


class AssistantMessage(TypedDict):
    """An earlier answer."""

    role: Literal["assistant"]
    content: NotRequired[str | list[Content]]
    tool_plan: NotRequired[str]
    tool_calls: NotRequired[list[ToolCallMessage]]


class ToolMessage(TypedDict):
    """The output of one call."""

    role: Literal["tool"]
    tool_call_id: str
    content: str | list[Content]


Message = InputMessage | AssistantMessage | ToolMessage


class Function(TypedDict):
    """A function; `parameters` is a JSON schema of type `object`."""

    name: str
    description: NotRequired[str]
    parameters: JsonObject


class Tool(TypedDict):
    """A tool: functions are the only kind."""

    type: Literal["function"]
    function: Function


class ResponseFormat(TypedDict):
    """The format of the answer; its schema is not nested any deeper."""

    type: Literal["json_object"]
    json_schema: NotRequired[JsonObject]


ToolChoice = Literal["REQUIRED", "NONE"]


class ChatRequest(TypedDict):
    """The body of `POST /v2/chat`, without the settings beside it."""

    model: str
    stream: bool
    messages: list[Message]
    tools: NotRequired[list[Tool]]
    strict_tools: NotRequired[bool]
    tool_choice: NotRequired[ToolChoice]
    response_format: NotRequired[ResponseFormat]
