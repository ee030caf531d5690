"""Says where in the client's request something stands that this upstream cannot have."""

from gateway.errors import InvalidRequest
from gateway.generation import Generation

# Settings whose chat names a client of the Responses API has not used.
_ASKED_AS = {
    "max_completion_tokens": "max_output_tokens",
    "max_tokens": "max_output_tokens",
    "reasoning_effort": "reasoning.effort",
    "response_format": "text.format",
    "verbosity": "text.verbosity",
}


class Report:
    """What one translation leaves out, and the words in which it refuses what it cannot leave out."""

    def __init__(self, generation: Generation, provider: str) -> None:
        # A mapping for its order and its speed: there may be as many as there are items.
        self._dropped: dict[str, None] = dict.fromkeys(generation.untranslated)
        self.provider = provider
        self._asked = generation.asked
        self._history = generation.history
        self._place = generation.place
        # Whoever reads an error can only change what they sent: the field that brought the history in.
        self._source = "conversation" if generation.asked.get("conversation") else "previous_response_id"

    @property
    def dropped(self) -> list[str]:
        """What was left out, each once, in its order."""
        return list(self._dropped)

    def item(self, number: int, within: str = "") -> str:
        """The path of a conversation's item, or of something in it, such as `input[2].type`.

        Clients of chat have no items: theirs is `messages[2].content[0].type`.
        """
        if self._place is not None:
            return self._place(number, within)
        if number < self._history:
            return self._source
        return f"input[{number - self._history}]{within}"

    def leave_out(self, path: str) -> None:
        """Note something without which the answer is the same."""
        self._dropped[path] = None

    def take_back(self, path: str) -> None:
        """It was not left out after all."""
        self._dropped.pop(path, None)

    def field(self, name: str) -> str:
        """The name by which the client asked for what chat calls `name`."""
        return name if name in self._asked or not self._asked else _ASKED_AS.get(name, name)

    def leave_out_field(self, name: str) -> None:
        """Note a field, by its chat name, without which the answer is the same."""
        self.leave_out(self.field(name))

    def leave_out_item(self, number: int) -> None:
        """Note an item without which the answer is the same."""
        self.leave_out(f"{self._source}[{number}]" if number < self._history else self.item(number))

    def nothing_said(self) -> InvalidRequest:
        """The refusal of a conversation that says nothing to this upstream."""
        return self.invalid("There is nothing that could be answered", "messages" if self._place else "input")

    def unsupported(self, what: str, path: str) -> InvalidRequest:
        """The refusal of something that this upstream has no way to be told, named in the plural."""
        message = f"{self.provider} cannot take {what}; see {path}."
        return InvalidRequest(message, param=path, code="unsupported_parameter")

    def invalid(self, why: str, path: str) -> InvalidRequest:
        """The refusal of something that no upstream could make sense of."""
        return InvalidRequest(f"{why}; see {path}.", param=path, code="invalid_value")
