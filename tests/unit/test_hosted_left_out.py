"""With `hosted_tools: drop`, a tool is left out for an option of it, too; without, the refusal names the setting."""

from dataclasses import replace
from typing import Any

import orjson
import pytest

from gateway.dialects import DIALECTS
from gateway.dialects.base import Origin
from gateway.dialects.profiles.base import ConversationProfile
from gateway.errors import InvalidRequest
from gateway.surfaces.openai_chat import OpenAIChatSurface
from gateway.surfaces.openai_responses import OpenAIResponsesSurface

SEARCH = {"type": "web_search"}
LACKING = {
    "off the web": {**SEARCH, "external_web_access": False},
    "an unknown tool": {"type": "shell"},
    "a container": {"type": "code_interpreter", "container": "cntr_1"},
    "foreign stores": {"type": "file_search", "vector_store_ids": ["vs_1"], "filters": {"key": "a"}},
}
DIALECT_NAMES = ["anthropic-messages", "gemini", "bedrock-converse", "cohere", "openai-chat"]


def encoded(dialect: str, tools: list[Any], *, drops: bool, **facts: Any) -> tuple[Any, list[str]]:
    profile = DIALECTS[dialect].profile_type()
    assert isinstance(profile, ConversationProfile)
    body: Any = {"model": "lab/m", "input": "Hi", "tools": tools}
    origin = Origin("lab", "m", replace(profile, drops_hosted_tools=drops, **facts))
    outbound = DIALECTS[dialect].encode(OpenAIResponsesSurface().read(body), origin)
    return orjson.loads(outbound.body), [*outbound.dropped]


@pytest.mark.parametrize("tool", LACKING.values(), ids=LACKING)
@pytest.mark.parametrize("dialect", DIALECT_NAMES)
def test_a_tool_that_cannot_be_given_is_left_out_or_refused_by_name_of_the_setting(dialect: str, tool: Any) -> None:
    body, dropped = encoded(dialect, [tool], drops=True)
    assert dropped == ["tools[0]"]
    assert not body.get("tools")
    with pytest.raises(InvalidRequest) as refused:
        encoded(dialect, [tool], drops=False)
    assert "`hosted_tools: drop`" in refused.value.message
    assert refused.value.param is not None
    assert refused.value.param.startswith("tools[0]")


@pytest.mark.parametrize("dialect", ["anthropic-messages", "gemini"])
@pytest.mark.parametrize("drops", [True, False])
def test_the_default_of_an_option_is_no_option(dialect: str, drops: bool) -> None:
    body, dropped = encoded(dialect, [{**SEARCH, "external_web_access": True}], drops=drops)
    assert len(body["tools"]) == 1
    assert dropped == []


@pytest.mark.parametrize("dialect", ["anthropic-messages", "gemini"])
def test_a_search_of_chats_own_is_left_out_as_well(dialect: str) -> None:
    profile = DIALECTS[dialect].profile_type()
    assert isinstance(profile, ConversationProfile)
    body: Any = {"model": "lab/m", "messages": [{"role": "user", "content": "Hi"}]}
    body["web_search_options"] = {"external_web_access": False}
    outbound = DIALECTS[dialect].encode(
        OpenAIChatSurface().read(body), Origin("lab", "m", replace(profile, drops_hosted_tools=True))
    )
    assert "tools" not in orjson.loads(outbound.body)
    assert outbound.dropped == ["web_search_options"]


def test_a_search_that_goes_with_no_functions_is_left_out_or_refused_by_name_of_the_setting() -> None:
    function = {"type": "function", "name": "f", "parameters": {"type": "object", "properties": {}}}
    body, dropped = encoded("gemini", [SEARCH, function], drops=True, takes_hosted_with_tools=False)
    assert ([*body["tools"][0]], dropped) == (["functionDeclarations"], ["tools"])
    with pytest.raises(InvalidRequest, match="`hosted_tools: drop`"):
        encoded("gemini", [SEARCH, function], drops=False, takes_hosted_with_tools=False)
