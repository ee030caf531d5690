"""What a reply is known by: its id, its time, its model."""

import time
from typing import Any

from gateway.identifiers import new_completion_id

_LATEST = 2**53


def identity(document: dict[str, Any], model: str) -> dict[str, Any]:
    """The fields that are the same in every chunk of one answer, filled in where the upstream has none."""
    created = document.get("created")
    is_time = isinstance(created, int | float) and 1 <= created < _LATEST
    return {
        "id": _text(document, "id") or new_completion_id(),
        "created": int(created) if created and is_time else int(time.time()),
        "model": _text(document, "model") or model,
    }


def mend_labels(document: dict[str, Any]) -> bool:
    """Remove labels that are no text. True if there were such."""
    changed = False
    for name in ("service_tier", "system_fingerprint", "obfuscation"):
        value = document.get(name)
        if value is not None and not isinstance(value, str):
            document[name] = None
            changed = True
    return changed


def _text(document: dict[str, Any], name: str) -> str | None:
    value = document.get(name)
    return value if isinstance(value, str) else None
