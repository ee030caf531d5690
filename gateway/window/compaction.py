"""Decides which part of a conversation a summary stands for, and what is sent in its place."""

from collections.abc import Sequence

from gateway.neutral.json import JsonObject
from gateway.neutral.values import value
from gateway.window.transcript import SUMMARY
from gateway.window.truncation import Size
from gateway.window.units import Unit, indexes_of, is_lasting, units


@value
class Split:
    """A conversation that is to be compacted: what is summarised, what stays in front of the summary and behind it."""

    summarised: Sequence[JsonObject]
    lasting: Sequence[JsonObject]
    kept: Sequence[JsonObject]

    def compacted(self, summary: str) -> list[JsonObject]:
        """The items in the place of the conversation."""
        message: JsonObject = {"type": "message", "role": "user", "content": SUMMARY + summary}
        return [*self.lasting, message, *self.kept]


def split(items: Sequence[JsonObject], most_kept: int, size: Size, *, is_forced: bool = False) -> Split | None:
    """Split a conversation: its newest items stay, up to so many tokens, the last unit in any case.

    So does the last message of the user's, where it fits. None where nothing is left to be summarised; with
    `is_forced`, nothing stays then but what is lasting.
    """
    found = units(items)
    newest = _newest(found, most_kept, size)
    if len(newest) == len(found) and is_forced:
        newest = []
    staying = set(map(id, newest))
    older = [unit for unit in found if id(unit) not in staying]
    if not older:
        return None
    summarised = [item for unit in older for item in unit.items]
    stays = {index for unit in newest for index in indexes_of(unit, items)}
    begin = min(stays, default=len(items))
    lasting = [item for item in items[:begin] if is_lasting(item)]
    behind = [item for index, item in enumerate(items) if index in stays or (index > begin and is_lasting(item))]
    return Split(summarised, lasting, behind)


def _newest(found: Sequence[Unit], most: int, size: Size) -> Sequence[Unit]:
    """The units that stay: the last ones, and before them the one with the last message of the user's, if it fits."""
    newest = _last(found, most, size)
    if not newest or newest[0].begins_turn:
        return newest
    before = found[: len(found) - len(newest)]
    question = next((unit for unit in reversed(before) if unit.begins_turn), None)
    if question is None or (rest := most - size(question.items)) < size(found[-1].items):
        return newest
    return [question, *_last(found, rest, size)]


def _last(found: Sequence[Unit], most: int, size: Size) -> Sequence[Unit]:
    """As many of the last units as have so many tokens; at least one."""
    total = 0
    for number, unit in enumerate(reversed(found)):
        total += size(unit.items)
        if total > most:
            return found[len(found) - max(1, number) :]
    return found
