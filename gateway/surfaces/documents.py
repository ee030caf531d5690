"""Writes what a surface answers with."""

from typing import Any

import orjson

from gateway.errors import UpstreamDown


def write_document(document: dict[str, Any]) -> bytes:
    """A reply, or an event, as JSON. Raises `UpstreamDown` for one that is nested too deeply to be written."""
    try:
        return orjson.dumps(document)
    except orjson.JSONEncodeError:
        message = "The upstream answered with a reply that is nested too deeply."
        raise UpstreamDown(message, code="upstream_bad_reply") from None
