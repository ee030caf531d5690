"""The ways of a setting: from each surface to each dialect and row, translated and native; and a value of each kind."""

from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from gateway.dialects import DIALECTS
from gateway.dialects.base import Origin, Outbound
from gateway.dialects.profiles.base import Profile
from gateway.dialects.report import require_translatable
from gateway.errors import InvalidRequest
from gateway.neutral.settings import (
    PLACES,
    RULES,
    TOKEN_LIMIT,
    TOKEN_LIMITS,
    Kind,
)
from gateway.providers import ROWS, embedded
from gateway.surfaces.base import Surface
from gateway.surfaces.openai_chat import OpenAIChatSurface
from gateway.surfaces.openai_responses import OpenAIResponsesSurface
from gateway.surfaces.waystone_chat import WaystoneChatSurface
from gateway.surfaces.waystone_responses import WaystoneResponsesSurface

# They have fields of their own in a prompt.
PLACED = {"chat": {"stream_options", "response_format"}, "responses": {"stream_options", "response_format", "store"}}
SAMPLES: Mapping[Kind, Any] = {
    "number": 0.5,
    "integer": 7,
    "flag": True,
    "text": "x",
    "texts": ["x"],
    "list": ["x"],
    "object": {"x": 1},
}
# A value of each setting that requests something: a sample of its type, or one that has a meaning.
REQUESTED: Mapping[str, Any] = {
    **{name: SAMPLES[rule.kind] for name, rule in RULES.items() if name not in PLACED["chat"]},
    # The Responses API has none below 16.
    **dict.fromkeys(TOKEN_LIMITS, 100),
    "audio": {"voice": "alloy", "format": "wav"},
    "logit_bias": {"5": 1},
    "metadata_of_nobody": "x",
    "modalities": ["text", "audio"],
    "moderation": {"model": "omni", "policy": {"input": {"mode": "score"}}},
    "n": 2,
    "parallel_tool_calls": False,
    "prediction": {"type": "content", "content": "a"},
    "prompt_cache_retention": "24h",
    "reasoning_effort": "low",
    "service_tier": "flex",
    "verbosity": "low",
    "web_search_options": {"search_context_size": "low"},
}
# What is no value of a type.
WRONG: Mapping[Kind, Sequence[Any]] = {
    "number": ["hot", True, False, [], {}],
    "integer": ["7", True, False, 1.5, 1e30, -1e30, [7], {}],
    "flag": [1, 0, "yes", [], {}],
    "text": [5, True, ["low"], {}],
    "texts": [5, True, {}, [1], ["a", None], [["a"]]],
    "list": ["text", 5, {}],
    "object": ["x", 5, True, []],
}
# What OpenAI's Responses API does not have may travel in a native body, whose upstream may know it.
TRAVELLING = {
    *(name for name, rule in RULES.items() if rule.place is None),
    *("presence_penalty", "frequency_penalty"),
}
LOGPROBS = "message.output_text.logprobs"
SURFACES: Mapping[str, Surface[Any]] = {
    "chat": OpenAIChatSurface(),
    "responses": OpenAIResponsesSurface(),
    "waystone chat": WaystoneChatSurface(),
    "waystone responses": WaystoneResponsesSurface(),
}
BASES: Mapping[str, Mapping[str, Any]] = {
    "chat": {"model": "m", "messages": [{"role": "user", "content": "Hi"}]},
    "responses": {"model": "m", "input": "Hi"},
}
PARAMETERS = {"type": "object", "properties": {}}
LOOK = {
    "chat": {"type": "function", "function": {"name": "look", "parameters": PARAMETERS}},
    "responses": {"type": "function", "name": "look", "parameters": PARAMETERS},
}


@dataclass(frozen=True)
class Way:
    """A surface, a provider, its dialect and profile; and whether the client's body goes there as it came."""

    surface: str
    name: str
    dialect: str
    profile: Profile
    is_native: bool

    def __str__(self) -> str:
        kind = "native" if self.is_native else "translated"
        return f"{self.surface} {kind} {self.name} {self.dialect}"

    @property
    def api(self) -> str:
        """The API of the surface: `chat` or `responses`."""
        return self.surface.removeprefix("waystone ")

    @property
    def unread(self) -> Container[str]:
        """The settings that have a field of their own in a prompt, in this API."""
        return PLACED[self.api]

    def together(self, setting: str) -> Mapping[str, Any]:
        """What a setting goes with, without which it has no meaning."""
        if setting == "top_logprobs":
            return {"logprobs": True}
        return {"tools": [LOOK[self.api]]} if setting == "parallel_tool_calls" else {}

    def path(self, setting: str) -> str:
        """Where the client writes a setting."""
        if self.surface == "waystone responses" and setting == TOKEN_LIMIT:
            return setting
        return PLACES.get(setting, setting) if self.api == "responses" else setting

    def verdict(self, fields: Mapping[str, Any]) -> Outbound | InvalidRequest:
        """What is sent of a request with these settings, or the refusal."""
        body: dict[str, Any] = {}
        for setting, value in fields.items():
            outer, _, inner = self.path(setting).partition(".")
            body[outer] = {inner: value} if inner else value
        return self.fields(body)

    def fields(self, fields: Mapping[str, Any]) -> Outbound | InvalidRequest:
        """The same for fields as the client writes them."""
        body = {**BASES[self.api], **fields}
        try:
            generation = SURFACES[self.surface].read(body)
            if not self.is_native:
                generation = replace(generation, dialect=None)
                require_translatable(generation.prompt, self.name)
            return DIALECTS[self.dialect].encode(generation, Origin(self.name, "m", self.profile))
        except InvalidRequest as refused:
            return refused


def ways() -> Iterator[Way]:
    known: list[tuple[str, Profile]] = [("nobody", dialect.profile_type()) for dialect in DIALECTS.values()]
    for row in (*ROWS.values(), embedded.ROW):
        for own in row.profiles:
            known += [(row.name, own), *((row.name, of_model) for _, of_model in own.models)]
    for name, profile in known:
        dialect = profile.dialect
        for surface, reader in SURFACES.items():
            yield Way(surface, name, dialect, profile, is_native=False)
            if reader.dialect == dialect:
                yield Way(surface, name, dialect, profile, is_native=True)


WAYS = [*ways()]
