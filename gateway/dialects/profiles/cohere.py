"""What a model behind Cohere's chat may have of its own."""

from dataclasses import dataclass
from typing import ClassVar

from gateway.dialects.profiles.base import ConversationProfile


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CohereProfile(ConversationProfile):
    """Where it differs from a model of which nothing is known. `thinking` has budgets in tokens."""

    dialect: ClassVar[str] = "cohere"

    tool_choices: frozenset[str] = frozenset({"auto", "none", "required"})
    """The tool choices that it knows. Cohere itself cannot name a tool: that is shown alone, and a call is required."""
