"""What is known of how a model counts the tokens of its input."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal, Self

Encoding = Literal["o200k", "cl100k"]
"""The tokenizers of OpenAI's models."""
ImageForm = Literal["tiles", "patches", "area", "squares"]


@dataclass(frozen=True, slots=True)
class ImageTokens:
    """How many tokens an image takes, by its size in pixels (`gateway.tokens.images` has what each form does)."""

    form: ImageForm
    each: float
    """The tokens of a tile or a square, or those of a patch; pixels of one token where the area counts."""
    base: float = 0.0
    """Those of every image, whatever its size."""


@dataclass(frozen=True, slots=True)
class TokenFacts:
    """Of one model. The defaults are those of a model of which nothing is known."""

    encoding: Encoding | None = None
    """The tokenizer that it has, where that is known. None: its tokens are estimated from those of `o200k`."""
    per_o200k: float = 1.05
    """Its own tokens for one of `o200k`, where it has another tokenizer: most of today's differ by a few in a hundred
    (recordings of Groq, Mistral and Gemini, 2025 and 2026)."""
    image: ImageTokens = ImageTokens("tiles", 170, 85)
    """What its images take. For one of which nothing is known: as OpenAI's first models that saw images."""
    is_counted: bool = False
    """Whether its provider counts the tokens of a request that is not answered, in a dialect that can be asked."""


@dataclass(frozen=True, slots=True)
class TokenTable:
    """Those of a provider's models: `others` but for the ones whose whole name matches a pattern; the first counts."""

    others: TokenFacts = TokenFacts()
    models: Sequence[tuple[re.Pattern[str], TokenFacts]] = ()

    @classmethod
    def by_name(cls, others: TokenFacts, models: Mapping[str, TokenFacts]) -> Self:
        """A table of patterns."""
        return cls(others, tuple((re.compile(pattern), facts) for pattern, facts in models.items()))

    def of(self, model: str) -> TokenFacts:
        """Those of one model."""
        return next((facts for pattern, facts in self.models if pattern.fullmatch(model)), self.others)

    def everywhere(self, change: Callable[[TokenFacts], TokenFacts]) -> Self:
        """The table after a change that is made to all of it."""
        return replace(
            self, others=change(self.others), models=tuple((pattern, change(facts)) for pattern, facts in self.models)
        )


UNKNOWN_TOKENS = TokenTable()
