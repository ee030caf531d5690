"""What is known about a provider, as data: where it is, what it speaks, and how it is authorised."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeVar

from gateway.dialects.profiles.base import Profile

P = TypeVar("P", bound=Profile)
Scheme = Literal["key", "none", "google", "aws", "azure"]


@dataclass(frozen=True, slots=True)
class Row:
    """A provider that is known by name. Only a key is needed to turn it on.

    `profiles` has one for each dialect that it speaks, at the same base URL; what comes in none of them is translated
    to the first.
    """

    name: str
    profiles: Sequence[Profile]
    base_url: str
    key_variable: str | None = None
    base_url_variable: str | None = None
    scheme: Scheme = "key"
    """How its requests are authorised: a key in a header, nothing, or what Google, AWS or Azure have for it."""
    headers: Mapping[str, str] = field(default_factory=dict)
    """Headers that every request to it carries."""
    key_variables: Sequence[str] = ()
    """Other variables that people keep its key in, looked at after `key_variable`."""
    variables: Mapping[str, str | Sequence[str]] = field(default_factory=dict)
    """Variables of further settings (region, project, location, api_version, …), by the setting's name; of several
    the first that is set counts. Where `base_url` or a header has `{name}`, that setting is put in its place; a header
    whose setting is not given is left out. `{model}` is the model's name there. `{endpoint}` is a base URL that has to
    be configured; one that is configured with a path stands for the whole."""
    note: str = ""
    """What a reader of the model list should know about it."""
    models_url: str = ""
    """Where its own list of models is, if not below `base_url`. `{name}` is filled in as there."""
    hosts: Mapping[str, str] = field(default_factory=dict)
    """What `{host}` in `base_url` is, by location (or region). "" is for every other one."""
    variants: Mapping[str, "Row"] = field(default_factory=dict)
    """The row that counts in its place where a setting is given, such as `api_version`: an API that is at another
    address then, or speaks less. The first whose setting is given counts."""

    @property
    def dialects(self) -> Sequence[str]:
        """The dialects that it speaks, its own first."""
        return [profile.dialect for profile in self.profiles]

    @property
    def own(self) -> Profile:
        """The profile of its own dialect."""
        return self.profiles[0]

    def profile(self, dialect: type[P]) -> P:
        """Its profile in a dialect. Where it has none, what its own dialect shares with that one."""
        found = next((profile for profile in self.profiles if isinstance(profile, dialect)), self.own)
        return dialect.own(found)
