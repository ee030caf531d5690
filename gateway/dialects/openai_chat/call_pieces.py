"""The calls of one streamed answer, piece by piece: what servers leave out of them, repeat, or number otherwise.

Clients put the pieces of an index together, text by text: a name or an id that is sent twice is written twice.
"""

from dataclasses import dataclass, field

from gateway.dialects.openai_chat.calls import CALLS, FIELDS, LEGACY, NO_ARGUMENTS, called_tool, is_empty, tool_calls
from gateway.dialects.openai_chat.calls import called_function as legacy_function
from gateway.neutral.identifiers import new_id
from gateway.neutral.json import JsonObject, object_or_empty, text_or_empty, text_or_none

CallKey = tuple[int, int]
"""A choice, and the index of a call in it."""
_LEGACY_INDEX = -1


@dataclass(slots=True)
class _Call:
    """What has come of one call."""

    id: str = ""
    name: str = ""
    held: list[str] = field(default_factory=list)
    """The arguments that came before the name."""
    has_arguments: bool = False
    is_custom: bool = False


class CallPieces:
    """Gives each call its index, from 0 in each choice, and its id, type and name once, with its first piece.

    Pieces of a call share an index. Some servers leave it out, some give parallel calls the same one; then their ids
    distinguish them (shared facts on providers, section 13), or a name that is another one. An id that changes without
    a name is still the same call. Pieces that come before their name wait for it.
    """

    def __init__(self) -> None:
        self._calls: dict[CallKey, _Call] = {}
        self._own: dict[CallKey, int] = {}
        """The index of a call by the one that its upstream gave it."""
        self._counts: dict[int, int] = {}
        """How many calls each choice has."""
        self._unnumbered: set[int] = set()
        """The choices with a call that came without an index."""

    def has_any(self, choice: int) -> bool:
        """Whether a choice has had tool calls."""
        return choice in self._counts

    def has_legacy(self, choice: int) -> bool:
        """Whether a choice has had a call in the deprecated form."""
        return (choice, _LEGACY_INDEX) in self._calls

    @property
    def is_incomplete(self) -> bool:
        """Whether there are arguments of which nobody knows what they are for."""
        return any(call.held and (call.id or "".join(call.held) != NO_ARGUMENTS) for call in self._calls.values())

    def repair(self, delta: JsonObject, choice: int) -> tuple[bool, bool]:
        """Repair the pieces in a repaired delta: whether any was changed, and whether one has another index now."""
        kept: list[JsonObject] = []
        calls, changed, moved = tool_calls(delta), False, False
        for call in calls:
            called = called_tool(call)
            if is_empty(call) and not text_or_none(call.get("id")) and not self._is_known(call, choice):
                continue
            given, index = call.get("index"), self._index(call, choice)
            if type(given) is not int or given != index:
                call["index"] = index
                changed = moved = True
            key = choice, index
            is_first = not self._of(key).name
            changed |= self._piece(key, call, object_or_empty(call.get(called.kind)), FIELDS[called.kind])
            if self._of(key).name:
                kept.append(call)
                changed |= self._identify(key, call, is_first=is_first)
        if len(kept) < len(calls):
            delta[CALLS] = [*kept] or None
            changed = True
        return changed | self._repair_legacy(delta, choice), moved

    def take_silent(self, choice: int) -> list[int]:
        """The functions called in a choice that has ended which have no arguments, each once."""
        silent = [
            index
            for (place, index), call in self._calls.items()
            if place == choice and index >= 0 and call.name and not (call.has_arguments or call.is_custom)
        ]
        for index in silent:
            self._calls[choice, index].has_arguments = True
        return sorted(silent)

    def take_silent_legacy(self, choice: int) -> bool:
        """Whether the call of the deprecated form has no arguments in a choice that has ended; once."""
        call = self._calls.get((choice, _LEGACY_INDEX))
        if call is None or call.has_arguments or not call.name:
            return False
        call.has_arguments = True
        return True

    def _of(self, key: CallKey) -> _Call:
        return self._calls.setdefault(key, _Call())

    def _is_known(self, call: JsonObject, choice: int) -> bool:
        given = call.get("index")
        return type(given) is int and (choice, given) in self._own

    def _index(self, call: JsonObject, choice: int) -> int:
        """The index of the call that a piece belongs to."""
        given, call_id, name = call.get("index"), text_or_none(call.get("id")), called_tool(call).name
        if type(given) is int and given >= 0:
            return self._by_number(given, call_id, name, choice)
        count = self._counts.get(choice, 0)
        for index in range(count):
            known = self._of((choice, index))
            if call_id and known.id == call_id and not self._is_another(known, name, call_id):
                return index
        if count and not call_id and not name:
            return count - 1
        self._unnumbered.add(choice)
        return self._next(choice)

    def _by_number(self, given: int, call_id: str | None, name: str, choice: int) -> int:
        """By the index that the upstream gave."""
        index = self._own.get((choice, given))
        if index is None:
            count = self._counts.get(choice, 0)
            continues = choice in self._unnumbered and count and not name and not call_id
            index = self._own[choice, given] = count - 1 if continues else self._next(choice)
            return index
        known = self._of((choice, index))
        is_other_id = bool(name and call_id and known.id and call_id != known.id)
        if is_other_id or self._is_another(known, name, call_id):
            index = self._own[choice, given] = self._next(choice)
        return index

    def _is_another(self, known: _Call, name: str, call_id: str | None) -> bool:
        """Whether a name begins another call, where the id does not tell: what has arguments has its whole name."""
        return bool(name and known.name and name != known.name and (not call_id or known.has_arguments))

    def _next(self, choice: int) -> int:
        index = self._counts.get(choice, 0)
        self._counts[choice] = index + 1
        return index

    def _piece(self, key: CallKey, call: JsonObject, definition: JsonObject, place: str) -> bool:
        """Note a piece; its name stays only where it is the first, with the arguments that waited for it."""
        known, changed = self._of(key), False
        name, text = text_or_none(definition.get("name")), text_or_empty(definition.get(place))
        if known.name:
            if name:
                del definition["name"]
                changed = True
        elif name:
            known.name = name
            if known.held:
                definition[place] = text = "".join((*known.held, text))
                known.held, changed = [], True
        else:
            known.held += [text] if text else []
            known.id = known.id or text_or_none(call.get("id")) or ""
            return True
        known.has_arguments |= bool(text)
        known.is_custom |= place == FIELDS["custom"]
        return changed

    def _identify(self, key: CallKey, call: JsonObject, *, is_first: bool) -> bool:
        """An id and a type with the first piece, and no id with a later one."""
        known, given = self._of(key), text_or_none(call.get("id"))
        if not is_first:
            if given is None:
                return False
            del call["id"]
            return True
        known.id = known.id or given or new_id("call")
        kind = "custom" if known.is_custom else "function"
        if (call.get("id"), call.get("type")) == (known.id, kind):
            return False
        call["id"], call["type"] = known.id, kind
        return True

    def _repair_legacy(self, delta: JsonObject, choice: int) -> bool:
        if delta.get(LEGACY) is None:
            return False
        key = choice, _LEGACY_INDEX
        if key not in self._calls and legacy_function(delta).says_nothing:
            delta[LEGACY] = None
            return True
        changed = self._piece(key, {}, object_or_empty(delta[LEGACY]), FIELDS["function"])
        if not self._of(key).name:
            delta[LEGACY] = None
        return changed
