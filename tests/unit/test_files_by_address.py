"""Data and addresses count for what they are, whichever field a client wrote them in, and however."""

import base64
from dataclasses import replace
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.dialects import DIALECTS
from gateway.dialects.base import Origin
from gateway.dialects.profiles.anthropic import AnthropicProfile
from gateway.dialects.profiles.gemini import GeminiProfile
from gateway.dialects.profiles.openai_chat import ChatProfile
from gateway.errors import InvalidRequest
from gateway.neutral.parts import read_source
from gateway.surfaces.openai_chat import OpenAIChatSurface
from gateway.surfaces.openai_responses import OpenAIResponsesSurface

URL = "https://example.com/a.pdf"
NESTED = {"type": "file", "file": {"filename": "a.pdf", "file_data": URL}}
FLAT = {"type": "input_file", "filename": "a.pdf", "file_data": URL}
ASKED: dict[str, Any] = {
    "chat": (OpenAIChatSurface(), {"model": "lab/m", "messages": [{"role": "user", "content": [NESTED]}]}),
    "responses": (OpenAIResponsesSurface(), {"model": "lab/m", "input": [{"role": "user", "content": [FLAT]}]}),
    "chat's part in responses": (
        OpenAIResponsesSurface(),
        {"model": "lab/m", "input": [{"role": "user", "content": [NESTED]}]},
    ),
}


def sent(dialect: str, name: str, profile: Any = None) -> Any:
    surface, body = ASKED[name]
    origin = Origin("lab", "m", profile or DIALECTS[dialect].profile_type())
    return orjson.loads(DIALECTS[dialect].encode(surface.read(body), origin).body)


@pytest.mark.parametrize("name", ASKED)
def test_it_goes_out_as_an_address(name: str) -> None:
    (anthropic,) = sent("anthropic-messages", name, AnthropicProfile(takes_file_urls=True))["messages"][0]["content"]
    assert anthropic["source"] == {"type": "url", "url": URL}
    gemini = sent("gemini", name, GeminiProfile(takes_file_urls=True))["contents"][0]["parts"][0]
    assert gemini["fileData"]["fileUri"] == URL
    if name == "chat":
        (responses,) = sent("openai-responses", name)["input"][0]["content"]
        assert responses["file_url"] == URL
        assert "file_data" not in responses


@pytest.mark.parametrize("name", ASKED)
@pytest.mark.parametrize("dialect", ["bedrock-converse", "cohere"])
def test_it_is_refused_where_files_have_to_come_along(dialect: str, name: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        sent(dialect, name)
    assert refused.value.param is not None


PDF_DATA = "data:application/pdf;base64,JVBERi0="
PNG_DATA = "data:image/png;base64,AAAA"


def _parts(part: dict[str, Any]) -> dict[str, Any]:
    """Requests with the part by the name of the API that takes it."""
    chat = {"model": "lab/m", "messages": [{"role": "user", "content": [part]}]}
    responses = {"model": "lab/m", "input": [{"role": "user", "content": [part]}]}
    requests: Any = {"chat": (OpenAIChatSurface(), chat), "responses": (OpenAIResponsesSurface(), responses)}
    return {name: request for name, request in requests.items() if name == "responses" or part["type"] in _OF_CHAT}


_OF_CHAT = ("file", "image_url", "input_audio")


def _written(dialect: str, part: dict[str, Any]) -> list[Any]:
    """What the dialect writes for the part: the block, or the path of its refusal; by each API that takes the part."""
    base: Any = DIALECTS[dialect].profile_type()
    profile = replace(base, takes_image_urls=True)
    if hasattr(base, "takes_file_urls"):
        profile = replace(profile, takes_file_urls=True)
    written = []
    for surface, body in _parts(part).values():
        generation = replace(surface.read(body), dialect=None)
        try:
            body = orjson.loads(DIALECTS[dialect].encode(generation, Origin("lab", "m", profile)).body)
        except InvalidRequest as error:
            written.append(error.param)
            continue
        contents: Any = body.get("contents") or body.get("messages") or body["input"]
        content = contents[0].get("parts") or contents[0]["content"]
        written.append(next(block for block in content if "text" not in block))
    return written


def _file(**fields: str) -> list[dict[str, Any]]:
    named = {"filename": "a.pdf", **fields}
    return [{"type": "file", "file": named}, {"type": "input_file", **named}]


def _image(url: str) -> list[dict[str, Any]]:
    return [{"type": "image_url", "image_url": {"url": url}}, {"type": "input_image", "image_url": url}]


def _sound(data: str) -> list[dict[str, Any]]:
    return [{"type": "input_audio", "input_audio": {"data": data, "format": "wav"}}]


def _gemini_file(uri: str, kind: str = "application/pdf") -> Any:
    return {"fileData": {"mimeType": kind, "fileUri": uri}}


def _gemini_data(kind: str, data: str) -> Any:
    return {"inlineData": {"mimeType": kind, "data": data}}


PDF_BLOCK = {"type": "base64", "media_type": "application/pdf", "data": "JVBERi0="}
REFUSED = "refused"


@pytest.mark.parametrize(
    ("parts", "anthropic", "gemini", "bedrock"),
    [
        (_file(file_data=f" {URL}\n"), {"type": "url", "url": URL}, _gemini_file(URL), REFUSED),
        (_file(file_data=URL.replace("https", "HTTPS")), {"type": "url", "url": URL}, _gemini_file(URL), REFUSED),
        (_file(file_data="gs://b/a.pdf"), REFUSED, _gemini_file("gs://b/a.pdf"), REFUSED),
        (_file(file_data="s3://b/a.pdf"), REFUSED, REFUSED, {"s3Location": {"uri": "s3://b/a.pdf"}}),
        (_file(file_url="s3://b/a.pdf"), REFUSED, REFUSED, {"s3Location": {"uri": "s3://b/a.pdf"}}),
        (_file(file_url=PDF_DATA), PDF_BLOCK, _gemini_data("application/pdf", "JVBERi0="), {"bytes": "JVBERi0="}),
        (
            _file(file_data=" DATA:Application/PDF;BASE64,JVBERi0="),
            PDF_BLOCK,
            _gemini_data("application/pdf", "JVBERi0="),
            {"bytes": "JVBERi0="},
        ),
        (
            _image("DATA:image/png;BASE64,AAAA"),
            {"type": "base64", "media_type": "image/png", "data": "AAAA"},
            _gemini_data("image/png", "AAAA"),
            {"bytes": "AAAA"},
        ),
        (_image(f"{URL} "), {"type": "url", "url": URL}, _gemini_file(URL), REFUSED),
        (_sound("data:audio/wav;base64,AAAA"), REFUSED, _gemini_data("audio/wav", "AAAA"), {"bytes": "AAAA"}),
        (_sound("DATA:audio/wav;BASE64,AAAA"), REFUSED, _gemini_data("audio/wav", "AAAA"), {"bytes": "AAAA"}),
        (_sound(" https://e.com/a.wav"), REFUSED, _gemini_file("https://e.com/a.wav", "audio/wav"), REFUSED),
        (_sound("s3://b/a.wav"), REFUSED, REFUSED, {"s3Location": {"uri": "s3://b/a.wav"}}),
        (_sound("AAAA"), REFUSED, _gemini_data("audio/wav", "AAAA"), {"bytes": "AAAA"}),
    ],
)
def test_data_and_addresses_count_for_what_they_are(
    parts: list[dict[str, Any]], anthropic: Any, gemini: Any, bedrock: Any
) -> None:
    for part in parts:
        for written in _written("anthropic-messages", part):
            assert _found(written, "source") == anthropic
        for written in _written("gemini", part):
            assert _found(written) == gemini
        for written in _written("bedrock-converse", part):
            source = written if isinstance(written, str) else next(iter(written.values()))
            assert _found(source, "source") == bedrock


def _found(written: Any, field: str = "") -> Any:
    if isinstance(written, str):
        return REFUSED
    return written[field] if field else written


@pytest.mark.parametrize(
    ("part", "expected"),
    [
        (_file(file_url=PDF_DATA)[1], {"file_data": PDF_DATA, "filename": "a.pdf"}),
        (_file(file_data=f" {URL}")[1], {"file_url": URL, "filename": "a.pdf"}),
        (_image("DATA:image/png;BASE64,AAAA")[1], {"url": PNG_DATA}),
        (_sound("data:audio/wav;base64,AAAA")[0], {"data": "AAAA", "format": "wav"}),
        (_sound("AAAA")[0], {"data": "AAAA", "format": "wav"}),
    ],
)
def test_chat_upstreams_get_them_where_chat_has_them(part: dict[str, Any], expected: Any) -> None:
    for written in _written("openai-chat", part):
        assert written[written["type"]] == expected


def test_native_chat_goes_as_it_came_and_counts_data_in_capitals_as_data() -> None:
    part = _image(" DATA:image/png;BASE64,AAAA")[0]
    body: Any = {"model": "lab/m", "messages": [{"role": "user", "content": [part]}]}
    for profile in (ChatProfile(), ChatProfile(takes_image_urls=False)):
        outbound = DIALECTS["openai-chat"].encode(OpenAIChatSurface().read(body), Origin("lab", "m", profile))
        assert orjson.loads(outbound.body)["messages"][0]["content"] == [part]


@given(st.binary(max_size=40), st.sampled_from(["", " ", "\n"]), st.booleans())
def test_plain_base64_is_no_source_and_a_data_url_stays_whole(data: bytes, blank: str, is_capital: bool) -> None:
    text = base64.b64encode(data).decode()
    assert read_source(blank + text) == ("other", blank + text)
    head = "data:image/png;base64,"
    assert read_source(blank + (head.upper() if is_capital else head) + text + blank) == ("data", head + text)
