"""What a chat upstream is sent (OpenAI's API reference, `POST /chat/completions`, August 2026).

Parts of a content are JSON objects: unknown fields and cache controls of the client's stand in them.
"""

from typing import Literal, NotRequired, TypedDict

from gateway.neutral.json import Json, JsonObject


class CalledFunction(TypedDict):
    """The function of a call; `arguments` are JSON."""

    name: str
    arguments: str


class FunctionCall(TypedDict):
    """A call of a function in an earlier answer."""

    id: str
    type: Literal["function"]
    function: CalledFunction


class CalledCustomTool(TypedDict):
    """The custom tool of a call; `input` is free text."""

    name: str
    input: str


class CustomToolCall(TypedDict):
    """A call of a custom tool in an earlier answer."""

    id: str
    type: Literal["custom"]
    custom: CalledCustomTool


ToolCall = FunctionCall | CustomToolCall


class InputMessage(TypedDict):
    """A message of the user's, or an instruction."""

    role: Literal["user", "system", "developer"]
    content: str | list[JsonObject]


class AssistantMessage(TypedDict):
    """An earlier answer. The fields of its reasoning are added as they came."""

    role: Literal["assistant"]
    content: str | list[JsonObject] | None
    refusal: NotRequired[str]
    tool_calls: NotRequired[list[ToolCall]]


class ToolMessage(TypedDict):
    """The output of a call."""

    role: Literal["tool"]
    tool_call_id: str
    content: str | list[JsonObject]


Message = InputMessage | AssistantMessage | ToolMessage


class FunctionTool(TypedDict):
    """A function; `function` has its name, and unknown fields of the client's."""

    type: Literal["function"]
    function: JsonObject


class Grammar(TypedDict):
    """What the text for a custom tool has to follow."""

    syntax: Json
    definition: Json


class GrammarFormat(TypedDict):
    """The format of a custom tool's input."""

    type: Literal["grammar"]
    grammar: Grammar


class CustomDefinition(TypedDict):
    """What a custom tool is."""

    name: str
    description: NotRequired[str]
    format: NotRequired[GrammarFormat]


class CustomTool(TypedDict):
    """A tool that takes free text."""

    type: Literal["custom"]
    custom: CustomDefinition


Tool = FunctionTool | CustomTool


class ToolName(TypedDict):
    """A tool by its name."""

    name: str


class NamedFunction(TypedDict):
    """A function that a tool choice names."""

    type: Literal["function"]
    function: ToolName


class NamedCustomTool(TypedDict):
    """A custom tool that a tool choice names."""

    type: Literal["custom"]
    custom: ToolName


NamedTool = NamedFunction | NamedCustomTool


class AllowedTools(TypedDict):
    """Some of the tools, and whether one of them must be called."""

    mode: str
    tools: list[NamedTool]


class AllowedToolsChoice(TypedDict):
    """The choice among some of the tools."""

    type: Literal["allowed_tools"]
    allowed_tools: AllowedTools


ToolChoice = str | NamedTool | AllowedToolsChoice


class ToolOffer(TypedDict):
    """The tools of a request, and the choice among them."""

    tools: NotRequired[list[Tool]]
    tool_choice: NotRequired[ToolChoice]


class Request(ToolOffer):
    """What the dialect itself writes of a request's body; the settings stand beside it."""

    messages: list[JsonObject]
    response_format: NotRequired[JsonObject]
