"""Writes the items of a conversation as a text that a model can summarise."""

from collections.abc import Iterable, Sequence

import orjson

from gateway.neutral.json import Json, JsonObject, text_or_empty

_GAP = "[…]"
_SHORTEST = 200
"""Characters that stay of each item when a transcript has to be made shorter."""
_TEXTS = ("input_text", "output_text", "text", "reasoning_text", "summary_text")


def transcript(items: Sequence[JsonObject], most: int) -> str:
    """The items, one after the other, in at most so many characters.

    Where they are longer, the longest are cut first; what is still too long goes from the beginning.
    """
    written = [text for item in items if (text := _written(item))]
    each = most
    while each > _SHORTEST and sum(min(len(text), each) for text in written) + 2 * len(written) > most:
        each //= 2
    text = "\n\n".join(_cut(one, each) for one in written)
    return text if len(text) <= most else f"{_GAP}{text[len(text) - most + len(_GAP) :]}"[:most]


def _written(item: JsonObject) -> str:
    kind = item.get("type") or "message"
    match kind:
        case "message":
            return f"{text_or_empty(item.get('role')) or 'user'}: {_content(item.get('content'))}"
        case "function_call" | "custom_tool_call":
            given = item.get("arguments" if kind == "function_call" else "input")
            return f"assistant calls {text_or_empty(item.get('name'))}: {text_or_empty(given)}"
        case "function_call_output" | "custom_tool_call_output":
            return f"output of the call: {_content(item.get('output'))}"
        case "reasoning" | "compaction" | "compaction_trigger":
            return ""
        case _:
            shown = {name: value for name, value in item.items() if name not in ("id", "status")}
            return orjson.dumps(shown).decode()


def _content(content: Json) -> str:
    if isinstance(content, str):
        return content
    if not isinstance(content, list):
        return ""
    return " ".join(_parts(content))


def _parts(content: Iterable[Json]) -> Iterable[str]:
    for part in content:
        if not isinstance(part, dict):
            continue
        kind = text_or_empty(part.get("type"))
        if kind in _TEXTS:
            yield text_or_empty(part.get("text"))
        elif kind == "refusal":
            yield text_or_empty(part.get("refusal"))
        else:
            yield f"[{kind.removeprefix('input_')}]"


def _cut(text: str, most: int) -> str:
    """The beginning and the end of a text that is too long."""
    if len(text) <= most:
        return text
    half = (most - len(_GAP) - 2) // 2
    return f"{text[:half]} {_GAP} {text[len(text) - half :]}"
