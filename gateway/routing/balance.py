"""Shares requests out: in turn by weight, or always to the same for what belongs together."""

import math
from collections.abc import Hashable, Mapping, Sequence
from hashlib import blake2b

Weights = Mapping[str, float]
"""What there is to choose from, by a name that stays, and each one's share."""

_SPAN = 2.0**64


class Turns:
    """Smooth weighted round robin: shares come out exact, and nobody is chosen many times in a row."""

    def __init__(self) -> None:
        self._credit: dict[Hashable, dict[str, float]] = {}

    def order(self, group: Hashable, weights: Weights) -> Sequence[str]:
        """The names in the order in which they are to be tried. Those of weight 0 come last."""
        if len(weights) == 1:
            return list(weights)
        credit = self._credit.get(group)
        if credit is None or credit.keys() != weights.keys():
            credit = self._credit[group] = dict.fromkeys(weights, 0.0)
        for name, weight in weights.items():
            credit[name] += weight
        order = sorted(weights, key=lambda name: (weights[name] > 0, credit[name]), reverse=True)
        credit[order[0]] -= sum(weights.values())
        return order


def rendezvous(key: bytes, weights: Weights) -> Sequence[str]:
    """The names in an order that is the key's own: one that comes or goes moves no other key's first choice.

    Highest random weight, by logarithms where the shares differ: over many keys the first choices come out by weight.
    """
    if len(weights) == 1:
        return list(weights)
    return sorted(weights, key=lambda name: _score(key, name, weights[name]), reverse=True)


def _score(key: bytes, name: str, weight: float) -> float:
    digest = blake2b(name.encode(), key=blake2b(key, digest_size=32).digest(), digest_size=8).digest()
    chance = (int.from_bytes(digest) + 0.5) / _SPAN
    # A chance that rounds to 1 has no logarithm to divide by.
    return weight / max(-math.log(chance), 1e-300) if weight else -1.0 + chance * 0.5
