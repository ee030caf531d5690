"""The texts of an item while they come: what was emitted already, and what is missing in the end."""

from collections.abc import Callable

from gateway.dialects.openai_responses.output.logprobs import token_entries
from gateway.dialects.openai_responses.output.queue import QueuedOutput
from gateway.neutral.events import Annotation, Event, PartBegan, PartKind, Reasoning, Refusal, Summary, Text
from gateway.neutral.json import Json, JsonObject

_EVENTS: dict[str, Callable[[str], Event]] = {
    "output_text": Text,
    "refusal": Refusal,
    "reasoning_text": Reasoning,
    "summary_text": Summary,
}


class Part(QueuedOutput):
    """One text of a message or of reasoning, with its citations and log probabilities."""

    def __init__(self, kind: PartKind) -> None:
        super().__init__()
        self.kind = kind
        self.pieces: list[str] = []
        self._logprobs = 0
        self._annotations: list[JsonObject] = []
        self.began = PartBegan(kind)
        self.event = _EVENTS[kind]
        """The event of a piece of its text."""

    @property
    def text(self) -> str:
        """What was emitted so far."""
        if len(self.pieces) > 1:
            self.pieces[:] = ["".join(self.pieces)]
        return self.pieces[0] if self.pieces else ""

    def add(self, text: str, logprobs: Json = None) -> list[Event]:
        """Emit a piece."""
        entries = token_entries(logprobs) if logprobs else None
        if not text and not entries:
            return []
        self.pieces.append(text)
        if entries:
            self._logprobs += len(entries)
            return [Text(text, logprobs=entries)]
        return [self.event(text)]

    def annotate(self, annotation: Json) -> list[Event]:
        """Emit a citation."""
        if self.kind != "output_text" or not isinstance(annotation, dict):
            return []
        self._annotations.append(annotation)
        return [Annotation(annotation)]

    def complete(self, final: Json) -> list[Event]:
        """Emit what is missing of the part as it is in the end. Where that is another text, what was emitted stands."""
        if not isinstance(final, dict):
            return []
        text = final.get("refusal" if self.kind == "refusal" else "text")
        emitted = self.text
        rest = text[len(emitted) :] if isinstance(text, str) and text.startswith(emitted) else ""
        logprobs = final.get("logprobs") if self.kind == "output_text" else None
        left = logprobs[self._logprobs :] if isinstance(logprobs, list) else None
        events = self.add(rest, left)
        annotations = final.get("annotations")
        for annotation in annotations[len(self._annotations) :] if isinstance(annotations, list) else ():
            events += self.annotate(annotation)
        return events

    def written(self, final: JsonObject) -> JsonObject:
        """The part as it was emitted; what else is known of it stays."""
        return {**final, "type": self.kind, "refusal" if self.kind == "refusal" else "text": self.text}
