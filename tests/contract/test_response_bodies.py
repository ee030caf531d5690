"""The request of `/v1/responses`: both documents' fields, bounds with their paths, open where the API grows."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from gateway.contract.bundle import Bundle
from tests.contract.bodies import CREATE, ITEMS, TOOLS, asked, item, verdict

PROPERTIES: dict[str, Any] = Bundle.load().document["components"]["schemas"]["CreateResponse"]["properties"]

FIELDS: dict[str, Any] = {
    "access_programs": {"cyber": "standard"},
    "background": False,
    "background_options": {"completion_window": "2h", "continuation_id": "c"},
    "client_metadata": {"x-codex": "1"},
    "context_management": [{"type": "compaction", "compact_threshold": 1000}],
    "conversation": {"id": "conv_1"},
    "frequency_penalty": -2,
    "image": {"context_compression": "disabled"},
    "include": ["reasoning.encrypted_content", "message.output_text.logprobs"],
    "input": [{"role": "user", "content": "Hi"}],
    "instructions": "Be brief.",
    "max_output_tokens": 16,
    "max_tool_calls": 3,
    "metadata": {"order": "7"},
    "model": "lab/small",
    "models": ["other/small"],
    "moderation": {"model": "m", "policy": {"input": {"mode": "score"}, "output": {"mode": "block"}}},
    "parallel_tool_calls": False,
    "presence_penalty": 2,
    "previous_response_id": "resp_1",
    "prompt": {"id": "pmpt_1", "version": "2", "variables": {"a": "b", "c": {"type": "input_text", "text": "d"}}},
    "prompt_cache_key": "k",
    "prompt_cache_options": {"mode": "explicit", "ttl": "12h", "comparison_response_id": "resp_1", "prewarm": True},
    "prompt_cache_retention": "24h",
    "provider": "lab",
    "reasoning": {"effort": "high", "summary": "auto", "mode": "pro", "context": "auto", "generate_summary": None},
    "safety_identifier": "s" * 128,
    "service_tier": "flex",
    "store": True,
    "stream": True,
    "stream_options": {"include_usage": True, "include_obfuscation": False},
    "temperature": 2,
    "text": {"format": {"type": "json_schema", "name": "a", "schema": {}, "strict": None}, "verbosity": "low"},
    "tool_choice": "required",
    "tools": list(TOOLS.values()),
    "top_k": 0,
    "top_logprobs": 20,
    "top_p": 1,
    "truncation": "auto",
    "user": "user-1234",
}
NOT_NULL = ("model", "input")


def test_every_listed_field_is_accepted_and_no_other_is_listed() -> None:
    assert FIELDS.keys() == PROPERTIES.keys()
    assert verdict(FIELDS) is None
    for name, value in FIELDS.items():
        assert verdict(asked(**{name: value})) is None, name


def test_fields_of_the_shared_facts_are_listed(shared: Path) -> None:
    facts = (shared / "facts" / "responses-api.md").read_text()
    table = facts.partition("### 1.2 ")[2].partition("### 1.3 ")[0]
    names = re.findall(r"^\| (\w+) \|", table, re.MULTILINE)
    assert len(names) > 25
    assert set(names) - {"Field"} <= PROPERTIES.keys()


def test_every_field_of_gomodels_example_is_listed(shared: Path) -> None:
    page = (shared / "documents" / "gomodel-create-response.txt").read_text()
    body = json.loads(page.partition("--data '")[2].partition("'")[0])
    assert body["stream_options"].keys() <= FIELDS["stream_options"].keys()
    assert body.keys() <= PROPERTIES.keys()
    assert {"provider", "stream_options", "max_output_tokens"} <= body.keys()


def test_every_tool_of_aihubmixs_page_is_accepted(shared: Path) -> None:
    page = (shared / "documents" / "aihubmix-create-response.txt").read_text()
    listed = page.partition("A tool that can be used to generate a response.\n")[2].partition("How the model")[0]
    names = [line.removeprefix("- ") for line in listed.splitlines()]
    assert len(names) == 15
    assert set(names) <= TOOLS.keys()


def test_every_include_value_of_aihubmixs_page_is_accepted(shared: Path) -> None:
    page = (shared / "documents" / "aihubmix-create-response.txt").read_text()
    (listed,) = re.findall(r"^(file_search_call\.results, .*logprobs) Whether", page, re.MULTILINE)
    values = listed.split(", ")
    assert len(values) == 8
    assert verdict(asked(include=values)) is None


def test_null_is_accepted_wherever_a_client_may_send_it() -> None:
    nulls = dict.fromkeys(name for name in PROPERTIES if name not in NOT_NULL)
    assert verdict({"model": "m", "input": "Hi", **nulls}) is None
    for name in NOT_NULL:
        assert verdict(asked(**{name: None})) == name


def test_input_may_come_from_elsewhere() -> None:
    assert verdict({"model": "m", "previous_response_id": "resp_1"}) is None
    assert verdict({"model": "m", "input": []}) is None


@pytest.mark.parametrize("name", TOOLS)
def test_every_kind_of_tool_is_accepted(name: str) -> None:
    assert verdict(asked(tools=[TOOLS[name], {**TOOLS[name], "invented_later": {"a": 1}}])) is None


@pytest.mark.parametrize("kind", ITEMS)
def test_every_kind_of_item_is_accepted(kind: str) -> None:
    assert verdict(asked(item(kind), item(kind, invented_later=[1]))) is None
    if kind != "compaction_trigger":
        assert verdict(asked(item(kind, id="x_1"))) is None


def test_contract_has_no_kind_of_tool_or_item_that_is_not_tested() -> None:
    schemas = Bundle.load().document["components"]["schemas"]
    tools = set(schemas["OtherHostedTool"]["properties"]["type"]["not"]["enum"])
    assert tools == {tool["type"] for tool in TOOLS.values()} | {"web_search_2025_08_26", "web_search_preview"}
    assert set(schemas["OtherInputItem"]["properties"]["type"]["not"]["enum"]) == ITEMS.keys()
    assert len(schemas["InputItem"]["anyOf"]) == len(ITEMS) + 1


ACCEPTED: dict[str, dict[str, Any]] = {
    "OpenRouter's choice among its providers": asked({"role": "user", "content": "Hi"}, provider={"only": ["openai"]}),
    "a message without its type": asked({"role": "developer", "content": "Be brief."}),
    "an assistant's bare text": asked({"type": "message", "role": "assistant", "content": "Hello"}),
    "an assistant's message as it was sent": asked(
        item(
            "message",
            id="msg_1",
            status="completed",
            phase="final_answer",
            content=[
                {"type": "output_text", "text": "a", "annotations": [], "logprobs": []},
                {"type": "refusal", "refusal": "No."},
            ],
        )
    ),
    "a bare reference": asked({"id": "msg_1"}),
    "a reference whose type is null": asked({"type": None, "id": "msg_1"}),
    "reasoning without id or summary": asked({"type": "reasoning", "encrypted_content": None}),
    "reasoning sent back verbatim": asked(item("reasoning", id="rs_foreign", summary=[], content=None, status=None)),
    "a call within a namespace": asked(item("function_call", namespace="agents", caller={"type": "direct"})),
    "an output that names no call": asked({"type": "function_call_output", "call_id": None, "output": ""}),
    "an output of parts": asked(
        item(
            "function_call_output",
            output=[
                {"type": "input_text", "text": "See:"},
                {"type": "input_image", "image_url": "data:image/png;base64,AA=="},
                {"type": "input_file", "file_data": "data:text/plain;base64,AA==", "filename": "a"},
                {"type": "input_audio", "data": ""},
            ],
        )
    ),
    "an image by its id": asked(
        {"role": "user", "content": [{"type": "input_image", "file_id": "file-1", "image_url": None, "detail": None}]}
    ),
    "content that is not known": asked({"role": "user", "content": [{"type": "input_smell", "smell": "pine"}]}),
    "content for a cache": asked(
        {"role": "user", "content": [{"type": "input_text", "text": "a", "prompt_cache_breakpoint": {"mode": "x"}}]}
    ),
    "an item that is not known": asked({"type": "acme:thought", "depth": [1]}),
    "a tool that is not known": asked(tools=[{"type": "acme:oracle", "name": {"any": "thing"}}]),
    "a function with its name alone": asked(tools=[{"type": "function", "name": "look"}]),
    "a function without parameters": asked(
        tools=[{"type": "function", "name": "look", "parameters": None, "strict": None, "description": None}]
    ),
    "a field that is not known": asked(access_programs={"cyber": True}, seed=7),
    "a format that is not known": asked(text={"format": {"type": "grammar", "grammar": "x"}}),
    "a conversation by its id alone": asked(conversation="conv_1"),
    "a long end user": asked(metadata={"waystone": "x" * 5000, **{str(n): "y" * 512 for n in range(15)}}),
    "an output as long as may be": asked(item("function_call_output", output="x" * 10_485_760)),
    "a call id as long as may be": asked(item("function_call_output", call_id="x" * 64)),
}


@pytest.mark.parametrize("case", ACCEPTED)
def test_request_accepts(case: str) -> None:
    assert verdict(ACCEPTED[case]) is None


CHOICES: list[Any] = [
    *("none", "auto", "required"),
    {"type": "function", "name": "look"},
    {"type": "function", "function": {"name": "look"}},
    {"type": "custom", "name": "sh"},
    {"type": "mcp", "server_label": "docs", "name": None},
    {"type": "allowed_tools", "mode": "auto", "tools": [{"type": "function", "name": "look"}]},
    *({"type": kind} for kind in ("web_search", "file_search", "shell", "apply_patch", "programmatic_tool_calling")),
    {"type": "acme:oracle"},
]


@pytest.mark.parametrize("choice", CHOICES)
def test_every_form_of_tool_choice_is_accepted(choice: Any) -> None:
    assert verdict(asked(tool_choice=choice)) is None


USER = {"role": "user", "content": "Hi"}


def said(*parts: Any) -> dict[str, Any]:
    return asked(USER, {"role": "user", "content": list(parts)})


PART = "input[1].content[0]"
REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"input": "Hi"}, "model"),
    (asked(model=5), "model"),
    (asked(input=5), "input"),
    (asked(max_output_tokens=15), "max_output_tokens"),
    (asked(max_output_tokens=16.5), "max_output_tokens"),
    (asked(top_logprobs=-1), "top_logprobs"),
    (asked(top_logprobs=21), "top_logprobs"),
    (asked(temperature=-0.1), "temperature"),
    (asked(temperature=2.1), "temperature"),
    (asked(top_p=1.1), "top_p"),
    (asked(top_k=-1), "top_k"),
    (asked(frequency_penalty=2.1), "frequency_penalty"),
    (asked(presence_penalty=-2.1), "presence_penalty"),
    (asked(safety_identifier="s" * 129), "safety_identifier"),
    (asked(moderation={}), "moderation.model"),
    (asked(moderation={"model": "m", "policy": {"input": {}}}), "moderation.policy.input.mode"),
    (asked(prompt_cache_options={"ttl": 30}), "prompt_cache_options.ttl"),
    (asked(background_options={"completion_window": 2}), "background_options.completion_window"),
    (asked(image={"context_compression": True}), "image.context_compression"),
    (asked(access_programs=[]), "access_programs"),
    (asked(reasoning={"mode": 1}), "reasoning.mode"),
    (asked(tools=[{"type": "function", "name": "f", "async": "yes"}]), "tools[0].async"),
    (asked(metadata={str(n): "" for n in range(17)}), "metadata"),
    (asked(metadata={"k" * 65: ""}), "metadata"),
    (asked(metadata={"a": "v" * 513}), "metadata.a"),
    (asked(metadata={"a": 5}), "metadata.a"),
    (asked(truncation="middle"), "truncation"),
    (asked(include=["reasoning.encrypted_content", 5]), "include[1]"),
    (asked(context_management=[]), "context_management"),
    (
        asked(context_management=[{"type": "compaction", "compact_threshold": 999}]),
        "context_management[0].compact_threshold",
    ),
    (asked(conversation={}), "conversation.id"),
    (asked(prompt={"version": "2"}), "prompt.id"),
    (asked(stream="yes"), "stream"),
    (asked(stream_options={"include_usage": "yes"}), "stream_options.include_usage"),
    (asked(text={"format": {"type": "json_schema", "schema": {}}}), "text.format.name"),
    (asked(text={"format": {}}), "text.format.type"),
    (asked(reasoning={"effort": 3}), "reasoning.effort"),
    (asked(tools=[TOOLS["Function"], {"type": "function"}]), "tools[1].name"),
    (asked(tools=[{"type": "function", "function": {"name": "look"}}]), "tools[0].name"),
    (asked(tools=[{"type": "function", "name": "look here"}]), "tools[0].name"),
    (asked(tools=[{"type": "function", "name": "n" * 129}]), "tools[0].name"),
    (asked(tools=[{"name": "look"}]), "tools[0].type"),
    (asked(tools=[{"type": 5}]), "tools[0].type"),
    (asked(tools=[{"type": "namespace", "name": "a", "tools": []}]), "tools[0].tools"),
    (asked(tools=[{"type": "namespace", "name": "a", "tools": [{"type": "function"}]}]), "tools[0].tools[0].name"),
    (asked(tools=[{"type": "image_generation", "partial_images": 4}]), "tools[0].partial_images"),
    (asked(tool_choice="maybe"), "tool_choice"),
    (asked(tool_choice={"type": "function"}), "tool_choice.name"),
    (asked(tool_choice={"type": "allowed_tools", "mode": "none", "tools": []}), "tool_choice.mode"),
    (asked(tool_choice={"type": "allowed_tools", "mode": "auto"}), "tool_choice.tools"),
    (asked(USER, "Hi"), "input[1]"),
    (asked(USER, {}), "input[1].role"),
    (asked(USER, {"content": "Hi"}), "input[1].role"),
    (asked(USER, {"output": "Hi", "call_id": "c"}), "input[1].type"),
    (asked(USER, {"type": 5, "id": "x"}), "input[1].type"),
    (asked(USER, {"role": "tool", "content": "Hi"}), "input[1].role"),
    (asked(USER, {"role": "tool", "content": "Hi", "id": "x"}), "input[1].role"),
    (asked(USER, {"type": "message", "role": "tool", "content": "Hi"}), "input[1].role"),
    (asked(USER, {"type": "message", "content": "Hi"}), "input[1].role"),
    (asked(USER, {"role": "user"}), "input[1].content"),
    (asked(USER, {"role": "user", "content": 5}), "input[1].content"),
    (said("Hi"), "input[1].content[0]"),
    (said({"type": "input_text"}), "input[1].content[0].text"),
    (
        said({"type": "input_text", "text": "a"}, {"type": "input_image", "image_url": {"url": "x"}}),
        "input[1].content[1].image_url",
    ),
    (said({"text": "a"}), "input[1].content[0].type"),
    (asked({"type": "item_reference"}), "input[0].id"),
    (asked({"id": 5}), "input[0].id"),
    (asked({"type": "function_call", "name": "a", "arguments": ""}), "input[0].call_id"),
    (asked(item("function_call", arguments={"a": 1})), "input[0].arguments"),
    (asked({"type": "function_call_output", "call_id": "c"}), "input[0].output"),
    (asked(item("function_call_output", call_id="")), "input[0].call_id"),
    (asked(item("function_call_output", call_id="c" * 65)), "input[0].call_id"),
    (asked(item("function_call_output", output="x" * 10_485_761)), "input[0].output"),
    (asked(item("function_call_output", output=[{"type": "input_text"}])), "input[0].output[0].text"),
    (asked(item("custom_tool_call", input=None)), "input[0].input"),
    (asked(item("reasoning", summary=[{"text": "a"}])), "input[0].summary[0].type"),
    (asked(item("configuration_update", reasoning={"effort": 1})), "input[0].reasoning.effort"),
    (said({"type": "input_text", "text": "a", "prompt_cache_breakpoint": {}}), f"{PART}.prompt_cache_breakpoint.mode"),
    (asked(item("additional_tools", tools=[{"type": "function"}])), "input[0].tools[0].name"),
    (asked(item("shell_call_output", output=[{}])), "input[0].output[0].stdout"),
]


@pytest.mark.parametrize(("body", "param"), REFUSED, ids=[f"{param}-{n}" for n, (_, param) in enumerate(REFUSED)])
def test_request_refuses_and_names_the_field(body: dict[str, Any], param: str) -> None:
    assert verdict(body) == param


def test_every_bound_of_the_contract_is_tested_by_a_refusal() -> None:
    bounded = {name for name, schema in PROPERTIES.items() if {"minimum", "maximum", "maxLength"} & schema.keys()}
    assert bounded <= {param for _, param in REFUSED}


def test_conversations_take_at_most_twenty_items_at_once() -> None:
    twenty = [item("message")] * 20
    for operation in ("conversations.create", "conversations.items.create"):
        assert verdict({"items": twenty}, operation) is None
        assert verdict({"items": [*twenty, USER]}, operation) == "items"
        assert verdict({"items": [{"type": "message"}]}, operation) == "items[0].role"
    assert verdict({}, "conversations.create") is None
    assert verdict({"items": None, "metadata": None}, "conversations.create") is None
    assert verdict({}, "conversations.items.create") == "items"
    assert verdict({}, "conversations.update") == "metadata"
    assert verdict({"metadata": None}, "conversations.update") is None
    assert verdict({"metadata": {"a": "x" * 513}}, "conversations.update") == "metadata.a"


def test_operation_is_the_one_that_is_served() -> None:
    assert Bundle.load().operations[CREATE].path == "/v1/responses"
