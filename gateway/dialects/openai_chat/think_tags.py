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

    def take(self, choice: JsonObject, part: JsonObject, *, is_last: bool) -> bool:
        """Move the reasoning in a repaired message, or delta, to `reasoning_content`. True if that changed it.

        `is_last`: no more text of the choice comes, or not before something else.
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
        if is_last:
            more_thought, more_told = self._end()
            thought, told = thought + more_thought, told + more_told
        self._move_tokens(choice, told)
        if told == text and not thought:
            return False
        part["content"] = told or (None if given is None else "")
        if thought:
            part["reasoning_content"] = text_or_empty(part.get("reasoning_content")) + thought
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
    parts = list_or_none(content) or []
    first = object_or_empty(parts[0]) if parts else {}
    text = first.get("text") if first.get("type") == "text" else content
    if not begins_thoughts(text):
        return message
    written: JsonObject = {"content": text}
    Thoughts().take({}, written, is_last=True)
    told, thought = written["content"], text_or_empty(written.get("reasoning_content"))
    kept: JsonObject = {**message, "content": told}
    if first:
        kept["content"] = [*([{**first, "text": told}] if told else ()), *parts[1:]]
    if thought and not any(message.get(name) for name in _REASONING):
        kept["reasoning_content"] = thought
    return kept


def _beginning_of_tag(thought: str) -> str:
    """The end of a piece of reasoning that may be the beginning of the last tag."""
    start = thought.rfind("<", -len(_END))
    return thought[start:] if start >= 0 and _END.startswith(thought[start:]) else ""
