"""Bytes that are sealed open for their gateway key and their purpose, and for nothing else."""

import pytest

from gateway.sealing import Sealer

SEALER = Sealer(bytes(32))
PLAIN = b"Nobody else reads this."


def test_sealed_bytes_open_for_the_same_key_and_purpose() -> None:
    sealed = SEALER.seal_bytes("key_1", "answers", PLAIN)
    assert PLAIN not in sealed
    assert len(sealed) == len(PLAIN) + 28
    assert SEALER.open_bytes("key_1", "answers", sealed) == PLAIN


@pytest.mark.parametrize(
    ("sealer", "key_id", "purpose"),
    [(SEALER, "key_2", "answers"), (SEALER, "key_1", "requests"), (Sealer(bytes(31) + b"1"), "key_1", "answers")],
    ids=["another key", "another purpose", "another secret"],
)
def test_sealed_bytes_open_for_nothing_else(sealer: Sealer, key_id: str, purpose: str) -> None:
    assert sealer.open_bytes(key_id, purpose, SEALER.seal_bytes("key_1", "answers", PLAIN)) is None


@pytest.mark.parametrize("cut", [0, 5, 20, -1])
def test_what_was_changed_does_not_open(cut: int) -> None:
    assert SEALER.open_bytes("key_1", "answers", SEALER.seal_bytes("key_1", "answers", PLAIN)[:cut]) is None
