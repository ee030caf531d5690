"""Finds an error's fields, above all its message, in whatever an upstream wrote of it.

The formats met: OpenAI's `{"error": {"message", "type", "param", "code"}}`; that one in a list, or in another `error`;
a text or `true` for the error, with the rest beside it; lists of complaints (`errors`, FastAPI's `detail`); what the
provider behind an aggregator wrote (OpenRouter's `metadata.raw`); a `base_resp` (MiniMax); a plain text.
"""

from collections.abc import Iterable, Mapping

from gateway.neutral.json import (
    Json,
    JsonObject,
    list_or_none,
    object_or_empty,
    object_or_none,
    objects_in,
    parse,
    text_or_empty,
    text_or_none,
)
from gateway.wire.sse import Reader, begins_events

# Where the message is. The first that has any text counts.
_MESSAGES = (
    "message",
    "Message",
    "msg",
    "detail",
    "reason",
    "error_description",
    "error_message",
    "error_msg",
    "status_msg",
    "title",
)
_BARE = ("message", "Message", "msg", "detail", "errors")
# What an error in another one adds to what stands around it, or the other way round.
_SHARED = ("code", "type", "param", "status", "status_code", "statusCode", "error_type")
_BASE = "base_resp"
# MiniMax's codes in the numbers of HTTP (https://platform.minimax.io/docs/api-reference/errorcode, November 2026).
_BASE_STATUSES: Mapping[Json, int] = {
    **dict.fromkeys((1004, 2049), 401),
    1008: 402,
    **dict.fromkeys((1002, 1039, 1041, 2045, 2056), 429),
    **dict.fromkeys((1026, 1042, 2013), 400),
}
# The account of the provider behind an aggregator is none of the gateway's.
_NOT_OURS = frozenset({"invalid_api_key", "insufficient_quota", "authentication_error"})
_DEEPEST = 10
_MOST_COMPLAINTS = 8
_LONGEST_TEXT = 1000
_LONGEST_CODE = 10
_PAGE = "<"
_OBJECT = "{"


def read_error(body: bytes) -> JsonObject:
    """The fields of the error in the body of a refusal, JSON or a short text. Pages are not written for clients."""
    document = parse(body)
    return error_fields(_plain_text(body) if document is None else document)


def error_fields(document: Json) -> JsonObject:
    """The fields of an error; `message`, a text, is there if anything is. What it may be quoting is in it, too."""
    return _fields(document, _DEEPEST)


def reports_error(document: JsonObject) -> bool:
    """Whether a document that is no answer reports an error."""
    if document.get("error") or document.get("object") == "error" or document.get("type") == "error":
        return True
    if has_failed(document):
        return True
    # By itself, any other of the names may be that of something else.
    return any(document.get(name) for name in _BARE) and bool(error_fields(document).get("message"))


def listed_error(document: Json) -> JsonObject | None:
    """The error in a list, as a document of its own; None where there is none."""
    if not isinstance(document, list) or not any(map(reports_error, objects_in(document))):
        return None
    return {"error": error_fields(document)}


def has_failed(document: JsonObject) -> bool:
    """Whether a `base_resp` says so: its code is 0 for an answer."""
    base = document.get(_BASE)
    return type(base) is dict and base.get("status_code") not in (0, "0", None)


def _fields(document: Json, depth: int) -> JsonObject:
    if not document or depth == 0:
        return {}
    if isinstance(document, dict):
        return _of_object(document, depth)
    if isinstance(document, list):
        return _of_list(document, depth)
    return _of_text(document, depth) if isinstance(document, str) else {}


def _of_text(text: str, depth: int) -> JsonObject:
    """The fields of a text, which may be the JSON of some."""
    found = _fields(parse(text), depth - 1) if text.lstrip()[:1] in (_OBJECT, "[") else {}
    return found if found.get("message") else {**found, "message": text.strip()}


def _of_list(entries: list[Json], depth: int) -> JsonObject:
    """The fields of the first error of several, and what all of them complain of."""
    found = [_fields(entry, depth - 1) for entry in entries[:_MOST_COMPLAINTS]]
    return {**next(filter(None, found), {}), "message": _joined(text_or_empty(one.get("message")) for one in found)}


def _of_object(given: JsonObject, depth: int) -> JsonObject:
    error = _failed_base(given) or given.get("error")
    if isinstance(error, dict) and error:
        nested = _fields(error, depth - 1)
        message = text_or_empty(nested.get("message")) or _said(given, depth)[0]
        return _with_quoted({**_shared(given), **nested, "message": message}, depth)
    message, of_message = _said(given, depth)
    if isinstance(error, str | list) and error:
        nested = _fields(error, depth - 1)
        message = _both(text_or_empty(nested.get("message")), message)
    else:
        nested = _complaints(given.get("errors"), depth)
        message = _both(message, text_or_empty(nested.get("message")))
    return _with_quoted({**_shared(of_message), **_shared(nested), **given, "message": message}, depth)


def _failed_base(given: JsonObject) -> JsonObject | None:
    """A `base_resp` that reports an error, as one; None where there is none."""
    if not has_failed(given):
        return None
    base = object_or_empty(given[_BASE])
    code = base.get("status_code")
    if isinstance(code, str) and code.isdecimal():
        code = int(code[:_LONGEST_CODE])
    return {"message": base.get("status_msg"), "status": _BASE_STATUSES.get(code if isinstance(code, int) else None)}


def _said(given: JsonObject, depth: int) -> tuple[str, JsonObject]:
    """The message of an object, and the fields of what it stands in."""
    for name in _MESSAGES:
        value = given.get(name)
        if isinstance(value, str):
            found: JsonObject = {"message": value.strip()}
        else:
            found = _fields(value, depth - 1)
        if message := text_or_empty(found.get("message")):
            # FastAPI writes what a complaint is about beside it.
            path = list_or_none(given.get("loc"))
            return (message if path is None else f"{'.'.join(map(str, path))}: {message}"), found
    return "", {}


def _complaints(errors: Json, depth: int) -> JsonObject:
    """The fields of several errors in a list, or by what each of them is about."""
    found = _fields(errors, depth - 1)
    by_name = object_or_none(errors)
    if by_name is None or found.get("message"):
        return found
    named = [(name, text_or_empty(_fields(value, depth - 1).get("message"))) for name, value in by_name.items()]
    return {"message": _joined(f"{name}: {text}" for name, text in named[:_MOST_COMPLAINTS] if text)}


def _with_quoted(fields: JsonObject, depth: int) -> JsonObject:
    """The fields with what the provider behind an aggregator wrote: its message, and what it calls the error."""
    raw = object_or_empty(fields.get("metadata")).get("raw")
    quoted = _fields(raw, depth - 1)
    behind, message = text_or_empty(quoted.get("message")), text_or_empty(fields.get("message"))
    if not behind:
        return fields
    if behind not in message:
        fields["message"] = behind if message in behind else f"{message} ({behind})"
    code = text_or_none(quoted.get("code"))
    if code is not None and code not in _NOT_OURS and not _is_name(fields.get("code")):
        # A number in its place is the status.
        fields = {"status_code": fields.get("code"), **fields, "code": code}
        fields["param"] = fields.get("param") or quoted.get("param")
    kind = text_or_none(quoted.get("type"))
    if kind is not None and kind not in _NOT_OURS and fields.get("type") is None:
        fields["type"] = kind
    return fields


def _is_name(code: Json) -> bool:
    return isinstance(code, str) and not code.isdigit()


def _shared(fields: JsonObject) -> JsonObject:
    return {name: fields[name] for name in _SHARED if fields.get(name) is not None}


def _both(first: str, second: str) -> str:
    """Two texts as one; only the longer where that has the other in it."""
    if first in second:
        return second
    return first if second in first else f"{first}: {second}"


def _joined(complaints: Iterable[str]) -> str:
    """Several complaints as one text, each once."""
    return "; ".join(dict.fromkeys(text for text in complaints if text))


def _plain_text(body: bytes) -> Json:
    """A short text on one line, or the document in the first event of a stream; None for a page and the like."""
    if begins_events(body.lstrip()):
        reader = Reader()
        documents = map(parse, (*reader.feed(body), *reader.end()))
        return next((document for document in documents if isinstance(document, dict)), None)
    if len(body) > _LONGEST_TEXT:
        return None
    text = " ".join(body.decode("utf-8", "replace").split())
    is_words = text.isprintable() and "\ufffd" not in text and "<html" not in text.lower()
    return text if is_words and not text.startswith((_PAGE, _OBJECT)) and text != "null" else None
