"""Does with a decoder's events what `gateway.run` does with them: validates what is to be valid against a schema."""

from collections.abc import Sequence
from typing import Any

import jsonschema_rs
import orjson

from gateway.dialects import Dialect
from gateway.dialects.base import Origin
from gateway.errors import UpstreamDown
from gateway.neutral.events import Event, Failed, Unvalidated
from gateway.neutral.generation import Generation


def validated(events: Sequence[Event], dialect: Dialect, generation: Generation, origin: Origin) -> list[Event]:
    """The events without their `Unvalidated` texts, failed at the first that is not valid."""
    passed: list[Event] = []
    for event in events:
        if not isinstance(event, Unvalidated):
            passed.append(event)
            continue
        output_format = dialect.validated_format(generation, origin)
        assert output_format is not None, "a text is to be validated of which the run has no schema"
        if not _is_valid(event.text, output_format.schema):
            return [*passed, Failed(UpstreamDown("Not valid.", code="upstream_bad_reply"))]
    return passed


def _is_valid(text: str, schema: Any) -> bool:
    try:
        return jsonschema_rs.is_valid(schema, orjson.loads(text))
    except orjson.JSONDecodeError:
        return False
