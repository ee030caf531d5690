"""Reads `data:` URLs."""

import base64
import re
from urllib.parse import unquote_to_bytes

_HEAD = re.compile(r"data:([^;,]*)((?:;[^;,]*)*),", re.I | re.ASCII)


def read_data_url(url: str) -> tuple[str, str] | None:
    """The media type in lower case, and the data in base64, as it came where it is so already; None for no such URL."""
    head = _HEAD.match(url)
    if head is None:
        return None
    data = url[head.end() :]
    if ";base64" not in head[2].lower():
        data = base64.b64encode(unquote_to_bytes(data)).decode()
    return head[1].lower(), data
