"""What one translation leaves out, and the words in which it refuses what it cannot leave out."""

from collections.abc import Iterable

from gateway.errors import InvalidRequest
from gateway.neutral.items import Position
from gateway.neutral.prompt import Prompt


class Report:
    """Collects the paths, in the client's request, of what an upstream does not get."""

    def __init__(self, prompt: Prompt, provider: str) -> None:
        # A mapping for its order and its speed: there may be as many as there are items.
        self._dropped: dict[str, None] = dict.fromkeys(prompt.untranslated)
        self._prompt = prompt
        self.provider = provider

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

    def restore(self, path: str) -> None:
        """It was not left out after all."""
        self._dropped.pop(path, None)

    def setting(self, name: str) -> str:
        """Where the client wrote a setting."""
        return self._prompt.settings.path(name)

    def empty(self) -> InvalidRequest:
        """The refusal of a conversation in which there is nothing for this upstream."""
        return self.invalid("There is nothing that could be answered", self._prompt.input_path)

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
