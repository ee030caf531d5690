"""Brings the items that change settings into what an upstream of the Responses API can be sent."""

from gateway.neutral.configuration import CONFIGURATION_UPDATE, configuration_of
from gateway.neutral.json import Json, JsonObject, object_or_empty, objects_in
from gateway.neutral.settings import PLACES

_EFFORT, _FORMAT = PLACES["reasoning_effort"], PLACES["response_format"]
_NO_CHANGE = frozenset({"type", "id"})


def apply_updates(body: JsonObject, history: int, *, takes_items: bool) -> None:
    """Have the settings of a body be those that its items make of them; the first `history` are of earlier requests.

    An upstream that takes such items gets them; any other gets the settings themselves.
    """
    items = body.get("input")
    if not isinstance(items, list) or not any(map(_is_update, items)):
        return
    if takes_items:
        _leave_out_overridden(body, items, history)
        return
    changed = configuration_of(body, history)
    if changed.effort is not None:
        _write(body, _EFFORT, changed.effort.value)
    if changed.output_format is not None:
        _write(body, _FORMAT, changed.output_format.value)
    body["input"] = [item for item in objects_in(items) if not _is_update(item)]


def _leave_out_overridden(body: JsonObject, items: list[Json], history: int) -> None:
    """Leave out what earlier requests changed and this one sets itself: the upstream would not know which is newer."""
    overridden = [place for place in (_EFFORT, _FORMAT) if _value(body, place) is not None]
    if not overridden or not any(map(_is_update, items[:history])):
        return
    kept: list[Json] = []
    for item in items[:history]:
        left = _without(object_or_empty(item), overridden) if _is_update(item) else item
        if left is not None:
            kept.append(left)
    body["input"] = kept + items[history:]


def _without(item: JsonObject, places: list[str]) -> JsonObject | None:
    """An item without these settings; None where that leaves nothing of it."""
    left = dict(item)
    for place in places:
        if _value(left, place) is None:
            continue
        outer, _, inner = place.partition(".")
        rest = {name: value for name, value in object_or_empty(left.pop(outer)).items() if name != inner}
        if rest:
            left[outer] = rest
    return left if left.keys() - _NO_CHANGE else None


def _is_update(item: Json) -> bool:
    return type(item) is dict and item.get("type") == CONFIGURATION_UPDATE


def _value(fields: JsonObject, place: str) -> Json:
    outer, _, inner = place.partition(".")
    return object_or_empty(fields.get(outer)).get(inner)


def _write(body: JsonObject, place: str, value: Json) -> None:
    outer, _, inner = place.partition(".")
    body[outer] = {**object_or_empty(body.get(outer)), inner: value}
