"""Reads `data:` URLs."""

import base64
import re
from urllib.parse import unquote_to_bytes

from gateway.neutral.json import JsonObject, text_or_empty

_FORMATS = {"mpeg": "mp3", "x-wav": "wav", "wave": "wav", "vnd.wave": "wav"}
DATA_URL_HEAD = re.compile(r"data:([^;,]*)((?:;[^;,]*)*),", re.I | re.ASCII)


def read_data_url(url: str) -> tuple[str, str] | None:
    """The media type in lower case, and the data in base64, as it came where it is so already; None for no such URL."""
    head = DATA_URL_HEAD.match(url)
    if head is None:
        return None
    data = url[head.end() :]
    if ";base64" not in head[2].lower():
        data = base64.b64encode(unquote_to_bytes(data)).decode()
    return head[1].lower(), data


def plain_audio(audio: JsonObject) -> JsonObject:
    """Sound as chat has it, whose data is base64 alone: some clients send a `data:` URL, whose type is the format."""
    found = read_data_url(text_or_empty(audio.get("data")).strip())
    if found is None:
        return audio
    subtype = found[0].rpartition("/")[2]
    name = audio.get("format") or _FORMATS.get(subtype, subtype)
    return {**audio, "data": found[1], "format": name} if name else {**audio, "data": found[1]}
