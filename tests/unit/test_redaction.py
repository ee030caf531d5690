"""Means to enter other systems are known by the names of fields, and leave tools and items before these are kept."""

from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.memory.items import normalise_item
from gateway.redaction import HIDDEN, without_entrances, without_secrets
from gateway.surfaces.responses.settings import effective_tools

SECRET = "sk-planted-4f2d"
SECRETS = [
    *("authorization", "Authorization", "AUTHORIZATION", "proxy-authorization", "authorization_token"),
    *("api_key", "apiKey", "API-Key", "apikey", "x-api-key", "X-Goog-Api-Key", "OPENAI_API_KEY", "api_keys"),
    *("x_auth", "auth", "oauth", "oauth2", "basicAuth", "authentication", "x-auth-token", "auth_header"),
    *("token", "TOKEN", "access_token", "accessToken", "refresh_token", "bearer", "id_token", "token2", "token_value"),
    *("secret", "client_secret", "clientSecret", "secret_key", "aws_secret_access_key", "secrets", "AWS_ACCESS_KEY_ID"),
    *("password", "db_password", "passwd", "passphrase", "pwd", "credentials", "private_key", "cookie", "Set-Cookie"),
    *("headers", "extra_headers", "httpHeaders", "jwt", "connection_string", "Ocp-Apim-Subscription-Key"),
    "x" * 5000 + "_token",
]
ORDINARY = [
    *("max_tokens", "tokens", "token_count", "tokenizer", "max_output_tokens", "tokenLimit", "token_type", "token_url"),
    *("author", "authors", "authority", "authenticated", "key", "keys", "cache_key", "prompt_cache_key", "primary_key"),
    *("secretary", "passport", "header", "headline", "next_token", "page_token", "name", "description", "url", ""),
]


def shown(value: Any) -> str:
    return orjson.dumps(value).decode()


@pytest.mark.parametrize("name", SECRETS)
@pytest.mark.parametrize("value", [SECRET, 4242424242, [SECRET], {"value": [{"a": SECRET}]}, {SECRET: SECRET + "!"}])
def test_what_stands_under_the_name_of_a_secret_is_gone(name: str, value: Any) -> None:
    if name.lower().endswith("headers") and isinstance(value, dict):
        value = {"x-any": SECRET}
    tool: Any = {"type": "MCP", "nested": [{"server": {name: value, "label": "kept"}}], name: value}
    for redact in (without_secrets, without_entrances):
        left = shown(redact(tool))
        assert SECRET not in left
        assert "4242424242" not in left
        assert left.count("kept") == 1


@pytest.mark.parametrize("name", ORDINARY)
def test_what_stands_under_another_name_stays(name: str) -> None:
    tool: Any = {"type": "x", name: "kept", "nested": [{name: 5}]}
    assert without_secrets(tool) == without_entrances(tool) == tool


@pytest.mark.parametrize("value", [None, True, False])
@pytest.mark.parametrize("name", ["auth", "token", "headers"])
def test_no_value_is_no_secret(name: str, value: bool | None) -> None:
    assert without_secrets({"type": "x", name: value}) == {"type": "x", name: value}


SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "token": {"type": "string", "description": "A word.", "enum": ["a"]},
        "password": True,
        "login": {"type": "object", "properties": {"api_key": {"type": "string"}}, "required": ["api_key"]},
        "secrets": {"type": "array", "items": {"$ref": "#/$defs/secret"}},
    },
    "patternProperties": {"token": {"type": "string"}},
    "$defs": {"secret": {"type": "string", "maxLength": 5}},
    "required": ["token", "password"],
}


@pytest.mark.parametrize(
    "tool",
    [
        {"type": "function", "name": "log_in", "parameters": SCHEMA},
        {"type": "function", "function": {"name": "log_in", "parameters": SCHEMA}},
        {"type": "mcp_list_tools", "tools": [{"name": "log_in", "input_schema": SCHEMA}]},
        {"type": "x", "inputSchema": SCHEMA},
    ],
)
def test_properties_of_a_schema_are_no_secrets_whatever_they_are_called(tool: dict[str, Any]) -> None:
    assert without_secrets(tool) == without_entrances(tool) == tool


def test_secret_in_a_schema_that_is_no_schema_itself_is_gone() -> None:
    schema: Any = {"type": "object", "properties": {"token": SECRET}, "x-auth": SECRET, "default": {"api_key": SECRET}}
    for redact in (without_secrets, without_entrances):
        assert redact({"type": "function", "parameters": schema})["parameters"] == {
            "type": "object",
            "properties": {},
            "default": {},
        }


@pytest.mark.parametrize("kind", ["mcp", "MCP", "Mcp", "remote_server"])
def test_tool_server_is_repeated_without_what_opens_it(kind: str) -> None:
    tool: Any = {
        "type": kind,
        "server_label": "shop",
        "server_url": f"https://ann:{SECRET}@shop.example/sse?key={SECRET}#a",
        "authorization": SECRET,
        "headers": {"x-shop": SECRET},
        "fallback": f"https://ann:{SECRET}@shop.example/",
    }
    plain = {
        "type": kind,
        "server_label": "shop",
        "server_url": "https://shop.example/sse",
        "fallback": "https://shop.example/",
    }
    assert without_secrets(tool) == {**plain, "headers": {"x-shop": HIDDEN}}
    assert without_entrances(tool) == plain


def test_secrets_of_domains_keep_their_names_in_a_reply() -> None:
    entry = {"domain": "shop.example", "name": "KEY", "value": SECRET, "other": SECRET}
    tool: Any = {"type": "shell", "policy": {"domain_secrets": [entry, SECRET]}}
    hidden = {"domain": "shop.example", "name": "KEY", "value": HIDDEN, "other": HIDDEN}
    assert without_secrets(tool)["policy"] == {"domain_secrets": [hidden, HIDDEN]}
    assert without_entrances(tool)["policy"] == {}


@pytest.mark.parametrize(
    "item",
    [
        {"type": "function_call", "call_id": "c", "name": "f", "arguments": '{"token":"abc"}'},
        {"type": "tool_search_call", "arguments": {"token": "abc"}},
        {"type": "some_new_call", "arguments": {"token": "abc"}, "action": {"password": "abc"}},
        {"type": "function_call_output", "call_id": "c", "output": [{"type": "input_text", "text": "x", "token": "a"}]},
        {"type": "reasoning", "summary": [{"type": "summary_text", "text": "x", "secret": "b"}], "content": []},
    ],
)
def test_what_was_written_in_an_item_stays_as_it_is(item: dict[str, Any]) -> None:
    normal = normalise_item(item, "id_1")
    assert {name: normal[name] for name in item} == item


def test_log_probabilities_of_a_message_keep_their_tokens() -> None:
    part = {"type": "output_text", "text": "Hi", "annotations": [], "logprobs": [{"token": "Hi", "logprob": -0.1}]}
    item: Any = {"type": "message", "role": "assistant", "content": [part], "x_auth": SECRET}
    normal = normalise_item(item, "msg_1")
    assert normal["content"] == [part]
    assert "x_auth" not in normal


ANY_NAME = st.sampled_from([*ORDINARY, "tools", "items", "parameters", "properties", "input_schema", "type"])
PLANTED = st.sampled_from([name for name in SECRETS if len(name) < 100]).map(lambda name: {name: SECRET})
TREES: st.SearchStrategy[Any] = st.recursive(
    st.one_of(PLANTED, st.none(), st.integers(-9, 9), st.text(max_size=3)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(ANY_NAME, inner, max_size=3),
        st.tuples(PLANTED, st.dictionaries(ANY_NAME, inner, max_size=2)).map(lambda both: {**both[0], **both[1]}),
    ),
    max_leaves=20,
)


# A machine that is busy takes its time to make them.
@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.dictionaries(ANY_NAME, TREES, max_size=4), st.sampled_from(["function", "MCP", "x", "additional_tools"]))
def test_nothing_that_was_planted_under_the_name_of_a_secret_is_stored_or_repeated(
    tree: dict[str, Any], kind: str
) -> None:
    whole: Any = {**tree, "type": kind, "name": "f"}
    assert SECRET not in shown(effective_tools([whole]))
    assert SECRET not in shown(without_secrets(whole))
    assert SECRET not in shown(normalise_item(whole, "id_1"))


@given(st.dictionaries(ANY_NAME, TREES, max_size=4))
def test_what_is_free_of_secrets_stays_as_it_is(tree: dict[str, Any]) -> None:
    if SECRET not in shown(tree):
        assert without_entrances(tree) == without_secrets(tree) == tree
