"""Tools, the choice between them and forms of the answer, as Gemini is told of them."""

from typing import Any

import pytest

from gateway.providers import vertex
from tests.unit.gemini_bodies import MIDDLE, OLD, SCHEMA, TOOL, body, config, refused, sent


def test_schema_goes_as_it_is_to_models_that_read_json_schema() -> None:
    (tool,) = body(tools=[TOOL])["tools"][0]["functionDeclarations"]
    assert tool == {"name": "weather", "description": "Tells it.", "parametersJsonSchema": SCHEMA}
    (older,) = body(OLD, tools=[TOOL])["tools"][0]["functionDeclarations"]
    assert older["parameters"] == {**SCHEMA, "propertyOrdering": ["city"]}


def test_function_without_properties_has_no_parameters_for_older_models() -> None:
    tool = {**TOOL, "parameters": {"type": "object", "properties": {}}}
    (older,) = body(OLD, tools=[tool])["tools"][0]["functionDeclarations"]
    assert "parameters" not in older


@pytest.mark.parametrize(
    ("choice", "expected"),
    [
        (None, None),
        ("auto", {"mode": "AUTO"}),
        ("none", {"mode": "NONE"}),
        ("required", {"mode": "ANY"}),
        ({"type": "function", "name": "weather"}, {"mode": "ANY", "allowedFunctionNames": ["weather"]}),
    ],
)
def test_tool_choice_is_a_mode(choice: Any, expected: Any) -> None:
    told = body(tools=[TOOL], tool_choice=choice)
    assert told.get("toolConfig", {}).get("functionCallingConfig") == expected


def test_choice_without_tools_is_not_sent() -> None:
    assert body(tool_choice="auto").keys() == {"contents"}


def test_names_begin_with_a_letter_or_an_underscore() -> None:
    tools = [{**TOOL, "name": name} for name in ("7days", "_7days", "-x", "a.b", "plain")]
    names = [one["name"] for one in body(tools=tools)["tools"][0]["functionDeclarations"]]
    assert len(set(names)) == 5
    assert names[:3] == ["_7days", "__7days", "_-x"]
    assert names[4] == "plain"


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        *(("web_search", "googleSearch"), ("web_search_preview_2025_03_11", "googleSearch")),
        *(("code_interpreter", "codeExecution"), ("url_context", "urlContext")),
    ],
)
def test_hosted_tool_is_googles_own(kind: str, name: str) -> None:
    tool = {"type": kind, **({"container": {"type": "auto"}} if kind == "code_interpreter" else {})}
    assert body(tools=[tool])["tools"] == [{name: {}}]


def test_hosted_tool_that_is_not_plain_is_refused() -> None:
    error = refused(tools=[{"type": "web_search", "filters": {"allowed_domains": ["e.org"]}}])
    assert (error.param, error.code) == ("tools[0].filters", "unsupported_parameter")
    assert refused(tools=[{"type": "computer_use"}]).param == "tools[0].type"
    assert sent(tools=[{"type": "web_search", "search_context_size": "low"}]).dropped == [
        "tools[0].search_context_size"
    ]


def test_hosted_tools_and_functions_mix_from_3_on() -> None:
    tools = [{"type": "web_search"}, TOOL]
    assert body(tools=tools)["toolConfig"] == {"includeServerSideToolInvocations": True}
    assert "toolConfig" not in body(row=vertex.ROW, tools=tools)
    assert refused(model=MIDDLE, tools=tools).param == "tools[0]"


def test_search_options_of_chat_are_a_search() -> None:
    assert body(fields={"web_search_options": {}})["tools"] == [{"googleSearch": {}}]


def test_form_is_a_mime_type_and_a_schema() -> None:
    form = {"type": "json_schema", "json_schema": {"name": "a", "schema": SCHEMA}}
    told = {"responseMimeType": "application/json", "responseJsonSchema": SCHEMA}
    assert config(response_format=form) == config(MIDDLE, response_format=form) == told
    assert config(OLD, response_format=form)["responseSchema"]["propertyOrdering"] == ["city"]
    assert config(response_format={"type": "json_object"}) == {"responseMimeType": "application/json"}


def test_form_with_functions_before_3_is_a_function_itself() -> None:
    form = {"type": "json_schema", "json_schema": {"name": "a", "schema": SCHEMA}}
    told = body(MIDDLE, tools=[TOOL], fields={"response_format": form})
    names = [one["name"] for one in told["tools"][0]["functionDeclarations"]]
    assert names == ["weather", "answer_in_form"]
    assert told["toolConfig"] == {"functionCallingConfig": {"mode": "ANY"}}
    assert "generationConfig" not in told
    alone = body(MIDDLE, tools=[TOOL], tool_choice="none", fields={"response_format": form})
    assert "tools" not in alone
    assert alone["generationConfig"]["responseJsonSchema"] == SCHEMA


def test_any_json_object_together_with_functions_is_refused_before_3() -> None:
    error = refused(model=MIDDLE, tools=[TOOL], fields={"response_format": {"type": "json_object"}})
    assert (error.param, error.code) == ("response_format", "unsupported_parameter")
