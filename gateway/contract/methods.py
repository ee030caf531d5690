"""Which methods a path takes."""

import re
from collections.abc import Sequence

from gateway.contract.bundle import Bundle, OperationSpec


class AllowedMethods:
    """The methods of a concrete path. Routing knows only the first operation's."""

    def __init__(self, bundle: Bundle) -> None:
        self._patterns = [
            (
                re.compile(_pattern(path, [spec for spec in bundle.operations.values() if spec.path == path])),
                ", ".join(bundle.allowed_methods(path)),
            )
            for path in bundle.document["paths"]
        ]

    def on(self, path: str) -> str | None:
        """The methods, separated by commas; None for a path that the contract does not have."""
        return next((methods for pattern, methods in self._patterns if pattern.fullmatch(path)), None)


def _pattern(path: str, operations: Sequence[OperationSpec]) -> str:
    """A regular expression for a template's paths. As in routing, only parameters of format `path` hold slashes."""
    pattern = re.escape(path)
    for parameter in (parameter for spec in operations for parameter in spec.parameters if parameter["in"] == "path"):
        held = ".+" if parameter.get("schema", {}).get("format") == "path" else "[^/]+"
        pattern = pattern.replace(re.escape(f"{{{parameter['name']}}}"), held)
    return pattern
