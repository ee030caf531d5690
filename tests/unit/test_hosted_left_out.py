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


def encoded(dialect: str, tools: list[Any], *, drops: bool, choice: Any = None, **facts: Any) -> tuple[Any, list[str]]:
    profile = DIALECTS[dialect].profile_type()
    assert isinstance(profile, ConversationProfile)
    body: Any = {"model": "lab/m", "input": "Hi", "tools": tools, "tool_choice": choice}
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
    assert ([*body["tools"][0]], dropped) == (["functionDeclarations"], ["tools[0]"])
    with pytest.raises(InvalidRequest, match="`hosted_tools: drop`") as refused:
        encoded("gemini", [SEARCH, function], drops=False, takes_hosted_with_tools=False)
    assert refused.value.param == "tools[0]"
    twice = [function, SEARCH, {"type": "google_search"}]
    assert encoded("gemini", twice, drops=True, takes_hosted_with_tools=False)[1] == ["tools[1]", "tools[2]"]


FUNCTION: Any = {"type": "function", "name": "f", "parameters": {"type": "object", "properties": {}}, "strict": False}
# No dialect runs these, or not with such options.
LEFT_OUT: Any = [
    {"type": "web_search_preview_2025_03_11", "external_web_access": False},
    {"type": "mcp", "server_label": "x", "server_url": "https://x.example"},
    {"type": "image_generation"},
]
_ALLOWED: Any = {"type": "allowed_tools", "tools": [{"type": "mcp", "server_label": "x"}]}
OPEN_CHOICES: Any = [None, "auto", {"type": "auto"}, {"auto": {}}, {"mode": "AUTO"}]
CLOSED_CHOICES: Any = [None, "none", {"type": "none"}, "NONE", {"mode": "NONE"}]


def _choice(body: Any) -> Any:
    if "toolConfig" in body:
        config = body["toolConfig"]
        return config.get("toolChoice") or config.get("functionCallingConfig")
    return body.get("tool_choice")


@pytest.mark.parametrize("has_function", [True, False], ids=["beside a function", "alone"])
@pytest.mark.parametrize(
    "choice",
    [{"type": "web_search_preview"}, {"type": "mcp", "server_label": "x"}, {"type": "image_generation"}],
    ids=lambda choice: choice["type"],
)
@pytest.mark.parametrize("dialect", DIALECT_NAMES)
def test_a_choice_of_a_tool_that_is_left_out_is_an_open_one_and_reported(
    dialect: str, choice: Any, has_function: bool
) -> None:
    tools = [*LEFT_OUT, *([FUNCTION] if has_function else [])]
    body, dropped = encoded(dialect, tools, drops=True, choice=choice)
    assert sorted(dropped) == ["tool_choice", "tools[0]", "tools[1]", "tools[2]"]
    assert _choice(body) in OPEN_CHOICES
    assert bool(body.get("tools") or body.get("toolConfig")) is has_function
    with pytest.raises(InvalidRequest, match="`hosted_tools: drop`"):
        encoded(dialect, tools, drops=False, choice=choice)


@pytest.mark.parametrize("mode", ["auto", "required"])
@pytest.mark.parametrize("dialect", DIALECT_NAMES)
def test_where_none_but_tools_that_are_left_out_are_allowed_none_may_be_called(dialect: str, mode: str) -> None:
    body, dropped = encoded(dialect, [*LEFT_OUT, FUNCTION], drops=True, choice={**_ALLOWED, "mode": mode})
    assert "tool_choice" in dropped
    assert _choice(body) in CLOSED_CHOICES
    body, dropped = encoded(dialect, LEFT_OUT, drops=True, choice={**_ALLOWED, "mode": mode})
    assert "tool_choice" in dropped
    assert _choice(body) is None


@pytest.mark.parametrize("dialect", DIALECT_NAMES)
def test_a_required_call_where_all_tools_are_left_out_is_reported_and_one_without_tools_refused(dialect: str) -> None:
    body, dropped = encoded(dialect, LEFT_OUT, drops=True, choice="required")
    assert sorted(dropped) == ["tool_choice", "tools[0]", "tools[1]", "tools[2]"]
    assert (_choice(body), body.get("tools")) == (None, None)
    # A function is there that can be called.
    assert "tool_choice" not in encoded(dialect, [*LEFT_OUT, FUNCTION], drops=True, choice="required")[1]
    with pytest.raises(InvalidRequest) as refused:
        encoded(dialect, [], drops=True, choice="required")
    assert refused.value.param == "tool_choice"
    with pytest.raises(InvalidRequest) as refused:
        encoded(dialect, [FUNCTION], drops=True, choice={"type": "image_generation"})
    assert refused.value.param == "tool_choice"


def test_a_search_that_goes_with_no_functions_is_no_choice_either() -> None:
    choice = {"type": "web_search"}
    body, dropped = encoded("gemini", [SEARCH, FUNCTION], drops=True, choice=choice, takes_hosted_with_tools=False)
    assert (_choice(body), sorted(dropped)) == ({"mode": "AUTO"}, ["tool_choice", "tools[0]"])


CODE: Any = {"type": "code_interpreter"}
STORE: Any = {"type": "file_search", "vector_store_ids": ["fileSearchStores/a"]}
AUTO: Any = {"type": "auto"}


@pytest.mark.parametrize(
    "container", [None, "auto", AUTO, {**AUTO, "file_ids": []}, {**AUTO, "memory_limit": None, "network_policy": None}]
)
@pytest.mark.parametrize(
    ("dialect", "written"),
    [
        ("anthropic-messages", {"type": "code_execution_20250825", "name": "code_execution"}),
        ("gemini", {"codeExecution": {}}),
    ],
)
def test_a_container_of_which_nothing_is_asked_is_any(dialect: str, written: Any, container: Any) -> None:
    body, dropped = encoded(dialect, [{**CODE, "container": container}], drops=False)
    assert (body["tools"], dropped) == ([written], [])


@pytest.mark.parametrize(
    ("tool", "reported", "refused"),
    [
        ({**STORE, "ranking_options": {"ranker": "auto"}}, "tools[0].ranking_options", None),
        ({**STORE, "rewrite_query": True}, None, "tools[0].rewrite_query"),
        ({**STORE, "filters": {"key": "a"}}, None, "tools[0].filters"),
        ({**CODE, "container": {**AUTO, "memory_limit": "4g"}}, "tools[0].container.memory_limit", None),
        (
            {**CODE, "container": {**AUTO, "network_policy": {"type": "disabled"}}},
            "tools[0].container.network_policy",
            None,
        ),
        (
            {**CODE, "container": {**AUTO, "network_policy": {"type": "allowlist", "allowed_domains": ["a.example"]}}},
            None,
            "tools[0].container.network_policy",
        ),
        ({**CODE, "container": {**AUTO, "file_ids": ["file-1"]}}, None, "tools[0].container.file_ids"),
        ({**CODE, "container": "cntr_1"}, None, "tools[0].container"),
    ],
)
def test_options_that_gemini_has_not_are_reported_or_refused(
    tool: Any, reported: str | None, refused: str | None
) -> None:
    if refused is None:
        assert encoded("gemini", [tool], drops=False)[1] == [reported]
        return
    with pytest.raises(InvalidRequest) as error:
        encoded("gemini", [tool], drops=False)
    assert error.value.param == refused


def test_the_most_searches_are_anthropics_to_count() -> None:
    body, dropped = encoded("anthropic-messages", [{**SEARCH, "max_uses": 3}], drops=False)
    assert (body["tools"][0]["max_uses"], dropped) == (3, [])
