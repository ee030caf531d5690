"""The container in which a code interpreter runs: what a client asks of it."""

from gateway.neutral.json import Json, JsonObject, object_or_none


def container_options(container: Json) -> JsonObject | None:
    """What is requested of a container that the provider makes itself; None for one that has to be there already."""
    if container is None or container == "auto":
        return {}
    given = object_or_none(container)
    if given is None or given.get("type") != "auto":
        return None
    return {name: value for name, value in given.items() if name != "type" and value not in (None, [], {})}
