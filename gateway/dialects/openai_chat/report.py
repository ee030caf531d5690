"""Says where in the client's request something stands that this upstream cannot have."""

from gateway.errors import InvalidRequest
from gateway.generation import Generation


class Report:
    """What one translation leaves out, and the words in which it refuses what it cannot leave out."""

    def __init__(self, generation: Generation, provider: str) -> None:
        self.dropped: list[str] = list(generation.untranslated)
        self._provider = provider
        self._history = generation.history
        # Whoever reads an error can only change what they sent: the field that brought the history in.
        self._source = "conversation" if generation.asked.get("conversation") else "previous_response_id"

    def item(self, number: int, within: str = "") -> str:
        """The path of a conversation's item, or of something in it, such as `input[2].type`."""
        if number < self._history:
            return self._source
        return f"input[{number - self._history}]{within}"

    def leave_out(self, path: str) -> None:
        """Note something without which the answer is the same."""
        if path not in self.dropped:
            self.dropped.append(path)

    def leave_out_item(self, number: int) -> None:
        """Note an item without which the answer is the same."""
        self.leave_out(f"{self._source}[{number}]" if number < self._history else self.item(number))

    def unsupported(self, what: str, path: str) -> InvalidRequest:
        """The refusal of something that this upstream has no way to be told, named in the plural."""
        message = f"{self._provider} cannot take {what}; see {path}."
        return InvalidRequest(message, param=path, code="unsupported_parameter")

    def invalid(self, why: str, path: str) -> InvalidRequest:
        """The refusal of something that no upstream could make sense of."""
        return InvalidRequest(f"{why}; see {path}.", param=path, code="invalid_value")
