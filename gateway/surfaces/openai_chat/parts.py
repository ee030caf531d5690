"""Turns the content of chat messages into the content parts of items."""

from typing import Any

from gateway.surfaces.openai_chat.remarks import Remarks
from gateway.surfaces.openai_chat.shapes import list_at, misshapen, object_at, text_at

_Object = dict[str, Any]
_FILE = ("file_id", "file_data", "file_url", "filename")
_OF_FILES = {*_FILE}
_OF_IMAGES = {"url", "detail"}
CACHE = "cache_control"
"""Anthropic's mark for what is to be kept in the prompt cache, as chat clients send it, too."""
_MARKS = ("prompt_cache_breakpoint", CACHE)


def input_content(content: Any, place: str, remarks: Remarks) -> str | list[_Object]:
    """What was said to the model, a text or parts. What no part can hold is remarked.

    Raises `InvalidRequest` for a part that cannot be translated.
    """
    if isinstance(content, str):
        return content
    if not isinstance(content, list):
        raise misshapen(place, "a string or an array")
    return [_input_part(part, f"{place}[{number}]", remarks) for number, part in enumerate(content)]


def answer_parts(message: _Object, place: str, remarks: Remarks) -> list[_Object]:
    """What an assistant's message says, a refusal last. None where it only calls tools, or says nothing at all."""
    content = message.get("content")
    is_more = bool(message.get("tool_calls") or message.get("function_call") or message.get("refusal"))
    if isinstance(content, str):
        parts = [output_text(content)] if content or not is_more else []
    else:
        given = list_at(content, f"{place}.content")
        parts = [_answer_part(part, f"{place}.content[{number}]", remarks) for number, part in enumerate(given)]
    refusal = message.get("refusal")
    if refusal is not None:
        parts.append({"type": "refusal", "refusal": text_at(refusal, f"{place}.refusal")})
    return parts


def with_cache_control(content: str | list[_Object], mark: Any, kind: str) -> str | list[_Object]:
    """The content with a mark that its whole message has: on its last part. A text is a part of this kind then."""
    if mark is None or not content:
        return content
    parts = [{"type": kind, "text": content}] if isinstance(content, str) else content
    return [*parts[:-1], {CACHE: mark, **parts[-1]}]


def _input_part(given: Any, place: str, remarks: Remarks) -> _Object:
    part = object_at(given, place)
    written: _Object
    match part.get("type"):
        case "text":
            written = {"type": "input_text", "text": text_at(part.get("text"), f"{place}.text")}
        case "image_url":
            written = {"type": "input_image", **_image(part.get("image_url"), f"{place}.image_url", remarks)}
        case "file":
            file = object_at(part.get("file"), f"{place}.file")
            remarks.left_over(file, _OF_FILES, f"{place}.file")
            written = {"type": "input_file"} | {name: file[name] for name in _FILE if file.get(name) is not None}
        case "input_audio":
            written = {"type": "input_audio", "input_audio": object_at(part.get("input_audio"), f"{place}.input_audio")}
        case _:
            raise remarks.chat_only("a part of this type", place)
    remarks.left_over(part, {"type", str(part["type"]), *_MARKS}, place)
    return written | _marks(part)


def _image(given: Any, place: str, remarks: Remarks) -> _Object:
    image = object_at(given, place)
    remarks.left_over(image, _OF_IMAGES, place)
    written = {"image_url": text_at(image.get("url"), f"{place}.url")}
    if image.get("detail") is not None:
        written["detail"] = text_at(image["detail"], f"{place}.detail")
    return written


def _answer_part(given: Any, place: str, remarks: Remarks) -> _Object:
    part = object_at(given, place)
    match part.get("type"):
        case "text":
            written = output_text(text_at(part.get("text"), f"{place}.text"))
        case "refusal":
            written = {"type": "refusal", "refusal": text_at(part.get("refusal"), f"{place}.refusal")}
        case _:
            raise remarks.chat_only("a part of this type in an answer", place)
    remarks.left_over(part, {"type", str(part["type"]), CACHE}, place)
    return written | ({CACHE: part[CACHE]} if part.get(CACHE) is not None else {})


def output_text(text: str) -> _Object:
    """A text that was answered."""
    return {"type": "output_text", "text": text, "annotations": []}


def _marks(part: _Object) -> _Object:
    return {name: part[name] for name in _MARKS if part.get(name) is not None}
