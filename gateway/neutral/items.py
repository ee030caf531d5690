"""The items of a conversation: messages, calls of tools and their outputs, reasoning, and where each is written."""

from collections.abc import Mapping, Sequence
from typing import Literal

from gateway.neutral.json import Json, JsonObject
from gateway.neutral.parts import CacheControl, Part
from gateway.neutral.tools import CallKind
from gateway.neutral.values import value

Role = Literal["user", "assistant", "system", "developer"]


@value
class Position:
    """Where an item stands: `index` in the conversation, from 0; `path` in the client's request.

    An item of the history is not in the request. Its path is the field that brought the history in, since that is what
    the reader of an error can change.
    """

    index: int
    path: str
    in_history: bool = False
    first: int = 0
    """The index of the first item that the same field brought in."""

    @property
    def name(self) -> str:
        """The path by which the item is reported as left out."""
        return f"{self.path}[{self.index - self.first}]" if self.in_history else self.path

    def inside(self, path: str) -> str:
        """The path of something in the item, such as `.call_id`."""
        return self.path if self.in_history else self.path + path


@value
class Message:
    """A message of one side."""

    role: Role
    content: Sequence[Part]
    position: Position
    cache: Sequence[CacheControl] = ()
    """That of the message itself; those of its parts are at these."""
    phase: str | None = None
    """Whether an assistant's message is on the way to the answer, or the answer, where its author has marked it."""


@value
class ToolCall:
    """A call of a tool. `arguments` are JSON, or for a custom tool its free text."""

    call_id: str
    name: str
    arguments: str
    position: Position
    kind: CallKind = "function"
    namespace: str | None = None
    is_incomplete: bool = False
    """Whether the answer broke off before the call was complete."""


@value
class ToolOutput:
    """What a tool gave back. `call_id_path` is where the id of the call is written."""

    call_id: str | None
    content: Sequence[Part]
    position: Position
    call_id_path: str
    is_error: bool = False
    cache: Sequence[CacheControl] = ()


@value
class EarlierReasoning:
    """Reasoning of an earlier answer, which only its author can use.

    `sealed` is the client's `encrypted_content`; `state` is what was under the gateway's seal, once it was opened for
    the author: the keys are those of the dialect that made it.
    """

    position: Position
    sealed: str | None = None
    item_id: str = ""
    state: Mapping[str, Json] | None = None


@value
class ProviderItem:
    """An item of a kind that only the provider which made it knows, as it came; `kind` is its type."""

    kind: str
    body: JsonObject
    position: Position


Item = Message | ToolCall | ToolOutput | EarlierReasoning | ProviderItem
