"""What a model behind Google's generateContent may have of its own."""

from dataclasses import dataclass
from typing import ClassVar

from gateway.dialects.profiles.base import ConversationProfile


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class GeminiProfile(ConversationProfile):
    """Where it differs from a model of which nothing is known.

    The forms of `thinking`: `thinkingBudget`, in tokens; `thinkingLevel`, a word.
    """

    dialect: ClassVar[str] = "gemini"

    counts_whole_requests: bool = True
    """Whether it counts the tokens of a whole request. Otherwise it is sent its contents, instructions and tools."""
    takes_json_schema: bool = True
    """Whether it reads JSON Schema as it is. Otherwise schemas are rewritten to the subset that Gemini has."""
    takes_formats_with_tools: bool = True
    """Whether an answer may have to keep a format while tools are on offer."""
    takes_hosted_with_tools: bool = True
    """Whether tools that it runs itself may be on offer together with the client's."""
    tells_hosted_calls: bool = False
    """Whether it has to be asked to tell of the tools that it ran itself, where the client's are on offer as well."""
    wants_signatures: bool = False
    """Whether calls in the history need the signature that came with them, or a stand-in for a lost one."""
    tier_header: str | None = None
    """The header by which a service tier is asked for. None: it is a field of the body."""
