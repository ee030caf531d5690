"""Writes the binary frames of AWS's event stream."""

import struct
import zlib
from typing import Any

import orjson


def frame(headers: dict[str, str], payload: bytes) -> bytes:
    """One frame; all its headers are texts."""
    head = b"".join(
        bytes([len(name)]) + name.encode() + b"\x07" + struct.pack(">H", len(value.encode())) + value.encode()
        for name, value in headers.items()
    )
    lengths = struct.pack(">II", 16 + len(head) + len(payload), len(head))
    whole = lengths + struct.pack(">I", zlib.crc32(lengths)) + head + payload
    return whole + struct.pack(">I", zlib.crc32(whole))


def event(kind: str, payload: dict[str, Any]) -> bytes:
    """An event, padded as Bedrock does."""
    headers = {":event-type": kind, ":content-type": "application/json", ":message-type": "event"}
    return frame(headers, orjson.dumps({**payload, "p": "abcdefghijklmnop"}))


def exception(kind: str, message: str) -> bytes:
    """An exception in the middle of a stream."""
    headers = {":exception-type": kind, ":content-type": "application/json", ":message-type": "exception"}
    return frame(headers, orjson.dumps({"message": message}))
