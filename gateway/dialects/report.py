"""What one translation leaves out, and the words in which it refuses what it cannot leave out."""

from collections.abc import Iterable, Mapping
from copy import copy

from gateway.dialects.base import Origin
from gateway.errors import InvalidRequest, misshapen
from gateway.neutral.items import Position
from gateway.neutral.prompt import Prompt

# A native body is never read as a prompt.
_NO_PROMPT = Prompt()


class Report:
    """Collects the paths, in the client's request, of what an upstream does not get."""

    def __init__(self, prompt: Prompt, origin: Origin) -> None:
        # A mapping for its order and its speed: there may be as many as there are items.
        self._dropped: dict[str, None] = dict.fromkeys(prompt.untranslated)
        self._paths = prompt.settings.paths
        self._input_path = prompt.input_path
        self.is_native = False
        """Whether it is about a body in the upstream's own dialect, as its client wrote it."""
        self.provider = origin.api or origin.provider

    @classmethod
    def of_body(cls, origin: Origin, paths: Mapping[str, str] | None = None) -> "Report":
        """The report on a native body. Its settings have their own names, or `paths` has them by the neutral ones."""
        report = cls(_NO_PROMPT, origin)
        report.is_native = True
        if paths is not None:
            report._paths = paths
        return report

    def part(self) -> "Report":
        """A report of its own for a part of the translation."""
        part = copy(self)
        part._dropped = {}
        return part

    @property
    def dropped(self) -> list[str]:
        """What was left out, each once, in its order."""
        return list(self._dropped)

    def drop(self, path: str) -> None:
        """Note something without which the answer is the same."""
        self._dropped[path] = None

    def drop_all(self, paths: Iterable[str]) -> None:
        """Note several things without which the answer is the same."""
        self._dropped.update(dict.fromkeys(paths))

    def drop_item(self, position: Position) -> None:
        """Note an item without which the answer is the same."""
        self.drop(position.name)

    def drop_setting(self, name: str) -> None:
        """Note a setting, by its neutral name, without which the answer is the same."""
        self.drop(self.setting(name))

    def drop_native(self, path: str) -> None:
        """Note a field of a native body. The client of another API never wrote it."""
        if self.is_native:
            self.drop(path)

    def setting(self, name: str) -> str:
        """Where the client wrote a setting."""
        return self._paths.get(name, name)

    def empty(self) -> InvalidRequest:
        """The refusal of a conversation in which there is nothing for this upstream."""
        return self.invalid("There is nothing that could be answered", self._input_path)

    def unsupported_setting(self, name: str) -> InvalidRequest:
        """The refusal of a setting that this upstream does not have, and that changes the answer."""
        path = self.setting(name)
        message = f"{self.provider} has no {path}, and without it the answer would be another one."
        return InvalidRequest(message, param=path, code="unsupported_parameter")

    def invalid_setting(self, name: str, expected: str) -> InvalidRequest:
        """The refusal of a setting's value that no upstream could make sense of."""
        return misshapen(self.setting(name), expected)

    def unsupported(self, what: str, path: str) -> InvalidRequest:
        """The refusal of something that this upstream has no place for, named in the plural."""
        message = f"{self.provider} cannot take {what}; see {path}."
        return InvalidRequest(message, param=path, code="unsupported_parameter")

    def invalid(self, why: str, path: str) -> InvalidRequest:
        """The refusal of something that no upstream could make sense of."""
        return InvalidRequest(f"{why}; see {path}.", param=path, code="invalid_value")


def require_translatable(prompt: Prompt, provider: str) -> None:
    """Raise `InvalidRequest` for what changes the answer and only the client's own API can express."""
    found = prompt.untranslatable
    if found is not None:
        raise InvalidRequest(f"{provider} {found.reason}", param=found.path, code="unsupported_parameter")
