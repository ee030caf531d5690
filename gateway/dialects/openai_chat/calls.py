"""Mends tool calls, and tells the parallel calls of a streamed answer apart."""

from typing import Any

import orjson

from gateway.dialects.conversation.called import Called
from gateway.dialects.openai_chat.parts import NotChat
from gateway.identifiers import new_id

Call = dict[str, Any]

# What a call holds, by its type, and the field with what the tool is given.
_FORMS = {"function": "arguments", "custom": "input"}


def tool_calls(part: dict[str, Any]) -> list[Call]:
    """The tool calls of a message or a delta. Raises `NotChat` if they are no list of objects."""
    calls = part.get("tool_calls")
    if calls is None:
        return []
    if not isinstance(calls, list) or not all(isinstance(call, dict) for call in calls):
        raise NotChat
    return calls


def mend_call(call: Call) -> bool:
    """Mend what a whole call and a piece of one have in common. True if anything was amiss."""
    changed = False
    for name in ("id", "type"):
        value = call.get(name)
        if value is not None and not isinstance(value, str):
            call[name] = str(value) if isinstance(value, int) else None
            changed = True
    for form, field in _FORMS.items():
        if form in call:
            changed |= _mend_form(call, form, field)
    return changed


def _mend_form(call: Call, form: str, field: str) -> bool:
    given = call[form]
    if given is None:
        del call[form]
        return True
    if not isinstance(given, dict) or not isinstance(given.get("name"), str | None):
        raise NotChat
    text = given.get(field)
    if text is None or isinstance(text, str):
        return False
    given[field] = _json(text)
    return True


def called(call: Call) -> Called:
    """What a mended call, or a piece of one, says."""
    for form, field in _FORMS.items():
        said = call.get(form)
        if said:
            return Called(said.get("name") or "", said.get(field) or "", is_text=form == "custom")
    return Called("", "")


def mend_whole_call(call: Call) -> None:
    """Mend a call of a plain reply. Raises `NotChat` for a function that has no name."""
    mend_call(call)
    call["id"] = call.get("id") or new_id("call")
    call["type"] = call.get("type") or ("custom" if "custom" in call else "function")
    if call["type"] != "function":
        return
    function = call.get("function") or {}
    if not function.get("name"):
        raise NotChat
    # A function without parameters is often called with an empty string, which is no JSON.
    function["arguments"] = function.get("arguments") or "{}"


class CallNumbers:
    """Numbers the tool calls of one streamed answer, each choice from its own.

    Pieces of a call share an index. Some servers leave it out, some give parallel calls the same one; then their
    ids tell them apart (shared facts on providers, section 13). An id that changes without a name is still the
    same call.
    """

    def __init__(self) -> None:
        self._places: dict[tuple[int, int], int] = {}
        self._ids: dict[tuple[int, int], str] = {}
        self._taken: dict[int, list[int]] = {}

    def mend(self, call: Call, choice: int) -> bool:
        """Give a piece the index of its call. True if it had another."""
        given = call.get("index")
        if type(given) is int and given >= 0:
            number = self._by_index(call, choice, given)
        else:
            given, number = None, self._by_id(call, choice)
        if call.get("id"):
            self._ids.setdefault((choice, number), call["id"])
        if number == given:
            return False
        call["index"] = number
        return True

    def has_any(self, choice: int) -> bool:
        """Whether a choice has had tool calls."""
        return choice in self._taken

    def _by_index(self, call: Call, choice: int, given: int) -> int:
        number = self._places.get((choice, given))
        if number is None or (_names(call) and self._is_another(call, (choice, number))):
            taken = self._taken.setdefault(choice, [])
            number = max(taken) + 1 if given in taken else given
            taken.append(number)
            self._places[choice, given] = number
        return number

    def _by_id(self, call: Call, choice: int) -> int:
        taken = self._taken.setdefault(choice, [])
        for number in taken:
            if call.get("id") and self._ids.get((choice, number)) == call["id"]:
                return number
        if taken and not call.get("id") and not _names(call):
            return taken[-1]
        taken.append(max(taken, default=-1) + 1)
        return taken[-1]

    def _is_another(self, call: Call, place: tuple[int, int]) -> bool:
        known = self._ids.get(place)
        return bool(known and call.get("id") and call["id"] != known)


def _names(call: Call) -> bool:
    return bool(called(call).name)


def _json(value: Any) -> str:
    try:
        return orjson.dumps(value).decode()
    except orjson.JSONEncodeError:
        raise NotChat from None
