"""Reasoning that stands between `<think>` and `</think>` at the beginning of a text, as many open models write it.

It is taken out as it comes, whatever pieces the text is cut into, and put where other servers have their reasoning.
"""

from gateway.dialects.profiles.base import Profile
from gateway.dialects.profiles.openai_chat import ChatProfile
from gateway.neutral.json import Json, JsonObject, list_or_none, object_or_empty, object_or_none, text_or_empty

_BEGIN, _END = "<think>", "</think>"
# Blanks that may stand before the first tag; a text that begins with more of them is one without a tag.
_MOST_BLANKS = 64
_REASONING = ("reasoning_content", "reasoning")


class Thoughts:
    """Takes the reasoning out of the text of one choice, message or delta by message or delta."""

    def __init__(self) -> None:
        self._tag = _BEGIN
        """The tag that is looked for; "" once the text itself has begun."""
        self._held = ""
        """What may be the beginning of that tag, or blanks before it."""
        self._tokens: list[JsonObject] = []
        """The log probabilities of what is held and may still be text."""
        self._said = False
        """Whether anything was said since the last tag: the blanks before it count for nothing."""

    @property
    def is_over(self) -> bool:
        """Whether the text itself has begun: there is nothing to take out any more."""
        return not self._tag and self._said

    def take(self, choice: JsonObject, part: JsonObject, *, is_last: bool, is_before_call: bool = False) -> bool:
        """Move the reasoning in a repaired message, or delta, to `reasoning_content`. True if that changed it.

        `is_last`: no more text of the choice comes. `is_before_call`: a call does, so that none that is held may wait.
        """
        given = part.get("content")
        text = given if isinstance(given, str) else ""
        if self.is_over:
            return False
        if not text and not self._held:
            if is_last:
                self._end()
            return False
        thought, told = self._split(text) if text else ("", "")
        if is_last or (is_before_call and self._tag == _BEGIN):
            more_thought, more_told = self._end()
            thought, told = thought + more_thought, told + more_told
        self._move_tokens(choice, told)
        if told == text and not thought:
            return False
        part["content"] = told or (None if given is None else "")
        if thought:
            _add_thought(part, thought)
        return True

    def _split(self, text: str) -> tuple[str, str]:
        """What of a piece of the text is reasoning, and what is not."""
        if self._tag == _BEGIN:
            text, self._held = self._held + text, ""
            bare = text.lstrip()
            may_begin = len(text) - len(bare) <= _MOST_BLANKS
            if may_begin and _BEGIN.startswith(bare) and bare != _BEGIN:
                self._held = text
                return "", ""
            if not (may_begin and bare.startswith(_BEGIN)):
                self._tag, self._said = "", True
                return "", text
            self._tag, text = _END, bare[len(_BEGIN) :]
        thought = ""
        if self._tag == _END:
            thought, ended, text = (self._held + text).partition(_END)
            self._held = ""
            if not ended:
                self._held = _beginning_of_tag(thought)
                thought = thought[: len(thought) - len(self._held)]
            thought = self._from_first_word(thought)
            if not ended:
                return thought, ""
            self._tag, self._said = "", False
        return thought, self._from_first_word(text)

    def _end(self) -> tuple[str, str]:
        held, self._held = self._held, ""
        is_thought = self._tag == _END
        self._tag, self._said = "", True
        return (held, "") if is_thought else ("", held)

    def _from_first_word(self, text: str) -> str:
        if not self._said:
            text = text.lstrip()
            self._said = bool(text)
        return text

    def _move_tokens(self, choice: JsonObject, told: str) -> None:
        """Leave the log probabilities of what is told: the last of those that came."""
        logprobs = object_or_none(choice.get("logprobs"))
        given = None if logprobs is None else list_or_none(logprobs.get("content"))
        if logprobs is None or given is None:
            return
        tokens = [*self._tokens, *map(object_or_empty, given)]
        self._tokens = tokens if self._tag == _BEGIN else []
        length, start = 0, len(tokens)
        while start and length + len(text_or_empty(tokens[start - 1].get("token"))) <= len(told):
            start -= 1
            length += len(text_or_empty(tokens[start].get("token")))
        choice["logprobs"] = {**logprobs, "content": [*tokens[start:]]}


def _add_thought(part: JsonObject, thought: str) -> None:
    """Put reasoning out of the text beside what the server told as such, unless that is the same."""
    known = next((text for name in _REASONING if (text := text_or_empty(part.get(name)))), "")
    if not known or known.strip() != thought.strip():
        part["reasoning_content"] = known + thought
    if details := list_or_none(part.get("reasoning_details")):
        # Where there are details, what they say counts.
        part["reasoning_details"] = [*details, {"type": "reasoning.text", "text": thought}]


def begins_thoughts(text: Json) -> bool:
    """Whether a whole text begins with reasoning between tags."""
    return type(text) is str and _BEGIN in text[: _MOST_BLANKS + len(_BEGIN)] and text.lstrip().startswith(_BEGIN)


def reads_thoughts(of_model: Profile, *, is_native: bool) -> bool:
    """Whether the upstream's texts are looked through for reasoning."""
    profile = ChatProfile.own(of_model)
    return profile.think_tags == "always" or (profile.think_tags == "translated" and not is_native)


def without_thoughts(messages: list[JsonObject]) -> list[JsonObject]:
    """The messages of a request with the reasoning that earlier answers had in their texts in a field of its own."""
    return [*map(_without_thoughts, messages)]


def _without_thoughts(message: JsonObject) -> JsonObject:
    if message.get("role") != "assistant":
        return message
    content = message.get("content")
    whole: JsonObject = {"type": "text", "text": content}
    parts: list[JsonObject] = [*map(object_or_empty, content)] if isinstance(content, list) else [whole]
    if not begins_thoughts("".join(text_or_empty(part.get("text")) for part in parts)):
        return message
    thoughts, found = Thoughts(), ""
    written: list[Json] = []
    for number, part in enumerate(parts):
        delta: JsonObject = {"content": part.get("text")}
        thoughts.take({}, delta, is_last=number == len(parts) - 1)
        found += text_or_empty(delta.get("reasoning_content"))
        if delta["content"] or part.get("type") != "text":
            written.append({**part, "text": delta["content"]} if part.get("type") == "text" else part)
    text = text_or_empty(object_or_empty(written[0]).get("text")) if written else ""
    kept: JsonObject = {**message, "content": [*written] if isinstance(content, list) and written else text}
    if found and not any(message.get(name) for name in _REASONING):
        kept["reasoning_content"] = found
    return kept


def _beginning_of_tag(thought: str) -> str:
    """The end of a piece of reasoning that may be the beginning of the last tag."""
    start = thought.rfind("<", -len(_END))
    return thought[start:] if start >= 0 and _END.startswith(thought[start:]) else ""
