"""Reads one HTTP/1.1 response from bytes, wherever they were cut. No I/O.

llhttp, under httptools, holds the grammar: both of Content-Length and Transfer-Encoding, two lengths, folded headers
and bad chunk sizes are refused there. Here stand the limits, and what llhttp leaves to its user.
"""

import httptools

from gateway.wire.errors import BadReply, WireError
from gateway.wire.transport import MAX_BODY_BYTES

MAX_HEAD_BYTES = 64 * 1024
"""The most that is read of a head, of trailers, or of anything else in a response that is not its body."""

_MAX_INFORMATIONAL = 10
_SWITCHING = 101
_SEPARATORS_BYTES = len(b": \r\n")
_VERSIONS = frozenset({"1.0", "1.1"})
_ENDLESS_HEAD = "{} sent a head without end."


class ResponseParser:
    """Reads one response. `headers` are in lower case; one that comes twice is joined by a comma.

    Informational responses before it (100, 103) and its trailers are skipped.
    """

    __slots__ = (
        "_fault",
        "_has_no_body",
        "_head_bytes",
        "_informational",
        "_other_bytes",
        "_parser",
        "_pieces",
        "error",
        "has_body",
        "has_head",
        "headers",
        "is_over",
        "is_reusable",
        "size",
        "status",
    )

    def __init__(self, *, has_no_body: bool = False) -> None:
        self.status = 0
        self.headers: dict[str, str] = {}
        self.has_head = False
        self.has_body = False
        """Whether the first byte of the body has come."""
        self.size = 0
        """Bytes of the body that are waiting to be taken."""
        self.is_over = False
        self.is_reusable = False
        """Whether another response may follow on this connection."""
        self.error: WireError | None = None
        """Why no more of it will come."""
        self._has_no_body = has_no_body
        self._pieces: list[bytes] = []
        self._fault = ""
        self._informational = 0
        self._head_bytes = 0
        """Bytes of headers, those of informational responses too."""
        self._other_bytes = 0
        """Bytes that were read since the last one of the body: of the head, of a chunk's size, of trailers."""
        self._parser: httptools.HttpResponseParser | None = httptools.HttpResponseParser(self)

    def feed(self, data: bytes) -> None:
        """Read on. Raises `BadReply`, after which the parser is of no more use."""
        parser = self._parser
        if parser is None:
            # What follows a response answers no request.
            self.is_reusable = False
            return
        before = self.size
        try:
            parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            if not self.is_over:
                raise BadReply from None
            self.is_reusable = False
        if self._fault:
            raise BadReply(self._fault)
        self._limit_others(len(data) if self.size == before else 0)

    def end(self) -> None:
        """The connection has ended, which may be the end of the body."""
        if self.has_head and not ("content-length" in self.headers or "transfer-encoding" in self.headers):
            self._finish()

    def take(self) -> bytes:
        """What has come of the body since the last time."""
        pieces = self._pieces
        data = pieces[0] if len(pieces) == 1 else b"".join(pieces)
        pieces.clear()
        self.size = 0
        return data

    def close(self) -> None:
        """Read no further. The parser and this object refer to each other, which would be left to the collector."""
        self._parser = None

    # httptools calls what follows.

    def on_message_begin(self) -> None:
        if self.is_over:
            self.is_reusable = False

    def on_header(self, name: bytes, value: bytes) -> None:
        if self.has_head or self._head_bytes > MAX_HEAD_BYTES:
            return  # a trailer, or what follows the response; or more than is read of a head
        self._head_bytes += len(name) + len(value) + _SEPARATORS_BYTES
        key, text = name.decode("latin-1").lower(), value.decode("latin-1").strip(" \t")
        self.headers[key] = f"{self.headers[key]}, {text}" if key in self.headers else text

    def on_headers_complete(self) -> None:
        parser = self._parser
        if parser is None or self.has_head:
            return
        status = parser.get_status_code()
        if 100 <= status < 200 and status != _SWITCHING:
            self._informational += 1
            self.headers = {}
            if self._informational > _MAX_INFORMATIONAL:
                self._fault = "{} sent informational responses without end."
            return
        self.status, self.has_head = status, True
        self._fault = self._fault or _fault(status, parser.get_http_version(), self.headers)
        if self._head_bytes > MAX_HEAD_BYTES:
            self._fault = _ENDLESS_HEAD
        if self._has_no_body:
            # llhttp would wait for the body that the headers describe.
            self._finish()

    def on_body(self, data: bytes) -> None:
        if not self.is_over:
            self.has_body = True
            self.size += len(data)
            self._pieces.append(data)

    def on_message_complete(self) -> None:
        if self.has_head and not self.is_over:
            self.is_reusable = self._parser is not None and self._parser.should_keep_alive()
            self._finish()

    def _finish(self) -> None:
        self.is_over = True
        self.close()

    def _limit_others(self, size: int) -> None:
        if size == 0:
            self._other_bytes = 0
        elif not self.is_over:
            self._other_bytes += size
            if self._other_bytes > MAX_HEAD_BYTES:
                raise BadReply(_ENDLESS_HEAD)


def limit_body(parser: ResponseParser) -> None:
    """Raise `BadReply` where a response that is needed whole is too large, or announces that it will be."""
    declared = 0 if parser.is_over else int(parser.headers.get("content-length", "0"))
    if max(parser.size, declared) > MAX_BODY_BYTES:
        raise BadReply("{} sent an answer without end.")


def _fault(status: int, version: str, headers: dict[str, str]) -> str:
    """What is wrong with a head that is well formed."""
    if status < 100 or status == _SWITCHING or version not in _VERSIONS:
        return BadReply.sentence
    coding = headers.get("transfer-encoding")
    # No other coding was offered, and HTTP/1.0 has none: where such a body ends cannot be known.
    if coding is not None and (coding.lower() != "chunked" or version == "1.0"):
        return BadReply.sentence
    return ""
