"""Gives reasoning that was sealed for its author back to that author, and takes it away from everybody else."""

from collections.abc import Mapping
from dataclasses import replace

from gateway.neutral.generation import Generation
from gateway.neutral.items import EarlierReasoning, Item
from gateway.neutral.json import JsonObject
from gateway.neutral.seals import OpenSeal
from gateway.sealing import OTHER_MODEL


def recover(generation: Generation, open_seal: OpenSeal) -> Generation:
    """The request with the state of its reasoning in the prompt, for an upstream of another dialect.

    Reasoning that is not for the author stays without a state, and is reported in `removed`.
    """
    prompt = generation.prompt
    removed: list[JsonObject] = []
    items = [_recovered(item, open_seal, removed) for item in prompt.items]
    return replace(generation.with_prompt(replace(prompt, items=items)), removed=removed)


def _recovered(item: Item, open_seal: OpenSeal, removed: list[JsonObject]) -> Item:
    if not isinstance(item, EarlierReasoning):
        return item
    opened = None if item.sealed is None else open_seal(item.sealed)
    if isinstance(opened, Mapping):
        return replace(item, state=opened)
    reason = opened or OTHER_MODEL
    removed.append({"id": item.item_id, "type": "reasoning", "action": "removed", "reason": reason})
    return item
