"""Gives reasoning that was sealed for its author back to that author, and takes it away from everybody else."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from gateway.neutral.generation import Generation
from gateway.neutral.items import EarlierReasoning, Item, Message
from gateway.neutral.json import JsonObject
from gateway.neutral.seals import EARLIER_TURN, OpenSeal, removal
from gateway.sealing import OTHER_MODEL


def recover(generation: Generation, open_seal: OpenSeal) -> Generation:
    """The request with the state of its reasoning in the prompt, for an upstream of another dialect.

    Reasoning that is not for the author stays without a state, and is reported in `removed`.
    """
    prompt = generation.prompt
    removed: list[JsonObject] = []
    begin = 0 if prompt.sees_earlier_reasoning else _current_turn(prompt.items)
    earlier = [_without_reasoning(item, removed) for item in prompt.items[:begin]]
    items = [item for item in earlier if item is not None]
    items += [_recovered(item, open_seal, removed) for item in prompt.items[begin:]]
    return replace(generation.with_prompt(replace(prompt, items=items)), removed=removed)


def _recovered(item: Item, open_seal: OpenSeal, removed: list[JsonObject]) -> Item:
    if not isinstance(item, EarlierReasoning):
        return item
    opened = None if item.sealed is None else open_seal(item.sealed)
    if isinstance(opened, Mapping):
        return replace(item, state=opened)
    reason = opened or OTHER_MODEL
    removed.append(removal(item.item_id, reason))
    return item


def _without_reasoning(item: Item, removed: list[JsonObject]) -> Item | None:
    if not isinstance(item, EarlierReasoning):
        return item
    removed.append(removal(item.item_id, EARLIER_TURN))
    return None


def _current_turn(items: Sequence[Item]) -> int:
    """Where the turn that goes on begins: at the last message of the user's."""
    for index in range(len(items) - 1, -1, -1):
        item = items[index]
        if isinstance(item, Message) and item.role == "user":
            return index
    return 0
