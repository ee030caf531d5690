"""What schemas cannot say and the gateway insists on, put into the requests that schemathesis makes.

Only four values are ever touched, each only where the schema allowed what stood there, so a request that was
meant to break the contract still breaks it:

- `model`, because a name that is not served is answered 404 before the rest is looked at. Some stay unknown.
- `metadata.waystone`, because it is to hold a JSON document; the text that was generated becomes part of one.
- `n` and `max_completion_tokens` of Waystone's two operations: they are numbers there and have to be whole.
- `stream` becomes true beside `stream_options`: OpenAI, and the scripted upstream, refuse these without it.
"""

import json
import zlib
from typing import Any

import schemathesis

# Names that the scripted upstream serves. Those that make it refuse have tests of their own: here every
# refusal of a good request, and every 5xx, is a finding.
MODELS = (
    "test/echo",
    "test/tools",
    "test/parallel-tools",
    "test/reasoning",
    "test/refusal",
    "test/length",
    "test/sparse",
    "test/late-usage",
    "test/cut",
    "test/end-early",
    "test/error-in-stream",
    "test/garbage-in-stream",
    "echo",
)
# One request in so many keeps the name that was generated, if it was to be accepted at all.
UNKNOWN_SHARE = 16
COUNTS = ("n", "max_completion_tokens")
_LARGEST = 2**53
_LONGEST_ID = 256


@schemathesis.hook
def before_call(context: Any, case: Any, kwargs: dict[str, Any]) -> None:
    """Make a request one that the gateway can mean, as far as its schema lets it be anything."""
    is_positive = case.meta is None or case.meta.generation.mode.is_positive
    if isinstance(case.body, dict):
        is_waystone = case.operation.path.startswith("/api/gateway/")
        case.body = meant(case.body, may_be_unknown=is_positive, has_counts=is_waystone)
    if is_positive and "model" in case.path_parameters and _draw(case.path_parameters) % 2:
        case.path_parameters["model"] = MODELS[0]


def meant(body: dict[str, Any], *, may_be_unknown: bool, has_counts: bool) -> dict[str, Any]:
    """A copy of a generated body with a model that is served, and with end users and counts that can be read.

    What is chosen depends on the body alone, so that a failure comes again when it is replayed.
    """
    draw, changed = _draw(body), dict(body)
    model = body.get("model")
    if isinstance(model, str) and not (may_be_unknown and draw % UNKNOWN_SHARE == 0 and is_unknown(model)):
        changed["model"] = MODELS[draw // UNKNOWN_SHARE % len(MODELS)]
    if isinstance(body.get("stream_options"), dict) and body.get("stream") in (None, False):
        changed["stream"] = True
    metadata = body.get("metadata")
    if isinstance(metadata, dict) and isinstance(metadata.get("waystone"), str):
        changed["metadata"] = {**metadata, "waystone": end_user(metadata["waystone"], draw)}
    if has_counts:
        changed |= {name: whole(body[name]) for name in COUNTS if is_no_count(body.get(name))}
    return changed


def end_user(text: str, draw: int) -> str:
    """A document for `metadata.waystone`, of one of its shapes, with a text as id and in the metadata."""
    name = text.replace("\x00", "")[:_LONGEST_ID] or "user"
    told = {"id": name, "metadata": {text: text, "tier": None, "seats": [1, {"a": text}]}}
    shapes: tuple[dict[str, Any], ...] = (
        {"user": name},
        {"user": told},
        {"group": {"id": name}},
        {"user": {"id": name, "metadata": {}}, "group": told},
        {"user": None, "group": name},
        {},
    )
    return json.dumps(shapes[draw % len(shapes)])


def whole(value: float) -> int:
    """The count that is nearest to a number."""
    return int(max(-_LARGEST, min(_LARGEST, value)))


def is_no_count(value: object) -> bool:
    """Whether this is a number, as the schema wants it, yet none that can be a count."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return abs(value) > _LARGEST or value != int(value)


def is_unknown(model: str) -> bool:
    """Whether nothing can serve a name, not even the embedded model, which takes seconds to answer."""
    return not model.startswith("embedded/")


def _draw(value: object) -> int:
    return zlib.crc32(repr(value).encode("utf-8", "surrogatepass"))
