"""The types of the contract's schemas. Written by scripts/generate from openapi/; not to be edited."""

from __future__ import annotations

from typing import Any, Literal, NotRequired, TypeAlias, TypedDict


class AudioReference(TypedDict):
    id: str
    """The id of an earlier answer's recording."""


class ChatCompletion(TypedDict):
    """The answer to a conversation."""

    id: str
    object: Literal["chat.completion"]
    created: int
    """When the answer was made, in Unix seconds."""
    model: str
    """The model that answered, as the provider names it."""
    choices: list[ChatCompletionChoice]
    usage: NotRequired[CompletionUsage | None]
    service_tier: NotRequired[str | None]
    system_fingerprint: NotRequired[str | None]


class ChatCompletionAllowedTools(TypedDict):
    mode: Literal["auto", "required"]
    tools: list[dict[str, Any]]


class ChatCompletionAllowedToolsChoice(TypedDict):
    type: Literal["allowed_tools"]
    allowed_tools: ChatCompletionAllowedTools


class ChatCompletionAudio(TypedDict):
    id: str
    expires_at: int
    """Until when the provider keeps the recording, in Unix seconds."""
    data: str
    """The recording, in base64."""
    transcript: str


class ChatCompletionAudioParam(TypedDict):
    """How spoken output is to sound. Needed where `modalities` asks for audio."""

    voice: str | CustomVoice
    format: str


class ChatCompletionChoice(TypedDict):
    index: int
    message: ChatCompletionResponseMessage
    finish_reason: FinishReason
    logprobs: NotRequired[ChatCompletionLogprobs | None]


class ChatCompletionChunk(TypedDict):
    """A piece of a streamed chat completion. All pieces have one id."""

    id: str
    object: Literal["chat.completion.chunk"]
    created: int
    model: str
    choices: list[ChatCompletionChunkChoice]
    """Empty in the chunk that tells the usage."""
    usage: NotRequired[CompletionUsage | None]
    service_tier: NotRequired[str | None]
    system_fingerprint: NotRequired[str | None]
    obfuscation: NotRequired[str | None]


class ChatCompletionChunkChoice(TypedDict):
    index: int
    delta: ChatCompletionStreamResponseDelta
    finish_reason: FinishReason | None
    logprobs: NotRequired[ChatCompletionLogprobs | None]


class ChatCompletionFunctionCallOption(TypedDict):
    name: str


class ChatCompletionLogprobs(TypedDict):
    content: NotRequired[list[ChatCompletionTokenLogprob] | None]
    refusal: NotRequired[list[ChatCompletionTokenLogprob] | None]


class ChatCompletionMessageCustomToolCall(TypedDict):
    """The model's wish to call a tool that takes free text."""

    id: str
    type: Literal["custom"]
    custom: CustomToolCallInput


class ChatCompletionMessageFunctionToolCall(TypedDict):
    """The model's wish to call a function."""

    id: str
    type: Literal["function"]
    function: FunctionCall


class ChatCompletionMessageToolCallChunk(TypedDict):
    """A piece of a tool call. Id, type and name come with the first piece of an index."""

    index: int
    id: NotRequired[str | None]
    type: NotRequired[str | None]
    function: NotRequired[FunctionCallChunk]


class ChatCompletionNamedToolChoice(TypedDict):
    type: Literal["function"]
    function: ToolName


class ChatCompletionNamedToolChoiceCustom(TypedDict):
    type: Literal["custom"]
    custom: ToolName


class ChatCompletionRequestAssistantMessage(TypedDict):
    """An earlier answer of the model. Its content may be missing where it called tools."""

    role: Literal["assistant"]
    content: NotRequired[ChatCompletionRequestMessageContent | None]
    name: NotRequired[ParticipantName]
    refusal: NotRequired[str | None]
    audio: NotRequired[AudioReference | None]
    tool_calls: NotRequired[list[ChatCompletionRequestToolCall] | None]
    function_call: NotRequired[FunctionCall | None]
    """Use `tool_calls`."""


class ChatCompletionRequestDeveloperMessage(TypedDict):
    """Instructions that come before anything the user says."""

    role: Literal["developer"]
    content: ChatCompletionRequestMessageContent
    name: NotRequired[ParticipantName]


class ChatCompletionRequestFunctionMessage(TypedDict):
    """What a function returned. Use the role `tool`."""

    role: Literal["function"]
    content: str | None
    name: str


class ChatCompletionRequestMessageContentPartAudio(TypedDict):
    type: Literal["input_audio"]
    input_audio: InputAudio


class ChatCompletionRequestMessageContentPartFile(TypedDict):
    type: Literal["file"]
    file: InputFile


class ChatCompletionRequestMessageContentPartImage(TypedDict):
    type: Literal["image_url"]
    image_url: ImageUrl


class ChatCompletionRequestMessageContentPartRefusal(TypedDict):
    type: Literal["refusal"]
    refusal: str


class ChatCompletionRequestMessageContentPartText(TypedDict):
    type: Literal["text"]
    text: str


class ChatCompletionRequestSystemMessage(TypedDict):
    """Instructions, under the name that older models know."""

    role: Literal["system"]
    content: ChatCompletionRequestMessageContent
    name: NotRequired[ParticipantName]


class ChatCompletionRequestToolMessage(TypedDict):
    """What a tool returned."""

    role: Literal["tool"]
    content: ChatCompletionRequestMessageContent
    tool_call_id: str
    """The id of the call that this answers."""


class ChatCompletionRequestUserMessage(TypedDict):
    """What the user says or shows."""

    role: Literal["user"]
    content: ChatCompletionRequestMessageContent
    name: NotRequired[ParticipantName]


ChatCompletionRequestMessage: TypeAlias = ChatCompletionRequestDeveloperMessage | ChatCompletionRequestSystemMessage | ChatCompletionRequestUserMessage | ChatCompletionRequestAssistantMessage | ChatCompletionRequestToolMessage | ChatCompletionRequestFunctionMessage
"""One message of the conversation."""


class ChatCompletionResponseMessage(TypedDict):
    role: Literal["assistant"]
    content: str | None
    refusal: NotRequired[str | None]
    tool_calls: NotRequired[list[ChatCompletionMessageFunctionToolCall | ChatCompletionMessageCustomToolCall] | None]
    annotations: NotRequired[list[ChatCompletionAnnotation] | None]
    audio: NotRequired[ChatCompletionAudio | None]
    function_call: NotRequired[FunctionCall | None]
    reasoning_content: NotRequired[str | None]
    """The model's reasoning, from providers that show it."""


class ChatCompletionServerSentEvent(TypedDict):
    """One event of a streamed chat completion. A stream that ends without `[DONE]` has failed."""

    data: Literal["[DONE]"] | str


class ChatCompletionStreamOptions(TypedDict):
    include_usage: NotRequired[bool | None]
    """Whether a last chunk without choices tells the tokens used."""
    include_obfuscation: NotRequired[bool | None]
    """Whether the provider pads its events to hide their sizes."""


class ChatCompletionStreamResponseDelta(TypedDict):
    role: NotRequired[str | None]
    content: NotRequired[str | None]
    refusal: NotRequired[str | None]
    reasoning_content: NotRequired[str | None]
    tool_calls: NotRequired[list[ChatCompletionMessageToolCallChunk] | None]
    annotations: NotRequired[list[ChatCompletionAnnotation] | None]
    function_call: NotRequired[FunctionCallChunk | None]


class ChatCompletionTokenLogprob(TypedDict):
    token: str
    logprob: float
    bytes: list[int] | None
    top_logprobs: list[ChatCompletionTopLogprob]


class ChatCompletionTool(TypedDict):
    """A function with named arguments."""

    type: Literal["function"]
    function: FunctionObject


class ChatCompletionTopLogprob(TypedDict):
    token: str
    logprob: float
    bytes: list[int] | None


class ChatCompletionUrlAnnotation(TypedDict):
    """A page that the answer cites."""

    type: Literal["url_citation"]
    url_citation: ChatCompletionUrlCitation


class ChatCompletionUrlCitation(TypedDict):
    start_index: int
    """Where the cited passage begins in the content."""
    end_index: int
    url: str
    title: str


class CompletionTokensDetails(TypedDict):
    accepted_prediction_tokens: NotRequired[int | None]
    audio_tokens: NotRequired[int | None]
    reasoning_tokens: NotRequired[int | None]
    rejected_prediction_tokens: NotRequired[int | None]
    text_tokens: NotRequired[int | None]


class CompletionUsage(TypedDict):
    """The tokens of a request, as the provider counted them."""

    prompt_tokens: int
    completion_tokens: int
    total_tokens: int
    prompt_tokens_details: NotRequired[PromptTokensDetails | None]
    completion_tokens_details: NotRequired[CompletionTokensDetails | None]


class CreateChatCompletionRequest(TypedDict):
    """A conversation, and how it is to be answered."""

    model: str
    """`<provider>/<model>`, or `<model>` alone where one provider serves it."""
    messages: list[ChatCompletionRequestMessage]
    audio: NotRequired[ChatCompletionAudioParam | None]
    frequency_penalty: NotRequired[float | None]
    """Above 0, tokens grow less likely the more often they have come up."""
    function_call: NotRequired[Literal["none", "auto"] | ChatCompletionFunctionCallOption]
    """Use `tool_choice`."""
    functions: NotRequired[list[FunctionObject]]
    """Use `tools`."""
    logit_bias: NotRequired[dict[str, float] | None]
    """What to add to the likelihood of single tokens, by token id."""
    logprobs: NotRequired[bool | None]
    """Whether to return the log probabilities of the tokens of the answer."""
    max_completion_tokens: NotRequired[int | None]
    """The most tokens to generate, reasoning included."""
    max_tokens: NotRequired[int | None]
    """Use `max_completion_tokens`."""
    metadata: NotRequired[Metadata | None]
    modalities: NotRequired[list[str] | None]
    """The kinds of output wanted, such as text and audio."""
    moderation: NotRequired[dict[str, Any] | None]
    """How the provider is to moderate input and output."""
    n: NotRequired[int | None]
    """How many answers to generate."""
    parallel_tool_calls: NotRequired[bool | None]
    """Whether the model may call several tools in one turn."""
    prediction: NotRequired[PredictionContent | None]
    presence_penalty: NotRequired[float | None]
    """Above 0, tokens that have come up grow less likely."""
    prompt_cache_key: NotRequired[str | None]
    """Requests with the same key are more likely to share the provider's cache."""
    prompt_cache_options: NotRequired[dict[str, Any] | None]
    """How the provider is to cache the prompt."""
    prompt_cache_retention: NotRequired[str | None]
    """Use `prompt_cache_options`."""
    reasoning_effort: NotRequired[str | None]
    """How much to reason. Each provider has its own set of levels."""
    response_format: NotRequired[ChatCompletionResponseFormat | None]
    safety_identifier: NotRequired[str | None]
    """A stable identifier of the person behind the request, for the provider."""
    seed: NotRequired[int | None]
    """Equal seeds make equal answers likely."""
    service_tier: NotRequired[str | None]
    """The provider's class of service. Each provider has its own."""
    stop: NotRequired[StopConfiguration]
    store: NotRequired[bool | None]
    """Whether the provider keeps the completion."""
    stream: NotRequired[bool | None]
    """Whether to answer with a stream of events."""
    stream_options: NotRequired[ChatCompletionStreamOptions | None]
    temperature: NotRequired[float | None]
    """The higher, the more varied the answers."""
    tool_choice: NotRequired[ChatCompletionToolChoiceOption]
    tools: NotRequired[list[ChatCompletionToolParam] | None]
    """The tools that the model may call."""
    top_logprobs: NotRequired[int | None]
    """How many of the likeliest tokens to return at each place; needs `logprobs`."""
    top_p: NotRequired[float | None]
    """Only the likeliest tokens, which together have this probability, are considered."""
    user: NotRequired[str | None]
    """Use `safety_identifier` and `prompt_cache_key`."""
    verbosity: NotRequired[str | None]
    """How long answers tend to be."""
    web_search_options: NotRequired[WebSearchOptions | None]


class CustomToolCall(TypedDict):
    """The model's wish to call a tool that takes free text."""

    id: str
    type: Literal["custom_tool_call"]
    call_id: str
    name: str
    input: str
    status: ItemStatus


class CustomToolCallInput(TypedDict):
    name: str
    input: str


class CustomToolChatCompletions(TypedDict):
    """A tool that takes free text."""

    type: Literal["custom"]
    custom: CustomToolObject


class CustomToolObject(TypedDict):
    name: str
    description: NotRequired[str | None]
    format: NotRequired[dict[str, Any] | None]
    """The grammar that the text must follow, if any."""


class CustomVoice(TypedDict):
    id: str


class Error(TypedDict):
    message: str
    """What is wrong, in words that a person can act on."""
    type: str
    """The kind of error."""
    param: str | None
    """The path of the field at fault."""
    code: str | None
    """A word for programs to tell errors apart."""


class ErrorResponse(TypedDict):
    """The one envelope of every error."""

    error: Error


ChatCompletionStreamData: TypeAlias = ChatCompletionChunk | ErrorResponse


FinishReason: TypeAlias = Literal["stop", "length", "tool_calls", "content_filter", "function_call"]
"""Why the model stopped."""


class FunctionCall(TypedDict):
    name: str
    arguments: str
    """A JSON document, as the model wrote it; it may be broken."""


class FunctionCallChunk(TypedDict):
    name: NotRequired[str | None]
    arguments: NotRequired[str | None]


class FunctionObject(TypedDict):
    name: str
    description: NotRequired[str | None]
    """What the function does, for the model to know when to call it."""
    parameters: NotRequired[dict[str, Any] | None]
    """The JSON Schema of the arguments; none, if missing."""
    strict: NotRequired[bool | None]
    """Whether the arguments must keep to the schema exactly."""


class FunctionTool(TypedDict):
    type: Literal["function"]
    name: str
    description: str | None
    parameters: dict[str, Any] | None
    strict: bool | None


class FunctionToolCall(TypedDict):
    """The model's wish to call a function."""

    id: str
    type: Literal["function_call"]
    call_id: str
    """What the function's output must name to answer this call."""
    name: str
    arguments: str
    """A JSON document, as the model wrote it; it may be broken."""
    status: ItemStatus


class Health(TypedDict):
    status: Literal["ok"]


class ImageUrl(TypedDict):
    url: str
    """The address of the image, or the image itself as a data URL."""
    detail: NotRequired[str | None]
    """How closely the model looks at the image."""


class InputAudio(TypedDict):
    data: str
    """The recording, in base64."""
    format: str


class InputFile(TypedDict):
    """A file by its id at the provider, or its data with a name."""

    file_id: NotRequired[str | None]
    file_data: NotRequired[str | None]
    """The file in base64, or as a data URL."""
    filename: NotRequired[str | None]


class InputTokensDetails(TypedDict):
    cached_tokens: int
    cache_write_tokens: int


ItemStatus: TypeAlias = Literal["in_progress", "completed", "incomplete"]


class ListModelsResponse(TypedDict):
    object: Literal["list"]
    data: list[Model]


class LogProb(TypedDict):
    token: str
    logprob: float
    bytes: list[int]
    top_logprobs: list[TopLogProb]


Metadata: TypeAlias = dict[str, str]
"""Up to 16 pairs of strings. The key `waystone` names the end user of the request and stays here; the others travel to the provider."""


class Model(TypedDict):
    id: str
    """The name to call the model by, `<provider>/<model>`."""
    object: Literal["model"]
    created: int
    """When the model appeared, in Unix seconds; 0 where the provider does not say."""
    owned_by: str
    """The provider, or the owner that the provider names."""
    description: NotRequired[str]
    """What to know about the model, such as that it is for demonstration only."""


class NamedJsonSchema(TypedDict):
    name: str
    """What the provider calls the format."""
    description: NotRequired[str | None]
    """What the format is for."""
    schema: NotRequired[dict[str, Any]]
    """The JSON Schema of the answer."""
    strict: NotRequired[bool | None]
    """Whether the answer must keep to the schema exactly."""


class NonFunctionTool(TypedDict):
    """A tool of any other type, as the request named it."""

    type: Literal["<any other type>"]


class OtherAnnotation(TypedDict):
    """A citation of a file, or of a kind that only some providers know."""

    type: Literal["<any other type>"]


ChatCompletionAnnotation: TypeAlias = ChatCompletionUrlAnnotation | OtherAnnotation
"""A source that the answer cites, or a file that the provider has read."""


class OtherContentPart(TypedDict):
    """A kind of content that only some providers know."""

    type: Literal["<any other type>"]


ChatCompletionRequestMessageContentPart: TypeAlias = ChatCompletionRequestMessageContentPartText | ChatCompletionRequestMessageContentPartImage | ChatCompletionRequestMessageContentPartAudio | ChatCompletionRequestMessageContentPartFile | ChatCompletionRequestMessageContentPartRefusal | OtherContentPart
"""A piece of a message. Which kinds a role may hold is for the provider to say."""


ChatCompletionRequestMessageContent: TypeAlias = str | list[ChatCompletionRequestMessageContentPart]


class OtherResponseFormat(TypedDict):
    """A format that only some providers know."""

    type: Literal["<any other type>"]


class OtherTool(TypedDict):
    """A tool that only some providers know."""

    type: Literal["<any other type>"]


ChatCompletionToolParam: TypeAlias = ChatCompletionTool | CustomToolChatCompletions | OtherTool
"""A tool that the model may call."""


class OtherToolCall(TypedDict):
    """A call of a tool that only some providers know."""

    type: Literal["<any other type>"]


ChatCompletionRequestToolCall: TypeAlias = ChatCompletionMessageFunctionToolCall | ChatCompletionMessageCustomToolCall | OtherToolCall


class OtherToolChoice(TypedDict):
    """A choice that only some providers know."""

    type: Literal["<any other type>"]


ChatCompletionToolChoiceOption: TypeAlias = Literal["none", "auto", "required"] | ChatCompletionNamedToolChoice | ChatCompletionNamedToolChoiceCustom | ChatCompletionAllowedToolsChoice | OtherToolChoice | None
"""Whether the model calls a tool, and which."""


class OutputMessage(TypedDict):
    id: str
    type: Literal["message"]
    role: Literal["assistant"]
    status: ItemStatus
    content: list[OutputMessageContent]


class OutputTextContent(TypedDict):
    type: Literal["output_text"]
    text: str
    annotations: list[Annotation]
    logprobs: list[LogProb]


class OutputTokensDetails(TypedDict):
    reasoning_tokens: int


ParticipantName: TypeAlias = str | None
"""Tells apart participants of the same role."""


class PredictionContent(TypedDict):
    """Text that the answer will largely repeat."""

    type: Literal["content"]
    content: str | list[ChatCompletionRequestMessageContentPart]


class Prompt(TypedDict):
    """A prompt template that the provider keeps."""

    id: str
    version: NotRequired[str | None]
    variables: NotRequired[dict[str, Any] | None]


class PromptTokensDetails(TypedDict):
    audio_tokens: NotRequired[int | None]
    cached_tokens: NotRequired[int | None]
    cache_write_tokens: NotRequired[int | None]
    image_tokens: NotRequired[int | None]
    text_tokens: NotRequired[int | None]


class Reasoning(TypedDict):
    effort: str | None
    summary: str | None


class ReasoningItem(TypedDict):
    """What the model thought before it answered."""

    id: str
    type: Literal["reasoning"]
    summary: list[SummaryTextContent]
    content: NotRequired[list[ReasoningTextContent]]
    encrypted_content: NotRequired[str | None]
    status: NotRequired[ItemStatus]


OutputItem: TypeAlias = OutputMessage | FunctionToolCall | ReasoningItem | CustomToolCall
"""One thing that the model brought forth."""


class ReasoningTextContent(TypedDict):
    type: Literal["reasoning_text"]
    text: str


class RefusalContent(TypedDict):
    type: Literal["refusal"]
    refusal: str


OutputContent: TypeAlias = OutputTextContent | RefusalContent | ReasoningTextContent


OutputMessageContent: TypeAlias = OutputTextContent | RefusalContent


class Response(TypedDict):
    """The answer of a model, with the settings that it was made with."""

    id: str
    object: Literal["response"]
    created_at: int
    """When the response was begun, in Unix seconds."""
    completed_at: int | None
    """When it was completed, in Unix seconds; null in any other status."""
    status: ResponseStatus
    error: ResponseError | None
    incomplete_details: ResponseIncompleteDetails | None
    instructions: str | None
    max_output_tokens: int | None
    max_tool_calls: int | None
    model: str
    output: list[OutputItem]
    parallel_tool_calls: bool
    previous_response_id: str | None
    conversation: ResponseConversation | None
    prompt: Prompt | None
    reasoning: Reasoning | None
    store: bool
    background: bool
    temperature: float
    text: ResponseTextConfig
    tool_choice: ResponseToolChoice
    tools: list[Tool]
    top_p: float
    top_logprobs: int
    truncation: Literal["auto", "disabled"]
    usage: ResponseUsage | None
    """Null until the response has ended."""
    user: str | None
    metadata: ResponseMetadata
    service_tier: str
    safety_identifier: str | None
    prompt_cache_key: str | None
    presence_penalty: float
    frequency_penalty: float


class ResponseCompletedEvent(TypedDict):
    type: Literal["response.completed"]
    sequence_number: SequenceNumber
    response: Response


class ResponseContentPartAddedEvent(TypedDict):
    type: Literal["response.content_part.added"]
    sequence_number: SequenceNumber
    item_id: str
    output_index: int
    content_index: int
    part: OutputContent


class ResponseContentPartDoneEvent(TypedDict):
    type: Literal["response.content_part.done"]
    sequence_number: SequenceNumber
    item_id: str
    output_index: int
    content_index: int
    part: OutputContent


class ResponseConversation(TypedDict):
    id: str


class ResponseCreatedEvent(TypedDict):
    type: Literal["response.created"]
    sequence_number: SequenceNumber
    response: Response


class ResponseCustomToolCallInputDeltaEvent(TypedDict):
    type: Literal["response.custom_tool_call_input.delta"]
    sequence_number: SequenceNumber
    item_id: str
    output_index: int
    delta: str


class ResponseCustomToolCallInputDoneEvent(TypedDict):
    type: Literal["response.custom_tool_call_input.done"]
    sequence_number: SequenceNumber
    item_id: str
    output_index: int
    input: str


class ResponseError(TypedDict):
    """Why the response failed."""

    code: str
    message: str


class ResponseFailedEvent(TypedDict):
    type: Literal["response.failed"]
    sequence_number: SequenceNumber
    response: Response


class ResponseFormatJsonObject(TypedDict):
    type: Literal["json_object"]


class ResponseFormatJsonSchema(TypedDict):
    type: Literal["json_schema"]
    json_schema: NamedJsonSchema


class ResponseFormatText(TypedDict):
    type: Literal["text"]


ChatCompletionResponseFormat: TypeAlias = ResponseFormatText | ResponseFormatJsonSchema | ResponseFormatJsonObject | OtherResponseFormat
"""The form that the answer must have."""


class ResponseFunctionCallArgumentsDeltaEvent(TypedDict):
    type: Literal["response.function_call_arguments.delta"]
    sequence_number: SequenceNumber
    item_id: str
    output_index: int
    delta: str


class ResponseFunctionCallArgumentsDoneEvent(TypedDict):
    type: Literal["response.function_call_arguments.done"]
    sequence_number: SequenceNumber
    item_id: str
    output_index: int
    name: str
    arguments: str


class ResponseInProgressEvent(TypedDict):
    type: Literal["response.in_progress"]
    sequence_number: SequenceNumber
    response: Response


class ResponseIncompleteDetails(TypedDict):
    reason: Literal["max_output_tokens", "content_filter"]


class ResponseIncompleteEvent(TypedDict):
    type: Literal["response.incomplete"]
    sequence_number: SequenceNumber
    response: Response


class ResponseLogProb(TypedDict):
    token: str
    logprob: float
    top_logprobs: NotRequired[list[ResponseTopLogProb]]


ResponseMetadata: TypeAlias = dict[str, str]
"""The pairs of the request that are not for this gateway."""


class ResponseOutputItemAddedEvent(TypedDict):
    type: Literal["response.output_item.added"]
    sequence_number: SequenceNumber
    output_index: int
    item: OutputItem


class ResponseOutputItemDoneEvent(TypedDict):
    type: Literal["response.output_item.done"]
    sequence_number: SequenceNumber
    output_index: int
    item: OutputItem


class ResponseOutputTextAnnotationAddedEvent(TypedDict):
    type: Literal["response.output_text.annotation.added"]
    sequence_number: SequenceNumber
    item_id: str
    output_index: int
    content_index: int
    annotation_index: int
    annotation: Annotation


class ResponseReasoningSummaryPartAddedEvent(TypedDict):
    type: Literal["response.reasoning_summary_part.added"]
    sequence_number: SequenceNumber
    item_id: str
    output_index: int
    summary_index: int
    part: SummaryTextContent


class ResponseReasoningSummaryPartDoneEvent(TypedDict):
    type: Literal["response.reasoning_summary_part.done"]
    sequence_number: SequenceNumber
    item_id: str
    output_index: int
    summary_index: int
    part: SummaryTextContent


class ResponseReasoningSummaryTextDeltaEvent(TypedDict):
    type: Literal["response.reasoning_summary_text.delta"]
    sequence_number: SequenceNumber
    item_id: str
    output_index: int
    summary_index: int
    delta: str


class ResponseReasoningSummaryTextDoneEvent(TypedDict):
    type: Literal["response.reasoning_summary_text.done"]
    sequence_number: SequenceNumber
    item_id: str
    output_index: int
    summary_index: int
    text: str


class ResponseReasoningTextDeltaEvent(TypedDict):
    type: Literal["response.reasoning_text.delta"]
    sequence_number: SequenceNumber
    item_id: str
    output_index: int
    content_index: int
    delta: str


class ResponseReasoningTextDoneEvent(TypedDict):
    type: Literal["response.reasoning_text.done"]
    sequence_number: SequenceNumber
    item_id: str
    output_index: int
    content_index: int
    text: str


class ResponseRefusalDeltaEvent(TypedDict):
    type: Literal["response.refusal.delta"]
    sequence_number: SequenceNumber
    item_id: str
    output_index: int
    content_index: int
    delta: str


class ResponseRefusalDoneEvent(TypedDict):
    type: Literal["response.refusal.done"]
    sequence_number: SequenceNumber
    item_id: str
    output_index: int
    content_index: int
    refusal: str


class ResponseServerSentEvent(TypedDict):
    """One event of a streamed response; `event` repeats the type, and `[DONE]` follows the last."""

    event: NotRequired[str]
    data: Literal["[DONE]"] | str


ResponseStatus: TypeAlias = Literal["completed", "failed", "in_progress", "cancelled", "queued", "incomplete"]


class ResponseTextConfig(TypedDict):
    format: TextResponseFormatConfiguration
    verbosity: NotRequired[str | None]


class ResponseTextDeltaEvent(TypedDict):
    type: Literal["response.output_text.delta"]
    sequence_number: SequenceNumber
    item_id: str
    output_index: int
    content_index: int
    delta: str
    logprobs: list[ResponseLogProb]


class ResponseTextDoneEvent(TypedDict):
    type: Literal["response.output_text.done"]
    sequence_number: SequenceNumber
    item_id: str
    output_index: int
    content_index: int
    text: str
    logprobs: list[ResponseLogProb]


ResponseStreamEvent: TypeAlias = ResponseCreatedEvent | ResponseInProgressEvent | ResponseCompletedEvent | ResponseIncompleteEvent | ResponseFailedEvent | ResponseOutputItemAddedEvent | ResponseOutputItemDoneEvent | ResponseContentPartAddedEvent | ResponseContentPartDoneEvent | ResponseTextDeltaEvent | ResponseTextDoneEvent | ResponseOutputTextAnnotationAddedEvent | ResponseRefusalDeltaEvent | ResponseRefusalDoneEvent | ResponseFunctionCallArgumentsDeltaEvent | ResponseFunctionCallArgumentsDoneEvent | ResponseCustomToolCallInputDeltaEvent | ResponseCustomToolCallInputDoneEvent | ResponseReasoningTextDeltaEvent | ResponseReasoningTextDoneEvent | ResponseReasoningSummaryPartAddedEvent | ResponseReasoningSummaryPartDoneEvent | ResponseReasoningSummaryTextDeltaEvent | ResponseReasoningSummaryTextDoneEvent


class ResponseTopLogProb(TypedDict):
    token: NotRequired[str]
    logprob: NotRequired[float]


class ResponseUsage(TypedDict):
    """The tokens of a response, as the provider counted them."""

    input_tokens: int
    input_tokens_details: InputTokensDetails
    output_tokens: int
    output_tokens_details: OutputTokensDetails
    total_tokens: int


SequenceNumber: TypeAlias = int
"""The place of the event in its stream, counted from 0."""


StopConfiguration: TypeAlias = str | list[str] | None
"""Texts at which to stop; they do not become part of the answer."""


class SummaryTextContent(TypedDict):
    type: Literal["summary_text"]
    text: str


class TextResponseFormatJsonSchema(TypedDict):
    type: Literal["json_schema"]
    name: str
    description: NotRequired[str | None]
    schema: dict[str, Any]
    strict: NotRequired[bool | None]


TextResponseFormatConfiguration: TypeAlias = ResponseFormatText | TextResponseFormatJsonSchema | ResponseFormatJsonObject


Tool: TypeAlias = FunctionTool | NonFunctionTool


class ToolChoiceObject(TypedDict):
    """One tool, or the tools, that the model was held to."""

    type: str


ResponseToolChoice: TypeAlias = Literal["none", "auto", "required"] | ToolChoiceObject


class ToolName(TypedDict):
    name: str


class TopLogProb(TypedDict):
    token: str
    logprob: float
    bytes: list[int]


class UrlCitationBody(TypedDict):
    type: Literal["url_citation"]
    url: str
    title: str
    start_index: int
    end_index: int


Annotation: TypeAlias = UrlCitationBody | OtherAnnotation
"""A source that the text cites."""


class WaystoneChatCompletion(TypedDict):
    choices: list[WaystoneChatCompletionChoice]
    id: str
    """The unique identifier for the chat completion, generated by the model provider."""
    object: str
    model: str
    """The model name used to generate the response."""
    usage: WaystoneChatCompletionUsage


class WaystoneChatCompletionChoice(TypedDict):
    finish_reason: str
    """The reason the model stopped generating tokens. This will be stop if the model hit a natural stop point or a provided stop sequence, length if the maximum number of tokens specified in the request was reached, content_filter if content was omitted due to a flag from our content filters, tool_calls if the model called a tool, or function_call (deprecated) if the model called a function."""
    index: float
    """The index of the choice in the list of choices."""
    logprobs: dict[str, Any] | None
    """Log probability information for the choice."""
    message: WaystoneChatCompletionMessage
    created: float
    """The Unix timestamp (in seconds) of when the chat completion was created."""


class WaystoneChatCompletionMessage(TypedDict):
    """A chat completion message generated by the model."""

    contents: str | None
    refusal: str | None
    """The refusal message generated by the model."""
    role: str
    annotations: list[dict[str, Any]]
    """Annotations for the message, when applicable, as when using the web search tool."""
    audio: dict[str, Any] | None
    """If the audio output modality is requested, this object contains data about the audio response from the model."""


class WaystoneChatCompletionRequest(TypedDict):
    model: str
    """<provider>/<model> to use in the query. If <model> is unique across providers, can supply <model> only"""
    metadata: NotRequired[dict[str, str]]
    """Key-value pairs of metadata for the request. Identify end-users associated with the query with the `waystone` metadata. All other fields are metadata for OpenAI requests and are not used by Waystone."""
    store: NotRequired[bool | None]
    """For OpenAI: Whether or not to store the output of this chat completion request in OpenAI"""
    stream: NotRequired[bool | None]
    """If set to true, the model response data will be streamed to the client as it is generated"""
    user: NotRequired[str]
    """For OpenAI: A unique identifier representing your end-user. NOT used by Waystone."""
    temperature: NotRequired[float]
    """What sampling temperature to use, between 0 and 2. Higher values like 0.8 will make the output more random, while lower values like 0.2 will make it more focused and deterministic. We generally recommend altering this or top_p but not both."""
    frequency_penalty: NotRequired[float]
    """Number between -2.0 and 2.0. Positive values penalize new tokens based on their existing frequency in the text so far, decreasing the model's likelihood to repeat the same line verbatim."""
    max_completion_tokens: NotRequired[float]
    """An upper bound for the number of tokens that can be generated for a completion, including visible output tokens and reasoning tokens."""
    n: NotRequired[float]
    """How many chat completion choices to generate for each input message. Note that you will be charged based on the number of generated tokens across all of the choices. Keep n as 1 to minimize costs."""
    messages: list[WaystoneChatMessage | WaystoneToolMessage]
    """A list of messages comprising the conversation so far."""


class WaystoneChatCompletionUsage(TypedDict):
    completion_tokens: NotRequired[float]
    prompt_tokens: NotRequired[float]
    total_tokens: NotRequired[float]
    completion_tokens_details: NotRequired[dict[str, Any]]
    prompt_tokens_details: NotRequired[dict[str, Any]]


class WaystoneChatMessage(TypedDict):
    content: str | list[str]
    """The contents of the system message."""
    role: Literal["developer", "system", "user", "assistant", "function"]
    name: NotRequired[str]
    """An optional name for the participant. Provides the model information to differentiate between participants of the same role."""


class WaystoneResponseRequest(TypedDict):
    model: str
    """<provider>/<model> to use in the query. If <model> is unique across providers, can supply <model> only"""
    metadata: NotRequired[dict[str, str]]
    """Key-value pairs of metadata for the request. Identify end-users associated with the query with the `waystone` metadata. All other fields are metadata for OpenAI requests and are not used by Waystone."""
    store: NotRequired[bool | None]
    """For OpenAI: Whether or not to store the output of this chat completion request in OpenAI"""
    stream: NotRequired[bool | None]
    """If set to true, the model response data will be streamed to the client as it is generated"""
    user: NotRequired[str]
    """For OpenAI: A unique identifier representing your end-user. NOT used by Waystone."""
    temperature: NotRequired[float]
    """What sampling temperature to use, between 0 and 2. Higher values like 0.8 will make the output more random, while lower values like 0.2 will make it more focused and deterministic. We generally recommend altering this or top_p but not both."""
    frequency_penalty: NotRequired[float]
    """Number between -2.0 and 2.0. Positive values penalize new tokens based on their existing frequency in the text so far, decreasing the model's likelihood to repeat the same line verbatim."""
    max_completion_tokens: NotRequired[float]
    """An upper bound for the number of tokens that can be generated for a completion, including visible output tokens and reasoning tokens."""
    n: NotRequired[float]
    """How many chat completion choices to generate for each input message. Note that you will be charged based on the number of generated tokens across all of the choices. Keep n as 1 to minimize costs."""
    input: str


class WaystoneToolMessage(TypedDict):
    content: str
    """The contents of the tool message."""
    role: Literal["tool"]
    tool_call_id: str


class WebSearchLocation(TypedDict):
    country: NotRequired[str | None]
    region: NotRequired[str | None]
    city: NotRequired[str | None]
    timezone: NotRequired[str | None]


class WebSearchOptions(TypedDict):
    """Lets models that can do so search the web."""

    search_context_size: NotRequired[str | None]
    user_location: NotRequired[WebSearchUserLocation | None]


class WebSearchUserLocation(TypedDict):
    type: Literal["approximate"]
    approximate: WebSearchLocation