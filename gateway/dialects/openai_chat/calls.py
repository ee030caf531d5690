"""What servers leave out of the calls in a stream, or get wrong: indexes, ids, types, arguments."""

from gateway.dialects.openai_chat.repairs import called_tool
from gateway.neutral.identifiers import new_id
from gateway.neutral.json import JsonObject, text_or_none

CallKey = tuple[int, int]
"""A choice, and the index of a call in it."""
NO_ARGUMENTS = "{}"
"""The arguments of a call for which its server sent none: an empty text is no JSON."""


class CallIndexes:
    """Gives the tool calls of one streamed answer their indexes, in each choice from 0.

    Pieces of a call share an index. Some servers leave it out, some give parallel calls the same one; then their ids
    distinguish them (shared facts on providers, section 13). An id that changes without a name is still the same call.
    """

    def __init__(self) -> None:
        self._own: dict[CallKey, int] = {}
        """The index of a call by the one that its upstream gave it."""
        self._ids: dict[CallKey, str] = {}
        self._taken: dict[int, list[int]] = {}

    def repair(self, call: JsonObject, choice: int) -> bool:
        """Give a piece the index of its call. True if it had another."""
        given, call_id = call.get("index"), text_or_none(call.get("id"))
        has_name = bool(called_tool(call).name)
        if type(given) is int and given >= 0:
            index = self._by_index(given, call_id if has_name else None, choice)
        else:
            given, index = None, self._by_id(call_id, choice, has_name=has_name)
        if call_id:
            self._ids.setdefault((choice, index), call_id)
        if index == given:
            return False
        call["index"] = index
        return True

    def has_any(self, choice: int) -> bool:
        """Whether a choice has had tool calls."""
        return choice in self._taken

    def _by_index(self, given: int, call_id: str | None, choice: int) -> int:
        """By the index that the upstream gave; `call_id` is None but for a piece that has a name and an id."""
        index = self._own.get((choice, given))
        known = None if index is None else self._ids.get((choice, index))
        if index is None or (known and call_id and call_id != known):
            taken = self._taken.setdefault(choice, [])
            index = max(taken) + 1 if given in taken else given
            taken.append(index)
            self._own[choice, given] = index
        return index

    def _by_id(self, call_id: str | None, choice: int, *, has_name: bool) -> int:
        taken = self._taken.setdefault(choice, [])
        for index in taken:
            if call_id and self._ids.get((choice, index)) == call_id:
                return index
        if taken and not call_id and not has_name:
            return taken[-1]
        taken.append(max(taken, default=-1) + 1)
        return taken[-1]


class BegunCalls:
    """Gives the calls of one streamed answer what clients read of each: an id, a type, and arguments that are JSON."""

    def __init__(self) -> None:
        self._functions: set[CallKey] = set()
        """The functions whose calls have begun, and have not ended."""
        self._with_arguments: set[CallKey] = set()

    def repair(self, call: JsonObject, choice: int) -> bool:
        """Repair a piece of a call, whose index is right. True if it was changed."""
        index, called = call["index"], called_tool(call)
        key = choice, index if isinstance(index, int) else 0
        if called.text:
            self._with_arguments.add(key)
        if not called.name or key in self._functions:
            return False
        if called.kind == "function":
            self._functions.add(key)
        has_id, has_type = text_or_none(call.get("id")), text_or_none(call.get("type"))
        if not has_id:
            call["id"] = new_id("call")
        if not has_type:
            call["type"] = called.kind
        return not (has_id and has_type)

    def take_silent(self, choice: int) -> list[int]:
        """The calls of a choice that has ended which have no arguments, each once."""
        ended = {key for key in self._functions if key[0] == choice}
        self._functions -= ended
        return sorted(index for _, index in ended - self._with_arguments)
