"""Counts the tokens of texts with the tokenizers of OpenAI's models, in a process beside the event loop."""

import json
import struct
from collections.abc import Sequence
from pathlib import Path

from gateway.companion.process import Companion, Program
from gateway.dialects.profiles.tokens import Encoding
from gateway.neutral.values import value
from gateway.tokens.process import ENCODINGS, REQUEST, TOTAL

MOST_CHARACTERS = 1024 * 1024
"""Of one request; more are extrapolated from so many. They take 0.2 to 0.5 s of processor time."""
CPU_SECONDS = 5.0
"""For one request, an encoding that is not there yet included; a request of more is estimated otherwise."""

_PROGRAM = Path(__file__).with_name("process.py")


@value
class Counted:
    """The tokens of some texts. `is_whole`: all of them were counted, and none extrapolated."""

    tokens: int
    is_whole: bool


class Tokenizer:
    """One process for all requests of a worker, started when it is first needed."""

    def __init__(self, cpu_seconds: float = CPU_SECONDS) -> None:
        self.companion = Companion(
            Program(
                "tokenizer",
                _PROGRAM,
                (json.dumps({"cpu_seconds": cpu_seconds}),),
                overrun="Too many inputs are waiting to be counted. Try again later.",
                unavailable="Inputs cannot be counted now. Try again later.",
            )
        )

    async def count(self, key_id: str, encoding: Encoding, texts: Sequence[str]) -> Counted:
        """The tokens of all texts together, each by itself.

        Raises `TooCostly`, or `Unavailable` when the process is overrun or cannot be run.
        """
        first, size = _beginning(texts)
        header = REQUEST.pack(ENCODINGS.index(f"{encoding}_base"), len(first))
        lengths = struct.pack(f">{len(first)}I", *map(len, first))
        (tokens,) = TOTAL.unpack(await self.companion.ask(key_id, (header, lengths, b"".join(first))))
        total = sum(map(len, texts))
        if total <= size:
            return Counted(tokens, is_whole=True)
        return Counted(tokens * total // size, is_whole=False)

    async def close(self) -> None:
        """End the process, and whatever it is doing."""
        await self.companion.close()


def _beginning(texts: Sequence[str]) -> tuple[list[bytes], int]:
    """The first texts in UTF-8, as far as they are counted, and how many characters they have."""
    first: list[bytes] = []
    size = 0
    for text in texts:
        if size == MOST_CHARACTERS:
            break
        part = text[: MOST_CHARACTERS - size]
        if part:
            first.append(part.encode("utf-8", "replace"))
            size += len(part)
    return first, size
