"""The tools that a request offers, and the choice among them."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Literal, Self

from gateway.neutral.json import Json, JsonObject
from gateway.neutral.parts import NOTHING_MORE, CacheControl
from gateway.neutral.values import value

CallKind = Literal["function", "custom"]


@value
class FunctionTool:
    """A function of the client's. The tool is written at `path`, its name at `name_path`, here and below."""

    name: str
    path: str
    name_path: str
    namespace: str | None = None
    description: str | None = None
    parameters: JsonObject | None = None
    strict: bool | None = None
    """None where the client did not say."""
    is_strict_by_default: bool = False
    """Whether an omitted `strict` means true as far as the schema allows it (Responses API), or false (chat)."""
    cache: Sequence[CacheControl] = ()
    extra: Mapping[str, Json] = NOTHING_MORE
    """The fields that are not known, here and below: they travel to an upstream that has the same tool."""
    namespace_description: str = ""
    """What is said of its namespace, here and below: for an upstream that has none."""


@value
class Grammar:
    """What the text for a custom tool has to follow, such as a `regex` or a `lark` grammar."""

    syntax: Json
    definition: Json


@value
class CustomTool:
    """A tool of the client's that takes free text."""

    name: str
    path: str
    name_path: str
    namespace: str | None = None
    description: str | None = None
    grammar: Grammar | None = None
    cache: Sequence[CacheControl] = ()
    extra: Mapping[str, Json] = NOTHING_MORE
    namespace_description: str = ""


@value
class HostedTool:
    """A tool that a provider runs itself, as the client wrote it; `kind` is its type, None where it has none."""

    kind: str | None
    body: JsonObject
    path: str
    namespace: str | None = None
    cache: Sequence[CacheControl] = ()


Tool = FunctionTool | CustomTool | HostedTool


class SharedTools(tuple[Tool, ...]):
    """Tools that requests share which offer the same ones in the same API. `digest` tells them from all others."""

    digest: bytes

    @classmethod
    def of(cls, tools: Iterable[Tool], digest: bytes) -> Self:
        """The tools with their digest."""
        shared = cls(tools)
        shared.digest = digest
        return shared


@value
class NamedTool:
    """One callable tool; an empty name is no tool's."""

    kind: CallKind
    name: str
    namespace: str | None = None


@value
class Namespace:
    """All tools of a namespace."""

    name: str


@value
class HostedChoice:
    """A tool that a provider runs itself, by its type, or something that is no tool at all (`kind` None)."""

    kind: str | None
    body: JsonObject


ToolReference = NamedTool | Namespace | HostedChoice


@value
class AllowedTools:
    """Some of the tools, of which the model may (`auto`) or must (`required`) call one."""

    mode: Literal["auto", "required"]
    tools: Sequence[ToolReference]


ToolChoice = str | NamedTool | AllowedTools | HostedChoice
"""A text is `none`, `auto` or `required`, or a word that only some upstream knows."""
