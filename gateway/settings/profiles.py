"""What the settings say of a provider in one of its dialects, where a server differs from what its row has."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields, replace
from typing import Any, Literal, TypeVar

from pydantic import Field

from gateway.dialects import DIALECTS
from gateway.dialects.profiles.base import Profile
from gateway.neutral.settings import OLDER_TOKEN_LIMIT, TOKEN_LIMIT, TokenLimit
from gateway.settings.options import Section, Text
from gateway.settings.problems import Problem

P = TypeVar("P", bound=Profile)

_FACTS = {
    "token_limit_field": "token_limit_field",
    "stream_usage": "stream_usage",
    "hosted_tools": "drops_hosted_tools",
    "developer_role": "takes_developer_role",
    "system_messages": "system_messages",
    "requires_reasoning": "requires_reasoning",
    "think_tags": "think_tags",
    "stored_prompts": "keeps_prompts",
    "unknown_model": "unknown_model",
}
"""The fact of a profile that a setting is about. A dialect whose profile has none has no use for the setting."""


class ProfileSettings(Section):
    """What is particular to a provider. None: as its row says."""

    token_limit_field: TokenLimit | None = Field(default=None, description=f"{OLDER_TOKEN_LIMIT} or {TOKEN_LIMIT}")
    """The one name that it has for the limit of the answer's tokens."""
    stream_usage: bool | None = Field(default=None, description="true or false")
    """Whether a stream may be asked for its usage."""
    hosted_tools: Literal["refuse", "drop"] | None = Field(default=None, description="refuse or drop")
    """What becomes of tools that the provider would have to run, where it runs none."""
    developer_role: bool | None = Field(default=None, description="true or false")
    """Whether it knows the role `developer`; otherwise such messages go as `system`."""
    system_messages: Literal["anywhere", "first", "none"] | None = Field(
        default=None, description="anywhere, first or none"
    )
    """Where it takes messages of the role `system`; the others go as `user`. With `first`, those in front go as one."""
    requires_reasoning: bool | None = Field(default=None, description="true or false")
    """Whether it refuses, while it thinks, the assistant's messages of a conversation with calls where they have no
    reasoning; then those of other models are given some that says nothing."""
    think_tags: Literal["never", "translated", "always"] | None = Field(
        default=None, description="never, translated or always"
    )
    """Where `<think>…</think>` at the beginning of a text is reasoning: nowhere, in what is translated only, or in
    native chat, too."""
    stored_prompts: bool | None = Field(default=None, description="true or false")
    """Whether it keeps prompt templates of its own: then it is sent a `prompt` that is none of the gateway's."""
    unknown_model: Text | None = Field(default=None, description="some words")
    """Words in its errors, whatever their status, by which it says that it does not have a model."""

    def without_use(self, dialects: Sequence[str]) -> list[str]:
        """The settings that are given, and that none of these dialects has a use for."""
        profiles = [DIALECTS[dialect].profile_type for dialect in dialects]
        given = [name for name in _FACTS if getattr(self, name) is not None]
        return [name for name in given if not any(_is_for(name, profile) for profile in profiles)]

    def adjusted(self, profile: P) -> P:
        """The profile with what is said here of the provider, and so of each of its models."""
        said = {name: getattr(self, name) for name in _FACTS if _is_for(name, type(profile))}
        told: dict[str, Any] = {_FACTS[name]: value for name, value in said.items() if value is not None}
        if "drops_hosted_tools" in told:
            told["drops_hosted_tools"] = self.hosted_tools == "drop"
        if self.unknown_model is not None:
            told["unknown_model"] = self.unknown_model.lower()
        return profile.everywhere(lambda of_model: replace(of_model, **told)) if told else profile


def _is_for(setting: str, profile: type[Profile]) -> bool:
    return any(known.name == _FACTS[setting] for known in fields(profile))


def dialects_of(setting: str) -> list[str]:
    """The dialects that have a use for a setting."""
    return [name for name, dialect in DIALECTS.items() if _is_for(setting, dialect.profile_type)]


def profile_problems(profiles: Mapping[str, ProfileSettings], spoken: Sequence[str]) -> Iterator[Problem]:
    """What is wrong with them: each is about a dialect that the provider speaks, and about what that can be told."""
    for dialect, profile in profiles.items():
        if dialect not in spoken:
            yield (dialect,), f"expected a dialect that it speaks: {', '.join(spoken)}"
            continue
        for name, value in profile:
            if value is not None and not _is_for(name, DIALECTS[dialect].profile_type):
                yield (dialect, name), "expected in another dialect: this one has no use for it"
