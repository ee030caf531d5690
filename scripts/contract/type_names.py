"""How the types of operations and of schemas written in place are named.

An operation's name follows from its id, the verb first and the resource in the singular (in the plural for
`list`), and what its types are for comes last:

    chat.completions.create          CreateChatCompletionRequest, CreateChatCompletionReply, CreateChatCompletionEvent
    responses.input_items.list       ListResponseInputItemsReply
    postApiGatewayV1ChatCompletions  WaystoneChatCompletionRequest, WaystoneChatCompletionReply

An id without a dot, as the vendor's documents have them, begins with the operation's first tag, as its handler's
module does; where it merely repeats a method and a path, the path's beginning goes, and so does `post`.

`Request` is a body, `Reply` one in JSON, `Event` one event of a stream; media types other than JSON and statuses
other than 200 stand before that word (`CreateFileFormDataRequest`, `CreateFileAcceptedReply`).
"""

import re
from collections.abc import Sequence
from http import HTTPStatus

from scripts.contract.sources import Node

UNKNOWN_TYPE = "<any other type>"
"""The literal that tags a union's fallback branch."""

_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")
_METHOD_AND_PATH = re.compile(r"(get|put|post|delete|options|head|patch|trace)[A-Z].*?V[0-9]+(?=[A-Z])(.+)")
_UNINFLECTED = re.compile(r".*(ss|us|is)|series|species|.{1,2}", re.IGNORECASE)
_TAGS = ("type", "role", "object")


def operation_name(operation_id: str, tags: Sequence[str]) -> str:
    """The name that an operation's types begin with."""
    *resource, verb = operation_id.split(".")
    if resource:
        nouns = [word for segment in resource for word in split(segment)]
        last = nouns[-1:] if verb == "list" else [singular(noun) for noun in nouns[-1:]]
        return pascal([*split(verb), *map(singular, nouns[:-1]), *last])
    tag = split(tags[0]) if tags else []
    repeated = _METHOD_AND_PATH.fullmatch(operation_id)
    if repeated is None:
        return pascal([*tag, *split(operation_id)])
    method, path = repeated.groups()
    return pascal([*([] if method == "post" else [method]), *tag, *map(singular, split(path))])


def request_name(operation: Node, media_type: str) -> str:
    """The name of an operation's body in one media type."""
    return f"{operation_name(operation['operationId'], operation.get('tags', []))}{_media_words(media_type)}Request"


def reply_name(operation: Node, status: str, media_type: str) -> str:
    """The name of what an operation answers with, under one status and in one media type."""
    name = operation_name(operation["operationId"], operation.get("tags", []))
    status_words = "" if status == "200" else _status_words(status)
    if _plain(media_type) == "text/event-stream":
        return f"{name}{status_words}Event"
    return f"{name}{status_words}{_media_words(media_type)}Reply"


def branch_words(words: Sequence[str], schema: Node) -> list[str]:
    """The words for one branch of a union that stands at `words`: its tag's value comes before the noun."""
    tag = _tag(schema)
    if tag is None:
        return list(words)
    return [*words[:-1], *(["other"] if tag == UNKNOWN_TYPE else split(tag)), *words[-1:]]


def element_words(words: Sequence[str], element: str) -> list[str]:
    """The words for one element of a list or map that stands at `words`; `element` is the word for want of any."""
    return [*words[:-1], singular(words[-1])] if words else [element]


def split(name: str) -> list[str]:
    """The words of a name, however it joins them; one that holds none is a "field"."""
    return _WORD.findall(name) or ["field"]


def pascal(words: Sequence[str]) -> str:
    """The words as one name, each with a capital."""
    return "".join(
        word[:1].upper() + word[1:].lower() if word.isupper() else word[:1].upper() + word[1:] for word in words
    )


def singular(word: str) -> str:
    """An English noun's singular, by the rules that hold for most."""
    if _UNINFLECTED.fullmatch(word):
        return word
    if word.endswith("ies"):
        return word[:-3] + "y"
    if word.endswith(("sses", "shes", "xes", "tches", "rches")):
        return word[:-2]
    return word.removesuffix("s")


def _tag(schema: Node) -> str | None:
    properties: dict[str, Node] = schema.get("properties", {})
    for name in sorted(properties, key=lambda name: name not in _TAGS):
        values = [properties[name].get("const"), *_single(properties[name].get("enum"))]
        tag = next((value for value in values if isinstance(value, str)), None)
        if tag is not None:
            return tag
    return None


def _single(values: Sequence[object] | None) -> Sequence[object]:
    return values if values is not None and len(values) == 1 else ()


def _plain(media_type: str) -> str:
    return media_type.partition(";")[0].strip().lower()


def _media_words(media_type: str) -> str:
    plain = _plain(media_type)
    return "" if plain == "application/json" else pascal(_WORD.findall(plain.partition("/")[2]) or ["any"])


def _status_words(status: str) -> str:
    return pascal(split(HTTPStatus(int(status)).phrase)) if status.isdigit() else f"Status{status.capitalize()}"
