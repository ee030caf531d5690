"""What schemas cannot say and the gateway insists on, put into the requests that schemathesis makes.

Only these values are ever touched, each only where the schema allowed what stood there, so a request that was
meant to break the contract still breaks it:

- `model`, because a name that is not served is answered 404 before the rest is looked at. Some stay unknown.
- `models`, because a name that is not served is a 400 there: each becomes one that is.
- `metadata.waystone`, because it is to hold a JSON document; the text that was generated becomes part of one.
- `n` and `max_completion_tokens` of Waystone's two operations: they are numbers there and have to be whole, and where
  a request is translated in the ranges of the table of settings, too.
  Limits of a response that are larger than any integer can be: JSON has them as floats.
- `stream` becomes true beside `stream_options`: OpenAI, and the scripted upstream, refuse these without it.
- Where a request keeps the contract: what names something stored that was never stored (`previous_response_id`,
  `conversation`, `after`, references to items), what stands for a conversation without
  being one of the gateway's (`compaction`), a compaction of nothing, a way to
  manage the context that nobody knows, what is possible in
  the background alone (without `store`; streaming or cancelling what is stored; a `completion_window`), a `provider`
  that there is none of,
  an empty list of items to add, and of Waystone's two operations empty `messages` and an empty `input`: there is
  nothing to answer (decision 0010). Where tokens are counted, the model that the schema lets be missing.
  An `Idempotency-Key` becomes one of the request's own: with another body it would be a conflict. Most requests do
  not choose what becomes of an answer whose client leaves, which their key may not.
  Three in four of its paths name what was stored before, where they are to name something; links do so themselves.
"""

import json
import os
import zlib
from typing import Any

import schemathesis
from schemathesis.generation.meta import TestPhase

from tests.contract.forgiving import NATIVE_MODELS
from tests.contract.kinds import VARIABLE, keep_kinds
from tests.contract.stored import Stored

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
# Names of the provider that speaks the Responses API; what only such a provider can do goes to these.
NATIVE = tuple(f"native/{name}" for name in NATIVE_MODELS)
# One request in so many keeps the name that was generated, if it was to be accepted at all.
UNKNOWN_SHARE = 16
_LARGEST = 2**53
COUNTS = {"n": (1, 128), "max_completion_tokens": (0, _LARGEST)}
LIMITS = ("max_output_tokens", "max_tool_calls", "top_k")
NOT_ANSWERABLE = ("previous_response_id", "conversation", "provider")
NOT_ANSWERABLE_ITEMS = ("item_reference", "compaction", "compaction_trigger", None)
_OF_RESPONSES = ("/v1/responses", "/v1/responses/compact", "/v1/responses/input_tokens")
STORED_ONLY = ("after", "stream", "starting_after")
MESSAGE = {"role": "user", "content": "Hello"}
_LONGEST_ID = 256

STORED = Stored()


@schemathesis.hook
def before_load_schema(context: Any, raw_schema: dict[str, Any]) -> None:
    """Keep some kinds of items and tools only, where the run is to be a short one."""
    if wanted := os.environ.get(VARIABLE):
        count, _, seed = wanted.partition(":")
        keep_kinds(raw_schema, int(count), int(seed))


@schemathesis.hook
def before_call(context: Any, case: Any, kwargs: dict[str, Any]) -> None:
    """Make a request one that the gateway can mean, as far as its schema lets it be anything."""
    is_positive = case.meta is None or case.meta.generation.mode.is_positive
    if isinstance(case.body, dict):
        is_waystone = case.operation.path.startswith("/api/gateway/")
        case.body = meant(case.body, may_be_unknown=is_positive, has_counts=is_waystone)
        if is_positive and case.operation.path in _OF_RESPONSES:
            case.body = answerable(case.body)
        if is_positive and case.operation.path == "/v1/responses/input_tokens":
            # Only templates of the gateway's own are counted.
            case.body.pop("prompt", None)
        if is_positive and case.operation.path == "/v1/responses/compact":
            case.body = compactable(case.body)
        if is_positive and case.operation.path == "/v1/responses" and _is_stateful(case):
            # Links begin at a document, and a stream is none.
            case.body["stream"] = False
        if is_positive and is_waystone and case.body.get("messages") == []:
            case.body["messages"] = [dict(MESSAGE)]
        if is_positive and is_waystone and "messages" not in case.body and not case.body.get("input"):
            case.body["input"] = "Hello"
        if is_positive and case.body.get("items") == []:
            case.body["items"] = [dict(MESSAGE)]
    if is_positive:
        _name_what_is_there(case)


def _name_what_is_there(case: Any) -> None:
    """Have the path, the query and the headers of a request name what it can have."""
    if not _is_stateful(case):
        if draw((case.path_parameters, case.query)) % 4:
            case.path_parameters = STORED.named(case.path_parameters)
        if case.method.upper() == "DELETE" and case.operation.path == "/v1/conversations/{conversation_id}":
            case.path_parameters = STORED.spared(case.path_parameters)
    if case.operation.path.endswith("/cancel"):
        case.path_parameters = STORED.in_background(case.path_parameters)
    if case.headers:
        case.headers = own_headers(dict(case.headers), draw((case.body, dict(case.headers))))
    unknown = STORED_ONLY[:1] if STORED.is_in_background(case.path_parameters) else STORED_ONLY
    case.query = {name: value for name, value in (case.query or {}).items() if name not in unknown}
    if "model" in case.path_parameters and draw(case.path_parameters) % 2:
        case.path_parameters["model"] = MODELS[0]


@schemathesis.hook
def after_call(context: Any, case: Any, response: Any) -> None:
    """Remember what was stored."""
    if response.status_code == 200 and response.headers.get("content-type") == ["application/json"]:
        STORED.learn(case.operation.path, case.path_parameters, response.json())


def own_headers(headers: dict[str, str], drawn: int) -> dict[str, str]:
    """The headers of a request, so that they go with no other one and ask for what the key may have."""
    changed = {}
    for name, value in headers.items():
        if name.lower() == "idempotency-key":
            changed[name] = f"{value[:200]}-{drawn}"
        elif name.lower() != "x-waystone-on-disconnect" or drawn % UNKNOWN_SHARE == 0:
            changed[name] = value
    return changed


def _is_stateful(case: Any) -> bool:
    return case.meta is not None and case.meta.phase.name == TestPhase.STATEFUL


def answerable(body: dict[str, Any]) -> dict[str, Any]:
    """A copy of a request for a response that needs nothing stored, nothing to come, and is asked of who can do it."""
    changed = {name: value for name, value in body.items() if name not in NOT_ANSWERABLE}
    items = changed.get("input", "Hello")
    if isinstance(items, list):
        items = [item for item in items if item.get("type", "") not in NOT_ANSWERABLE_ITEMS and is_whole(item)]
    changed["input"] = items or "Hello"
    if changed.get("context_management"):
        changed["context_management"] = [{**entry, "type": "compaction"} for entry in changed["context_management"]]
    if changed.get("background") is True:
        changed["store"] = True
    options = changed.get("background_options")
    if isinstance(options, dict) and options.get("completion_window") is not None:
        changed["background_options"] = {**options, "completion_window": "soonest"}
    changed |= {name: whole(changed[name]) for name in LIMITS if is_no_count(changed.get(name))}
    # A prompt that was made up is none of the gateway's own, and its provider's need a model to be routed by.
    changed.setdefault("model", MODELS[0])
    if changed["model"] in MODELS and not is_plain(changed):
        changed["model"] = NATIVE[draw(body) % len(NATIVE)]
    return changed


def compactable(body: dict[str, Any]) -> dict[str, Any]:
    """A copy of a request for a compaction of something, by a model that answers with texts."""
    items = body["input"] if isinstance(body["input"], list) else []
    changed = {**body, "input": [*items, dict(MESSAGE)]}
    return {**changed, "model": MODELS[0]} if body["model"] in (*MODELS, *NATIVE) else changed


def is_whole(item: dict[str, Any]) -> bool:
    """Whether an item is no reference to another."""
    return item.get("type") is not None or item.get("role") is not None


def is_plain(body: dict[str, Any]) -> bool:
    """Whether every provider can answer a request: text without tools."""
    form = (body.get("text") or {}).get("format") or {}
    is_usual = form.get("type", "text") in ("text", "json_object", "json_schema")
    asks = any(body.get(name) for name in ("tools", "tool_choice", "prompt"))
    return isinstance(body["input"], str) and is_usual and not asks


def meant(body: dict[str, Any], *, may_be_unknown: bool, has_counts: bool) -> dict[str, Any]:
    """A copy of a generated body with a model that is served, and with end users and counts that can be read.

    What is chosen depends on the body alone, so that a failure comes again when it is replayed.
    """
    drawn, changed = draw(body), dict(body)
    model = body.get("model")
    if isinstance(model, str) and not (may_be_unknown and drawn % UNKNOWN_SHARE == 0 and is_unknown(model)):
        changed["model"] = MODELS[drawn // UNKNOWN_SHARE % len(MODELS)]
    models = body.get("models")
    if isinstance(models, list) and models and all(isinstance(name, str) and name for name in models):
        changed["models"] = [MODELS[(drawn + number) % len(MODELS)] for number in range(len(models))]
    if isinstance(body.get("stream_options"), dict) and body.get("stream") in (None, False):
        changed["stream"] = True
    metadata = body.get("metadata")
    if isinstance(metadata, dict) and isinstance(metadata.get("waystone"), str):
        changed["metadata"] = {**metadata, "waystone": end_user(metadata["waystone"], drawn)}
    if has_counts:
        changed |= {
            name: whole(body[name], *ends) for name, ends in COUNTS.items() if is_no_count(body.get(name), *ends)
        }
    return changed


def end_user(text: str, drawn: int) -> str:
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
    return json.dumps(shapes[drawn % len(shapes)])


def whole(value: float, least: int = -_LARGEST, most: int = _LARGEST) -> int:
    """The count that is nearest to a number."""
    return int(max(least, min(most, value)))


def is_no_count(value: object, least: int = -_LARGEST, most: int = _LARGEST) -> bool:
    """Whether this is a number, as the schema wants it, yet none that can be a count."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return not least <= value <= most or value != int(value)


def is_unknown(model: str) -> bool:
    """Whether nothing can serve a name, not even the embedded model, which takes seconds to answer."""
    return not model.startswith("embedded/")


def draw(value: object) -> int:
    """A number that depends on a value alone."""
    return zlib.crc32(repr(value).encode("utf-8", "surrogatepass"))
