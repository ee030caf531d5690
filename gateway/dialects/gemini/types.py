"""What a generateContent request consists of.

By https://ai.google.dev/api/generate-content and https://ai.google.dev/api/caching. A value of the type `Json` is sent
as the client wrote it.
"""

from typing import Literal, Required, TypedDict

from gateway.neutral.json import Json, JsonObject

NumberField = Literal["temperature", "topP", "topK", "candidateCount", "presencePenalty", "frequencyPenalty"]
ConfigExtension = Literal["mediaResolution", "imageConfig", "speechConfig", "thinkingConfig", "responseModalities"]
"""Fields of the generation config that clients may write themselves."""
RequestExtension = Literal["cachedContent", "safetySettings", "labels", "modelArmorConfig"]
"""Fields beside it that clients may write themselves."""
HostedToolName = Literal["googleSearch", "codeExecution", "urlContext", "fileSearch"]


class Blob(TypedDict):
    """Data that comes with the request, in base64."""

    mimeType: str
    data: str


class FileData(TypedDict, total=False):
    """Data that Google fetches."""

    fileUri: Required[str]
    mimeType: str


class FunctionCall(TypedDict, total=False):
    name: Required[str]
    args: Required[JsonObject]
    id: str


class FunctionResponse(TypedDict, total=False):
    name: Required[str]
    response: Required[JsonObject]
    id: str


class Part(TypedDict, total=False):
    """One of the kinds of content, and perhaps the signature that came with it."""

    text: str
    inlineData: Blob
    fileData: FileData
    functionCall: FunctionCall
    functionResponse: FunctionResponse
    thoughtSignature: str


class Content(TypedDict):
    """A message. Parts that Gemini itself made go back as they came, whatever they contain."""

    role: Literal["user", "model"]
    parts: list[Part | JsonObject]


class SystemInstruction(TypedDict):
    parts: list[Part]


class FunctionDeclaration(TypedDict, total=False):
    """A function; `parameters` is a schema in the subset of older models, `parametersJsonSchema` one in full."""

    name: Required[str]
    description: str
    parameters: JsonObject
    parametersJsonSchema: JsonObject


class NoOptions(TypedDict):
    """A tool that is switched on by being there."""


class FileSearch(TypedDict, total=False):
    fileSearchStoreNames: Required[list[Json]]
    topK: Json


class Tool(TypedDict, total=False):
    """Function declarations, or one tool that Google runs."""

    functionDeclarations: list[FunctionDeclaration]
    googleSearch: NoOptions
    codeExecution: NoOptions
    urlContext: NoOptions
    fileSearch: FileSearch


class FunctionCallingConfig(TypedDict, total=False):
    mode: Required[Literal["AUTO", "NONE", "ANY"]]
    allowedFunctionNames: list[str]


class ToolConfig(TypedDict, total=False):
    functionCallingConfig: FunctionCallingConfig
    includeServerSideToolInvocations: bool


class ThinkingConfig(TypedDict, total=False):
    """A budget in tokens up to Gemini 2.5, a level from 3 on. Both at once are refused."""

    thinkingBudget: int | str
    thinkingLevel: int | str
    includeThoughts: bool


class GenerationConfig(TypedDict, total=False):
    temperature: Json
    topP: Json
    topK: Json
    candidateCount: Json
    presencePenalty: Json
    frequencyPenalty: Json
    maxOutputTokens: int
    seed: int
    stopSequences: list[Json]
    responseLogprobs: bool
    logprobs: int
    responseMimeType: str
    responseSchema: JsonObject
    responseJsonSchema: JsonObject
    thinkingConfig: "ThinkingConfig | Json"
    responseModalities: Json
    mediaResolution: Json
    imageConfig: Json
    speechConfig: Json


class GenerateContentRequest(TypedDict, total=False):
    """The body."""

    contents: Required[list[Content]]
    systemInstruction: SystemInstruction
    tools: list[Tool]
    toolConfig: ToolConfig
    generationConfig: GenerationConfig
    serviceTier: str
    cachedContent: Json
    safetySettings: Json
    labels: Json
    modelArmorConfig: Json
