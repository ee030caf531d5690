"""The reasoning of one choice: shown where its upstream shows it, kept whole for when it has to go back."""

from typing import Any

from gateway.events import Event, Reasoning, ReasoningState, Summary

Detail = dict[str, Any]
_NAMES = ("reasoning_content", "reasoning")
# The kinds of OpenRouter's reasoning details (shared facts on providers, section 13), and the field with their words.
_WORDS = {"reasoning.text": "text", "reasoning.summary": "summary"}


class Thoughts:
    """Collects reasoning as it comes in pieces; once it is over, `end` tells its state."""

    def __init__(self, choice: int) -> None:
        self._choice = choice
        self._name = ""
        self._texts: list[str] = []
        self._details: list[Detail] = []
        self.is_shown = False
        """Whether there are words of it that were shown, and no state yet."""

    def __bool__(self) -> bool:
        return bool(self._texts or self._details)

    def take(self, part: dict[str, Any], *, was_list: bool = False, is_whole: bool = False) -> list[Event]:
        """The events for the reasoning in a message, or in a chunk's delta.

        `was_list` says that the reasoning stood in the content, among its texts, as Mistral has it.
        """
        name = next((name for name in _NAMES if isinstance(part.get(name), str) and part[name]), "")
        details = _details(part.get("reasoning_details"))
        events = [event for detail in details if (event := self._shown(detail)) is not None]
        self._details += details if is_whole else ()
        for detail in () if is_whole else details:
            self._add(detail)
        if name:
            self._name = "content" if was_list and name == "reasoning_content" else name
            self._texts.append(part[name])
            # Where details have words, they are the same ones.
            events = events or [Reasoning(part[name], self._choice)]
        self.is_shown = self.is_shown or bool(events)
        return events

    def end(self) -> list[Event]:
        """The state of the reasoning so far; nothing where there was none."""
        state: dict[str, Any] = {}
        text = "".join(self._texts)
        if self._details:
            state["reasoning_details"] = self._details
        elif self._name == "content":
            state["content"] = [{"type": "thinking", "thinking": [{"type": "text", "text": text}]}]
        elif text:
            state[self._name] = text
        self._name, self._texts, self._details, self.is_shown = "", [], [], False
        return [ReasoningState(state, self._choice)] if state else []

    def _shown(self, detail: Detail) -> Event | None:
        kind = detail.get("type")
        words = detail.get(_WORDS[kind]) if kind in _WORDS else None
        if not words or not isinstance(words, str):
            return None
        return Summary(words, self._choice) if kind == "reasoning.summary" else Reasoning(words, self._choice)

    def _add(self, piece: Detail) -> None:
        """Add a piece of a detail to the one that it goes on with."""
        last = self._details[-1] if self._details else None
        field = _WORDS.get(piece.get("type", ""), "")
        if last is None or not field or not _goes_on(last, piece, field):
            self._details.append(dict(piece))
            return
        words = (last.get(field) or "") + (piece.get(field) or "")
        last.update({name: value for name, value in piece.items() if value is not None})
        if words:
            last[field] = words


def _details(given: Any) -> list[Detail]:
    if not isinstance(given, list):
        return []
    return [detail for detail in given if isinstance(detail, dict) and isinstance(detail.get("type"), str)]


def _goes_on(last: Detail, piece: Detail, field: str) -> bool:
    """Whether a piece belongs to the last detail: of one kind, index and id, and the last not signed yet."""
    if any(not isinstance(detail.get(field), str | None) for detail in (last, piece)):
        return False
    if last.get("type") != piece.get("type") or last.get("index") != piece.get("index"):
        return False
    ids = {detail["id"] for detail in (last, piece) if isinstance(detail.get("id"), str)}
    return len(ids) < 2 and not (last.get("signature") and piece.get(field))
