"""The options of a stream that are lost where a request is translated."""

from gateway.errors import misshapen
from gateway.neutral.json import Json, JsonObject, object_or_none

USAGE_OPTIONS: JsonObject = {"include_usage": True}
"""What most clients write: the gateway itself does what it requests."""

_FIELD = "stream_options"


def lost_stream_options(given: Json) -> list[str]:
    """The paths of those that request something. Raises `InvalidRequest` for options that are no object."""
    options = object_or_none(given)
    if options is None:
        raise misshapen(_FIELD, "an object")
    return [f"{_FIELD}.{name}" for name, value in options.items() if value and name not in USAGE_OPTIONS]
