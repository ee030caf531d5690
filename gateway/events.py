"""What an answer consists of, whoever gives it: the neutral events between dialects and surfaces."""

from dataclasses import dataclass, field
from typing import Any, Literal

from gateway.errors import GatewayError

FinishReason = Literal["stop", "length", "tool_calls", "content_filter"]


@dataclass(slots=True)
class Text:
    """A piece of the answer. `choice` counts alternative answers from 0, here and below."""

    text: str
    choice: int = 0
    logprobs: list[dict[str, Any]] | None = None


@dataclass(slots=True)
class Reasoning:
    """A piece of the model's reasoning, where the upstream shows it."""

    text: str
    choice: int = 0


@dataclass(slots=True)
class Refusal:
    """A piece of the model's own refusal."""

    text: str
    choice: int = 0


@dataclass(slots=True)
class ToolCall:
    """A tool call begins. `index` tells parallel calls of one choice apart."""

    index: int
    id: str
    name: str
    choice: int = 0


@dataclass(slots=True)
class ToolArguments:
    """A piece of the JSON arguments of the call that began with the same index and choice."""

    index: int
    text: str
    choice: int = 0


@dataclass(slots=True)
class Annotation:
    """A citation, in the shape of the OpenAI chat dialect."""

    annotation: dict[str, Any]
    choice: int = 0


@dataclass(slots=True)
class Usage:
    """Tokens as the upstream reported them, told right before the end: before `Done` or `Failed`.

    Prompt tokens include cached ones, completion tokens include reasoning.
    """

    prompt: int = 0
    completion: int = 0
    cached: int = 0
    reasoning: int = 0
    raw: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class Finished:
    """One choice is complete."""

    reason: FinishReason
    choice: int = 0


@dataclass(slots=True)
class Done:
    """The answer is complete: every choice finished, usage said if it ever will be. Nothing follows."""


@dataclass(slots=True)
class Failed:
    """The answer broke off. Nothing follows."""

    error: GatewayError


@dataclass(slots=True)
class NativeReply:
    """A plain reply in the dialect that the surface itself speaks, to be passed on with all that it holds."""

    document: dict[str, Any]


@dataclass(slots=True)
class NativeChunk:
    """The payload of one streamed event in the dialect that the surface itself speaks."""

    payload: bytes


Event = (
    Text
    | Reasoning
    | Refusal
    | ToolCall
    | ToolArguments
    | Annotation
    | Usage
    | Finished
    | Done
    | Failed
    | NativeReply
    | NativeChunk
)
