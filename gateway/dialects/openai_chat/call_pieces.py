"""The calls of one streamed answer, piece by piece: what servers leave out of them, repeat, or number otherwise.

Clients put the pieces of an index together, text by text: a name or an id that is sent twice is written twice.
"""

from dataclasses import dataclass, field

from gateway.dialects.decoder import NotAnAnswer
from gateway.dialects.openai_chat.calls import CALLS, FIELDS, LEGACY, NO_ARGUMENTS, called_tool, is_empty, tool_calls
from gateway.dialects.openai_chat.calls import called_function as legacy_function
from gateway.neutral.identifiers import new_id
from gateway.neutral.json import Json, JsonObject, object_or_empty, text_or_empty, text_or_none

CallKey = tuple[int, int]
"""A choice, and the index of a call in it."""
_MOST_CALLS = 10_000


@dataclass(slots=True)
class _Call:
    """What has come of one call."""

    index: int = -1
    """Its index for clients, once it has a name."""
    id: str = ""
    name: str = ""
    held: list[str] = field(default_factory=list)
    """The arguments that came before the name."""
    has_arguments: bool = False
    is_custom: bool = False

    def take(self, definition: JsonObject, place: str, call_id: str) -> bool:
        """Note a piece. Its name stays only in the first that has one, with the arguments that waited for it."""
        name, text = text_or_empty(definition.get("name")), text_or_empty(definition.get(place))
        changed = False
        if self.name:
            if name:
                del definition["name"]
                changed = True
        elif name:
            self.name = name
            if self.held:
                definition[place] = text = "".join((*self.held, text))
                self.held, changed = [], True
        else:
            self.held += [text] if text else []
            self.id = self.id or call_id
            return True
        self.has_arguments |= bool(text)
        self.is_custom |= place == FIELDS["custom"]
        return changed

    def identify(self, piece: JsonObject, *, is_first: bool) -> bool:
        """Give the first piece an id and a type, and take the id from a later one. True if that changed it."""
        given = text_or_none(piece.get("id"))
        if not is_first:
            if given is None:
                return False
            del piece["id"]
            return True
        self.id = self.id or given or new_id("call")
        kind = "custom" if self.is_custom else "function"
        if (piece.get("id"), piece.get("type")) == (self.id, kind):
            return False
        piece["id"], piece["type"] = self.id, kind
        return True


@dataclass(slots=True)
class _Choice:
    """The calls of one choice."""

    calls: list[_Call] = field(default_factory=list)
    """In the order in which they came."""
    by_number: dict[int, _Call] = field(default_factory=dict)
    """By the index that the upstream gave."""
    by_id: dict[str, _Call] = field(default_factory=dict)
    is_unnumbered: bool = False
    """Whether a call came without an index."""
    count: int = 0
    """How many have a name."""
    legacy: _Call | None = None

    def begin(self) -> _Call:
        if len(self.calls) >= _MOST_CALLS:
            raise NotAnAnswer
        self.calls.append(_Call())
        return self.calls[-1]


class CallPieces:
    """Gives each call its index, from 0 in each choice, and its id, type and name once, with its first piece.

    Pieces of a call share an index. Some servers leave it out, some give parallel calls the same one; then their ids
    distinguish them (shared facts on providers, section 13), or a name that is another one. An id that changes without
    a name is still the same call. Pieces that come before their name wait for it.
    """

    def __init__(self) -> None:
        self._choices: dict[int, _Choice] = {}

    def has_any(self, choice: int) -> bool:
        """Whether a choice has had tool calls."""
        return choice in self._choices and self._choices[choice].count > 0

    def has_legacy(self, choice: int) -> bool:
        """Whether a choice has had a call in the deprecated form."""
        return choice in self._choices and self._choices[choice].legacy is not None

    @property
    def is_incomplete(self) -> bool:
        """Whether there are arguments of which nobody knows what they are for."""
        waiting = (call for choice in self._choices.values() for call in (*choice.calls, choice.legacy) if call)
        return any(call.held and (call.id or "".join(call.held) != NO_ARGUMENTS) for call in waiting)

    def repair(self, delta: JsonObject, choice: int) -> tuple[bool, bool]:
        """Repair the pieces in a repaired delta: whether any was changed, and whether one has another index now.

        Raises `NotAnAnswer` for more calls than any answer has.
        """
        known = self._choices.setdefault(choice, _Choice())
        kept: list[Json] = []
        pieces, changed, moved = tool_calls(delta), False, False
        for piece in pieces:
            if is_empty(piece) and not text_or_none(piece.get("id")) and piece.get("index") not in known.by_number:
                continue
            called, call = called_tool(piece), _call_of(piece, known)
            is_first = not call.name
            changed |= call.take(object_or_empty(piece.get(called.kind)), FIELDS[called.kind], _id(piece))
            if not call.name:
                continue
            if is_first:
                call.index = known.count
                known.count += 1
            given = piece.get("index")
            if type(given) is not int or given != call.index:
                piece["index"] = call.index
                changed = moved = True
            kept.append(piece)
            changed |= call.identify(piece, is_first=is_first)
            known.by_id.setdefault(call.id, call)
        if len(kept) < len(pieces):
            delta[CALLS] = kept or None
            changed = True
        return changed | _repair_legacy(delta, known), moved

    def take_silent(self, choice: int) -> list[int]:
        """The functions called in a choice that has ended which have no arguments, each once."""
        calls = self._choices[choice].calls if choice in self._choices else []
        silent = [call for call in calls if call.name and not (call.has_arguments or call.is_custom)]
        for call in silent:
            call.has_arguments = True
        return sorted(call.index for call in silent)

    def take_silent_legacy(self, choice: int) -> bool:
        """Whether the call of the deprecated form has no arguments in a choice that has ended; once."""
        call = self._choices[choice].legacy if choice in self._choices else None
        if call is None or call.has_arguments or not call.name:
            return False
        call.has_arguments = True
        return True


def _id(piece: JsonObject) -> str:
    return text_or_empty(piece.get("id"))


def _call_of(piece: JsonObject, choice: _Choice) -> _Call:
    """The call that a piece belongs to, begun where it is none that has come."""
    number, call_id, name = piece.get("index"), _id(piece), called_tool(piece).name
    if type(number) is int and number >= 0:
        known = choice.by_number.get(number)
        if known is None and choice.is_unnumbered and choice.calls and not name and not call_id:
            known = choice.calls[-1]
        is_other_id = known is not None and bool(name and call_id and known.id and call_id != known.id)
        if known is None or is_other_id or _is_another(known, name, call_id):
            known = choice.begin()
        choice.by_number[number] = known
        return known
    known = choice.by_id.get(call_id) if call_id else None
    if known is None and choice.calls and not call_id and not name:
        known = choice.calls[-1]
    if known is None or _is_another(known, name, call_id):
        choice.is_unnumbered = True
        known = choice.begin()
        if call_id:
            choice.by_id[call_id] = known
    return known


def _is_another(known: _Call, name: str, call_id: str) -> bool:
    """Whether a name begins another call, where the id does not tell: what has arguments has its whole name."""
    return bool(name and known.name and name != known.name and (not call_id or known.has_arguments))


def _repair_legacy(delta: JsonObject, choice: _Choice) -> bool:
    if delta.get(LEGACY) is None:
        return False
    if choice.legacy is None:
        if legacy_function(delta).says_nothing:
            delta[LEGACY] = None
            return True
        choice.legacy = _Call()
    changed = choice.legacy.take(object_or_empty(delta[LEGACY]), FIELDS["function"], "")
    if not choice.legacy.name:
        delta[LEGACY] = None
    return changed
