"""stub"""

from collections.abc import Iterable

from gateway.neutral.json import JsonObject, object_or_empty


def partial_output(events: Iterable[JsonObject]) -> list[JsonObject]:
    return [object_or_empty(event["item"]) for event in events if event.get("type") == "response.output_item.done"]
