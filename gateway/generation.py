"""The neutral request: what a client asked of a model, whichever surface it came through."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from gateway.identifiers import ResponseIds


@dataclass(slots=True)
class Native:
    """The body as it came, in the shape of one dialect. An upstream that speaks it gets it with nothing lost."""

    dialect: str
    body: dict[str, Any]


class Recovered(dict[str, Any]):
    """A reasoning item whose seal was opened for its author. A type of its own, since a client can send any field."""

    def __init__(self, item: Mapping[str, Any], state: Mapping[str, Any]) -> None:
        super().__init__(item)
        self.state = state


@dataclass(slots=True)
class Generation:
    """One request for an answer.

    `items`, `tools` and `tool_choice` are the Responses API's own types, the richest of the formats. `fields` holds
    everything else that is neutral, under the names of the OpenAI chat dialect. Where the surface speaks an upstream
    dialect itself, `native` holds the body; `Surface.translate` then fills in the neutral part for every other dialect.
    """

    model: str
    is_stream: bool = False
    include_usage: bool = False
    metadata: dict[str, str] | None = None
    provider: str | None = None
    """The client's hint where to route to: the name of a provider."""
    native: Native | None = None
    instructions: str | None = None
    items: list[dict[str, Any]] = field(default_factory=list)
    history: int = 0
    """How many of the items, from the first on, the store put there; the client's own come after them."""
    removed: list[dict[str, Any]] = field(default_factory=list)
    """Items that were taken out because only another author can use them, as `input_transformations` tells it."""
    tools: list[dict[str, Any]] = field(default_factory=list)
    tool_choice: Any = None
    fields: dict[str, Any] = field(default_factory=dict)
    untranslated: list[str] = field(default_factory=list)
    """Fields of the body that mean something to its own dialect only. Other dialects drop them, and say so."""
    ids: ResponseIds = field(default_factory=ResponseIds)
    """The ids of the answer and of the items that are kept with it."""
    asked: dict[str, Any] = field(default_factory=dict)
    """The client's own body, for a surface whose answers repeat what was asked."""
    place: Callable[[int, str], str] | None = None
    """Where an item, by its number, and something in it stand in the client's request, where there are no items."""
