"""What a model behind Anthropic's Messages API may have of its own."""

import re
from dataclasses import dataclass
from typing import ClassVar

from gateway.dialects.profiles.base import ConversationProfile


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class AnthropicProfile(ConversationProfile):
    """Where it differs from a model of which nothing is known.

    The forms of `thinking`: `budget`; `adaptive`; `adaptive-shown`, which shows its thinking only on request; `off`,
    which does not think.
    """

    dialect: ClassVar[str] = "anthropic-messages"
    own_file_fields = frozenset({"citations", "context"})

    default_answer_tokens: int = 4096
    """The limit of the answer where the request has none: the API requires one."""
    keeps_schemas: bool = False
    """Whether it keeps to JSON schemas by itself (`output_config.format`, strict tools)."""
    takes_late_system: bool = False
    """Whether it takes instructions in mid-conversation. Otherwise they stand in the user's own turn."""
    takes_prefill: bool = True
    """Whether it goes on from the assistant's last text."""
    takes_one_of_sampling: bool = False
    """Whether `temperature` and `top_p` exclude each other."""
    no_credit: re.Pattern[str] | None = None
    """Prose by which the upstream says with status 400 that its customer has to pay first."""
