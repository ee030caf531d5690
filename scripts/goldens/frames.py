"""Builds the bodies that upstreams answer with: JSON, server-sent events, and AWS's event stream."""

import json
import struct
import zlib
from collections.abc import Sequence
from typing import Any

from scripts.goldens.cases import Reply

_SSE = "text/event-stream"
_AWS = "application/vnd.amazon.eventstream"
_STRING = 7


def plain(body: Any, status: int = 200, **headers: str) -> Reply:
    """A JSON body; a text is sent as it is."""
    content = body.encode() if isinstance(body, str) else json.dumps(body).encode()
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Reply(content, status=status, headers=named)


def events(*data: Any, ends: bool = True, is_cut: bool = False) -> Reply:
    """Server-sent events without names, `[DONE]` last if `ends`."""
    lines = [one if isinstance(one, str) else json.dumps(one) for one in data]
    done = ["[DONE]"] if ends else []
    return Reply("".join(f"data: {line}\n\n" for line in [*lines, *done]).encode(), _SSE, is_cut=is_cut)


def named_events(*data: Any, is_cut: bool = False) -> Reply:
    """Server-sent events whose names are their types."""
    lines = [f"event: {one['type']}\ndata: {json.dumps(one)}\n\n" for one in data]
    return Reply("".join(lines).encode(), _SSE, is_cut=is_cut)


def frames(*pairs: tuple[str, Any], is_cut: bool = False) -> Reply:
    """AWS's event stream: pairs of an event's type and its payload. A type that begins with `!` is an exception's."""
    return Reply(b"".join(_frame(kind, payload) for kind, payload in pairs), _AWS, is_cut=is_cut)


def _frame(kind: str, payload: Any) -> bytes:
    is_event = not kind.startswith("!")
    names: Sequence[tuple[str, str]] = (
        (":event-type" if is_event else ":exception-type", kind.removeprefix("!")),
        (":content-type", "application/json"),
        (":message-type", "event" if is_event else "exception"),
    )
    headers = b"".join(_header(name, value) for name, value in names)
    body = json.dumps(payload).encode()
    prelude = struct.pack(">II", 16 + len(headers) + len(body), len(headers))
    message = prelude + struct.pack(">I", zlib.crc32(prelude)) + headers + body
    return message + struct.pack(">I", zlib.crc32(message))


def _header(name: str, value: str) -> bytes:
    return struct.pack("B", len(name)) + name.encode() + struct.pack(">BH", _STRING, len(value)) + value.encode()
