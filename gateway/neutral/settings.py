"""The settings of a request: everything beside its conversation and its tools."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from gateway.neutral.json import Json


@dataclass(frozen=True, slots=True)
class Settings:
    """Settings under neutral names, which are chat's. Null ones ask for nothing and are not there.

    Names that no dialect knows are here, too: they travel to an upstream that may know them.
    """

    values: Mapping[str, Json] = field(default_factory=dict)
    paths: Mapping[str, str] = field(default_factory=dict)
    """Where the client wrote those that it has under another name, such as `text.verbosity`."""

    def path(self, name: str) -> str:
        """Where the client wrote a setting, for errors and reports."""
        return self.paths.get(name, name)
