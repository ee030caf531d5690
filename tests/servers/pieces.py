"""Cuts what a scripted upstream sends into pieces that end anywhere, inside characters and frames as well."""

from collections.abc import Iterable, Iterator

_TEXT = 11
_BYTES = 211


def pieces(text: str) -> Iterator[str]:
    """A text in a few characters at a time."""
    return (text[start : start + _TEXT] for start in range(0, len(text), _TEXT))


def crumbs(frames: Iterable[bytes]) -> Iterator[bytes]:
    """The bytes of a stream, cut at places that have nothing to do with its frames."""
    whole = b"".join(frames)
    return (whole[start : start + _BYTES] for start in range(0, len(whole), _BYTES))
