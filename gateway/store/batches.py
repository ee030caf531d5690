"""Batches by weight: what is deleted together must not hold others up."""

from collections.abc import Iterable, Iterator
from typing import TypeVar

T = TypeVar("T")


def by_weight(weighed: Iterable[tuple[T, int]], most: int) -> Iterator[list[T]]:
    """Things with their weights, in their order: in batches that weigh so much at most, or have one thing alone."""
    batch: list[T] = []
    total = 0
    for thing, weight in weighed:
        if batch and total + weight > most:
            yield batch
            batch, total = [], 0
        batch.append(thing)
        total += weight
    if batch:
        yield batch
