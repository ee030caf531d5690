"""The settings that items of a conversation change from there on: the Responses API's `configuration_update`."""

from collections.abc import Container

from gateway.neutral.json import Json, JsonObject, object_or_empty, object_or_none, text_or_none
from gateway.neutral.settings import PLACES
from gateway.neutral.values import value

CONFIGURATION_UPDATE = "configuration_update"
"""The type of such an item."""


@value
class Change:
    """One setting as an item has changed it; `item` is the index of that in the conversation."""

    value: Json
    item: int


@value
class Configuration:
    """What items of a conversation have changed of a request; None is nothing."""

    effort: Change | None = None
    output_format: Change | None = None
    """As the Responses API has it: a schema is flat."""


_UNCHANGED = Configuration()
_EFFORT, _FORMAT = "reasoning_effort", "response_format"


def configuration_of(body: JsonObject, history: int, own: Container[str] = ()) -> Configuration:
    """What the items of a body of the Responses API change of its settings.

    The first `history` items are of earlier requests. What this request itself has of settings prevails over them,
    and its own items prevail over all; `own` are the neutral names of more that it has, wherever they are written. What
    an item does not have, or has in another type, stays as it is.
    """
    items = body.get("input")
    if not isinstance(items, list):
        return _UNCHANGED
    updates = [
        (index, item)
        for index, item in enumerate(items)
        if type(item) is dict and item.get("type") == CONFIGURATION_UPDATE
    ]
    if not updates:
        return _UNCHANGED
    effort: Change | None = None
    output_format: Change | None = None
    has_effort = _EFFORT in own or _value_in(body, _EFFORT) is not None
    has_format = _FORMAT in own or _value_in(body, _FORMAT) is not None
    for index, item in updates:
        word, form = _changes(object_or_empty(item))
        if word is not None and not (index < history and has_effort):
            effort = Change(word, index)
        if form is not None and not (index < history and has_format):
            output_format = Change(form, index)
    return Configuration(effort, output_format)


def _changes(item: JsonObject) -> tuple[str | None, JsonObject | None]:
    form = object_or_none(object_or_empty(item.get("text")).get("format"))
    is_format = form is not None and text_or_none(form.get("type")) is not None
    return text_or_none(object_or_empty(item.get("reasoning")).get("effort")) or None, form if is_format else None


def _value_in(body: JsonObject, name: str) -> Json:
    outer, _, inner = PLACES[name].partition(".")
    return object_or_empty(body.get(outer)).get(inner)
