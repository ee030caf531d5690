"""The upstreams of a golden: one HTTP server on loopback that gives scripted replies and keeps what it was sent."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from scripts.goldens.cases import Reply

_APIS = (
    ("/chat/completions", "chat"),
    ("/responses", "responses"),
    ("/v1/messages", "anthropic"),
    ("/converse-stream", "bedrock"),
    ("/converse", "bedrock"),
    (":streamGenerateContent", "gemini"),
    (":generateContent", "gemini"),
    ("/v2/chat", "cohere"),
)
_NOTHING = Reply(b'{"error":{"message":"no such path","type":"golden"}}', status=404)
_MOMENT = 0.002
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.I)


@dataclass(frozen=True)
class Received:
    """One request as it came. Names of headers are in lower case."""

    method: str
    target: str
    headers: Sequence[tuple[str, str]]
    body: bytes

    @property
    def default(self) -> str:
        """The name of the default reply to it: its API, plain or streamed."""
        path = self.target.partition("?")[0]
        api = next((api for end, api in _APIS if path.endswith(end)), "")
        is_stream = "stream" in path.lower().rpartition("/")[2] or self._asks_stream()
        return f"{api} {'stream' if is_stream else 'plain'}"

    def _asks_stream(self) -> bool:
        try:
            body = json.loads(self.body)
        except ValueError:
            return False
        return isinstance(body, dict) and body.get("stream") is True


@dataclass
class ScriptedUpstreams:
    """What is answered next, and what was received since `begin`."""

    defaults: Mapping[str, Reply]
    received: list[Received] = field(default_factory=list)
    _script: list[Reply] = field(default_factory=list)

    def begin(self, script: Sequence[Reply]) -> None:
        """Forget what was received, and answer with these replies from now on."""
        self.received = []
        self._script = list(script)

    def reply(self, request: Received) -> Reply:
        """The next reply of the script; the default one where the script has come to its end."""
        if request.method == "GET":
            # Lists of models are read behind the back of requests, and at times that are not the same twice.
            return self.defaults["models"]
        self.received.append(request)
        return self._script.pop(0) if self._script else self.defaults.get(request.default, _NOTHING)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer the requests of one connection."""
        try:
            while await self._exchange(reader, writer):
                pass
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = await reader.readuntil(b"\r\n\r\n")
        length = _LENGTH.search(head)
        request = _request(head, await reader.readexactly(int(length[1]) if length else 0))
        reply = self.reply(request)
        announced = len(reply.body) + (1 if reply.is_cut else 0)
        lines = [
            f"HTTP/1.1 {reply.status} Scripted",
            f"content-type: {reply.content_type}",
            f"content-length: {announced}",
            *(f"{name}: {value}" for name, value in reply.headers.items()),
        ]
        writer.write("\r\n".join([*lines, "", ""]).encode("latin-1"))
        size = -(-len(reply.body) // reply.pieces) or 1
        for start in range(0, len(reply.body), size):
            writer.write(reply.body[start : start + size])
            await writer.drain()
            if reply.pieces > 1:
                await asyncio.sleep(_MOMENT)
        return not reply.is_cut


def _request(head: bytes, body: bytes) -> Received:
    first, *lines = head.decode("latin-1").split("\r\n")[:-2]
    method, target, _ = first.split(" ")
    pairs = (line.partition(":") for line in lines)
    return Received(method, target, [(name.lower(), value.strip()) for name, _, value in pairs], body)


@asynccontextmanager
async def serving(upstreams: ScriptedUpstreams) -> AsyncIterator[int]:
    """The port on which the upstreams listen."""
    server: Any = await asyncio.start_server(upstreams.serve, "127.0.0.1", 0, limit=64 * 1024 * 1024)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
