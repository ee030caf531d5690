"""Reads a plain answer of Converse, and builds the events of one, block by block, whether plain or streamed."""

import base64
from collections.abc import Sequence

from gateway.dialects.base import Origin
from gateway.dialects.bedrock.citations import annotation
from gateway.dialects.bedrock.hosted_tools import HostedCalls
from gateway.dialects.bedrock.messages import REASONING
from gateway.dialects.bedrock.structured_output import plan_format
from gateway.dialects.bedrock.usage import read_usage
from gateway.dialects.decoder import ChoiceBuilder, NotAnAnswer, decode_whole, whole_arguments
from gateway.dialects.profiles.bedrock import BedrockProfile
from gateway.dialects.structured_output import FORMAT_TOOL
from gateway.errors import UpstreamDown
from gateway.neutral.events import (
    Annotation,
    AnswerMetadata,
    Event,
    Finished,
    FinishReason,
    ItemBegan,
    ItemEnded,
    PartBegan,
    Reasoning,
    ReasoningState,
    Text,
)
from gateway.neutral.generation import Generation
from gateway.neutral.json import (
    Json,
    JsonObject,
    list_or_empty,
    list_or_none,
    object_or_empty,
    object_or_none,
    objects_in,
    text_or_empty,
    text_or_none,
)

# Shared facts on providers, section 0.2; a reason that is not known yet is an end like any other.
_REASONS: dict[str, FinishReason] = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "tool_use": "tool_calls",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "guardrail_intervened": "content_filter",
    "content_filtered": "content_filter",
}
_ORDINARY = ("stop", "length")
_FAILURES = ("malformed_model_output", "malformed_tool_use")
_FENCE = "```"


def decode_response(body: bytes, generation: Generation, origin: Origin) -> list[Event]:
    """The events of one answer, ending in `Done`, or in `Failed` where it is none."""

    def read(document: JsonObject) -> list[Event]:
        return _read(document, generation, origin)

    return decode_whole(body, origin, "Converse answer", lambda document: read_usage(document.get("usage")), read)


class ResponseBuilder:
    """Builds the events of one answer. A block is over with `end_block`, or when another one begins."""

    def __init__(self, generation: Generation, origin: Origin) -> None:
        plan = plan_format(generation.prompt, BedrockProfile.own(origin.profile))
        self._origin = origin
        self._choice = ChoiceBuilder(generation.prompt, origin, check=None if plan is None else plan.check())
        self._hosted = HostedCalls(generation.prompt)
        self._held_back: list[str] | None = [] if plan is not None and plan.is_checked else None
        """Text until the end: beside the forced tool it is not the answer, and without one it may be fenced."""
        self._has_format_call = False
        self._calls = 0
        self._index: int | None = None
        """The index of the open block's call."""
        self._reasoning: list[str] = []
        self._signatures: list[str] = []
        self._redacted: list[str] = []
        self._images: list[str] = []
        self._citations: list[Json] = []
        self._part_length = 0
        """The length of the open part of the text so far, and where in it the open block begins."""
        self._block_start = 0
        self._is_interrupted = False

    def text(self, text: str) -> list[Event]:
        """A piece of text."""
        if self._held_back is not None:
            self._held_back.append(text)
            return []
        if not text:
            return []
        if not self._is_interrupted:
            self._part_length += len(text)
            return self._choice.text(text)
        events: list[Event] = [PartBegan("output_text")] if self._part_length else []
        self._is_interrupted, self._part_length, self._block_start = False, len(text), 0
        return [*events, *self._choice.text(text)]

    def texts(self, texts: Sequence[str]) -> list[Event]:
        """Pieces of text, one after the other."""
        if self._held_back is not None or self._is_interrupted:
            return [event for text in texts for event in self.text(text)]
        self._part_length += sum(map(len, texts))
        return self._choice.texts(texts)

    def call(self, call_id: str, name: str) -> list[Event]:
        """A call of the client's begins."""
        self._is_interrupted = True
        self._has_format_call = self._has_format_call or name == FORMAT_TOOL
        self._index = self._calls
        self._calls += 1
        return self._choice.call(self._index, call_id, name)

    def arguments(self, piece: str) -> list[Event]:
        """A piece of the open call's arguments."""
        if self._hosted.is_open:
            self._hosted.add(piece)
            return []
        return [] if self._index is None else self._choice.arguments(self._index, piece)

    def hosted_call(self, call_id: str, name: str) -> None:
        """A call of a tool that the model's provider runs begins."""
        self._is_interrupted = True
        self._hosted.begin(call_id, name)

    def hosted_output(self, call_id: str, content: Json) -> list[Event]:
        """The output of such a tool."""
        self._is_interrupted = True
        return self._hosted.end(call_id, content)

    def reasoning(self, text: str) -> list[Event]:
        """A piece of the reasoning."""
        self._is_interrupted = True
        self._reasoning.append(text)
        return [Reasoning(text)] if text else []

    def signature(self, signature: str) -> None:
        """The signature of the reasoning in the open block."""
        self._signatures.append(signature)

    def redacted_reasoning(self, content: str) -> None:
        """Reasoning that is encrypted."""
        self._is_interrupted = True
        self._redacted.append(content)

    def image(self, data: str) -> None:
        """A piece of an image."""
        self._is_interrupted = True
        self._images.append(data)

    def citation(self, citation: Json) -> None:
        """A citation for the text of the open block. It may come before the text."""
        self._citations.append(citation)

    def end_block(self) -> list[Event]:
        """The open block is complete."""
        events: list[Event] = []
        if self._reasoning or self._redacted or self._signatures:
            events += [ReasoningState({REASONING: block}) for block in self._reasoning_blocks()]
            self._reasoning, self._signatures, self._redacted = [], [], []
        for citation in self._citations:
            found = annotation(citation, self._block_start, self._part_length)
            if found is not None and self._held_back is None:
                events.append(Annotation(found))
        self._citations.clear()
        if self._images:
            item: JsonObject = {"type": "image_generation_call", "id": "image"}
            events.append(ItemBegan({**item, "status": "in_progress", "result": None}))
            events.append(ItemEnded({**item, "status": "completed", "result": _joined(self._images)}))
            self._images = []
        self._block_start = self._part_length
        self._index = None
        self._hosted.close()
        return events

    def finish(self, reason: str) -> list[Event]:
        """The answer is complete. Raises `UpstreamDown` for a malformed call, and for an answer of another format."""
        if reason in _FAILURES:
            message = f"{self._origin.provider} broke off: its model wrote something malformed ({reason})."
            raise UpstreamDown(message, code="server_error")
        events = self.end_block() + self._hosted.finish()
        if self._held_back is not None and not self._has_format_call:
            events += self._choice.text(_unfenced("".join(self._held_back)))
        return events + self._choice.finish(_REASONS.get(reason, "stop"))

    def _reasoning_blocks(self) -> list[JsonObject]:
        """The blocks that their author takes back, as they are in a request."""
        blocks: list[JsonObject] = []
        text, signature = "".join(self._reasoning), "".join(self._signatures)
        if text or signature:
            reasoning: JsonObject = {"text": text, **({"signature": signature} if signature else {})}
            blocks.append({"reasoningText": reasoning})
        if self._redacted:
            blocks.append({"redactedContent": _joined(self._redacted)})
        return blocks


def service_tier(document: JsonObject) -> list[Event]:
    """The tier that served the request, where the upstream reports it."""
    tier = text_or_none(object_or_empty(document.get("serviceTier")).get("type"))
    return [] if tier is None else [AnswerMetadata({"service_tier": tier})]


def _read(document: JsonObject, generation: Generation, origin: Origin) -> list[Event]:
    message = object_or_empty(object_or_empty(document.get("output")).get("message"))
    content, reason = list_or_none(message.get("content")), text_or_none(document.get("stopReason"))
    if content is None or reason is None:
        raise NotAnAnswer
    finished = _REASONS.get(reason)
    # Most are one text: it is what the builder would make of it.
    if len(content) == 1 and finished in _ORDINARY and generation.prompt.output_format is None:
        block = object_or_none(content[0])
        text = None if block is None else text_or_none(block.get("text"))
        if text:
            return [Text(text), Finished(finished), *service_tier(document)]
    builder = ResponseBuilder(generation, origin)
    events: list[Event] = []
    for entry in content:
        block = object_or_none(entry)
        if block is None:
            raise NotAnAnswer
        events += _block(block, builder) + builder.end_block()
    return [*events, *builder.finish(reason), *service_tier(document)]


def _block(block: JsonObject, builder: ResponseBuilder) -> list[Event]:
    text = text_or_none(block.get("text"))
    if text is not None:
        return builder.text(text)
    call, result = object_or_empty(block.get("toolUse")), object_or_empty(block.get("toolResult"))
    call_id, name = text_or_none(call.get("toolUseId")), text_or_none(call.get("name"))
    if call_id is not None and name is not None:
        return _call(call_id, name, call, builder)
    output_of = text_or_none(result.get("toolUseId"))
    if output_of is not None:
        return builder.hosted_output(output_of, result.get("content"))
    reasoning = object_or_none(block.get("reasoningContent"))
    if reasoning is not None:
        return _reasoning(reasoning, builder)
    image = text_or_none(object_or_empty(object_or_empty(block.get("image")).get("source")).get("bytes"))
    if image is not None:
        builder.image(image)
        return []
    return _cited(object_or_empty(block.get("citationsContent")), builder)


def _call(call_id: str, name: str, call: JsonObject, builder: ResponseBuilder) -> list[Event]:
    given = call.get("input")
    arguments = whole_arguments({} if given is None else given)
    if call.get("type") == "server_tool_use":
        builder.hosted_call(call_id, name)
        return builder.arguments(arguments)
    return builder.call(call_id, name) + builder.arguments(arguments)


def _reasoning(reasoning: JsonObject, builder: ResponseBuilder) -> list[Event]:
    block = object_or_empty(reasoning.get("reasoningText"))
    text, signature = text_or_none(block.get("text")), text_or_none(block.get("signature"))
    if text is not None:
        if signature is not None:
            builder.signature(signature)
        return builder.reasoning(text)
    redacted = text_or_none(reasoning.get("redactedContent"))
    if redacted is not None:
        builder.redacted_reasoning(redacted)
    return []


def _cited(cited: JsonObject, builder: ResponseBuilder) -> list[Event]:
    events: list[Event] = []
    for piece in objects_in(cited.get("content")):
        events += builder.text(text_or_empty(piece.get("text")))
    for citation in list_or_empty(cited.get("citations")):
        builder.citation(citation)
    return events


def _joined(pieces: list[str]) -> str:
    """Pieces of base64, each padded by itself, as one."""
    if len(pieces) == 1:
        return pieces[0]
    try:
        return base64.b64encode(b"".join(map(base64.b64decode, pieces))).decode()
    except ValueError:
        return "".join(pieces)


def _unfenced(text: str) -> str:
    """The answer without the code fence that some models write around it."""
    bare = text.strip()
    if not bare.startswith(_FENCE) or not bare.endswith(_FENCE) or len(bare) < 2 * len(_FENCE):
        return bare
    return bare[len(_FENCE) : -len(_FENCE)].removeprefix("json").strip()
