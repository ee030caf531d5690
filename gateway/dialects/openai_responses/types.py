"""What a Responses upstream is sent (OpenAI's API reference, `POST /responses`, August 2026).

Where unknown fields or cache controls of the client's stand in a part or a tool, it is written as a JSON object.
"""

from typing import Literal, NotRequired, TypedDict

from gateway.neutral.json import Json, JsonObject


class InputText(TypedDict):
    """A text of the client's."""

    type: Literal["input_text"]
    text: str


class InputImage(TypedDict):
    """An image, by its address or by the id of a file."""

    type: Literal["input_image"]
    image_url: NotRequired[str]
    file_id: NotRequired[str]
    detail: NotRequired[str]


class InputFile(TypedDict):
    """A file, by its id, its data or its address."""

    type: Literal["input_file"]
    file_id: NotRequired[str]
    file_data: NotRequired[str]
    file_url: NotRequired[str]
    filename: NotRequired[str]


InputPart = InputText | InputImage | InputFile


class OutputText(TypedDict):
    """A text of an earlier answer."""

    type: Literal["output_text"]
    text: str
    annotations: list[JsonObject]


class Refusal(TypedDict):
    """The refusal of an earlier answer."""

    type: Literal["refusal"]
    refusal: str


OutputPart = OutputText | Refusal
Content = str | list[JsonObject]
"""A content of the client's: a text, or `InputPart`s with their unknown fields."""


class InputMessage(TypedDict):
    """A message of the user's, or an instruction."""

    type: Literal["message"]
    role: Literal["user", "system", "developer"]
    content: Content


class AnswerMessage(TypedDict):
    """An earlier answer."""

    type: Literal["message"]
    role: Literal["assistant"]
    content: list[OutputPart]
    phase: NotRequired[str]


class FunctionCall(TypedDict):
    """A call of a function in an earlier answer; `arguments` are JSON."""

    type: Literal["function_call"]
    call_id: str
    name: str
    arguments: str
    namespace: NotRequired[str]


class CustomToolCall(TypedDict):
    """A call of a custom tool in an earlier answer; `input` is free text."""

    type: Literal["custom_tool_call"]
    call_id: str
    name: str
    input: str
    namespace: NotRequired[str]


class ToolCallOutput(TypedDict):
    """The output of a call."""

    type: Literal["function_call_output", "custom_tool_call_output"]
    call_id: str | None
    output: Content


class Reasoning(TypedDict):
    """Reasoning of an earlier answer. The fields of its state are added as they came."""

    type: Literal["reasoning"]
    summary: list[JsonObject]


InputItem = InputMessage | AnswerMessage | FunctionCall | CustomToolCall | ToolCallOutput


class FunctionTool(TypedDict):
    """A function."""

    type: Literal["function"]
    name: str
    parameters: JsonObject | None
    description: NotRequired[str]
    strict: NotRequired[bool]


class GrammarFormat(TypedDict):
    """What the text for a custom tool has to follow."""

    type: Literal["grammar"]
    syntax: Json
    definition: Json


class CustomTool(TypedDict):
    """A tool that takes free text."""

    type: Literal["custom"]
    name: str
    description: NotRequired[str]
    format: NotRequired[GrammarFormat]


class NamespaceTool(TypedDict):
    """Tools under a common name: `FunctionTool`s and `CustomTool`s with their unknown fields."""

    type: Literal["namespace"]
    name: str
    description: NotRequired[str]
    tools: list[JsonObject]


class NamedTool(TypedDict):
    """A tool of the client's that a tool choice names."""

    type: Literal["function", "custom"]
    name: str
    namespace: NotRequired[str]


class NamedNamespace(TypedDict):
    """A namespace that a tool choice names."""

    type: Literal["namespace"]
    name: str


ToolReference = NamedTool | NamedNamespace | JsonObject
"""A tool in a tool choice; one that a provider runs itself as it came."""


class AllowedTools(TypedDict):
    """The choice among some of the tools, and whether one of them must be called."""

    type: Literal["allowed_tools"]
    mode: Literal["auto", "required"]
    tools: list[ToolReference]


ToolChoice = str | ToolReference | AllowedTools


class Request(TypedDict):
    """What the dialect itself writes of a translated request's body; the settings stand beside it."""

    instructions: NotRequired[str]
    input: NotRequired[list[JsonObject]]
    tools: NotRequired[list[JsonObject]]
    tool_choice: NotRequired[ToolChoice]
