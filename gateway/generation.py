"""The neutral request: what a client asked of a model, whichever surface it came through."""

from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True)
class Native:
    """The body as it came, in the shape of one dialect. An upstream that speaks it gets it with nothing lost."""

    dialect: str
    body: dict[str, Any]


@dataclass(slots=True)
class Generation:
    """One request for an answer.

    `items`, `tools` and `tool_choice` are the Responses API's own types, the richest of the formats. `fields` holds
    everything else under the names of the OpenAI chat dialect, known or not; what is not understood travels on.
    Where the surface speaks an upstream dialect itself, `native` holds the body and the rest stays empty.
    """

    model: str
    is_stream: bool = False
    include_usage: bool = False
    metadata: dict[str, str] | None = None
    native: Native | None = None
    instructions: str | None = None
    items: list[dict[str, Any]] = field(default_factory=list)
    tools: list[dict[str, Any]] = field(default_factory=list)
    tool_choice: Any = None
    fields: dict[str, Any] = field(default_factory=dict)
    asked: dict[str, Any] = field(default_factory=dict)
    """The client's own body, for a surface whose answers repeat what was asked."""
