"""Fills what earlier replies of a case said into its next request."""

import json
import re
from collections.abc import Sequence
from typing import Any

from scripts.goldens.application import Answered

_WHOLE = re.compile(r"\{\{(\*?)(\d+):([\w.]*)\}\}")
_DATA = b"data: "
_ENDS = ("response.completed", "response.incomplete", "response.failed")


def document(answered: Answered) -> Any:
    """What a reply said: its JSON, or what its stream comes to."""
    if not answered.body.startswith((b"data:", b"event:")):
        try:
            return json.loads(answered.body)
        except ValueError:
            return None
    found = [line.removeprefix(_DATA) for line in answered.body.split(b"\n") if line.startswith(_DATA + b"{")]
    events = [json.loads(line) for line in found]
    ended = next((event["response"] for event in reversed(events) if event.get("type") in _ENDS), None)
    return ended if ended is not None else _message(events)


def filled(value: Any, documents: Sequence[Any]) -> Any:
    """The value with what its placeholders stand for."""
    match value:
        case dict():
            return {name: filled(part, documents) for name, part in value.items()}
        case list():
            return [one for part in value for one in _element(part, documents)]
        case str():
            return _text(value, documents)
        case _:
            return value


def _element(part: Any, documents: Sequence[Any]) -> Sequence[Any]:
    match = _WHOLE.fullmatch(part) if isinstance(part, str) else None
    if match and match[1]:
        found = _at(documents[int(match[2])], match[3])
        return found if isinstance(found, list) else []
    return [filled(part, documents)]


def _text(text: str, documents: Sequence[Any]) -> Any:
    match = _WHOLE.fullmatch(text)
    if match:
        return _at(documents[int(match[2])], match[3])
    return _WHOLE.sub(lambda found: str(_at(documents[int(found[2])], found[3])), text)


def _at(value: Any, path: str) -> Any:
    for name in path.split(".") if path else ():
        if isinstance(value, dict):
            value = value.get(name)
        elif isinstance(value, list) and name.isdigit() and int(name) < len(value):
            value = value[int(name)]
        else:
            return None
    return value


def _message(chunks: Sequence[Any]) -> Any:
    """The chat completion that chunks come to, as far as a conversation goes on with it."""
    message: dict[str, Any] = {"role": "assistant", "content": None}
    for chunk in chunks:
        for choice in (chunk.get("choices") or ())[:1]:
            _add(message, choice.get("delta") or {})
    return {"choices": [{"message": message}]}


def _add(message: dict[str, Any], delta: dict[str, Any]) -> None:
    for name, value in delta.items():
        if name == "tool_calls":
            _add_calls(message.setdefault("tool_calls", []), value)
        elif isinstance(value, list):
            message[name] = [*(message.get(name) or ()), *value]
        elif isinstance(value, str) and name != "role":
            message[name] = (message.get(name) or "") + value


def _add_calls(calls: list[Any], deltas: Sequence[Any]) -> None:
    for delta in deltas:
        if delta["index"] >= len(calls):
            calls.append({name: value for name, value in delta.items() if name != "index"})
            continue
        for kind in ("function", "custom"):
            for name, text in (delta.get(kind) or {}).items():
                part = calls[delta["index"]].setdefault(kind, {})
                part[name] = (part.get(name) or "") + text
