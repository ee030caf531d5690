"""One answer of Converse, block by block, whether it comes in pieces or whole."""

import base64
from typing import Any

import orjson

from gateway.dialects.base import Origin
from gateway.dialects.bedrock.citations import annotation
from gateway.dialects.bedrock.conversation import REASONING
from gateway.dialects.bedrock.form import form_plan
from gateway.dialects.bedrock.hosted import HostedCalls
from gateway.dialects.conversation.answers import Voice
from gateway.dialects.conversation.settings import settings_of
from gateway.dialects.conversation.structured import FORM_TOOL
from gateway.errors import UpstreamDown
from gateway.events import Annotation, Event, FinishReason, ItemBegan, ItemEnded, PartBegan, Reasoning, ReasoningState
from gateway.generation import Generation

# Shared facts on providers, section 0.2; a word that nobody knows yet is an end like any other.
_REASONS: dict[str, FinishReason] = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "tool_use": "tool_calls",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "guardrail_intervened": "content_filter",
    "content_filtered": "content_filter",
}
_FAILURES = ("malformed_model_output", "malformed_tool_use")
_FENCE = "```"


class Answer:
    """Tells the blocks of one answer as events. A block is over when `end_block` says so, or another one begins."""

    def __init__(self, generation: Generation, origin: Origin) -> None:
        plan = form_plan(settings_of(generation), origin.facts)
        self._origin = origin
        self._voice = Voice(generation, origin, check=plan.check())
        self._hosted = HostedCalls(generation)
        self._held: list[str] | None = [] if plan.way in ("tool", "words") else None
        """Text that waits for the end: beside the forced tool it is not the answer, and in words it may be fenced."""
        self._has_form = False
        self._calls = 0
        self._index: int | None = None
        """The index of the open block's call."""
        self._thoughts: list[str] = []
        self._signatures: list[str] = []
        self._redacted: list[str] = []
        self._images: list[str] = []
        self._citations: list[Any] = []
        self._part_length = 0
        """How much of the open part of the text was told, and where in it the open block begins."""
        self._block_start = 0
        self._is_interrupted = False

    def text(self, text: str) -> list[Event]:
        """A piece of text."""
        if self._held is not None:
            self._held.append(text)
            return []
        if not text:
            return []
        events: list[Event] = [PartBegan("output_text")] if self._is_interrupted and self._part_length else []
        if self._is_interrupted:
            self._is_interrupted, self._part_length, self._block_start = False, 0, 0
        self._part_length += len(text)
        return [*events, *self._voice.text(text)]

    def call(self, call_id: str, name: str) -> list[Event]:
        """A call of the client's begins."""
        self._is_interrupted = True
        self._has_form = self._has_form or name == FORM_TOOL
        self._index = self._calls
        self._calls += 1
        return self._voice.call(self._index, call_id, name)

    def arguments(self, piece: str) -> list[Event]:
        """A piece of what the open call is given."""
        if self._hosted.is_open:
            return self._hosted.take(piece)
        return [] if self._index is None else self._voice.arguments(self._index, piece)

    def hosted_call(self, call_id: str, name: str) -> list[Event]:
        """A call of a tool that the model's provider runs begins."""
        self._is_interrupted = True
        return self._hosted.begin(call_id, name)

    def hosted_output(self, call_id: str, content: Any) -> list[Event]:
        """What such a tool gave back."""
        self._is_interrupted = True
        return self._hosted.end(call_id, content)

    def thought(self, text: str) -> list[Event]:
        """A piece of the reasoning."""
        self._is_interrupted = True
        self._thoughts.append(text)
        return [Reasoning(text)] if text else []

    def sign(self, signature: str) -> None:
        """The signature of the reasoning in the open block."""
        self._signatures.append(signature)

    def redact(self, content: str) -> None:
        """Reasoning that nobody may read."""
        self._is_interrupted = True
        self._redacted.append(content)

    def image(self, data: str) -> None:
        """A piece of an image."""
        self._is_interrupted = True
        self._images.append(data)

    def cite(self, citation: Any) -> None:
        """A citation for the text of the open block. It may come before the text."""
        self._citations.append(citation)

    def end_block(self) -> list[Event]:
        """The open block is complete."""
        events: list[Event] = []
        if self._thoughts or self._redacted or self._signatures:
            events += [ReasoningState({REASONING: block}) for block in self._reasoning()]
            self._thoughts, self._signatures, self._redacted = [], [], []
        for citation in self._citations:
            told = annotation(citation, self._block_start, self._part_length)
            events += [Annotation(told)] if told is not None and self._held is None else ()
        self._citations.clear()
        if self._images:
            item = {"type": "image_generation_call", "id": "image"}
            events.append(ItemBegan({**item, "status": "in_progress", "result": None}))
            events.append(ItemEnded({**item, "status": "completed", "result": _joined(self._images)}))
            self._images = []
        self._block_start = self._part_length
        self._index = None
        return events + self._hosted.close()

    def finish(self, reason: str) -> list[Event]:
        """The answer is complete. Raises `UpstreamDown` for a call that came to nothing, and for a form not kept."""
        if reason in _FAILURES:
            message = f"{self._origin.provider} broke off: its model wrote something malformed ({reason})."
            raise UpstreamDown(message, code="server_error")
        events = self.end_block() + self._hosted.finish()
        if self._held is not None and not self._has_form:
            events += self._voice.text(_unfenced("".join(self._held)))
        return events + self._voice.finish(_REASONS.get(reason, "stop"))

    def _reasoning(self) -> list[dict[str, Any]]:
        """The blocks that their author wants back, as they are in a request."""
        blocks: list[dict[str, Any]] = []
        text, signature = "".join(self._thoughts), "".join(self._signatures)
        if text or signature:
            blocks.append({"reasoningText": {"text": text, **({"signature": signature} if signature else {})}})
        if self._redacted:
            blocks.append({"redactedContent": _joined(self._redacted)})
        return blocks


def arguments_of(given: Any) -> str:
    """What a tool was given in a plain reply, as the JSON that a stream has."""
    return orjson.dumps(given if given is not None else {}).decode()


def _joined(pieces: list[str]) -> str:
    """Pieces of base64, each filled up by itself, as one."""
    if len(pieces) == 1:
        return pieces[0]
    try:
        return base64.b64encode(b"".join(map(base64.b64decode, pieces))).decode()
    except ValueError:
        return "".join(pieces)


def _unfenced(text: str) -> str:
    """The answer without the fence around it that some models cannot do without."""
    bare = text.strip()
    if not bare.startswith(_FENCE) or not bare.endswith(_FENCE) or len(bare) < 2 * len(_FENCE):
        return bare
    return bare[len(_FENCE) : -len(_FENCE)].removeprefix("json").strip()
