"""Writes a chat completion whole, or as server-sent events."""

import time
from collections.abc import Sequence
from typing import Any

import orjson

from gateway.errors import GatewayError
from gateway.events import Done, Event, Failed, NativeChunk, NativeReply, Told, Usage
from gateway.generation import Generation
from gateway.identifiers import new_completion_id
from gateway.surfaces.base import Author, Ended
from gateway.surfaces.documents import write_document
from gateway.surfaces.openai_chat.completion import fold
from gateway.surfaces.openai_chat.deltas import ChunkChoice, Deltas
from gateway.surfaces.openai_chat.usage import chat_usage
from gateway.wire import sse


class ChatWriter:
    """Chat chunks, then `[DONE]`; or the completion that they add up to.

    A failure is an error object and no `[DONE]`: SDKs raise on the first and must not take the second for success.
    """

    def __init__(self, generation: Generation, author: Author) -> None:
        self.ended: Ended | None = None
        self._include_usage = generation.include_usage
        self._identity = {
            "id": new_completion_id(),
            "created": int(time.time()),
            "model": generation.model,
        }
        self._labels: dict[str, str] = {}
        self._deltas = Deltas(author.seal)
        self._usage: Usage | None = None
        self._is_native = False
        self._is_over = False

    def reply(self, events: Sequence[Event]) -> bytes:
        return write_document(self.document(events))

    def document(self, events: Sequence[Event]) -> dict[str, Any]:
        """The completion that the events make. Raises the error of an answer that failed."""
        told: list[ChunkChoice] = []
        for event in events:
            match event:
                case NativeReply(document):
                    return document
                case Failed(error):
                    raise error
                case Usage():
                    self._usage = event
                case Told(fields):
                    self._note(fields)
                case Done():
                    break
                case _:
                    told += self._deltas.take(event)
        told += self._deltas.end()
        return {
            **self._identity,
            "object": "chat.completion",
            "choices": fold(told),
            "usage": chat_usage(self._usage),
            **self._labels,
        }

    def write(self, events: Sequence[Event]) -> bytes:
        parts: list[bytes] = []
        for event in events:
            if type(event) is NativeChunk:  # nearly all are, and a match costs more than the writing
                self._is_native = True
                parts += (b"data: ", event.payload, b"\n\n")
            elif not self._is_over:
                self._tell(event, parts)
        return b"".join(parts)

    def fail(self, error: GatewayError) -> None:
        """Chat completions are not kept, so nothing can fail there."""

    def end(self) -> bytes:
        return b""

    def _tell(self, event: Event, parts: list[bytes]) -> None:
        match event:
            case Usage():
                self._usage = event
            case Told(fields):
                self._note(fields)
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
        """What is owed before the end of a translated stream; a native one has had it from its upstream."""
        chunks = [self._chunk([choice]) for choice in self._deltas.end()]
        if self._include_usage and self._usage is not None:
            chunks.append(self._chunk([], chat_usage(self._usage)))
        return chunks

    def _chunk(self, choices: list[ChunkChoice], usage: dict[str, Any] | None = None) -> bytes:
        chunk = {**self._identity, "object": "chat.completion.chunk", "choices": choices, **self._labels}
        if self._include_usage:
            # Null in all chunks but the last.
            chunk["usage"] = usage
        return sse.event(orjson.dumps(chunk))

    def _note(self, fields: dict[str, Any]) -> None:
        tier = fields.get("service_tier")
        if isinstance(tier, str):
            self._labels["service_tier"] = tier
