"""Tools, tool choice, settings and output format of chat bodies."""

from typing import Any

import pytest

from gateway.errors import InvalidRequest
from gateway.neutral.parts import (
    CacheControl,
)
from gateway.neutral.structured_output import OutputFormat
from gateway.neutral.tools import (
    AllowedTools,
    CustomTool,
    FunctionTool,
    Grammar,
    HostedChoice,
    HostedTool,
    NamedTool,
    Tool,
    ToolChoice,
)
from tests.unit.chat_prompts import HOUR, MARK, USER, read

GRAMMAR = {"syntax": "lark", "definition": 'start: "a"'}
SCHEMA: dict[str, Any] = {"type": "object", "properties": {}}


@pytest.mark.parametrize(
    ("tool", "expected"),
    [
        (
            {"type": "function", "function": {"name": "a", "parameters": SCHEMA, "description": None}},
            FunctionTool("a", "tools[0]", "tools[0].function.name", parameters=SCHEMA, strict=False),
        ),
        (
            {"type": "function", "function": {"name": "a", "description": "Does.", "strict": True}},
            FunctionTool("a", "tools[0]", "tools[0].function.name", description="Does.", strict=True),
        ),
        (
            {"type": "function", "function": {"name": "a", "cache_control": HOUR}},
            FunctionTool(
                "a",
                "tools[0]",
                "tools[0].function.name",
                strict=False,
                cache=(CacheControl("cache_control", HOUR, "tools[0].function.cache_control"),),
            ),
        ),
        (
            {"type": "function", "function": {"name": "a", "cache_control": HOUR}, "cache_control": MARK},
            FunctionTool(
                "a",
                "tools[0]",
                "tools[0].function.name",
                strict=False,
                cache=(CacheControl("cache_control", MARK, "tools[0].cache_control"),),
            ),
        ),
        (
            {"type": "custom", "custom": {"name": "b", "format": {"type": "grammar", "grammar": GRAMMAR}}},
            CustomTool("b", "tools[0]", "tools[0].custom.name", grammar=Grammar("lark", 'start: "a"')),
        ),
        (
            {"type": "custom", "custom": {"name": "b", "format": {"type": "grammar", **GRAMMAR}}},
            CustomTool("b", "tools[0]", "tools[0].custom.name", grammar=Grammar("lark", 'start: "a"')),
        ),
        (
            {"type": "custom", "custom": {"name": "b", "description": "Does.", "format": {"type": "text"}}},
            CustomTool(
                "b", "tools[0]", "tools[0].custom.name", description="Does.", extra={"format": {"type": "text"}}
            ),
        ),
        (
            {"type": "web_search", "search_context_size": "low"},
            HostedTool("web_search", {"type": "web_search", "search_context_size": "low"}, "tools[0]"),
        ),
        ({"depth": 1}, HostedTool(None, {"depth": 1}, "tools[0]")),
    ],
)
def test_tools_know_where_they_are_written(tool: Any, expected: Tool) -> None:
    prompt = read(USER, tools=[tool])
    assert [*prompt.tools] == [expected]
    assert prompt.untranslated == []


def test_deprecated_functions_are_tools() -> None:
    prompt = read(USER, functions=[{"name": "f", "cache_control": MARK}], function_call={"name": "f"})
    cache = (CacheControl("cache_control", MARK, "functions[0].cache_control"),)
    assert prompt.tools == [FunctionTool("f", "functions[0]", "functions[0].name", strict=False, cache=cache)]
    assert prompt.tool_choice == NamedTool("function", "f")
    assert read(USER, function_call="none").tool_choice == "none"


FUNCTION = {"type": "function", "function": {"name": "f"}}
CUSTOM_TOOL = {"type": "custom", "custom": {"name": "c"}}
MCP: dict[str, Any] = {"type": "mcp", "server_label": "m"}


@pytest.mark.parametrize(
    ("choice", "expected"),
    [
        (None, None),
        ("required", "required"),
        (FUNCTION, NamedTool("function", "f")),
        (CUSTOM_TOOL, NamedTool("custom", "c")),
        (MCP, HostedChoice("mcp", MCP)),
        ({}, HostedChoice(None, {})),
        (
            {"type": "allowed_tools", "allowed_tools": {"mode": "required", "tools": [FUNCTION, CUSTOM_TOOL, MCP]}},
            AllowedTools("required", [NamedTool("function", "f"), NamedTool("custom", "c"), HostedChoice("mcp", MCP)]),
        ),
    ],
)
def test_tool_choices(choice: Any, expected: ToolChoice | None) -> None:
    assert read(USER, tool_choice=choice).tool_choice == expected


def test_everything_else_is_a_setting_unless_it_is_null() -> None:
    values = {"temperature": 0, "stop": ["a"], "top_k": 4, "store": False, "reasoning_effort": "low", "odd": {"a": 1}}
    placed = {"stream": True, "stream_options": {}, "metadata": {"a": "b"}, "tools": [], "functions": []}
    settings = read(USER, **values, **placed, seed=None, tool_choice="auto", response_format={"type": "text"}).settings
    assert (settings.values, settings.paths) == (values, {})
    assert settings.path("stop") == "stop"


PATH = "response_format"
SCHEMA_PATH = "response_format.json_schema.schema"


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"type": "text"}, OutputFormat("text", PATH, {"type": "text"})),
        ({"type": "json_object"}, OutputFormat("json_object", PATH, {"type": "json_object"})),
        ({"type": "xml"}, OutputFormat("unknown", PATH, {"type": "xml"})),
        ({"type": 5}, OutputFormat("unknown", PATH, {"type": 5})),
    ],
)
def test_output_formats(given: Any, expected: OutputFormat) -> None:
    assert read(USER, response_format=given).output_format == expected


@pytest.mark.parametrize("given", [{}, {"x": 1}, {"type": None}, "json", 5, []])
def test_an_output_format_without_a_type_is_refused(given: Any) -> None:
    with pytest.raises(InvalidRequest, match="Invalid value for response_format: expected an object") as refused:
        read(USER, response_format=given)
    assert (refused.value.param, refused.value.status) == (PATH, 400)


@pytest.mark.parametrize(
    ("named", "name", "description"),
    [
        ({"name": "weather", "description": "Tells."}, "weather", "Tells."),
        ({"name": "", "description": None}, "answer", ""),
        ({}, "answer", ""),
    ],
)
def test_output_format_with_a_schema(named: Any, name: str, description: str) -> None:
    given: dict[str, Any] = {"type": "json_schema", "json_schema": {**named, "schema": SCHEMA, "strict": True}}
    assert read(USER, response_format=given).output_format == OutputFormat(
        "json_schema", PATH, given, name=name, schema=SCHEMA, description=description, schema_path=SCHEMA_PATH
    )


@pytest.mark.parametrize("named", [{}, {"json_schema": None}, {"json_schema": {"name": "a", "schema": "b"}}])
def test_output_format_of_no_schema_is_any_object(named: Any) -> None:
    given = {"type": "json_schema", **named}
    assert read(USER, response_format=given).output_format == OutputFormat(
        "json_object", PATH, given, schema_path=SCHEMA_PATH
    )


def test_no_output_format_is_none() -> None:
    assert read(USER).output_format is None
    assert read(USER, response_format=None).output_format is None
