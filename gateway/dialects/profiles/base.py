"""What all dialects, and all that are written from turns, can ask about an upstream: where it differs, as data."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import ClassVar, Literal, Self

from gateway.dialects.profiles.tokens import UNKNOWN_TOKENS, TokenTable
from gateway.neutral.json import Json

Effort = str | int | None


@dataclass(frozen=True, slots=True)
class Range:
    """The values of a number that an upstream takes, ends included. What lies outside is brought to the nearer end."""

    least: float
    most: float


@dataclass(frozen=True, slots=True)
class Thinking:
    """How a model is told how much to reason.

    `form` is what its dialect does with the effort; the dialect's own module says which forms it knows. `efforts` gives
    OpenAI's efforts (none, minimal, low, medium, high, xhigh, max) their value there: a word, or a budget in tokens. An
    effort that is not in it cannot be asked for and is dropped; None turns reasoning off.
    """

    form: str
    efforts: Mapping[str, Effort] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Detour:
    """Requests that a model takes in another dialect of its provider only."""

    dialect: str
    """That dialect."""
    asked: frozenset[str] = frozenset()
    """Which requests: those with `tools`, or with a setting of such a name. Empty: all of them."""
    when: Literal["always", "reasoning", "effort"] = "always"
    """Whether all of these, only those in which the model reasons, or only those that ask for an effort."""

    def is_for(self, asked: Iterable[str], effort: Json, *, is_reasoning: bool) -> bool:
        """Whether a request goes by it: the names of what it asks for, its effort, and what comes of that."""
        if self.when == "effort" and effort is None:
            return False
        return (self.when == "always" or is_reasoning) and (not self.asked or not self.asked.isdisjoint(asked))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Profile:
    """Where an upstream differs from its dialect. The defaults are those of a server of which nothing is known.

    Here is what all dialects can ask about.
    """

    dialect: ClassVar[str] = ""
    """The dialect whose profile it is, by name."""

    max_answer_tokens: int | None = None
    """A cap on the tokens of an answer, put in where the request names none or a higher one."""
    defaults: Mapping[str, Json] = field(default_factory=dict)
    """Fields put in where the request leaves them out."""
    dropped: frozenset[str] = frozenset()
    """Settings that it has no use for; they are left out and reported."""
    refused: frozenset[str] = frozenset()
    """Settings without which the answer would be another one, and which it cannot take: they are refused."""
    renamed: Mapping[str, str] = field(default_factory=dict)
    """Settings that it takes under a name or a dotted path of its own, such as `seed`: `random_seed`. Every dialect
    writes them there; one that its dialect does not have is taken all the same."""
    ranges: Mapping[str, Range] = field(default_factory=dict)
    """Numbers that it takes within narrower bounds than OpenAI."""
    thinking: Thinking | None = None
    """How it is told how much to reason. None: an effort travels as it came, where the dialect has a place for it."""
    reasons: bool = False
    """Whether the model reasons where the request does not say how much."""
    dropped_reasoning: frozenset[str] = frozenset()
    """Settings that it refuses while it reasons; then they are left out and reported."""
    has_cache_breakpoints: bool = False
    """Whether its prompt cache has OpenAI's breakpoints, so that Anthropic's are written as these in translation."""
    takes_image_urls: bool = True
    """Whether it fetches images by their address. Otherwise only images that come with the request are taken."""
    refused_key: re.Pattern[str] | None = None
    """Prose by which the upstream says with status 400 that it does not know the gateway's key."""
    unknown_model: str = ""
    """Words, in small letters, by which the upstream says with any status that it does not have a model (aggregators
    say so with 503)."""
    context_too_long: re.Pattern[str] | None = None
    """Prose by which the upstream says that the prompt is too long, where no code says it."""
    tokens: TokenTable = UNKNOWN_TOKENS
    """How its models count the tokens of their input."""
    detours: Sequence[Detour] = ()
    """What goes by another dialect of the provider, although its client speaks this one. The first that fits counts."""
    models: Sequence[tuple[re.Pattern[str], Self]] = ()
    """Profiles of some of its models, by a pattern that their whole name matches. The first that does counts."""

    @classmethod
    def own(cls, profile: "Profile") -> Self:
        """A profile as one of this dialect: one of another dialect counts for what both can ask about."""
        return profile if isinstance(profile, cls) else cls.over(profile)

    @classmethod
    def over(cls, shared: "Profile") -> Self:
        """A profile of this dialect with what another one shares with it, those of its models included."""
        names = {known.name for known in fields(cls)} & {known.name for known in fields(shared)} - {"models"}
        models = tuple((pattern, cls.over(of_model)) for pattern, of_model in shared.models)
        return cls(**{name: getattr(shared, name) for name in names}, models=models)

    def with_models(self, models: Mapping[str, Self]) -> Self:
        """The profile with those of more of its models, by a pattern that their whole name matches. They come first."""
        more = tuple((re.compile(pattern), of_model) for pattern, of_model in models.items())
        return replace(self, models=(*more, *self.models))

    def everywhere(self, change: Callable[[Self], Self]) -> Self:
        """The profile after a change that is made to those of its models, too."""
        return replace(change(self), models=tuple((pattern, change(of_model)) for pattern, of_model in self.models))

    def of(self, model: str) -> Self:
        """The profile of one of its models."""
        for pattern, of_model in self.models:
            if pattern.fullmatch(model):
                return of_model
        return self

    @property
    def rewrites_replies(self) -> bool:
        """Whether its replies are changed even for clients of its own dialect."""
        return False

    @property
    def can_reason(self) -> bool:
        """Whether the model reasons by itself, or can be told to."""
        return self.reasons or bool(self.thinking is not None and self.thinking.efforts)

    def is_reasoning(self, effort: Json) -> bool:
        """Whether the model reasons when it is sent this effort, or none."""
        return self.reasons if effort is None else effort != "none"

    def detour(self, asked: Iterable[str], effort: Json) -> str | None:
        """The other dialect that a request has to go by; None where it need not.

        `asked` are the names of its settings, and `tools` where it has some; `effort` is how much it is to reason.
        """
        for detour in self.detours:
            if detour.dialect == self.dialect:
                continue
            if detour.is_for(asked, effort, is_reasoning=self.is_reasoning(effort)):
                return detour.dialect
        return None

    def capabilities(self) -> Iterator[str]:
        """What requests may ask for, in the words of the list of models."""
        yield from ("tools", "images", "files")
        if self.can_reason:
            yield "reasoning"
        yield "structured_output"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ConversationProfile(Profile):
    """What all dialects can ask about that are written from turns: all but the Responses API's own."""

    passes_unknown: ClassVar[bool] = False
    """Whether its dialect has the same parts and tools as the client, so that unknown fields of these travel."""
    own_file_fields: ClassVar[frozenset[str]] = frozenset()
    """Unknown fields of a file of which its dialect takes care itself."""

    takes_tools: bool = True
    """Whether it can call tools. Otherwise a required call is refused, and tools on offer are left out."""
    takes_parts: bool = True
    """Whether it reads parts other than text: images, audio, files. Otherwise they are refused."""
    takes_file_urls: bool = False
    """Whether it fetches files other than images by their address. Otherwise they have to come with the request."""
    tool_choices: frozenset[str] = frozenset({"auto", "none", "required", "named"})
    """The tool choices that it knows. The dialect makes up for those that it does not, or refuses them."""
    formats: frozenset[str] = frozenset({"json_object", "json_schema"})
    """The formats of answers that it keeps to by itself. The dialect makes up for the others."""
    drops_hosted_tools: bool = False
    """Whether tools that only some providers run are left out where this one does not. Otherwise they are refused."""

    def reads(self, kind: str) -> bool:
        """Whether it reads a kind of part, by its name in chat: `image_url`, `file`."""
        return self.takes_parts

    def capabilities(self) -> Iterator[str]:
        if self.takes_tools:
            yield "tools"
        yield from (name for kind, name in _PARTS.items() if self.reads(kind))
        if self.can_reason:
            yield "reasoning"
        # Where a schema is not kept by the upstream itself, the dialect has it called as a tool.
        if self.takes_tools or "json_schema" in self.formats:
            yield "structured_output"


_PARTS = {"image_url": "images", "file": "files"}
NO_PROFILE = Profile()
