"""Prompt templates in the settings: which version counts, and what is wrong with a file."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from gateway.settings import Settings, describe, load
from gateway.settings.document import ConfigurationError
from gateway.settings.prompts import prompt_templates

Load = Callable[..., Settings]
MODELS = {
    "providers": {"lab": {"dialect": "openai-chat", "base_url": "https://lab.example/v1"}},
    "models": {"fast": {"targets": ["lab/small"]}},
}
TEXT = {"instructions": "Hi."}
OUTPUT = {"type": "output_text", "text": "Hi."}
MESSAGE = {"type": "message", "role": "user", "content": "Hi."}
FORMAT = {"type": "json_schema", "name": "n", "schema": {"enum": ["{{", "{{a}}"]}}
IMAGE = {"type": "input_image", "image_url": "https://example.com/{{a}}.png"}


@pytest.fixture
def load_prompts(tmp_path: Path) -> Load:
    def load_prompts(prompts: Any) -> Settings:
        file = tmp_path / "w.yaml"
        file.write_text(prompts if isinstance(prompts, str) else json.dumps({**MODELS, "prompts": prompts}))
        return load(file, {"HOME": "/home/ann"})

    return load_prompts


def test_the_default_version_is_the_one_named_or_else_the_last(load_prompts: Load) -> None:
    file = "prompts:\n  a: {default: 1, versions: {1: {instructions: x}, 2: {instructions: y}}}\n"
    file += "  b: {versions: {2: {instructions: x}, 1: {instructions: y}}}\n"
    found = prompt_templates(load_prompts(file).prompts).prompts
    assert {id_: (prompt.default, [*prompt.versions]) for id_, prompt in found.items()} == {
        "a": ("1", ["1", "2"]),
        "b": ("1", ["2", "1"]),
    }


@pytest.mark.parametrize(
    ("default", "versions", "expected"),
    [
        ("1.1", ("1.1", "2"), "1.1"),
        ("1.10", ("1.10", "1.2", "latest"), "1.10"),
        ("1.0", ("1.0", "2"), "1.0"),
        ("2", ("1.0", "2"), "2"),
        ("1", ("1", "01"), "1"),
        ('"1.10"', ("1.1", "1.10"), "1.10"),
    ],
)
def test_a_default_needs_no_quotes(load_prompts: Load, default: str, versions: tuple[str, ...], expected: str) -> None:
    given = ", ".join(f"{name}: {{instructions: x}}" for name in versions)
    found = prompt_templates(load_prompts(f"prompts: {{p: {{default: {default}, versions: {{{given}}}}}}}").prompts)
    assert found.prompts["p"].default == expected


@pytest.mark.parametrize("default", ["1.10", "1.3", ".nan", ".inf", "3", "1e400"])
def test_a_default_that_is_none_of_the_versions_or_two_of_them_is_a_problem(load_prompts: Load, default: str) -> None:
    file = f"prompts: {{p: {{default: {default}, versions: {{1.1: {{instructions: x}}, 1.10: {{instructions: y}}}}}}}}"
    with pytest.raises(ConfigurationError, match=r"prompts\.p\.default: expected the name of one of its versions"):
        load_prompts(file)


def test_settings_are_those_of_a_request(load_prompts: Load) -> None:
    version = {
        **{"model": "lab/m", "instructions": "{{a}} and {{b}}", "temperature": 0.5, "reasoning": {"effort": "low"}},
        "text": {"format": {"type": "json_schema", "name": "n", "schema": {"type": "object"}}},
        "tools": [{"type": "function", "name": "f", "parameters": None, "strict": None}],
        "tool_choice": {"type": "function", "name": "f"},
        "messages": [{"role": "user", "content": [{"type": "input_text", "text": "{{a}} {{c-1}}"}]}],
    }
    template = prompt_templates(load_prompts({"p": {"versions": {"v": version}}}).prompts).prompts["p"].versions["v"]
    given = {name: value for name, value in version.items() if name not in ("instructions", "messages")}
    assert template.fields == given
    assert dict(template.uses()) == {"a": 2, "b": 1, "c-1": 1}


@pytest.mark.parametrize("model", ["lab/any", "fast"])
def test_a_model_is_a_providers_or_a_name_of_models(load_prompts: Load, model: str) -> None:
    settings = load_prompts({"p": {"versions": {"v": {**TEXT, "model": model}}}})
    assert prompt_templates(settings.prompts).prompts["p"].versions["v"].fields == {"model": model}


@pytest.mark.parametrize(
    ("version", "problem"),
    [
        ({}, ": expected instructions, messages or both"),
        ({"temperature": 1}, ": expected instructions, messages or both"),
        ({"instructions": "a\n{{ b }}"}, ".instructions: expected {{variable}}, with a name"),
        ({"instructions": "a\n{{ b }}"}, "(line 2 of the text)"),
        ({"instructions": "{{1}}"}, ".instructions: expected {{variable}}"),
        ({"instructions": 5}, ".instructions: expected a text, with {{variables}}"),
        ({**TEXT, "tempratur": 1}, ".tempratur: unknown key; did you mean temperature?"),
        ({**TEXT, "stream": True}, ".stream: unknown key"),
        ({**TEXT, "temperature": "hot"}, ".temperature: expected a number or null"),
        ({**TEXT, "tools": [{"type": "function"}]}, ".tools[0].name: expected, since a request needs it"),
        ({"messages": []}, ".messages: expected a list of messages"),
        ({"messages": [{"role": "usr", "content": "x"}]}, ".messages[0].role: expected one of 'user', 'assistant'"),
        ({"messages": [{"role": "user"}]}, ".messages[0].content: expected, since a request needs it"),
        ({"messages": [MESSAGE, {"id": "msg_1"}]}, ".messages[1].type: expected a message"),
        ({"messages": [{"type": None, "id": "msg_1"}]}, ".messages[0].type: expected a message"),
        ({"messages": [{"type": "item_reference", "id": "msg_1"}]}, ".messages[0].type: expected a message"),
        ({"messages": [{"id": "msg_1", "content": "x"}]}, ".messages[0].type: expected a message"),
        ({"messages": [{"type": "reasoning", "summary": []}]}, ".messages[0].type: expected a message"),
        (
            {"messages": [{"type": "function_call", "call_id": "c", "name": "f", "arguments": "{}"}]},
            ".messages[0].type: expected a message",
        ),
        ({"messages": [{"type": "message", "id": "msg_1"}]}, ".messages[0].role: expected, since a request needs it"),
        ({"messages": [{"role": "user", "content": "{{"}]}, ".messages[0].content: expected {{variable}}"),
        ({"messages": [{"role": "user", "content": [IMAGE]}]}, ".messages[0].content[0]: expected no {{variables}}"),
        *(
            (
                {"messages": [MESSAGE, {"role": role, "content": [OUTPUT, {"type": kind, "file_id": "f"}]}]},
                ".messages[1].content[1]: expected texts alone",
            )
            for role in ("assistant", "developer", "system")
            for kind in ("input_image", "input_file")
        ),
        (
            {"messages": [{"role": "user", "content": [{"type": "input_text", "text": "{{}}"}]}]},
            ".messages[0].content[0].text: expected {{variable}}",
        ),
        ({**TEXT, "prompt_cache_key": "for-{{a}}"}, ".prompt_cache_key: expected no {{variables}} here"),
        ({**TEXT, "text": {"format": FORMAT}}, ".text.format.schema.enum[1]: expected no {{variables}} here"),
        ({**TEXT, "text": {"format": {**FORMAT, "name": "{{a}}"}}}, ".text.format.name: expected"),
        ({"messages": [{**MESSAGE, "own": "{{a}}"}]}, ".messages[0].own: expected no {{variables}} here"),
        (
            {"messages": [{**MESSAGE, "content": [{"type": "input_text", "text": "x", "own": ["{{a}}"]}]}]},
            ".messages[0].content[0].own[0]: expected no {{variables}} here",
        ),
        (
            {"messages": [{**MESSAGE, "content": [{"type": "image_url", "image_url": {"url": "{{a}}"}}]}]},
            ".messages[0].content[0]: expected no {{variables}} here",
        ),
        ({**TEXT, "model": "fas"}, ".model: expected `provider/model`, or a name of `models`; did you mean fast?"),
        ({**TEXT, "model": "lap/m"}, ".model: expected the name of a provider before the slash; did you mean lab?"),
        ({**TEXT, "model": "{{a}}"}, ".model: expected `provider/model`"),
        ({**TEXT, "model": "lab/"}, ".model: expected"),
        ({"instructions": "{{a}}" * 1001}, ": expected at most 1000 places for variables"),
    ],
)
def test_problems_have_a_place_and_what_is_expected(load_prompts: Load, version: Any, problem: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        load_prompts({"p": {"versions": {"v": version}}})
    assert "prompts.p.versions.v" in str(caught.value)
    assert problem in str(caught.value)
    # What was found may be a secret.
    assert not [found for found in ("'hot'", "usr", "got") if found in str(caught.value)]


@pytest.mark.parametrize(
    ("prompt", "problem"),
    [
        ({}, "prompts.p.versions: expected names of versions"),
        ({"versions": {}}, "prompts.p.versions: expected names of versions"),
        ({"versions": {"v": TEXT}, "default": "w"}, "prompts.p.default: expected the name of one of its versions: v"),
        ({"versions": {"v": TEXT}, "default": True}, "prompts.p.default: expected the name of one of its versions"),
    ],
)
def test_problems_of_versions(load_prompts: Load, prompt: Any, problem: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        load_prompts({"p": prompt})
    assert problem in str(caught.value)


def test_the_settings_are_shown_without_the_secrets_of_tools(load_prompts: Load) -> None:
    tool = {"type": "mcp", "server_label": "l", "server_url": "https://a.b", "authorization": "hush-hush"}
    shown = yaml.safe_dump(describe(load_prompts({"p": {"versions": {"v": {**TEXT, "tools": [tool]}}}})))
    assert "server_label" in shown
    assert "hush-hush" not in shown
