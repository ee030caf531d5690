"""Reads a stream as its server sent it: chunk by chunk of HTTP, and the next only when it is asked for."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BufferedReader
from typing import Any

import orjson

from tests.clients.sockets import JSON, connection, post
from tests.servers.gateway import KEY


@dataclass
class ChunkedReply:
    """An answer that is under way."""

    status: int
    opened: socket.socket
    reader: BufferedReader

    def chunk(self) -> bytes:
        """The next chunk; empty at the end."""
        size = int(self.reader.readline(), 16)
        data = self.reader.read(size)
        assert self.reader.readline() == b"\r\n"
        return data

    def rest(self) -> Iterator[bytes]:
        """The chunks from here on."""
        while data := self.chunk():
            yield data

    def until(self, word: bytes) -> bytes:
        """Everything up to the chunk that holds the word."""
        read = b""
        while word not in read:
            data = self.chunk()
            assert data, f"the stream ended before {word!r}"
            read += data
        return read


@contextmanager
def chunked(url: str, path: str, body: dict[str, Any], key: str = KEY) -> Iterator[ChunkedReply]:
    """Post a body, and read the head of the answer."""
    with connection(url) as opened:
        opened.sendall(post(path, orjson.dumps(body), JSON, key=key))
        with opened.makefile("rb") as reader:
            status = int(reader.readline().split()[1])
            while reader.readline() != b"\r\n":
                pass
            yield ChunkedReply(status, opened, reader)
