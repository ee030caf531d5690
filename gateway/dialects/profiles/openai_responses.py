"""What an upstream that speaks OpenAI's Responses API may have of its own."""

from dataclasses import dataclass
from typing import ClassVar

from gateway.dialects.profiles.base import Profile


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ResponsesProfile(Profile):
    """Where it differs from OpenAI's Responses API."""

    dialect: ClassVar[str] = "openai-responses"

    takes_developer_role: bool = True
    """Whether it knows the role `developer`; otherwise such messages go as `system`."""
    compacts: bool = False
    """Whether it compacts conversations itself: `context_management`, compaction items, `POST /responses/compact`."""
    truncates: bool = False
    """Whether it keeps to `truncation: auto`."""
    keeps_prompts: bool = False
    """Whether it has prompt templates of its own, so that a `prompt` goes there as it came. Otherwise one is refused
    that the gateway does not have."""
    asks_encrypted_reasoning: bool = False
    """Whether it is asked for `reasoning.encrypted_content`, to carry reasoning along without a state of its own."""
    takes_configuration_updates: bool = False
    """Whether it knows items that change settings (`configuration_update`); otherwise the gateway writes the settings
    themselves."""
