"""OpenAI's chat completions, as `/v1/chat/completions` has them."""

from collections.abc import Sequence
from typing import Any

import orjson

from gateway import sse
from gateway.errors import InternalError, UpstreamDown
from gateway.events import Done, Event, Failed, Finished, NativeChunk, NativeReply, Usage
from gateway.generation import Generation, Native

_LARGEST = 2**63
_INTEGERS = ("n", "max_tokens", "max_completion_tokens", "seed", "top_logprobs")


class OpenAIChatSurface:
    """A body goes upstream as it came, and the answer comes back as it was, mended where it has gaps."""

    dialect: str | None = "openai-chat"

    def read(self, body: dict[str, Any]) -> Generation:
        for name in _INTEGERS:
            # 2.0 is an integer to JSON Schema, and none to OpenAI.
            if type(value := body.get(name)) is float and value.is_integer() and abs(value) < _LARGEST:
                body[name] = int(value)
        options = body.get("stream_options")
        return Generation(
            model=body["model"],
            is_stream=bool(body.get("stream")),
            include_usage=isinstance(options, dict) and bool(options.get("include_usage")),
            metadata=body.get("metadata"),
            native=Native("openai-chat", body),
        )

    def reply(self, generation: Generation, events: Sequence[Event]) -> bytes:
        return write_document(native_document(events))

    def writer(self, generation: Generation) -> "ChatWriter":
        return ChatWriter()


class ChatWriter:
    """Chat chunks, then `[DONE]`.

    A failure is an error object and no `[DONE]`: SDKs raise on the first and must not take the second for success.
    """

    def write(self, events: Sequence[Event]) -> bytes:
        parts: list[bytes] = []
        for event in events:
            if type(event) is NativeChunk:  # nearly all are, and a match costs more than the writing
                parts += (b"data: ", event.payload, b"\n\n")
                continue
            match event:
                case Done():
                    parts.append(sse.DONE)
                case Failed(error):
                    parts.append(sse.event(error.body()))
                case Usage() | Finished():
                    pass
                case other:
                    raise TypeError(f"a chat stream cannot hold {type(other).__name__}")
        return b"".join(parts)


def write_document(document: dict[str, Any]) -> bytes:
    """The reply as JSON. Raises `UpstreamDown` for one that is nested too deeply to be written."""
    try:
        return orjson.dumps(document)
    except orjson.JSONEncodeError:
        message = "The upstream answered with a reply that is nested too deeply."
        raise UpstreamDown(message, code="upstream_bad_reply") from None


def native_document(events: Sequence[Event]) -> dict[str, Any]:
    """The chat completion among the events of a plain answer."""
    for event in events:
        if isinstance(event, NativeReply):
            return event.document
    raise InternalError
