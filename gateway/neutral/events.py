"""What every answer consists of: the neutral events between dialects and surfaces."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from gateway.errors import GatewayError
from gateway.neutral.json import JsonObject
from gateway.neutral.tools import CallKind

FinishReason = Literal["stop", "length", "tool_calls", "content_filter"]
PartKind = Literal["output_text", "refusal", "reasoning_text", "summary_text"]


@dataclass(slots=True)
class Text:
    """A piece of the answer. `choice` counts alternative answers from 0, here and below."""

    text: str
    choice: int = 0
    logprobs: list[JsonObject] | None = None


@dataclass(slots=True)
class Reasoning:
    """A piece of the model's reasoning, where the upstream shows it."""

    text: str
    choice: int = 0


@dataclass(slots=True)
class Summary:
    """A piece of a summary of the model's reasoning, as its provider writes it."""

    text: str
    choice: int = 0


@dataclass(slots=True)
class ReasoningState:
    """What the author of the reasoning takes back, and no one else can use: emitted when the reasoning is complete.

    The keys are those that the upstream's own dialect has for it, such as `reasoning_content` or
    `encrypted_content`.
    """

    state: JsonObject
    choice: int = 0


@dataclass(slots=True)
class Refusal:
    """A piece of the model's own refusal."""

    text: str
    choice: int = 0


@dataclass(slots=True)
class ToolCallBegan:
    """A tool call begins. `index` distinguishes parallel calls of one choice; `id` is what its output must name."""

    index: int
    id: str
    name: str
    choice: int = 0
    kind: CallKind = "function"
    namespace: str | None = None


@dataclass(slots=True)
class ToolArguments:
    """A piece of the arguments (JSON), or of a custom tool's input (text), of the call with this index and choice."""

    index: int
    text: str
    choice: int = 0


@dataclass(slots=True)
class Annotation:
    """A citation: OpenAI chat's nested form of a web address, or the Responses API's own flat form of any kind."""

    annotation: JsonObject
    choice: int = 0


@dataclass(slots=True)
class PartBegan:
    """A new part of the open item begins, though it be of the same kind. Parts of another kind begin by themselves."""

    kind: PartKind
    choice: int = 0


@dataclass(slots=True)
class ItemBegan:
    """An item begins that is no tool call of the client's: `item` is a Responses output item as it is at first.

    Messages and reasoning begin by themselves, too, where a dialect knows no items.
    """

    item: JsonObject


@dataclass(slots=True)
class ItemProgress:
    """Something happened to the open item that only its own kind knows: a Responses stream event."""

    event: JsonObject


@dataclass(slots=True)
class ItemEnded:
    """The open item is complete, tool calls included: `item` is what it has become."""

    item: JsonObject


@dataclass(slots=True)
class AnswerMetadata:
    """What the upstream reported of the answer as a whole, under the names of a Response's fields.

    The model's own name, where it reports one, comes before the first content of a stream.
    """

    fields: JsonObject


@dataclass(slots=True)
class Usage:
    """Tokens as the upstream reported them, emitted right before the end: before `Done` or `Failed`.

    Prompt tokens include cached ones, completion tokens include reasoning.
    """

    prompt: int = 0
    completion: int = 0
    cached: int = 0
    cache_write: int = 0
    reasoning: int = 0
    raw: JsonObject = field(default_factory=dict)


@dataclass(slots=True)
class Unvalidated:
    """The whole text of a choice that has to be valid against the request's schema, before its `Finished`.

    For `gateway.run`, which has it validated and does not pass it on.
    """

    text: str
    choice: int = 0


@dataclass(slots=True)
class Finished:
    """One choice is complete."""

    reason: FinishReason
    choice: int = 0


@dataclass(slots=True)
class Done:
    """The answer is complete: every choice finished, usage emitted if there is any. Nothing follows."""


@dataclass(slots=True)
class Failed:
    """The answer broke off. Nothing follows."""

    error: GatewayError


@dataclass(slots=True)
class NativeReply:
    """A plain reply in the dialect that the surface itself speaks, to be passed on with all that it holds."""

    document: JsonObject
    written: bytes | None = None
    """The same as the upstream wrote it, where nothing of it had to be repaired."""
    text_bytes: int = field(default=0, compare=False)
    """How many bytes of it are texts of the answer, as `text_bytes` counts them."""


@dataclass(slots=True)
class NativeChunk:
    """The payload of a streamed event in the dialect that the surface itself speaks; or those of several in a row, with
    what stands between them in a stream (`\\n\\ndata: `)."""

    payload: bytes
    is_mute: bool = field(default=False, compare=False)
    """Whether nothing of the answer has come yet: a role alone, as most servers begin."""
    text_bytes: int = field(default=0, compare=False)
    """How many bytes of it are texts of the answer, as `text_bytes` counts them."""


Event = (
    Text
    | Reasoning
    | Summary
    | ReasoningState
    | Refusal
    | ToolCallBegan
    | ToolArguments
    | Annotation
    | PartBegan
    | ItemBegan
    | ItemProgress
    | ItemEnded
    | AnswerMetadata
    | Usage
    | Unvalidated
    | Finished
    | Done
    | Failed
    | NativeReply
    | NativeChunk
)

_TEXTS = (Text, Reasoning, Summary, Refusal, ToolArguments)
_NATIVE = (NativeChunk, NativeReply)


def text_bytes(events: Sequence[Event]) -> int:
    """How many bytes of texts, reasoning and arguments the events bring to the client, in UTF-8."""
    size = 0
    for event in events:
        if isinstance(event, _TEXTS):
            size += len(event.text.encode("utf-8", "surrogatepass"))
        elif isinstance(event, _NATIVE):
            size += event.text_bytes
    return size
