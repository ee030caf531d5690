"""What Converse is sent (botocore's service model of bedrock-runtime 1.44, August 2026).

Public at https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html.
"""

from typing import Literal, NotRequired, TypedDict

from gateway.neutral.json import JsonObject


class S3Location(TypedDict):
    """Where Bedrock finds a file in S3."""

    uri: str


class Source(TypedDict, total=False):
    """Where a file comes from: its data in base64, or S3."""

    bytes: str
    s3Location: S3Location


class Media(TypedDict):
    """An image, a video or audio."""

    format: str
    source: Source


class DocumentCitations(TypedDict):
    """Whether the answer may cite a document."""

    enabled: bool


class Document(TypedDict):
    """A document."""

    format: str
    name: str
    source: Source
    citations: NotRequired[DocumentCitations]


class CachePoint(TypedDict):
    """That the prompt up to here is to be cached."""

    type: Literal["default"]
    ttl: NotRequired[str]


class ToolUse(TypedDict):
    """A call."""

    toolUseId: str
    name: str
    input: JsonObject


class ToolResult(TypedDict):
    """The output of a call."""

    toolUseId: str
    content: "list[ContentBlock]"
    status: NotRequired[Literal["success", "error"]]


class ContentBlock(TypedDict, total=False):
    """A block of a content: exactly one of the fields. Texts and cache points are those of a system prompt, too."""

    text: str
    json: JsonObject
    """In tool results alone."""
    image: Media
    video: Media
    audio: Media
    document: Document
    toolUse: ToolUse
    toolResult: ToolResult
    reasoningContent: JsonObject
    """As the model returned it."""
    cachePoint: CachePoint


Role = Literal["user", "assistant"]


class Message(TypedDict):
    """A message."""

    role: Role
    content: list[ContentBlock]


class InputSchema(TypedDict):
    """The JSON schema of a tool's arguments, of type `object`."""

    json: JsonObject


class ToolSpec(TypedDict):
    """A tool of the client's."""

    name: str
    description: NotRequired[str]
    inputSchema: InputSchema
    strict: NotRequired[bool]


class Named(TypedDict):
    """A tool, by its name."""

    name: str


class Tool(TypedDict, total=False):
    """A tool of the client's, one that the model runs itself, or a cache point: exactly one of the fields."""

    toolSpec: ToolSpec
    systemTool: Named
    cachePoint: CachePoint


class Empty(TypedDict):
    """An object without fields."""


class ToolChoice(TypedDict, total=False):
    """The choice among the tools: exactly one of the fields."""

    auto: Empty
    any: Empty
    tool: Named


class ToolConfig(TypedDict):
    """The tools and the choice among them."""

    tools: list[Tool]
    toolChoice: NotRequired[ToolChoice]


class OutputSchema(TypedDict):
    """The schema of the answer, as JSON in a string."""

    schema: str
    name: str
    description: NotRequired[str]


class OutputStructure(TypedDict):
    """The structure of the answer."""

    jsonSchema: OutputSchema


class TextFormat(TypedDict):
    """The format of the answer's text."""

    type: Literal["json_schema"]
    structure: OutputStructure


class OutputConfig(TypedDict):
    """The format of the answer."""

    textFormat: TextFormat


class InferenceConfig(TypedDict, total=False):
    """The settings that Converse has for every model."""

    maxTokens: int
    temperature: float
    topP: float
    stopSequences: list[str]


class ServiceTier(TypedDict):
    """The tier that serves the request."""

    type: str


class Settings(TypedDict, total=False):
    """The fields of the body that are written from settings."""

    inferenceConfig: InferenceConfig
    additionalModelRequestFields: JsonObject
    serviceTier: ServiceTier
    requestMetadata: JsonObject


class ConverseRequest(TypedDict):
    """The body of a request, without the settings beside it."""

    messages: list[Message]
    system: NotRequired[list[ContentBlock]]
    toolConfig: NotRequired[ToolConfig]
    outputConfig: NotRequired[OutputConfig]
