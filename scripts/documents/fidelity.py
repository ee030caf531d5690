"""docs/fidelity.md: what becomes of each thing a client can ask for, at each provider.

Found out by asking: every request is translated by the real surface and dialect for the real row, and what it came to
is compared with the same request without the thing.
"""

import copy
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import orjson

from gateway.dialects import DIALECTS, Dialect
from gateway.dialects.base import Origin, Outbound
from gateway.dialects.report import require_translatable
from gateway.errors import InvalidRequest
from gateway.neutral.generation import Generation
from gateway.providers import ROWS, Row, embedded
from gateway.routing.plan import detour
from gateway.surfaces.base import Surface
from gateway.surfaces.openai_chat import OpenAIChatSurface
from gateway.surfaces.openai_responses import OpenAIResponsesSurface
from scripts.documents.probes import BASES, SECTIONS, Probe
from scripts.documents.table import CENTRE, LEFT, table

ANY = "any"
CARRIED, TRANSLATED, DROPPED, REFUSED, KEPT, SILENT = "●", "◐", "–", "✕", "○", "?"

_SURFACES: Mapping[str, Surface[Any]] = {"chat": OpenAIChatSurface(), "responses": OpenAIResponsesSurface()}
# Models that stand for the others of their provider, where its row has facts of single models. Of every other one any
# model does, and nothing stands here.
_MODELS: Mapping[str, Sequence[str]] = {
    "openai": ("gpt-4.1", "gpt-5.1", "gpt-5.6"),
    "anthropic": ("claude-sonnet-4-5", "claude-opus-4-8"),
    "gemini": ("gemini-2.5-flash", "gemini-3-pro-preview"),
    "vertex": ("gemini-2.5-flash",),
    "bedrock": ("us.anthropic.claude-sonnet-4-5-20250929-v1:0", "us.amazon.nova-pro-v1:0"),
    "cohere": ("command-a-03-2025",),
    "mistral": ("mistral-large-latest",),
    "groq": ("openai/gpt-oss-120b",),
    "deepseek": ("deepseek-chat", "deepseek-reasoner"),
    "xai": ("grok-4",),
}
_INTRODUCTION = f"""\
# Fidelity

What becomes of each thing that a client can ask for, at each provider. `scripts/document` writes this page by asking:
each request is translated by the gateway's own surface and dialect for the provider's own row. A test holds it to the
code.

- {CARRIED} carried as it came
- {TRANSLATED} translated into the provider's own words
- {DROPPED} dropped, and said in `x-waystone-dropped` (what goes with something else that is dropped, under its name)
- {REFUSED} refused with a 400 that names the field and the provider: without it the answer would be another one
- {KEPT} used by the gateway itself, which keeps it with the answer and its usage

Where a provider has two lines, its models differ; `any` is any of them.
"""


@dataclass(frozen=True)
class Line:
    """What each table has a line for: a provider, and a model that stands for its others."""

    row: Row
    model: str

    def way(self, surface: Surface[Any], generation: Generation) -> tuple[Dialect, Origin]:
        """The dialect that a request goes in, and who answers: the surface's own, where the provider knows it.

        Some models take some requests in another dialect of their provider only.
        """
        profiles = {profile.dialect: profile.of(self.model) for profile in self.row.profiles}
        name = surface.dialect if surface.dialect in profiles else self.row.own.dialect
        other = detour(generation, profiles[name])
        name = other if other in profiles else name
        return DIALECTS[name], Origin(self.row.name, self.model, profiles[name])


def lines() -> list[Line]:
    """Every row, once for each model that stands for others; the embedded one last."""
    return [Line(row, model) for row in (*ROWS.values(), embedded.ROW) for model in _MODELS.get(row.name, (ANY,))]


def document() -> str:
    """The whole page."""
    tables = [f"## {title}\n\n{_table(probes)}\n" for title, probes in SECTIONS.items()]
    return "\n".join([_INTRODUCTION, *tables])


def outcome(probe: Probe, line: Line) -> str:
    """What becomes of one thing at one provider."""
    base = {**BASES[probe.surface], **probe.around}
    asked = {**base, **probe.adds}
    try:
        sent = _sent(asked, probe, line)
    except InvalidRequest:
        return REFUSED
    try:
        without = _sent(base, probe, line)
    except InvalidRequest:
        # What it stands in is refused already.
        return REFUSED
    body = orjson.loads(sent.body)
    if all(_holds(body, fragment) for fragment in probe.fragments):
        return CARRIED
    if len(sent.dropped) > len(without.dropped):
        return DROPPED
    if _differ(sent, without):
        return TRANSLATED
    if without.dropped:
        # It is about something that is not there.
        return DROPPED
    if probe.is_default:
        return CARRIED
    return KEPT if probe.is_kept else SILENT


def _sent(asked: Mapping[str, Any], probe: Probe, line: Line) -> Outbound:
    surface = _SURFACES[probe.surface]
    generation: Generation = surface.read(copy.deepcopy(dict(asked)))
    dialect, origin = line.way(surface, generation)
    if dialect.name != surface.dialect or not dialect.can_pass_on(generation, origin):
        require_translatable(generation.prompt, origin.provider)
        generation = replace(generation, dialect=None)
    return dialect.encode(generation, origin)


def _differ(sent: Outbound, without: Outbound) -> bool:
    return (sent.path, sent.body, dict(sent.headers)) != (without.path, without.body, dict(without.headers))


def _holds(tree: Any, fragment: Any) -> bool:
    """Whether the fragment stands somewhere in the tree: a mapping with at least its fields, a list with its items."""
    if _is_within(fragment, tree):
        return True
    inner = tree.values() if isinstance(tree, dict) else tree if isinstance(tree, list) else ()
    return any(_holds(value, fragment) for value in inner)


def _is_within(fragment: Any, value: Any) -> bool:
    if isinstance(fragment, dict) and isinstance(value, dict):
        return all(name in value and _is_within(part, value[name]) for name, part in fragment.items())
    if isinstance(fragment, list) and isinstance(value, list):
        return len(fragment) == len(value) and all(map(_is_within, fragment, value))
    return bool(fragment == value)


def _table(probes: Sequence[Probe]) -> str:
    headings = ("provider", "model", *(probe.name for probe in probes))
    return table(headings, _cells(probes), [LEFT, LEFT, *[CENTRE] * len(probes)])


def _cells(probes: Sequence[Probe]) -> Iterator[Sequence[str]]:
    for line in lines():
        yield line.row.name, line.model, *(outcome(probe, line) for probe in probes)
