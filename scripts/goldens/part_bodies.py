"""Bodies with every kind of content part, well made or odd."""

import base64
from collections.abc import Iterator
from typing import Any

from scripts.goldens.cases import Case
from scripts.goldens.targets import chat, responses

PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR4nGNgYGBgAAAABQABpfZFQAAAAABJRU5ErkJggg=="
PNG = f"data:image/png;base64,{PIXEL}"
_PDF = base64.b64encode(b"%PDF-1.4\n").decode()
_TXT = base64.b64encode(b"Some words.").decode()
_WEB = "https://example.com/a"
_MARK = {"type": "ephemeral"}

_URLS = {
    "png": PNG,
    "jpeg": "data:image/jpeg;base64,/9j/AA==",
    "bmp": "data:image/bmp;base64,AA==",
    "svg": "data:image/svg+xml;utf8,<svg/>",
    "web": f"{_WEB}.png",
    "web without ending": _WEB,
    "http": "http://example.com/a.jpg",
    "gs": "gs://bucket/a.png",
    "s3": "s3://bucket/a.png",
    "ftp": "ftp://example.com/a.png",
    "no address": "nothing",
    "empty": "",
    "data without base64": "data:image/png,%89PNG",
    "data without comma": "data:image/png",
    "broken base64": "data:image/png;base64,???",
    "broken host": "https://[broken",
    "in capitals": "HTTPS://example.com/A.PNG",
}
_FILES: dict[str, dict[str, Any]] = {
    "pdf url": {"filename": "a.pdf", "file_data": f"data:application/pdf;base64,{_PDF}"},
    "pdf bare": {"filename": "a.pdf", "file_data": _PDF},
    "pdf without name": {"file_data": _PDF},
    "txt": {"filename": "a.txt", "file_data": f"data:text/plain;base64,{_TXT}"},
    "txt bare": {"filename": "a.txt", "file_data": _TXT},
    "csv": {"filename": "a b (1).csv", "file_data": f"data:text/csv;base64,{_TXT}"},
    "markdown": {"filename": "a.md", "file_data": f"data:text/markdown;base64,{_TXT}"},
    "docx": {
        "filename": "a.docx",
        "file_data": "data:application/vnd.openxmlformats-officedocument.wordprocessingml.document;base64,AA==",
    },
    "image": {"filename": "a.png", "file_data": PNG},
    "video": {"filename": "a.mp4", "file_data": "data:video/mp4;base64,AA=="},
    "octets": {"filename": "a.pdf", "file_data": f"data:application/octet-stream;base64,{_PDF}"},
    "zip": {"filename": "a.zip", "file_data": "data:application/zip;base64,AA=="},
    "unknown ending": {"filename": "a.xyz", "file_data": "AA=="},
    "not utf-8": {"filename": "a.txt", "file_data": "data:text/plain;base64,//79"},
    "broken": {"filename": "a.txt", "file_data": "data:text/plain;base64,???"},
    "no base64": {"filename": "a.pdf", "file_data": "???"},
    "empty data": {"filename": "a.pdf", "file_data": ""},
    "not base64 url": {"filename": "a.txt", "file_data": "data:text/plain,Hello%20there"},
    "id": {"file_id": "file-1"},
    "file uri": {"file_id": "https://generativelanguage.googleapis.com/v1beta/files/abc"},
    "id and name": {"file_id": "files/abc", "filename": "a.pdf"},
    "nothing": {},
    "odd": {"file_id": 7, "filename": 8, "file_data": None},
}
_SOUNDS: dict[str, Any] = {
    "wav": {"data": "UklGRg==", "format": "wav"},
    "mp3": {"data": "AAAA", "format": "mp3"},
    "odd format": {"data": "AAAA", "format": "odd"},
    "broken": {"data": "???", "format": "wav"},
    "empty": {"data": "", "format": "wav"},
}


def part_cases() -> Iterator[Case]:
    """Every case about parts."""
    yield from chat("chat-part", {name: _said(part) for name, part in _chat_parts().items()})
    yield from responses("response-part", {name: _told(part) for name, part in _response_parts().items()})
    yield from chat("chat-output-part", {name: _answered(part) for name, part in _chat_parts().items()})
    yield from responses("response-output-part", {name: _put_out(part) for name, part in _response_parts().items()})


def _chat_parts() -> dict[str, Any]:
    images = {f"image {name}": {"type": "image_url", "image_url": {"url": url}} for name, url in _URLS.items()}
    files = {f"file {name}": {"type": "file", "file": file} for name, file in _FILES.items()}
    sounds = {f"sound {name}": {"type": "input_audio", "input_audio": sound} for name, sound in _SOUNDS.items()}
    return {
        **images,
        **files,
        **sounds,
        "image high": {"type": "image_url", "image_url": {"url": PNG, "detail": "high"}},
        "image marked": {"type": "image_url", "image_url": {"url": PNG}, "cache_control": _MARK},
        "image as text": {"type": "image_url", "image_url": PNG},
        "text empty": {"type": "text", "text": ""},
        "text blank": {"type": "text", "text": " \n"},
        "text marked": {"type": "text", "text": "Long.", "cache_control": {"type": "ephemeral", "ttl": "1h"}},
        "text with more": {"type": "text", "text": "Hi", "extra": 1},
        "refusal": {"type": "refusal", "refusal": "No."},
        "video": {"type": "video_url", "video_url": {"url": f"{_WEB}.mp4"}},
        "document": {"type": "document", "source": {"type": "text", "data": "x"}},
        "cited file": {"type": "file", "file": _FILES["pdf url"], "citations": {"enabled": True}},
        "file marked": {"type": "file", "file": _FILES["pdf url"], "cache_control": _MARK},
    }


def _response_parts() -> dict[str, Any]:
    images = {f"image {name}": {"type": "input_image", "image_url": url} for name, url in _URLS.items()}
    files = {f"file {name}": {"type": "input_file", **file} for name, file in _FILES.items()}
    sounds = {f"sound {name}": {"type": "input_audio", "input_audio": sound} for name, sound in _SOUNDS.items()}
    urls = ("pdf", "txt", "png", "docx", "xyz")
    return {
        **images,
        **files,
        **sounds,
        **{f"file url {end}": {"type": "input_file", "file_url": f"{_WEB}.{end}"} for end in urls},
        "file url s3": {"type": "input_file", "file_url": "s3://bucket/a.pdf"},
        "file url odd": {"type": "input_file", "file_url": "nothing"},
        "image id": {"type": "input_image", "file_id": "file-1"},
        "image original": {"type": "input_image", "image_url": PNG, "detail": "original"},
        "image nothing": {"type": "input_image"},
        "text blank": {"type": "input_text", "text": " "},
        "text marked": {"type": "input_text", "text": "Long.", "cache_control": _MARK},
        "breakpoint": {"type": "input_text", "text": "Long.", "prompt_cache_breakpoint": True},
        "cited file": {"type": "input_file", **_FILES["pdf url"], "citations": {"enabled": True}, "title": "A"},
        "unknown": {"type": "yet_to_come", "text": "x"},
    }


def _said(part: Any) -> dict[str, Any]:
    return {"messages": [{"role": "user", "content": [{"type": "text", "text": "What is it?"}, part]}]}


def _told(part: Any) -> dict[str, Any]:
    return {"input": [{"role": "user", "content": [{"type": "input_text", "text": "What is it?"}, part]}]}


def _answered(part: Any) -> dict[str, Any]:
    call = {"id": "call_1", "type": "function", "function": {"name": "look", "arguments": "{}"}}
    said = [{"role": "user", "content": "Look."}, {"role": "assistant", "content": None, "tool_calls": [call]}]
    tools = [{"type": "function", "function": {"name": "look"}}]
    return {"messages": [*said, {"role": "tool", "tool_call_id": "call_1", "content": [part]}], "tools": tools}


def _put_out(part: Any) -> dict[str, Any]:
    call = {"type": "function_call", "call_id": "call_1", "name": "look", "arguments": "{}"}
    output = {"type": "function_call_output", "call_id": "call_1", "output": [part]}
    said = {"role": "user", "content": "Look."}
    return {"input": [said, call, output], "tools": [{"type": "function", "name": "look", "parameters": None}]}
