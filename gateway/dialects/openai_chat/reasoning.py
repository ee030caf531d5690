"""The reasoning of one choice: collected as it comes, and sent back in the field where its upstream takes it."""

from collections.abc import Mapping

from gateway.dialects.profiles.openai_chat import ChatProfile
from gateway.neutral.events import Event, Reasoning, ReasoningState, Summary
from gateway.neutral.json import Json, JsonObject, object_or_empty, objects_in, text_or_empty, text_or_none

_NAMES = ("reasoning_content", "reasoning")
_EITHER = frozenset(_NAMES)
# Moonshot counts an empty text as none, so it is a blank.
_NOTHING = " "
# The kinds of OpenRouter's reasoning details (shared facts on providers, section 13), and the field with their text.
_TEXT_FIELDS: Mapping[str, str] = {"reasoning.text": "text", "reasoning.summary": "summary"}


class ReasoningCollector:
    """Collects reasoning as it comes in pieces; once it is over, `finish` emits its state."""

    def __init__(self, choice: int) -> None:
        self._choice = choice
        self._name = ""
        self._texts: list[str] = []
        self._details: list[JsonObject] = []
        self.is_shown = False
        """Whether text of it was emitted, and no state yet."""

    def __bool__(self) -> bool:
        return bool(self._texts or self._details)

    def take(self, part: JsonObject, *, was_list: bool = False, is_whole: bool = False) -> list[Event]:
        """The events for the reasoning in a message, or in a chunk's delta.

        `was_list`: the reasoning stood in the content, among its texts, as Mistral has it.
        """
        details = _details(part["reasoning_details"]) if "reasoning_details" in part else []
        events = [event for detail in details if (event := self._event(detail)) is not None]
        if is_whole:
            self._details += details
        else:
            for detail in details:
                self._add(detail)
        for name in _NAMES:
            if text := text_or_empty(part.get(name)):
                self._name = "content" if was_list and name == "reasoning_content" else name
                self._texts.append(text)
                # Where details have texts, they are the same ones.
                events = events or [Reasoning(text, self._choice)]
                break
        self.is_shown = self.is_shown or bool(events)
        return events

    def finish(self) -> list[Event]:
        """The state of the reasoning so far; nothing where there was none."""
        state: JsonObject = {}
        text = "".join(self._texts)
        if self._details:
            state["reasoning_details"] = [*self._details]
        elif self._name == "content":
            state["content"] = [_thinking(text)]
        elif text:
            state[self._name] = text
        self._name, self._texts, self._details, self.is_shown = "", [], [], False
        return [ReasoningState(state, self._choice)] if state else []

    def _event(self, detail: JsonObject) -> Event | None:
        kind = text_or_empty(detail.get("type"))
        text = text_or_empty(detail.get(_TEXT_FIELDS[kind])) if kind in _TEXT_FIELDS else ""
        if not text:
            return None
        return Summary(text, self._choice) if kind == "reasoning.summary" else Reasoning(text, self._choice)

    def _add(self, piece: JsonObject) -> None:
        """Add a piece of a detail to the one that it continues."""
        last = self._details[-1] if self._details else None
        field = _TEXT_FIELDS.get(text_or_empty(piece.get("type")), "")
        if last is None or not field or not _continues(last, piece, field):
            self._details.append(dict(piece))
            return
        text = text_or_empty(last.get(field)) + text_or_empty(piece.get(field))
        last.update({name: value for name, value in piece.items() if value is not None})
        if text:
            last[field] = text


def _details(given: Json) -> list[JsonObject]:
    return [detail for detail in objects_in(given) if isinstance(detail.get("type"), str)]


def _continues(last: JsonObject, piece: JsonObject, field: str) -> bool:
    """Whether a piece belongs to the last detail: of one kind, index and id, and the last not signed yet."""
    if any(not isinstance(detail.get(field), str | None) for detail in (last, piece)):
        return False
    if last.get("type") != piece.get("type") or last.get("index") != piece.get("index"):
        return False
    ids = {text_or_none(detail.get("id")) for detail in (last, piece)} - {None}
    return len(ids) < 2 and not (last.get("signature") and piece.get(field))


def _thinking(text: str) -> JsonObject:
    return {"type": "thinking", "thinking": [{"type": "text", "text": text}]}


def with_reasoning(messages: list[JsonObject], profile: ChatProfile) -> list[JsonObject]:
    """The messages with their reasoning where this upstream takes it.

    A client of the chat surface may know it by either of its names, since the gateway emits both.
    """
    if all(map(_EITHER.isdisjoint, messages)):
        return messages
    current = _after_last_user(messages) if profile.reasoning_in_loops else 0
    return [_moved(message, profile, is_current=i >= current) for i, message in enumerate(messages)]


def _moved(message: JsonObject, profile: ChatProfile, *, is_current: bool) -> JsonObject:
    if message.get("role") != "assistant" or _EITHER.isdisjoint(message):
        return message
    name = next((name for name in _NAMES if message.get(name)), "")
    text = text_or_none(message.get(name))
    rest = {field: value for field, value in message.items() if field not in _EITHER}
    if text is None or (profile.reasoning_in_loops and not (is_current and message.get("tool_calls"))):
        return rest
    if profile.reasoning_field != "content":
        return {**rest, profile.reasoning_field or name: text}
    content = rest.get("content")
    if isinstance(content, list):
        # It stands there already.
        return rest
    texts: list[Json] = [{"type": "text", "text": content}] if content else []
    return {**rest, "content": [_thinking(text), *texts]}


def is_thinking(body: JsonObject, profile: ChatProfile) -> bool:
    """Whether the model thinks over a body that is ready for its upstream, as far as that can be known."""
    told = object_or_empty(body.get("thinking")).get("type")
    if isinstance(told, str):
        return told != "disabled"
    return profile.reasons or profile.thinking is None


def with_required_reasoning(messages: list[JsonObject], profile: ChatProfile) -> list[JsonObject]:
    """The messages with some reasoning in each of the assistant's that is refused without any."""
    if not any(message.get("tool_calls") for message in messages):
        return messages
    current = _after_last_user(messages) if profile.reasoning_in_loops else 0
    name = profile.reasoning_field if profile.reasoning_field in _EITHER else _NAMES[0]
    written: list[JsonObject] = []
    for i, message in enumerate(messages):
        # Where only loops have reasoning, their texts have none.
        is_due = not profile.reasoning_in_loops or (i >= current and message.get("tool_calls"))
        if is_due and message.get("role") == "assistant" and not any(map(message.get, _NAMES)):
            message = {**message, name: _NOTHING}
        written.append(message)
    return written


def _after_last_user(messages: list[JsonObject]) -> int:
    """The place of the first message after the last of a user's."""
    return max((i + 1 for i, message in enumerate(messages) if message.get("role") == "user"), default=0)
