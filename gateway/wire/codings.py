"""Answers that came compressed, though `accept-encoding: identity` asked for none: gzip, deflate, zstd.

A small answer could be unpacked to one that fills the memory: a whole one is read up to its limit, a stream in pieces.
"""

import re
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence

from gateway.wire.errors import BadReply, WireError
from gateway.wire.transport import MAX_BODY_BYTES, Answer, Stream
from gateway.wire.unpacking import DamagedData, Unpacker, unpacker_of

_HEADER = "content-encoding"
_PLAIN = ("", "identity")
_KNOWN = frozenset({"gzip", "x-gzip", "deflate", "zstd"})
# Nobody uses two on purpose; with each one more, a small answer could be unpacked a thousand times larger.
_MOST_CODINGS = 2
_NO_TEXT = re.compile(rb"[\x00-\x08\x0e-\x1f\x7f]")


def is_coded(headers: Mapping[str, str]) -> bool:
    """Whether a body has to be unpacked."""
    return _HEADER in headers and bool(_codings(headers))


def unpacked(answer: Answer) -> Answer:
    """The answer with its body as it was before it was packed.

    Raises `BadReply` for another coding, for data that is damaged, and for more than an answer may have. A refusal
    stays one: what cannot be read of it is left out.
    """
    try:
        body = answer.body
        for unpacker in _unpackers(answer.headers):
            body = _whole(unpacker, body)
    except BadReply:
        if _is_success(answer.status):
            raise
        body = _as_it_came(answer.body)
    return Answer(answer.status, answer.headers, body)


async def unpacked_chunks(
    status: int, headers: Mapping[str, str], chunks: AsyncIterator[bytes], provider: str
) -> AsyncIterator[bytes]:
    """The chunks of a stream, unpacked as they come; of a refusal, all at once.

    Raises `UpstreamDown` for what cannot be unpacked, if it is no refusal.
    """
    if not _is_success(status):
        body = await Stream(status, headers, chunks).read(provider)
        yield unpacked(Answer(status, headers, body)).body
        return
    try:
        unpackers = _unpackers(headers)
        async for chunk in chunks:
            for piece in _through(unpackers, chunk):
                if piece:
                    yield piece
    except DamagedData:
        raise _damaged().down(provider) from None
    except WireError as error:
        raise error.down(provider) from None


def _is_success(status: int) -> bool:
    return 200 <= status < 300


def _codings(headers: Mapping[str, str]) -> list[str]:
    """The codings of a body, in the order in which it was packed."""
    words = (word.strip() for word in headers[_HEADER].lower().split(","))
    return [word for word in words if word not in _PLAIN]


def _unpackers(headers: Mapping[str, str]) -> list[Unpacker]:
    """What unpacks a body, step by step. Raises `BadReply` for another coding."""
    codings = _codings(headers)
    if len(codings) > _MOST_CODINGS or not _KNOWN.issuperset(codings):
        listed = headers[_HEADER].lower()
        name = listed if listed.isascii() and listed.isprintable() else "unknown"
        raise BadReply(f"{{}} sent an answer in the coding {name[:50].replace('{', '').replace('}', '')!r}.")
    return [unpacker_of(coding) for coding in reversed(codings)]


def _whole(unpacker: Unpacker, data: bytes) -> bytes:
    """All that the data unpacks to. Raises `BadReply`, also over `MAX_BODY_BYTES`."""
    pieces: list[bytes] = []
    size = 0
    try:
        for piece in unpacker.feed(data):
            size += len(piece)
            if size > MAX_BODY_BYTES:
                raise BadReply("{} sent an answer without end.")
            pieces.append(piece)
    except DamagedData:
        raise _damaged() from None
    return b"".join(pieces)


def _through(unpackers: Sequence[Unpacker], data: bytes) -> Iterator[bytes]:
    """What the data unpacks to, one step after another."""
    if not unpackers:
        yield data
        return
    for piece in unpackers[0].feed(data):
        yield from _through(unpackers[1:], piece)


def _as_it_came(body: bytes) -> bytes:
    """A body whose coding is not what its header says, where it is text; else none."""
    try:
        body.decode()
    except UnicodeDecodeError:
        return b""
    return b"" if _NO_TEXT.search(body) else body


def _damaged() -> BadReply:
    return BadReply("{} sent an answer that cannot be unpacked.")
