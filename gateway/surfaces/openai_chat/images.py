"""Images of an answer, in the form that OpenRouter made known."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.neutral.json import JsonObject, text_or_empty

if TYPE_CHECKING:
    from generated import models

# How each kind of image begins, in base64; providers do not always name the kind.
_BEGINNINGS = {"iVBORw0KGgo": "png", "/9j/": "jpeg", "UklGR": "webp", "R0lGOD": "gif"}


def chat_image(item: JsonObject) -> models.ChatCompletionImage | None:
    """The image that an item holds; None for an item without one."""
    data = text_or_empty(item.get("result"))
    if item.get("type") != "image_generation_call" or not data:
        return None
    url = data if data.startswith("data:") else f"data:image/{_kind(item, data)};base64,{data}"
    return {"type": "image_url", "image_url": {"url": url}}


def _kind(item: JsonObject, data: str) -> str:
    found = next((kind for beginning, kind in _BEGINNINGS.items() if data.startswith(beginning)), None)
    named = text_or_empty(item.get("output_format"))
    return found or (named if named.isalnum() else "png")
