"""Writes a chat completion whole, or as server-sent events."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

import orjson

from gateway.errors import GatewayError
from gateway.neutral.events import AnswerMetadata, Done, Event, Failed, NativeChunk, NativeReply, Text, Usage
from gateway.neutral.generation import Generation
from gateway.neutral.identifiers import new_completion_id
from gateway.neutral.json import JsonObject, write_document
from gateway.neutral.values import lazy
from gateway.surfaces.base import Author, Ended
from gateway.surfaces.extensions import extensions
from gateway.surfaces.openai_chat.completion import fold, only_text
from gateway.surfaces.openai_chat.deltas import Deltas
from gateway.surfaces.openai_chat.functions import asks_for_functions
from gateway.surfaces.openai_chat.usage import chat_usage
from gateway.wire import sse

if TYPE_CHECKING:
    from generated import models


class ChatWriter:
    """Chat chunks, then `[DONE]`; or the completion that they add up to.

    A failure is an error object and no `[DONE]`: SDKs raise on the first and must not take the second for success.
    """

    passes_on = True
    """Whether an answer of an upstream that speaks chat, too, may leave as it came."""

    def __init__(self, generation: Generation, author: Author) -> None:
        self.ended: Ended | None = None
        self._include_usage = generation.include_usage
        self._model = generation.model
        self._service_tier: str | None = None
        self._seal = author.seal
        self._body = generation.body
        self._usage: Usage | None = None
        self._around: dict[tuple[int, str | None], tuple[bytes, bytes]] = {}
        self._is_native = False
        self._is_over = False

    # Native answers bring their own identity, and need no deltas.

    @lazy
    def _id(self) -> str:
        return new_completion_id()

    @lazy
    def _created(self) -> int:
        return int(time.time())

    @lazy
    def _head(self) -> bytes:
        """What all chunks of a stream begin with, up to their choices. What is told of it later comes too late."""
        identity: models.ChatCompletionChunk = {
            "id": self._id,
            "created": self._created,
            "model": self._model,
            "object": "chat.completion.chunk",
            "choices": [],
        }
        return b"data: " + orjson.dumps(identity).removesuffix(b"[]}")

    @lazy
    def _deltas(self) -> Deltas:
        return Deltas(self._seal, are_functions=asks_for_functions(self._body))

    def reply(self, events: Sequence[Event]) -> bytes:
        first = events[0]
        if self.passes_on and type(first) is NativeReply and first.written is not None:
            return first.written
        return write_document(self.document(events))

    def document(self, events: Sequence[Event]) -> JsonObject:
        """The completion that the events make. Raises the error of an answer that failed."""
        whole = only_text(events)
        choices: list[models.ChatCompletionChunkChoice] = []
        for event in events if whole is None else events[2:]:
            # Looks at types take a fraction of what a match takes.
            if isinstance(event, Usage):
                self._usage = event
            elif isinstance(event, AnswerMetadata):
                self._add_metadata(event.fields)
            elif isinstance(event, Done):
                break
            elif isinstance(event, NativeReply):
                return event.document
            elif isinstance(event, Failed):
                raise event.error
            else:
                choices += self._deltas.take(event)
        if whole is None:
            choices += self._deltas.end()
        completion: models.ChatCompletion = {
            "id": self._id,
            "created": self._created,
            "model": self._model,
            "object": "chat.completion",
            "choices": fold(choices) if whole is None else whole,
            "usage": chat_usage(self._usage),
        }
        if self._service_tier is not None:
            completion["service_tier"] = self._service_tier
        return extensions(completion)

    def write(self, events: Sequence[Event]) -> bytes:
        parts: list[bytes] = []
        texts: list[str] = []
        choice = 0
        for event in events:
            if type(event) is NativeChunk:
                self._is_native = True
                parts += (b"data: ", event.payload, b"\n\n")
            elif self._is_over:
                break
            elif type(event) is Text and event.text and not event.logprobs:
                # A text that brings nothing but itself, as nearly all do, is written with those that follow it.
                if texts and event.choice != choice:
                    self._write_texts(texts, choice, parts)
                    texts = []
                choice = event.choice
                texts.append(event.text)
            else:
                if texts:
                    self._write_texts(texts, choice, parts)
                    texts = []
                self._write_event(event, parts)
        if texts:
            self._write_texts(texts, choice, parts)
        return b"".join(parts)

    def fail(self, error: GatewayError) -> None:
        """Chat completions are not kept, so nothing can fail there."""

    def end(self) -> bytes:
        return b""

    def _write_texts(self, texts: list[str], choice: int, parts: list[bytes]) -> None:
        """Write texts of one choice in a row, each between what all have around them."""
        parts += [self._chunk([begun]) for begun in self._deltas.begin(choice)]
        run = self._deltas.run_of_texts(choice)
        if run is None:
            for text in texts:
                self._write_event(Text(text, choice), parts)
            return
        run.text_length += sum(map(len, texts))
        before, after = self._around_text(choice)
        parts += (before, (after + before).join(map(orjson.dumps, texts)), after)

    def _write_event(self, event: Event, parts: list[bytes]) -> None:
        match event:
            case Usage():
                self._usage = event
            case AnswerMetadata(fields):
                self._add_metadata(fields)
            case Done():
                self._is_over = True
                if not self._is_native:
                    parts += self._last_chunks()
                parts.append(sse.DONE)
            case Failed(error):
                self._is_over = True
                parts.append(sse.event(error.body()))
            case NativeReply():
                raise TypeError("a chat stream cannot hold a plain reply")
            case _:
                parts += [self._chunk([choice]) for choice in self._deltas.take(event)]

    def _last_chunks(self) -> list[bytes]:
        """The chunks that end a translated stream; those of a native one come from its upstream."""
        chunks = [self._chunk([choice]) for choice in self._deltas.end()]
        if self._include_usage and self._usage is not None:
            chunks.append(self._chunk([], chat_usage(self._usage)))
        return chunks

    def _chunk(
        self, choices: list[models.ChatCompletionChunkChoice], usage: models.CompletionUsage | None = None
    ) -> bytes:
        return self._head + orjson.dumps(choices) + self._tail(usage)

    def _tail(self, usage: models.CompletionUsage | None = None) -> bytes:
        """What stands behind the choices of a chunk."""
        tier = b"" if self._service_tier is None else b',"service_tier":' + orjson.dumps(self._service_tier)
        # Null in all chunks but the last.
        counts = b',"usage":' + orjson.dumps(usage) if self._include_usage else b""
        return tier + counts + b"}\n\n"

    def _around_text(self, choice: int) -> tuple[bytes, bytes]:
        """What stands before and after the text in a chunk that has nothing else: the same in all of them."""
        key = choice, self._service_tier
        around = self._around.get(key)
        if around is None:
            around = self._around[key] = (
                b'%b[{"index":%d,"delta":{"content":' % (self._head, choice),
                b'},"logprobs":null,"finish_reason":null}]' + self._tail(),
            )
        return around

    def _add_metadata(self, fields: JsonObject) -> None:
        tier = fields.get("service_tier")
        if isinstance(tier, str):
            self._service_tier = tier
        model = fields.get("model")
        if isinstance(model, str):
            self._model = model
