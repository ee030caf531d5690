"""Requests for tests of dialects, written down as items of the Responses API and as settings under chat's names."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from dataclasses import fields as fields_of
from typing import Any, cast

from gateway.dialects.report import require_translatable
from gateway.neutral.generation import Generation
from gateway.neutral.items import EarlierReasoning, Item
from gateway.neutral.prompt import Prompt
from gateway.surfaces.base import Surface
from gateway.surfaces.responses.request.prompt import prompt_of, typed_items
from gateway.surfaces.responses.request.settings import ReadSettings, read_settings


@dataclass(frozen=True)
class Native:
    """The body of a client that speaks a dialect itself."""

    dialect: str
    body: dict[str, Any]


class Recovered(dict[str, Any]):
    """A reasoning item whose seal was opened for its author."""

    def __init__(self, item: Mapping[str, Any], state: Mapping[str, Any]) -> None:
        super().__init__(item)
        self.state = state


@dataclass(frozen=True)
class _Given:
    items: Sequence[Mapping[str, Any]] = ()
    tools: Sequence[Any] = ()
    tool_choice: Any = None
    fields: Mapping[str, Any] = field(default_factory=dict)
    untranslated: Sequence[str] = ()
    instructions: str | None = None
    asked: Mapping[str, Any] = field(default_factory=dict)
    """The body of a client of the Responses API, where the names of its fields matter."""

    def prompt(self, body: object, history: int, first: int = 0) -> Prompt:
        asked = read_settings(dict(self.asked))
        read = ReadSettings(
            values={name: value for name, value in self.fields.items() if value is not None},
            untranslated=list(self.untranslated),
            reasoning_summary=asked.reasoning_summary,
            include=asked.include,
            paths=asked.paths if self.asked else {},
        )
        given = {
            "input": list(self.items),
            "tools": list(self.tools),
            "tool_choice": self.tool_choice,
            "instructions": self.instructions,
            "conversation": self.asked.get("conversation"),
        }
        prompt = prompt_of(cast(Any, given), read, history)
        items = typed_items(cast(Any, list(self.items)))
        states = {index: item.state for index, item in enumerate(items) if isinstance(item, Recovered)}
        return replace(prompt, items=[_with_state(item, states) for item in prompt.items])


_OF_PROMPTS = frozenset(one.name for one in fields_of(_Given))


def generation_of(
    model: str = "m", is_stream: bool = False, *, native: Native | None = None, **more: Any
) -> Generation:
    """The request; `more` is what `_Given` names, and other fields of a `Generation`."""
    given = _Given(**{name: value for name, value in more.items() if name in _OF_PROMPTS})
    others = {name: value for name, value in more.items() if name not in _OF_PROMPTS}
    body, dialect = (native.body, native.dialect) if native is not None else (dict(given.asked), None)
    return Generation(model, body, given.prompt, dialect, is_stream, **others)


def translated(surface: Surface[Any], body: Mapping[str, Any], provider: str = "any") -> Generation:
    """What a dialect other than the surface's gets for a body. Raises `InvalidRequest` for what it cannot get."""
    generation = replace(surface.read(body), dialect=None)
    require_translatable(generation.prompt, provider)
    return generation


def with_settings(generation: Generation, values: Mapping[str, Any]) -> Generation:
    """The request with more settings, under their neutral names: what no body of its surface has a field for."""
    settings = generation.prompt.settings
    more = replace(settings, values={**settings.values, **values})
    return generation.with_prompt(replace(generation.prompt, settings=more))


def with_states(generation: Generation, items: Sequence[Mapping[str, Any]]) -> Generation:
    """The request with its reasoning unsealed, where the same items as it was read from are `Recovered`."""
    states = {index: item.state for index, item in enumerate(items) if isinstance(item, Recovered)}
    told = [_with_state(item, states) for item in generation.prompt.items]
    return generation.with_prompt(replace(generation.prompt, items=told))


def _with_state(item: Item, states: Mapping[int, Any]) -> Item:
    if isinstance(item, EarlierReasoning) and item.position.index in states:
        return replace(item, state=states[item.position.index])
    return item
