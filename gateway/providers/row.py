"""What is known about a provider, as data: where it is, what it speaks, and where it differs."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

TokenLimitField = Literal["max_tokens", "max_completion_tokens"]


@dataclass(frozen=True, slots=True)
class Facts:
    """Where an upstream differs from its dialect. The defaults are those of a server of which nothing is known."""

    token_limit_field: TokenLimitField | None = None
    """The one name this upstream has for the answer's token limit. None: it travels under the name it came with."""
    stream_usage: bool = True
    """Whether `stream_options.include_usage` may be added to a streamed request, so that it can be accounted."""
    max_answer_tokens: int | None = None
    """A cap on the tokens of an answer, put in where the request names none or a higher one."""
    defaults: Mapping[str, Any] = field(default_factory=dict)
    """Fields put in where the request leaves them out."""
    system_prompt: str | None = None
    """A system message put first where the conversation has none."""
    fields: frozenset[str] | None = None
    """The only fields that it is given, where its own would get around a cap. None: unknown fields travel."""
    takes_developer_role: bool = True
    """Whether it knows the role `developer`; otherwise such messages go as `system`."""
    takes_tools: bool = True
    """Whether it can call tools. Otherwise a required call is refused, and tools on offer are left out."""
    takes_parts: bool = True
    """Whether it reads parts other than text: images, audio, files. Otherwise they are refused."""
    takes_custom_tools: bool = False
    """Whether it knows tools of type `custom` (free text). Otherwise they travel as functions with one text."""
    takes_allowed_tools: bool = False
    """Whether it knows the tool choice `allowed_tools`. Otherwise it is shown the allowed tools only."""
    takes_refusals: bool = False
    """Whether it knows the field `refusal` of a message. Otherwise what the model refused earlier goes as its text."""
    drops_hosted_tools: bool = False
    """Whether tools that only some providers run are left out where this one does not. Otherwise they are refused."""
    dropped: frozenset[str] = frozenset()
    """Fields that it has no use for; they are left out and said."""
    asks_encrypted_reasoning: bool = False
    """Whether it is asked for `reasoning.encrypted_content`, to carry reasoning along without a state of its own."""
    refused_key: re.Pattern[str] | None = None
    """Prose by which the upstream says with status 400 that it does not know the gateway's key."""
    context_too_long: re.Pattern[str] | None = None
    """Prose by which the upstream says that the prompt is too long, where no code says it."""


@dataclass(frozen=True, slots=True)
class Row:
    """A provider that is known by name. Only a key is needed to turn it on.

    `dialects` are those that it speaks, at the same base URL; what is said in none of them is translated to the first.
    """

    name: str
    dialects: Sequence[str]
    base_url: str
    key_variable: str | None = None
    base_url_variable: str | None = None
    facts: Facts = Facts()
    note: str = ""
    """What a reader of the model list should know about it."""
