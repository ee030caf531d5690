"""Images of an answer, in the shape that OpenRouter made known."""

from typing import Any

# How each kind of image begins, in base64; providers do not always say what they send.
_BEGINNINGS = {"iVBORw0KGgo": "png", "/9j/": "jpeg", "UklGR": "webp", "R0lGOD": "gif"}


def chat_image(item: dict[str, Any]) -> dict[str, Any] | None:
    """The image that an item holds; None for an item without one."""
    data = item.get("result")
    if item.get("type") != "image_generation_call" or not isinstance(data, str) or not data:
        return None
    url = data if data.startswith("data:") else f"data:image/{_kind(item, data)};base64,{data}"
    return {"type": "image_url", "image_url": {"url": url}}


def _kind(item: dict[str, Any], data: str) -> str:
    found = next((kind for beginning, kind in _BEGINNINGS.items() if data.startswith(beginning)), None)
    told = item.get("output_format")
    return found or (told if isinstance(told, str) and told.isalnum() else "png")
