"""An address that a client wrote where the data of a file belongs is its address, not base64."""

from typing import Any

import orjson
import pytest

from gateway.dialects import DIALECTS
from gateway.dialects.base import Origin
from gateway.dialects.profiles.anthropic import AnthropicProfile
from gateway.dialects.profiles.gemini import GeminiProfile
from gateway.errors import InvalidRequest
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
