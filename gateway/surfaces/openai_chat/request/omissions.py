"""Collects what of a chat body only chat can express."""

from collections.abc import Mapping, Set

from gateway.neutral.prompt import Untranslatable


class Omissions:
    """What a neutral request has no place for: without some of it the answer is the same, without other it is not."""

    def __init__(self) -> None:
        self.untranslated: list[str] = []
        self.untranslatable: Untranslatable | None = None

    def add(self, part: "Omissions") -> None:
        """Add what a part of the body has, which comes after the parts before."""
        self.untranslated += part.untranslated
        if self.untranslatable is None:
            self.untranslatable = part.untranslatable

    def leave_out(self, given: Mapping[str, object], known: Set[str], path: str) -> None:
        """Note the paths of the fields beside the known ones, unless they are null."""
        if given.keys() <= known:
            return
        self.untranslated += [
            f"{path}.{name}" for name, value in given.items() if name not in known and value is not None
        ]

    def refuse(self, what: str, path: str) -> None:
        """Note something for which another dialect has to refuse the request. The first one is what it reports."""
        if self.untranslatable is None:
            reason = f"does not speak the chat dialect, and cannot be given {what}; see {path}."
            self.untranslatable = Untranslatable(reason, path)
