"""The types of the contract's schemas. Written by scripts/generate from openapi/; not to be edited."""

from __future__ import annotations

from typing import Any, Literal, NotRequired, TypeAlias, TypedDict


class AdditionalTools(TypedDict):
    type: Literal["additional_tools"]
    id: str
    tools: list[dict[str, Any]]
    role: NotRequired[str]


class AdditionalToolsItemParam(TypedDict):
    """Tools that the model may call from here on."""

    type: Literal["additional_tools"]
    tools: list[Tool]
    role: NotRequired[str | None]
    id: NotRequired[str | None]


AllowedCallers: TypeAlias = list[str] | None
"""Whether the model calls the tool itself, or a program that it wrote does."""


class ApplyPatchOperationParam(TypedDict):
    type: str
    path: str
    diff: NotRequired[str | None]


class ApplyPatchToolCall(TypedDict):
    type: Literal["apply_patch_call"]
    id: str
    status: str
    call_id: str
    operation: dict[str, Any]


class ApplyPatchToolCallItemParam(TypedDict):
    type: Literal["apply_patch_call"]
    call_id: CallId
    operation: ApplyPatchOperationParam
    id: NotRequired[str | None]
    status: NotRequired[str | None]
    caller: NotRequired[dict[str, Any] | None]


class ApplyPatchToolCallOutput(TypedDict):
    type: Literal["apply_patch_call_output"]
    id: str
    status: str
    call_id: str
    output: NotRequired[str | None]


class ApplyPatchToolCallOutputItemParam(TypedDict):
    type: Literal["apply_patch_call_output"]
    call_id: CallId
    output: NotRequired[str | None]
    id: NotRequired[str | None]
    status: NotRequired[str | None]
    caller: NotRequired[dict[str, Any] | None]


class ApplyPatchToolParam(TypedDict):
    type: Literal["apply_patch"]
    allowed_callers: NotRequired[AllowedCallers]


class AudioReference(TypedDict):
    id: str
    """The id of an earlier answer's recording."""


class BackgroundOptionsParam(TypedDict):
    """When a response in the background is to be completed. The gateway works on each at once, so the window is kept, but no provider is sent it, and none charges less for it."""

    completion_window: NotRequired[str | None]
    """Any but `soonest` needs `background: true`, the tier `auto` or `default`, and no stream."""
    continuation_id: NotRequired[str | None]
    """What tells the provider which requests in the background belong together."""


CallId: TypeAlias = str
"""The call that this belongs to."""


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
    moderation: NotRequired[dict[str, Any] | None]
    """The results for input and output, where the provider reports them."""


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


class ChatCompletionAudioChunk(TypedDict):
    """A piece of spoken output."""

    id: NotRequired[str | None]
    data: NotRequired[str | None]
    """The next piece of the recording, in base64."""
    transcript: NotRequired[str | None]
    expires_at: NotRequired[int | None]


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
    moderation: NotRequired[dict[str, Any] | None]


class ChatCompletionChunkChoice(TypedDict):
    index: int
    delta: ChatCompletionStreamResponseDelta
    finish_reason: FinishReason | None
    logprobs: NotRequired[ChatCompletionLogprobs | None]


class ChatCompletionFunctionCallOption(TypedDict):
    name: str


class ChatCompletionImage(TypedDict):
    type: Literal["image_url"]
    image_url: ChatCompletionImageUrl


class ChatCompletionImageUrl(TypedDict):
    url: str
    """The image as a `data:` URL."""


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
    prompt_cache_breakpoint: NotRequired[PromptCacheBreakpointParam | None]


class ChatCompletionRequestMessageContentPartFile(TypedDict):
    type: Literal["file"]
    file: InputFile
    prompt_cache_breakpoint: NotRequired[PromptCacheBreakpointParam | None]


class ChatCompletionRequestMessageContentPartImage(TypedDict):
    type: Literal["image_url"]
    image_url: ImageUrl
    prompt_cache_breakpoint: NotRequired[PromptCacheBreakpointParam | None]


class ChatCompletionRequestMessageContentPartRefusal(TypedDict):
    type: Literal["refusal"]
    refusal: str


class ChatCompletionRequestMessageContentPartText(TypedDict):
    type: Literal["text"]
    text: str
    prompt_cache_breakpoint: NotRequired[PromptCacheBreakpointParam | None]


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
    citations: NotRequired[list[dict[str, Any]] | None]
    """What the answer cites that has no address, such as a document or a tool's output, in the form of the annotations of the Responses API. Clients of chat expect nothing but pages in `annotations`."""
    audio: NotRequired[ChatCompletionAudio | None]
    function_call: NotRequired[FunctionCall | None]
    reasoning_content: NotRequired[str | None]
    """The model's reasoning, from providers that show it."""
    reasoning_details: NotRequired[list[dict[str, Any]] | None]
    """What the model's provider wants back of its reasoning. Send it with the message, as it came, and the model goes on from it."""
    images: NotRequired[list[ChatCompletionImage] | None]
    """The images that the model made."""


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
    audio: NotRequired[ChatCompletionAudioChunk | None]
    reasoning_content: NotRequired[str | None]
    reasoning_details: NotRequired[list[dict[str, Any]] | None]
    images: NotRequired[list[ChatCompletionImage] | None]
    tool_calls: NotRequired[list[ChatCompletionMessageToolCallChunk] | None]
    annotations: NotRequired[list[ChatCompletionAnnotation] | None]
    citations: NotRequired[list[dict[str, Any]] | None]
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


class CodeInterpreterTool(TypedDict):
    type: Literal["code_interpreter"]
    container: str | dict[str, Any]
    """The id of the container to run in, or how to make one."""
    allowed_callers: NotRequired[AllowedCallers]


class CodeInterpreterToolCall(TypedDict):
    type: Literal["code_interpreter_call"]
    id: str
    status: str
    container_id: NotRequired[str | None]
    code: NotRequired[str | None]
    outputs: NotRequired[list[dict[str, Any]] | None]


class CodeInterpreterToolCallParam(TypedDict):
    type: Literal["code_interpreter_call"]
    id: NotRequired[str | None]
    status: NotRequired[str | None]
    container_id: NotRequired[str | None]
    code: NotRequired[str | None]
    outputs: NotRequired[list[dict[str, Any]] | None]


class CompactResponseBody(TypedDict):
    """A conversation that is to be compacted, from `previous_response_id`, `input` or both."""

    model: str
    """`<provider>/<model>`, or `<model>` alone where one provider serves it."""
    input: NotRequired[str | list[InputItem] | None]
    """A text, which is one user message, or the items of a conversation."""
    previous_response_id: NotRequired[str | None]
    """The stored response whose conversation is compacted, in front of `input`."""
    instructions: NotRequired[str | None]
    """Those of the conversation, for providers that compact it themselves."""
    metadata: NotRequired[Metadata | None]
    """As of a response; `waystone` in it names the end user."""
    prompt_cache_key: NotRequired[str | None]
    """For providers that compact conversations themselves."""
    prompt_cache_retention: NotRequired[str | None]
    """For providers that compact conversations themselves."""
    prompt_cache_options: NotRequired[PromptCacheOptionsParam | None]
    """For providers that compact conversations themselves."""
    service_tier: NotRequired[str | None]
    """For providers that compact conversations themselves."""


CompactResponseRequest: TypeAlias = CompactResponseBody


class CompactedResponse(TypedDict):
    id: str
    object: Literal["response.compaction"]
    created_at: int
    """When it was made, in Unix seconds."""
    output: list[OutputItem]
    """The beginning of the next request's input."""
    usage: ResponseUsage


CompactResponseReply: TypeAlias = CompactedResponse


class CompactionBody(TypedDict):
    type: Literal["compaction"]
    id: str
    encrypted_content: str


class CompactionSummaryItemParam(TypedDict):
    """What a longer context was made into."""

    type: Literal["compaction"]
    encrypted_content: str
    id: NotRequired[str | None]


class CompactionTriggerItemParam(TypedDict):
    """Asks for the context so far to be made smaller."""

    type: Literal["compaction_trigger"]


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


class ComputerCallOutputItemParam(TypedDict):
    type: Literal["computer_call_output"]
    call_id: CallId
    output: ComputerScreenshotImage
    id: NotRequired[str | None]
    status: NotRequired[str | None]
    acknowledged_safety_checks: NotRequired[list[dict[str, Any]] | None]


class ComputerScreenshotImage(TypedDict):
    type: str
    image_url: NotRequired[str | None]
    file_id: NotRequired[str | None]


class ComputerTool(TypedDict):
    type: Literal["computer"]


class ComputerToolCall(TypedDict):
    type: Literal["computer_call"]
    id: str
    status: str
    call_id: str
    action: NotRequired[dict[str, Any] | None]
    actions: NotRequired[list[dict[str, Any]] | None]
    pending_safety_checks: NotRequired[list[dict[str, Any]] | None]


class ComputerToolCallOutputResource(TypedDict):
    type: Literal["computer_call_output"]
    id: str
    status: str
    call_id: str
    output: dict[str, Any]
    acknowledged_safety_checks: NotRequired[list[dict[str, Any]] | None]


class ComputerToolCallParam(TypedDict):
    type: Literal["computer_call"]
    call_id: str
    id: NotRequired[str | None]
    status: NotRequired[str | None]
    action: NotRequired[dict[str, Any] | None]
    actions: NotRequired[list[dict[str, Any]] | None]
    pending_safety_checks: NotRequired[list[dict[str, Any]] | None]


class ComputerUsePreviewTool(TypedDict):
    type: Literal["computer_use_preview"]
    environment: str
    display_width: int
    display_height: int


class ConfigurationUpdateItemParam(TypedDict):
    """Settings that change from here on, also for the requests that go on from this one, as far as they have none of their own."""

    type: Literal["configuration_update"]
    reasoning: NotRequired[ConfigurationUpdateReasoning | None]
    text: NotRequired[ConfigurationUpdateText | None]
    id: NotRequired[str | None]


class ConfigurationUpdateReasoning(TypedDict):
    effort: NotRequired[str | None]


class ConfigurationUpdateText(TypedDict):
    format: NotRequired[TextResponseFormatConfiguration | None]


class ContextManagementParam(TypedDict):
    type: str
    compact_threshold: NotRequired[int | None]
    """From how many tokens on the context is made smaller."""


class ConversationItemList(TypedDict):
    object: Literal["list"]
    data: list[ItemResource]
    has_more: bool
    """Whether there are items behind these."""
    first_id: str | None
    """The id of the first item; null where there is none."""
    last_id: str | None
    """The id of the last item; null where there is none."""


class ConversationResource(TypedDict):
    id: str
    object: Literal["conversation"]
    created_at: int
    """When the conversation was begun, in Unix seconds."""
    metadata: ResponseMetadata


CreateChatCompletionEvent: TypeAlias = ChatCompletionServerSentEvent


CreateChatCompletionReply: TypeAlias = ChatCompletion


class CreateChatCompletionRequest(TypedDict):
    """A conversation, and how it is to be answered."""

    model: str
    """`<provider>/<model>`, or `<model>` alone where one provider serves it."""
    models: NotRequired[list[str] | None]
    """Models that are tried after `model`, in this order, where that cannot answer. Only until an answer has begun. Stays here."""
    messages: list[ChatCompletionRequestMessage]
    audio: NotRequired[ChatCompletionAudioParam | None]
    frequency_penalty: NotRequired[float | None]
    """Above 0, tokens grow less likely the more often they have come up."""
    function_call: NotRequired[Literal["none", "auto"] | ChatCompletionFunctionCallOption | None]
    """Use `tool_choice`."""
    functions: NotRequired[list[FunctionObject] | None]
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
    moderation: NotRequired[ModerationParam | None]
    n: NotRequired[int | None]
    """How many answers to generate."""
    parallel_tool_calls: NotRequired[bool | None]
    """Whether the model may call several tools in one turn."""
    prediction: NotRequired[PredictionContent | None]
    presence_penalty: NotRequired[float | None]
    """Above 0, tokens that have come up grow less likely."""
    prompt_cache_key: NotRequired[str | None]
    """Requests with the same key are more likely to share the provider's cache."""
    prompt_cache_options: NotRequired[PromptCacheOptionsParam | None]
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


class CreateConversationBody(TypedDict):
    """What a conversation begins with."""

    metadata: NotRequired[Metadata | None]
    items: NotRequired[list[InputItem] | None]
    """What it begins with. More can be added."""


CreateConversationItemReply: TypeAlias = ConversationItemList


class CreateConversationItemsBody(TypedDict):
    items: list[InputItem]


CreateConversationItemRequest: TypeAlias = CreateConversationItemsBody


CreateConversationReply: TypeAlias = ConversationResource


CreateConversationRequest: TypeAlias = CreateConversationBody


class CreateResponse(TypedDict):
    """An input, and how it is to be answered. `input` may be missing where `previous_response_id`, `conversation` or `prompt` brings one, and `model` where `prompt` does."""

    model: NotRequired[str]
    """`<provider>/<model>`, or `<model>` alone where one provider serves it."""
    models: NotRequired[list[str] | None]
    """Models that are tried after `model`, in this order, where that cannot answer. Only until an answer has begun. Stays here."""
    input: NotRequired[str | list[InputItem]]
    """A text, which is one user message, or the items of a conversation."""
    instructions: NotRequired[str | None]
    """Comes before everything else, and does not carry over to the next response."""
    previous_response_id: NotRequired[str | None]
    """The stored response to go on from. Not together with `conversation`."""
    conversation: NotRequired[str | ResponseConversation | None]
    """The conversation to join, by its id. Input and output become part of it."""
    store: NotRequired[bool | None]
    """Whether the response is kept, to be retrieved and gone on from."""
    background: NotRequired[bool | None]
    """Whether to answer at once with a response that is `queued`, and to work on it from then on, whether or not the client stays. It is retrieved, streamed or cancelled by its id, so `store: false` with it is a 400."""
    background_options: NotRequired[BackgroundOptionsParam | None]
    stream: NotRequired[bool | None]
    """Whether to answer with a stream of events."""
    stream_options: NotRequired[ResponseStreamOptions | None]
    include: NotRequired[list[IncludeEnum | str] | None]
    """More to tell about the items of the output."""
    max_output_tokens: NotRequired[int | None]
    """The most tokens to generate, reasoning included."""
    max_tool_calls: NotRequired[int | None]
    """How often the provider's own tools may be called altogether."""
    parallel_tool_calls: NotRequired[bool | None]
    """Whether the model may call several tools in one turn."""
    temperature: NotRequired[float | None]
    """The higher, the more varied the answers."""
    top_p: NotRequired[float | None]
    """Only the likeliest tokens, which together have this probability, are considered."""
    top_k: NotRequired[int | None]
    """Only so many of the likeliest tokens are considered, where the provider can do so."""
    top_logprobs: NotRequired[int | None]
    """How many of the likeliest tokens to return at each place."""
    frequency_penalty: NotRequired[float | None]
    """Above 0, tokens grow less likely the more often they have come up."""
    presence_penalty: NotRequired[float | None]
    """Above 0, tokens that have come up grow less likely."""
    reasoning: NotRequired[Reasoning | None]
    text: NotRequired[ResponseTextParam | None]
    tools: NotRequired[list[Tool] | None]
    """The tools that the model may call."""
    tool_choice: NotRequired[ToolChoiceParam]
    truncation: NotRequired[Literal["auto", "disabled"] | None]
    """With `auto`, an input that is too long loses items at its beginning; else it is refused."""
    context_management: NotRequired[list[ContextManagementParam] | None]
    """How the provider is to keep the context small. Not yet possible."""
    prompt: NotRequired[Prompt | None]
    """A prompt template: one of this gateway's own, which are in its settings, or one that the provider keeps. What the request itself has prevails over what it brings along."""
    metadata: NotRequired[Metadata | None]
    provider: NotRequired[str | dict[str, Any] | None]
    """The provider that is to answer, by its name, which stays here. An object is for OpenRouter's own choice."""
    service_tier: NotRequired[str | None]
    """The provider's class of service. Each provider has its own."""
    safety_identifier: NotRequired[str | None]
    """A stable identifier of the person behind the request, for the provider."""
    prompt_cache_key: NotRequired[str | None]
    """Requests with the same key are more likely to share the provider's cache."""
    prompt_cache_options: NotRequired[PromptCacheOptionsParam | None]
    prompt_cache_retention: NotRequired[str | None]
    """Use `prompt_cache_options`."""
    moderation: NotRequired[ModerationParam | None]
    access_programs: NotRequired[dict[str, Any] | None]
    """The programs of the provider's for trusted access that the request is made under."""
    image: NotRequired[ImageOptionsParam | None]
    client_metadata: NotRequired[dict[str, Any] | None]
    """What a client tells about itself."""
    user: NotRequired[str | None]
    """Use `safety_identifier` and `prompt_cache_key`."""


CreateResponseRequest: TypeAlias = CreateResponse


class CustomToolCall(TypedDict):
    """The model's wish to call a tool that takes free text."""

    id: str
    type: Literal["custom_tool_call"]
    call_id: str
    name: str
    namespace: NotRequired[str]
    input: str
    status: ItemStatus


class CustomToolCallInput(TypedDict):
    name: str
    input: str


class CustomToolCallOutputParam(TypedDict):
    """What a tool that takes free text returned."""

    type: Literal["custom_tool_call_output"]
    call_id: str
    output: ToolOutput
    id: NotRequired[str | None]
    status: NotRequired[str | None]
    caller: NotRequired[dict[str, Any] | None]


class CustomToolCallOutputResource(TypedDict):
    """What a tool that takes free text returned."""

    type: Literal["custom_tool_call_output"]
    id: str
    status: str
    call_id: str
    output: ToolOutput


class CustomToolCallParam(TypedDict):
    """The model's wish to call a tool that takes free text, from an earlier turn."""

    type: Literal["custom_tool_call"]
    call_id: str
    name: str
    input: str
    namespace: NotRequired[str | None]
    id: NotRequired[str | None]
    status: NotRequired[str | None]
    caller: NotRequired[dict[str, Any] | None]


class CustomToolChatCompletions(TypedDict):
    """A tool that takes free text."""

    type: Literal["custom"]
    custom: CustomToolObject


class CustomToolObject(TypedDict):
    name: str
    description: NotRequired[str | None]
    format: NotRequired[dict[str, Any] | None]
    """The grammar that the text must follow, if any."""


class CustomToolParam(TypedDict):
    """A tool that takes free text."""

    type: Literal["custom"]
    name: str
    description: NotRequired[str | None]
    format: NotRequired[dict[str, Any] | None]
    """The grammar that the text must follow, if any."""
    defer_loading: NotRequired[bool | None]
    allowed_callers: NotRequired[AllowedCallers]


class CustomVoice(TypedDict):
    id: str


DeleteConversationItemReply: TypeAlias = ConversationResource


class DeletedConversationResource(TypedDict):
    id: str
    object: Literal["conversation.deleted"]
    deleted: Literal[True]


DeleteConversationReply: TypeAlias = DeletedConversationResource


class DeletedResponse(TypedDict):
    id: str
    object: Literal["response"]
    deleted: Literal[True]


DeleteResponseReply: TypeAlias = DeletedResponse


class EasyInputMessage(TypedDict):
    """What somebody said or showed, the model itself in an earlier turn included."""

    type: NotRequired[Literal["message"]]
    role: Literal["user", "assistant", "system", "developer"]
    content: InputMessageContent
    id: NotRequired[str | None]
    status: NotRequired[str | None]
    phase: NotRequired[str | None]
    """Whether an assistant's message is on the way to the answer, or the answer."""


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


class FileSearchTool(TypedDict):
    type: Literal["file_search"]
    vector_store_ids: list[str]
    max_num_results: NotRequired[int | None]
    ranking_options: NotRequired[dict[str, Any] | None]
    filters: NotRequired[dict[str, Any] | None]


class FileSearchToolCall(TypedDict):
    type: Literal["file_search_call"]
    id: str
    status: str
    queries: NotRequired[list[str]]
    results: NotRequired[list[dict[str, Any]] | None]


class FileSearchToolCallParam(TypedDict):
    type: Literal["file_search_call"]
    id: NotRequired[str | None]
    status: NotRequired[str | None]
    queries: NotRequired[list[str] | None]
    results: NotRequired[list[dict[str, Any]] | None]


FinishReason: TypeAlias = Literal["stop", "length", "tool_calls", "content_filter", "function_call"]
"""Why the model stopped."""


class FunctionCall(TypedDict):
    name: str
    arguments: str
    """A JSON document, as the model wrote it; it may be broken."""


class FunctionCallChunk(TypedDict):
    name: NotRequired[str | None]
    arguments: NotRequired[str | None]


class FunctionCallOutputItemParam(TypedDict):
    """What a function returned."""

    type: Literal["function_call_output"]
    call_id: NotRequired[OptionalCallId]
    output: ToolOutput
    name: NotRequired[str | None]
    namespace: NotRequired[str | None]
    id: NotRequired[str | None]
    status: NotRequired[str | None]
    caller: NotRequired[dict[str, Any] | None]


FunctionName: TypeAlias = str


class FunctionObject(TypedDict):
    name: str
    description: NotRequired[str | None]
    """What the function does, for the model to know when to call it."""
    parameters: NotRequired[dict[str, Any] | None]
    """The JSON Schema of the arguments; none, if missing."""
    strict: NotRequired[bool | None]
    """Whether the arguments must keep to the schema exactly."""


class FunctionShellActionParam(TypedDict):
    commands: list[str]
    timeout_ms: NotRequired[int | None]
    max_output_length: NotRequired[int | None]


class FunctionShellCall(TypedDict):
    type: Literal["shell_call"]
    id: str
    status: str
    call_id: str
    action: dict[str, Any]
    environment: NotRequired[dict[str, Any] | None]


class FunctionShellCallItemParam(TypedDict):
    type: Literal["shell_call"]
    call_id: CallId
    action: FunctionShellActionParam
    environment: NotRequired[dict[str, Any] | None]
    id: NotRequired[str | None]
    status: NotRequired[str | None]
    caller: NotRequired[dict[str, Any] | None]


class FunctionShellCallOutput(TypedDict):
    type: Literal["shell_call_output"]
    id: str
    status: str
    call_id: str
    output: list[dict[str, Any]]
    max_output_length: NotRequired[int | None]


class FunctionShellCallOutputContentParam(TypedDict):
    stdout: str
    stderr: str
    outcome: dict[str, Any]


class FunctionShellCallOutputItemParam(TypedDict):
    type: Literal["shell_call_output"]
    call_id: CallId
    output: list[FunctionShellCallOutputContentParam]
    max_output_length: NotRequired[int | None]
    id: NotRequired[str | None]
    status: NotRequired[str | None]
    caller: NotRequired[dict[str, Any] | None]


class FunctionShellToolParam(TypedDict):
    type: Literal["shell"]
    environment: NotRequired[dict[str, Any] | None]
    allowed_callers: NotRequired[AllowedCallers]


class FunctionTool(TypedDict):
    """A function with named arguments."""

    type: Literal["function"]
    name: FunctionName
    description: NotRequired[str | None]
    """What the function does, for the model to know when to call it."""
    parameters: NotRequired[dict[str, Any] | None]
    """The JSON Schema of the arguments; none, if missing."""
    strict: NotRequired[bool | None]
    """Whether the arguments must keep to the schema exactly. True, if missing."""
    output_schema: NotRequired[dict[str, Any] | None]
    """The JSON Schema of what the function returns."""
    defer_loading: NotRequired[bool | None]
    """Whether the model learns of the function only by searching for it."""
    allowed_callers: NotRequired[AllowedCallers]


class FunctionToolCall(TypedDict):
    """The model's wish to call a function."""

    id: str
    type: Literal["function_call"]
    call_id: str
    """What the function's output must name to answer this call."""
    name: str
    namespace: NotRequired[str]
    """The namespace that the function belongs to, where the request put it into one."""
    arguments: str
    """A JSON document, as the model wrote it; it may be broken."""
    status: ItemStatus


class FunctionToolCallOutputResource(TypedDict):
    """What a function returned."""

    type: Literal["function_call_output"]
    id: str
    status: str
    output: ToolOutput
    call_id: NotRequired[str | None]


class FunctionToolCallParam(TypedDict):
    """The model's wish to call a function, from an earlier turn."""

    type: Literal["function_call"]
    call_id: str
    name: str
    arguments: str
    """A JSON document, as the model wrote it; it may be broken or empty."""
    namespace: NotRequired[str | None]
    id: NotRequired[str | None]
    status: NotRequired[str | None]
    caller: NotRequired[dict[str, Any] | None]


class Health(TypedDict):
    status: Literal["ok"]


class ImageGenTool(TypedDict):
    type: Literal["image_generation"]
    model: NotRequired[str | None]
    action: NotRequired[str | None]
    quality: NotRequired[str | None]
    size: NotRequired[str | None]
    output_format: NotRequired[str | None]
    output_compression: NotRequired[int | None]
    moderation: NotRequired[str | None]
    background: NotRequired[str | None]
    input_fidelity: NotRequired[str | None]
    input_image_mask: NotRequired[dict[str, Any] | None]
    partial_images: NotRequired[int | None]
    complexity: NotRequired[str | None]
    frame_count: NotRequired[int | None]
    """How many pictures an animation has."""
    frame_duration_ms: NotRequired[int | None]
    """How long each of them is shown, in milliseconds."""
    svg: NotRequired[dict[str, Any] | None]
    """How a drawing is to be made."""


class ImageGenToolCall(TypedDict):
    type: Literal["image_generation_call"]
    id: str
    status: str
    result: NotRequired[str | None]
    action: NotRequired[str | None]
    background: NotRequired[str | None]
    error: NotRequired[dict[str, Any] | None]
    output_format: NotRequired[str | None]
    quality: NotRequired[str | None]
    revised_prompt: NotRequired[str | None]
    """The prompt that the image was made from."""
    size: NotRequired[str | None]
    svg_usage: NotRequired[dict[str, Any] | None]


class ImageGenToolCallParam(TypedDict):
    type: Literal["image_generation_call"]
    id: NotRequired[str | None]
    status: NotRequired[str | None]
    result: NotRequired[str | None]
    """The image, in base64."""
    action: NotRequired[str | None]
    background: NotRequired[str | None]
    error: NotRequired[dict[str, Any] | None]
    output_format: NotRequired[str | None]
    quality: NotRequired[str | None]
    revised_prompt: NotRequired[str | None]
    """The prompt that the image was made from."""
    size: NotRequired[str | None]
    svg_usage: NotRequired[dict[str, Any] | None]


class ImageOptionsParam(TypedDict):
    """How the provider is to treat the images of the input."""

    context_compression: NotRequired[str | None]
    """Whether images may be made smaller in the context."""


class ImageUrl(TypedDict):
    url: str
    """The address of the image, or the image itself as a data URL."""
    detail: NotRequired[str | None]
    """How closely the model looks at the image."""


IncludeEnum: TypeAlias = Literal["file_search_call.results", "web_search_call.results", "web_search_call.action.sources", "message.input_image.image_url", "computer_call_output.output.image_url", "code_interpreter_call.outputs", "reasoning.encrypted_content", "message.output_text.logprobs"]


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


class InputFileContent(TypedDict):
    type: Literal["input_file"]
    file_id: NotRequired[str | None]
    filename: NotRequired[str | None]
    file_data: NotRequired[str | None]
    """The file in base64, or as a data URL."""
    file_url: NotRequired[str | None]
    detail: NotRequired[str | None]
    prompt_cache_breakpoint: NotRequired[PromptCacheBreakpointParam | None]


class InputImageContent(TypedDict):
    type: Literal["input_image"]
    image_url: NotRequired[str | None]
    """The address of the image, or the image itself as a data URL."""
    file_id: NotRequired[str | None]
    detail: NotRequired[str | None]
    """How closely the model looks at the image."""
    prompt_cache_breakpoint: NotRequired[PromptCacheBreakpointParam | None]


class InputTextContent(TypedDict):
    type: Literal["input_text"]
    text: str
    prompt_cache_breakpoint: NotRequired[PromptCacheBreakpointParam | None]


class InputTokensDetails(TypedDict):
    cached_tokens: int
    cache_write_tokens: int


class InputTransformation(TypedDict):
    """An item of the input that was left out, such as reasoning that only another model can read."""

    id: NotRequired[str | None]
    """The id that the item had."""
    type: str
    action: str
    reason: str


class ItemReferenceParam(TypedDict):
    """Stands for an item that is stored."""

    type: NotRequired[Literal["item_reference"] | None]
    id: str
    role: NotRequired[None]
    """What has a role is a message."""


class ItemResource(TypedDict):
    """An item that is kept. It can be sent again as it is."""

    id: str
    type: str


ItemStatus: TypeAlias = Literal["in_progress", "completed", "incomplete"]


ListConversationItemsReply: TypeAlias = ConversationItemList


class ListModelsResponse(TypedDict):
    object: Literal["list"]
    data: list[Model]


ListModelsReply: TypeAlias = ListModelsResponse


LiveHealthReply: TypeAlias = Health


class LocalShellToolCall(TypedDict):
    type: Literal["local_shell_call"]
    id: str
    status: str
    call_id: str
    action: dict[str, Any]


class LocalShellToolCallOutput(TypedDict):
    type: Literal["local_shell_call_output"]
    id: str
    output: str
    status: NotRequired[str | None]


class LocalShellToolCallOutputParam(TypedDict):
    type: Literal["local_shell_call_output"]
    output: str
    id: NotRequired[str | None]
    status: NotRequired[str | None]


class LocalShellToolCallParam(TypedDict):
    type: Literal["local_shell_call"]
    call_id: str
    action: dict[str, Any]
    id: NotRequired[str | None]
    status: NotRequired[str | None]


class LocalShellToolParam(TypedDict):
    type: Literal["local_shell"]


class LogProb(TypedDict):
    token: str
    logprob: float
    bytes: list[int]
    top_logprobs: list[TopLogProb]


class MCPApprovalRequest(TypedDict):
    type: Literal["mcp_approval_request"]
    id: str
    server_label: str
    name: str
    arguments: str


class MCPApprovalRequestParam(TypedDict):
    type: Literal["mcp_approval_request"]
    server_label: str
    name: str
    arguments: str
    id: NotRequired[str | None]


class MCPApprovalResponseParam(TypedDict):
    type: Literal["mcp_approval_response"]
    approval_request_id: str
    approve: bool
    reason: NotRequired[str | None]
    id: NotRequired[str | None]


class MCPApprovalResponseResource(TypedDict):
    type: Literal["mcp_approval_response"]
    id: str
    approval_request_id: str
    approve: bool
    reason: NotRequired[str | None]


class MCPListTools(TypedDict):
    type: Literal["mcp_list_tools"]
    id: str
    server_label: str
    tools: list[dict[str, Any]]


class MCPListToolsParam(TypedDict):
    type: Literal["mcp_list_tools"]
    server_label: str
    tools: list[dict[str, Any]]
    id: NotRequired[str | None]


class MCPTool(TypedDict):
    """The tools of a server that speaks the Model Context Protocol."""

    type: Literal["mcp"]
    server_label: str
    server_url: NotRequired[str | None]
    server_description: NotRequired[str | None]
    connector_id: NotRequired[str | None]
    tunnel_id: NotRequired[str | None]
    authorization: NotRequired[str | None]
    headers: NotRequired[dict[str, str] | None]
    allowed_tools: NotRequired[list[str] | dict[str, Any] | None]
    allowed_callers: NotRequired[AllowedCallers]
    require_approval: NotRequired[str | dict[str, Any] | None]
    defer_loading: NotRequired[bool | None]


class MCPToolCall(TypedDict):
    type: Literal["mcp_call"]
    id: str
    server_label: str
    name: str
    arguments: str
    status: NotRequired[str | None]
    output: NotRequired[str | None]
    approval_request_id: NotRequired[str | None]


class MCPToolCallParam(TypedDict):
    type: Literal["mcp_call"]
    server_label: str
    name: str
    arguments: str
    output: NotRequired[str | None]
    approval_request_id: NotRequired[str | None]
    id: NotRequired[str | None]
    status: NotRequired[str | None]


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
    targets: NotRequired[list[str]]
    """For a name of the operator's own, the models that requests are shared out over."""
    fallbacks: NotRequired[list[str]]
    """What is tried, in this order, when the model or its targets fail."""
    context_window: NotRequired[int]
    """The tokens that the model reads at once, as its provider reports it, or else genai-prices. Of a name of the operator's own, the smallest of its targets'. Left out where it is not known, as are the fields below."""
    max_output_tokens: NotRequired[int]
    """The tokens that an answer has at most, as the provider reports it."""
    capabilities: NotRequired[list[str]]
    """What requests to this model may ask for, as far as the gateway knows its provider: `streaming`, `tools`, `images`, `files`, `audio`, `reasoning`, `structured_output`, `image_output`. More may come. Of a server that the gateway does not know by name, little is known."""
    price: NotRequired[ModelPrice]
    is_deprecated: NotRequired[bool]
    """Whether the provider has announced the model's end."""


class ModelPrice(TypedDict):
    """The provider's list price in US dollars per million tokens, as genai-prices has it."""

    input: NotRequired[float]
    """For tokens of the prompt."""
    cached_input: NotRequired[float]
    """For tokens of the prompt that the provider's cache already had."""
    cache_write: NotRequired[float]
    """For tokens of the prompt that are written to the provider's cache."""
    output: NotRequired[float]
    """For tokens of the answer, reasoning included."""
    is_tiered: bool
    """Whether long prompts cost more; the prices are then those of short ones."""
    source: str
    """Where the figures come from, the version of the price list, and the entry in it."""


class ModerationConfigParam(TypedDict):
    mode: str
    """Whether what is found is only reported, or blocked."""


class ModerationParam(TypedDict):
    """How the provider is to moderate input and output. Scores are left out where a provider has none; what is to be blocked is refused there."""

    model: str
    """The model that moderates."""
    policy: NotRequired[ModerationPolicyParam | None]


class ModerationPolicyParam(TypedDict):
    input: NotRequired[ModerationConfigParam | None]
    output: NotRequired[ModerationConfigParam | None]


class NamedJsonSchema(TypedDict):
    name: str
    """What the provider calls the format."""
    description: NotRequired[str | None]
    """What the format is for."""
    schema: NotRequired[dict[str, Any]]
    """The JSON Schema of the answer."""
    strict: NotRequired[bool | None]
    """Whether the answer must keep to the schema exactly."""


class NamespaceToolParam(TypedDict):
    """Tools that belong together, under one name."""

    type: Literal["namespace"]
    name: str
    description: NotRequired[str | None]
    tools: list[NamespacedTool]


class NonFunctionTool(TypedDict):
    """A tool of any other type, as the request named it."""

    type: Literal["<any other type>"]


OptionalCallId: TypeAlias = str | None
"""The call that this belongs to."""


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


class OtherHostedTool(TypedDict):
    """A tool that only some providers know."""

    type: Literal["<any other type>"]


class OtherInputContent(TypedDict):
    """A kind of content that only some providers know."""

    type: Literal["<any other type>"]


class OtherInputItem(TypedDict):
    """An item that only some providers know."""

    type: Literal["<any other type>"]


class OtherOutputItem(TypedDict):
    """An item of a kind that is not known yet."""

    type: Literal["<any other type>"]
    id: str


class OtherResponseFormat(TypedDict):
    """A format that only some providers know."""

    type: Literal["<any other type>"]


class OtherTool(TypedDict):
    """A tool that only some providers know."""

    type: Literal["<any other type>"]


ChatCompletionToolParam: TypeAlias = ChatCompletionTool | CustomToolChatCompletions | OtherTool
"""A tool that the model may call."""


NamespacedTool: TypeAlias = FunctionTool | CustomToolParam | OtherTool


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


class OutputTextContentParam(TypedDict):
    """What the model wrote in an earlier turn."""

    type: Literal["output_text"]
    text: str
    annotations: NotRequired[list[dict[str, Any]] | None]
    logprobs: NotRequired[list[dict[str, Any]] | None]


class OutputTokensDetails(TypedDict):
    reasoning_tokens: int


ParticipantName: TypeAlias = str | None
"""Tells apart participants of the same role."""


class PredictionContent(TypedDict):
    """Text that the answer will largely repeat."""

    type: Literal["content"]
    content: str | list[ChatCompletionRequestMessageContentPart]


class Program(TypedDict):
    type: Literal["program"]
    id: str
    call_id: str
    code: str
    fingerprint: NotRequired[str]


class ProgramItemParam(TypedDict):
    """A program that the model wrote to call tools."""

    type: Literal["program"]
    call_id: CallId
    code: str
    fingerprint: NotRequired[str | None]
    id: NotRequired[str | None]


class ProgramOutput(TypedDict):
    type: Literal["program_output"]
    id: str
    status: str
    call_id: str
    result: str


class ProgramOutputItemParam(TypedDict):
    type: Literal["program_output"]
    call_id: CallId
    result: str
    id: NotRequired[str | None]
    status: NotRequired[str | None]


class ProgrammaticToolCallingParam(TypedDict):
    """Lets the model write programs that call tools."""

    type: Literal["programmatic_tool_calling"]


class Prompt(TypedDict):
    """A prompt template by its id, and the values of its variables."""

    id: str
    version: NotRequired[str | None]
    """Without one, the template's own default."""
    variables: NotRequired[dict[str, str | InputTextContent | InputImageContent | InputFileContent] | None]
    """A value for each of the template's variables, and no others."""


class PromptCacheBreakpointParam(TypedDict):
    """The prompt up to here is to be cached."""

    mode: str


class PromptCacheOptionsParam(TypedDict):
    """How the provider is to cache the prompt."""

    mode: NotRequired[str | None]
    """Whether the provider itself chooses what to cache, as it does where nothing is written, or caches up to the breakpoints (`prompt_cache_breakpoint`) alone."""
    ttl: NotRequired[str | None]
    """How long what is cached is to be kept at least. Anthropic keeps it for an hour then, instead of 5 minutes."""
    comparison_response_id: NotRequired[str | None]
    """The response whose cache this one's is compared with, in `prompt_cache_diagnostics`. Providers do not know the ids of this gateway, so it is not sent."""
    prewarm: NotRequired[bool | None]
    """Whether the prompt is only to be cached for requests to come, and nothing to be generated. Refused where a provider cannot do so."""


class PromptTokensDetails(TypedDict):
    audio_tokens: NotRequired[int | None]
    cached_tokens: NotRequired[int | None]
    cache_write_tokens: NotRequired[int | None]
    image_tokens: NotRequired[int | None]
    text_tokens: NotRequired[int | None]


ReadyHealthReply: TypeAlias = Health


class Reasoning(TypedDict):
    """How a model that reasons is to do so."""

    effort: NotRequired[str | None]
    """How much to reason. Each provider has its own set of levels."""
    summary: NotRequired[str | None]
    """Whether to summarise the reasoning, and how."""
    generate_summary: NotRequired[str | None]
    """Use `summary`."""
    mode: NotRequired[str | None]
    """With `pro`, a model that can do so works longer for a better answer."""
    context: NotRequired[str | None]
    """Which of its reasoning the model gets to see again. With `current_turn`, that of turns before the last message of the user's is left out, whichever model answers; `input_transformations` lists it."""


class ReasoningItem(TypedDict):
    """What the model thought before it answered."""

    id: str
    type: Literal["reasoning"]
    summary: list[SummaryTextContent]
    content: NotRequired[list[ReasoningTextContent]]
    encrypted_content: NotRequired[str | None]
    status: NotRequired[ItemStatus]


class ReasoningItemParam(TypedDict):
    """What the model thought in an earlier turn."""

    type: Literal["reasoning"]
    id: NotRequired[str | None]
    summary: NotRequired[list[ReasoningPart] | None]
    content: NotRequired[list[ReasoningPart] | None]
    encrypted_content: NotRequired[str | None]
    """What only its author can read, as it came."""
    status: NotRequired[str | None]


class ReasoningPart(TypedDict):
    type: str
    text: str


class ReasoningTextContent(TypedDict):
    type: Literal["reasoning_text"]
    text: str


class RefusalContent(TypedDict):
    type: Literal["refusal"]
    refusal: str


InputContent: TypeAlias = InputTextContent | OutputTextContentParam | InputImageContent | InputFileContent | RefusalContent | OtherInputContent
"""A piece of a message. Which kinds a role may hold is for the provider to say."""


InputMessageContent: TypeAlias = str | list[InputContent]


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
    reasoning: ResponseReasoning | None
    store: bool
    background: bool
    temperature: float
    text: ResponseTextConfig
    tool_choice: ResponseToolChoice
    tools: list[ResponseTool]
    top_p: float
    top_logprobs: int
    truncation: Literal["auto", "disabled"]
    usage: ResponseUsage | None
    """Null until the response has ended, as OpenAI sends it; all 0 where the provider reported none."""
    user: NotRequired[str | None]
    """Not there where the request named none. Responses that older versions kept may have null."""
    metadata: ResponseMetadata
    service_tier: str
    safety_identifier: str | None
    prompt_cache_key: str | None
    prompt_cache_retention: NotRequired[str | None]
    prompt_cache_options: NotRequired[PromptCacheOptionsParam | None]
    """Not there where the request has none."""
    prompt_cache_diagnostics: NotRequired[dict[str, Any] | None]
    """What became of the prompt cache, where the provider reports it."""
    access_programs: NotRequired[dict[str, Any] | None]
    """Not there where the request has none."""
    image: NotRequired[ImageOptionsParam | None]
    """Not there where the request has none."""
    moderation: NotRequired[dict[str, Any] | None]
    """The results for input and output, where the provider reports them."""
    tool_usage: NotRequired[dict[str, Any] | None]
    """How often the provider's own tools were used, where the provider reports it."""
    presence_penalty: float
    frequency_penalty: float
    provider: NotRequired[str]
    """The provider that answered."""
    input_transformations: NotRequired[list[InputTransformation]]
    """What of the input the model could not be given. Missing where there is nothing to tell."""
    output_text: NotRequired[str | None]
    """The texts of the output in one."""


CancelResponseReply: TypeAlias = Response


CreateResponseReply: TypeAlias = Response


class ResponseApplyPatchCallOperationDiffDeltaEvent(TypedDict):
    type: Literal["response.apply_patch_call_operation_diff.delta"]
    sequence_number: SequenceNumber
    item_id: str
    output_index: int
    delta: str
    obfuscation: NotRequired[str | None]


class ResponseApplyPatchCallOperationDiffDoneEvent(TypedDict):
    type: Literal["response.apply_patch_call_operation_diff.done"]
    sequence_number: SequenceNumber
    item_id: str
    output_index: int
    diff: str


class ResponseAudioDeltaEvent(TypedDict):
    type: Literal["response.audio.delta"]
    sequence_number: SequenceNumber
    delta: str


class ResponseAudioDoneEvent(TypedDict):
    type: Literal["response.audio.done"]
    sequence_number: SequenceNumber


class ResponseAudioTranscriptDeltaEvent(TypedDict):
    type: Literal["response.audio.transcript.delta"]
    sequence_number: SequenceNumber
    delta: str


class ResponseAudioTranscriptDoneEvent(TypedDict):
    type: Literal["response.audio.transcript.done"]
    sequence_number: SequenceNumber


class ResponseCodeInterpreterCallCodeDeltaEvent(TypedDict):
    type: Literal["response.code_interpreter_call_code.delta"]
    sequence_number: SequenceNumber
    item_id: str
    output_index: int
    delta: str


class ResponseCodeInterpreterCallCodeDoneEvent(TypedDict):
    type: Literal["response.code_interpreter_call_code.done"]
    sequence_number: SequenceNumber
    item_id: str
    output_index: int
    code: str


class ResponseCodeInterpreterCallCompletedEvent(TypedDict):
    type: Literal["response.code_interpreter_call.completed"]
    sequence_number: SequenceNumber
    item_id: str
    output_index: int


class ResponseCodeInterpreterCallInProgressEvent(TypedDict):
    type: Literal["response.code_interpreter_call.in_progress"]
    sequence_number: SequenceNumber
    item_id: str
    output_index: int


class ResponseCodeInterpreterCallInterpretingEvent(TypedDict):
    type: Literal["response.code_interpreter_call.interpreting"]
    sequence_number: SequenceNumber
    item_id: str
    output_index: int


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
    """`server_interrupted` where the gateway was stopped or killed in the middle of a response in the background."""
    message: str


class ResponseErrorEvent(TypedDict):
    """A failure where there is no response to tell it by. `error` is there for clients that look for it."""

    type: Literal["error"]
    sequence_number: SequenceNumber
    code: str | None
    message: str
    param: str | None
    error: NotRequired[Error]


class ResponseFailedEvent(TypedDict):
    type: Literal["response.failed"]
    sequence_number: SequenceNumber
    response: Response


class ResponseFileSearchCallCompletedEvent(TypedDict):
    type: Literal["response.file_search_call.completed"]
    sequence_number: SequenceNumber
    item_id: str
    output_index: int


class ResponseFileSearchCallInProgressEvent(TypedDict):
    type: Literal["response.file_search_call.in_progress"]
    sequence_number: SequenceNumber
    item_id: str
    output_index: int


class ResponseFileSearchCallSearchingEvent(TypedDict):
    type: Literal["response.file_search_call.searching"]
    sequence_number: SequenceNumber
    item_id: str
    output_index: int


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


class ResponseFunctionTool(TypedDict):
    type: Literal["function"]
    name: str
    description: str | None
    parameters: dict[str, Any] | None
    strict: bool | None


class ResponseImageGenCallCompletedEvent(TypedDict):
    type: Literal["response.image_generation_call.completed"]
    sequence_number: SequenceNumber
    item_id: str
    output_index: int


class ResponseImageGenCallGeneratingEvent(TypedDict):
    type: Literal["response.image_generation_call.generating"]
    sequence_number: SequenceNumber
    item_id: str
    output_index: int


class ResponseImageGenCallInProgressEvent(TypedDict):
    type: Literal["response.image_generation_call.in_progress"]
    sequence_number: SequenceNumber
    item_id: str
    output_index: int


class ResponseImageGenCallPartialImageEvent(TypedDict):
    type: Literal["response.image_generation_call.partial_image"]
    sequence_number: SequenceNumber
    item_id: str
    output_index: int
    partial_image_index: int
    partial_image_b64: str
    size: NotRequired[str]
    quality: NotRequired[str]
    background: NotRequired[str]
    output_format: NotRequired[str]


class ResponseInProgressEvent(TypedDict):
    type: Literal["response.in_progress"]
    sequence_number: SequenceNumber
    response: Response


class ResponseIncompleteDetails(TypedDict):
    reason: str
    """Why the answer is cut short. Providers have reasons of their own."""


class ResponseIncompleteEvent(TypedDict):
    type: Literal["response.incomplete"]
    sequence_number: SequenceNumber
    response: Response


class ResponseItemList(TypedDict):
    object: Literal["list"]
    data: list[ItemResource]
    has_more: bool
    """Whether there are items behind these."""
    first_id: str | None
    """The id of the first item; null where there is none."""
    last_id: str | None
    """The id of the last item; null where there is none."""


ListResponseInputItemsReply: TypeAlias = ResponseItemList


class ResponseList(TypedDict):
    object: Literal["list"]
    data: list[Response]
    has_more: bool
    """Whether there are responses behind these."""
    first_id: str | None
    """The id of the first response; null where there is none."""
    last_id: str | None
    """The id of the last response; null where there is none."""


ListResponsesReply: TypeAlias = ResponseList


class ResponseLogProb(TypedDict):
    token: str
    logprob: float
    top_logprobs: NotRequired[list[ResponseTopLogProb]]


class ResponseMCPCallArgumentsDeltaEvent(TypedDict):
    type: Literal["response.mcp_call_arguments.delta"]
    sequence_number: SequenceNumber
    item_id: str
    output_index: int
    delta: str


class ResponseMCPCallArgumentsDoneEvent(TypedDict):
    type: Literal["response.mcp_call_arguments.done"]
    sequence_number: SequenceNumber
    item_id: str
    output_index: int
    arguments: str


class ResponseMCPCallCompletedEvent(TypedDict):
    type: Literal["response.mcp_call.completed"]
    sequence_number: SequenceNumber
    item_id: str
    output_index: int


class ResponseMCPCallFailedEvent(TypedDict):
    type: Literal["response.mcp_call.failed"]
    sequence_number: SequenceNumber
    item_id: str
    output_index: int


class ResponseMCPCallInProgressEvent(TypedDict):
    type: Literal["response.mcp_call.in_progress"]
    sequence_number: SequenceNumber
    item_id: str
    output_index: int


class ResponseMCPListToolsCompletedEvent(TypedDict):
    type: Literal["response.mcp_list_tools.completed"]
    sequence_number: SequenceNumber
    item_id: str
    output_index: int


class ResponseMCPListToolsFailedEvent(TypedDict):
    type: Literal["response.mcp_list_tools.failed"]
    sequence_number: SequenceNumber
    item_id: str
    output_index: int


class ResponseMCPListToolsInProgressEvent(TypedDict):
    type: Literal["response.mcp_list_tools.in_progress"]
    sequence_number: SequenceNumber
    item_id: str
    output_index: int


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


class ResponseQueuedEvent(TypedDict):
    type: Literal["response.queued"]
    sequence_number: SequenceNumber
    response: Response


class ResponseReasoning(TypedDict):
    effort: str | None
    summary: str | None


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


CreateResponseEvent: TypeAlias = ResponseServerSentEvent


class ResponseShellCallCommandAddedEvent(TypedDict):
    type: Literal["response.shell_call_command.added"]
    sequence_number: SequenceNumber
    output_index: int
    command_index: int
    command: str


class ResponseShellCallCommandDeltaEvent(TypedDict):
    type: Literal["response.shell_call_command.delta"]
    sequence_number: SequenceNumber
    output_index: int
    command_index: int
    delta: str


class ResponseShellCallCommandDoneEvent(TypedDict):
    type: Literal["response.shell_call_command.done"]
    sequence_number: SequenceNumber
    output_index: int
    command_index: int
    command: str


class ResponseShellCallOutputContentDeltaEvent(TypedDict):
    type: Literal["response.shell_call_output_content.delta"]
    sequence_number: SequenceNumber
    item_id: str
    output_index: int
    command_index: int
    delta: ShellCallOutputDelta


class ResponseShellCallOutputContentDoneEvent(TypedDict):
    type: Literal["response.shell_call_output_content.done"]
    sequence_number: SequenceNumber
    item_id: str
    output_index: int
    command_index: int
    output: list[FunctionShellCallOutputContentParam]


ResponseStatus: TypeAlias = Literal["completed", "failed", "in_progress", "cancelled", "queued", "incomplete"]
"""Responses in the background begin as `queued`; only they can be `cancelled`."""


class ResponseStreamOptions(TypedDict):
    include_usage: NotRequired[bool | None]
    """Changes nothing. The last event tells the tokens used in any case."""
    include_obfuscation: NotRequired[bool | None]
    """Whether the provider pads its events to hide their sizes."""


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


class ResponseTextParam(TypedDict):
    """The form of the text of the answer."""

    format: NotRequired[ResponseFormatText | TextResponseFormatJsonSchema | ResponseFormatJsonObject | OtherResponseFormat | None]
    verbosity: NotRequired[str | None]
    """How long answers tend to be."""


ResponseTool: TypeAlias = ResponseFunctionTool | NonFunctionTool


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
    prompt_tokens_details: NotRequired[PromptTokensDetails]
    """The details of the input under the names that chat completions have for them."""
    completion_tokens_details: NotRequired[CompletionTokensDetails]
    """The details of the output under the names that chat completions have for them."""
    raw_usage: NotRequired[dict[str, Any]]
    """The provider's own words."""


class ResponseWebSearchCallCompletedEvent(TypedDict):
    type: Literal["response.web_search_call.completed"]
    sequence_number: SequenceNumber
    item_id: str
    output_index: int


class ResponseWebSearchCallInProgressEvent(TypedDict):
    type: Literal["response.web_search_call.in_progress"]
    sequence_number: SequenceNumber
    item_id: str
    output_index: int


class ResponseWebSearchCallSearchingEvent(TypedDict):
    type: Literal["response.web_search_call.searching"]
    sequence_number: SequenceNumber
    item_id: str
    output_index: int


ResponseStreamEvent: TypeAlias = ResponseCreatedEvent | ResponseInProgressEvent | ResponseQueuedEvent | ResponseCompletedEvent | ResponseIncompleteEvent | ResponseFailedEvent | ResponseErrorEvent | ResponseOutputItemAddedEvent | ResponseOutputItemDoneEvent | ResponseContentPartAddedEvent | ResponseContentPartDoneEvent | ResponseTextDeltaEvent | ResponseTextDoneEvent | ResponseOutputTextAnnotationAddedEvent | ResponseRefusalDeltaEvent | ResponseRefusalDoneEvent | ResponseFunctionCallArgumentsDeltaEvent | ResponseFunctionCallArgumentsDoneEvent | ResponseCustomToolCallInputDeltaEvent | ResponseCustomToolCallInputDoneEvent | ResponseReasoningTextDeltaEvent | ResponseReasoningTextDoneEvent | ResponseReasoningSummaryPartAddedEvent | ResponseReasoningSummaryPartDoneEvent | ResponseReasoningSummaryTextDeltaEvent | ResponseReasoningSummaryTextDoneEvent | ResponseWebSearchCallInProgressEvent | ResponseWebSearchCallSearchingEvent | ResponseWebSearchCallCompletedEvent | ResponseFileSearchCallInProgressEvent | ResponseFileSearchCallSearchingEvent | ResponseFileSearchCallCompletedEvent | ResponseCodeInterpreterCallInProgressEvent | ResponseCodeInterpreterCallInterpretingEvent | ResponseCodeInterpreterCallCompletedEvent | ResponseCodeInterpreterCallCodeDeltaEvent | ResponseCodeInterpreterCallCodeDoneEvent | ResponseApplyPatchCallOperationDiffDeltaEvent | ResponseApplyPatchCallOperationDiffDoneEvent | ResponseImageGenCallInProgressEvent | ResponseImageGenCallGeneratingEvent | ResponseImageGenCallCompletedEvent | ResponseImageGenCallPartialImageEvent | ResponseMCPCallInProgressEvent | ResponseMCPCallCompletedEvent | ResponseMCPCallFailedEvent | ResponseMCPCallArgumentsDeltaEvent | ResponseMCPCallArgumentsDoneEvent | ResponseMCPListToolsInProgressEvent | ResponseMCPListToolsCompletedEvent | ResponseMCPListToolsFailedEvent | ResponseShellCallCommandAddedEvent | ResponseShellCallCommandDeltaEvent | ResponseShellCallCommandDoneEvent | ResponseShellCallOutputContentDeltaEvent | ResponseShellCallOutputContentDoneEvent | ResponseAudioDeltaEvent | ResponseAudioDoneEvent | ResponseAudioTranscriptDeltaEvent | ResponseAudioTranscriptDoneEvent


RetrieveConversationItemReply: TypeAlias = ItemResource


RetrieveConversationReply: TypeAlias = ConversationResource


RetrieveModelReply: TypeAlias = Model


RetrieveResponseEvent: TypeAlias = ResponseServerSentEvent


RetrieveResponseReply: TypeAlias = Response


SequenceNumber: TypeAlias = int
"""The place of the event in its stream, counted from 0."""


class ShellCallOutputDelta(TypedDict):
    stdout: NotRequired[str]
    stderr: NotRequired[str]


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


TextResponseFormatConfiguration: TypeAlias = ResponseFormatText | TextResponseFormatJsonSchema | ResponseFormatJsonObject | OtherResponseFormat


class TokenCounts(TypedDict):
    object: Literal["response.input_tokens"]
    input_tokens: int
    """The tokens of the input."""


CountResponseInputTokenReply: TypeAlias = TokenCounts


class TokenCountsBody(TypedDict):
    """An input, as a response is created with it. Other fields of such a request change nothing."""

    model: NotRequired[str]
    """`<provider>/<model>`, or `<model>` alone where one provider serves it."""
    models: NotRequired[list[str] | None]
    """Models that would be tried after `model`. The input is counted for the first that can be sent it."""
    provider: NotRequired[str | dict[str, Any] | None]
    """The provider that would answer, by its name."""
    input: NotRequired[str | list[InputItem] | None]
    """A text, which is one user message, or the items of a conversation."""
    prompt: NotRequired[Prompt | None]
    """One of this gateway's own prompt templates, which is counted as it is expanded."""
    instructions: NotRequired[str | None]
    """Comes before everything else."""
    previous_response_id: NotRequired[str | None]
    """The stored response to go on from. Not together with `conversation`."""
    conversation: NotRequired[str | ResponseConversation | None]
    """The conversation to join, by its id. Nothing becomes part of it."""
    tools: NotRequired[list[Tool] | None]
    """The tools that the model may call."""
    tool_choice: NotRequired[ToolChoiceParam]
    parallel_tool_calls: NotRequired[bool | None]
    """Whether the model may call several tools in one turn."""
    reasoning: NotRequired[Reasoning | None]
    text: NotRequired[ResponseTextParam | None]
    truncation: NotRequired[Literal["auto", "disabled"] | None]
    """As a response is created with it; what is counted is the input before anything is taken out."""
    personality: NotRequired[str | None]
    """A manner of answering, for the provider's own count."""


CountResponseInputTokenRequest: TypeAlias = TokenCountsBody


class ToolChoiceAllowed(TypedDict):
    """Holds the model to some of the tools."""

    type: Literal["allowed_tools"]
    mode: Literal["auto", "required"]
    tools: list[dict[str, Any]]
    """The tools, each by its type and name."""


class ToolChoiceCustom(TypedDict):
    type: Literal["custom"]
    name: str


class ToolChoiceFunction(TypedDict):
    type: Literal["function"]
    name: str


class ToolChoiceMCP(TypedDict):
    type: Literal["mcp"]
    server_label: str
    name: NotRequired[str | None]


class ToolChoiceObject(TypedDict):
    """One tool, or the tools, that the model was held to."""

    type: str


ResponseToolChoice: TypeAlias = Literal["none", "auto", "required"] | ToolChoiceObject


class ToolChoiceTypes(TypedDict):
    """Holds the model to a tool that the provider runs, such as `file_search`, `web_search`, `shell` or `apply_patch`."""

    type: Literal["<any other type>"]


ToolChoiceParam: TypeAlias = Literal["none", "auto", "required"] | ToolChoiceFunction | ChatCompletionNamedToolChoice | ToolChoiceCustom | ToolChoiceMCP | ToolChoiceAllowed | ToolChoiceTypes | None
"""Whether the model calls a tool, and which."""


class ToolName(TypedDict):
    name: str


ToolOutput: TypeAlias = str | list[InputContent]


class ToolSearchCall(TypedDict):
    type: Literal["tool_search_call"]
    id: str
    status: str
    call_id: NotRequired[str | None]
    execution: NotRequired[str]


class ToolSearchCallItemParam(TypedDict):
    type: Literal["tool_search_call"]
    call_id: NotRequired[OptionalCallId]
    arguments: Any
    """What to look for, in the form that the tool's own parameters give."""
    execution: NotRequired[str | None]
    id: NotRequired[str | None]
    status: NotRequired[str | None]


class ToolSearchOutput(TypedDict):
    type: Literal["tool_search_output"]
    id: str
    status: str
    tools: list[dict[str, Any]]
    call_id: NotRequired[str | None]
    execution: NotRequired[str]


class ToolSearchOutputItemParam(TypedDict):
    type: Literal["tool_search_output"]
    call_id: NotRequired[OptionalCallId]
    tools: list[Tool]
    execution: NotRequired[str | None]
    id: NotRequired[str | None]
    status: NotRequired[str | None]


class ToolSearchToolParam(TypedDict):
    """Lets the model find tools whose loading was deferred."""

    type: Literal["tool_search"]
    execution: NotRequired[str | None]
    description: NotRequired[str | None]
    parameters: NotRequired[dict[str, Any] | None]


class TopLogProb(TypedDict):
    token: str
    logprob: float
    bytes: list[int]


class UpdateConversationBody(TypedDict):
    metadata: Metadata | None
    """Takes the place of what was there; with null, nothing does."""


UpdateConversationReply: TypeAlias = ConversationResource


UpdateConversationRequest: TypeAlias = UpdateConversationBody


class UrlCitationBody(TypedDict):
    type: Literal["url_citation"]
    url: str
    title: str
    start_index: int
    end_index: int


Annotation: TypeAlias = UrlCitationBody | OtherAnnotation
"""A source that the text cites."""


WaystoneChatCompletionEvent: TypeAlias = ChatCompletionServerSentEvent


class WaystoneChatCompletionReply(TypedDict):
    choices: list[WaystoneChatCompletionReplyChoice]
    id: str
    """The unique identifier for the chat completion, generated by the model provider."""
    object: str
    model: str
    """The model name used to generate the response."""
    usage: WaystoneChatCompletionReplyUsage


class WaystoneChatCompletionReplyChoice(TypedDict):
    finish_reason: str
    """The reason the model stopped generating tokens. This will be stop if the model hit a natural stop point or a provided stop sequence, length if the maximum number of tokens specified in the request was reached, content_filter if content was omitted due to a flag from our content filters, tool_calls if the model called a tool, or function_call (deprecated) if the model called a function."""
    index: float
    """The index of the choice in the list of choices."""
    logprobs: dict[str, Any] | None
    """Log probability information for the choice."""
    message: WaystoneChatCompletionReplyChoiceMessage
    created: float
    """The Unix timestamp (in seconds) of when the chat completion was created."""


class WaystoneChatCompletionReplyChoiceMessage(TypedDict):
    """A chat completion message generated by the model."""

    contents: str | None
    refusal: str | None
    """The refusal message generated by the model."""
    role: str
    annotations: list[dict[str, Any]]
    """Annotations for the message, when applicable, as when using the web search tool."""
    audio: dict[str, Any] | None
    """If the audio output modality is requested, this object contains data about the audio response from the model."""


class WaystoneChatCompletionReplyUsage(TypedDict):
    completion_tokens: NotRequired[float]
    prompt_tokens: NotRequired[float]
    total_tokens: NotRequired[float]
    completion_tokens_details: NotRequired[dict[str, Any]]
    prompt_tokens_details: NotRequired[dict[str, Any]]


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
    messages: list[WaystoneChatCompletionRequestMessage | WaystoneChatCompletionRequestToolMessage]
    """A list of messages comprising the conversation so far."""


class WaystoneChatCompletionRequestMessage(TypedDict):
    content: str | list[str]
    """The contents of the system message."""
    role: Literal["developer", "system", "user", "assistant", "function"]
    name: NotRequired[str]
    """An optional name for the participant. Provides the model information to differentiate between participants of the same role."""


class WaystoneChatCompletionRequestToolMessage(TypedDict):
    content: str
    """The contents of the tool message."""
    role: Literal["tool"]
    tool_call_id: str


WaystoneResponseEvent: TypeAlias = ResponseServerSentEvent


class WaystoneResponseReply(TypedDict):
    pass


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


class WebSearchLocation(TypedDict):
    country: NotRequired[str | None]
    region: NotRequired[str | None]
    city: NotRequired[str | None]
    timezone: NotRequired[str | None]


class WebSearchOptions(TypedDict):
    """Lets models that can do so search the web."""

    search_context_size: NotRequired[str | None]
    user_location: NotRequired[WebSearchUserLocation | None]


class WebSearchPreviewTool(TypedDict):
    type: Literal["web_search_preview", "web_search_preview_2025_03_11"]
    user_location: NotRequired[dict[str, Any] | None]
    search_context_size: NotRequired[str | None]
    search_content_types: NotRequired[list[str] | None]


class WebSearchTool(TypedDict):
    type: Literal["web_search", "web_search_2025_08_26"]
    external_web_access: NotRequired[bool | None]
    filters: NotRequired[dict[str, Any] | None]
    """The domains to search."""
    user_location: NotRequired[dict[str, Any] | None]
    search_context_size: NotRequired[str | None]


Tool: TypeAlias = FunctionTool | CustomToolParam | NamespaceToolParam | WebSearchTool | WebSearchPreviewTool | FileSearchTool | MCPTool | CodeInterpreterTool | ImageGenTool | ComputerTool | ComputerUsePreviewTool | LocalShellToolParam | FunctionShellToolParam | ApplyPatchToolParam | ToolSearchToolParam | ProgrammaticToolCallingParam | OtherHostedTool
"""A tool that the model may call. Those that the provider runs itself work where the provider has them."""


class WebSearchToolCall(TypedDict):
    type: Literal["web_search_call"]
    id: str
    status: str
    action: NotRequired[dict[str, Any] | None]


OutputItem: TypeAlias = OutputMessage | FunctionToolCall | ReasoningItem | CustomToolCall | FunctionToolCallOutputResource | CustomToolCallOutputResource | WebSearchToolCall | FileSearchToolCall | ComputerToolCall | ComputerToolCallOutputResource | CodeInterpreterToolCall | ImageGenToolCall | LocalShellToolCall | LocalShellToolCallOutput | FunctionShellCall | FunctionShellCallOutput | ApplyPatchToolCall | ApplyPatchToolCallOutput | MCPToolCall | MCPListTools | MCPApprovalRequest | MCPApprovalResponseResource | ToolSearchCall | ToolSearchOutput | AdditionalTools | Program | ProgramOutput | CompactionBody | OtherOutputItem
"""One thing that the model brought forth."""


class WebSearchToolCallParam(TypedDict):
    type: Literal["web_search_call"]
    id: NotRequired[str | None]
    status: NotRequired[str | None]
    action: NotRequired[dict[str, Any] | None]


InputItem: TypeAlias = EasyInputMessage | FunctionToolCallParam | FunctionCallOutputItemParam | ReasoningItemParam | CustomToolCallParam | CustomToolCallOutputParam | ItemReferenceParam | WebSearchToolCallParam | FileSearchToolCallParam | ComputerToolCallParam | ComputerCallOutputItemParam | CodeInterpreterToolCallParam | ImageGenToolCallParam | LocalShellToolCallParam | LocalShellToolCallOutputParam | FunctionShellCallItemParam | FunctionShellCallOutputItemParam | ApplyPatchToolCallItemParam | ApplyPatchToolCallOutputItemParam | MCPToolCallParam | MCPListToolsParam | MCPApprovalRequestParam | MCPApprovalResponseParam | ToolSearchCallItemParam | ToolSearchOutputItemParam | AdditionalToolsItemParam | ProgramItemParam | ProgramOutputItemParam | CompactionSummaryItemParam | CompactionTriggerItemParam | ConfigurationUpdateItemParam | OtherInputItem
"""One piece of a conversation. Without a `type`, it is a message where it has a `role`, and else a reference to an item by its `id`."""


class WebSearchUserLocation(TypedDict):
    type: Literal["approximate"]
    approximate: WebSearchLocation