"""Responses, their items and the events of their streams: every kind has a schema, and what is wrong has none."""

import json
import re
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from gateway.contract.bundle import Bundle
from tests.clients.contract import check
from tests.contract.bodies import INPUT_ONLY, ITEMS, TOOLS, item

FAULTS = Path(__file__).resolve().parents[3] / "shared" / "faults"
SCHEMAS: dict[str, Any] = Bundle.load().document["components"]["schemas"]
EVENTS: dict[str, str] = SCHEMAS["ResponseStreamEvent"]["discriminator"]["mapping"]

# What no document of OpenAI's lists, and clients read.
UNLISTED = {f"response.apply_patch_call_operation_diff.{name}" for name in ("delta", "done")}
RESPONSE: dict[str, Any] = {
    "id": "resp_1",
    "object": "response",
    "created_at": 1,
    "completed_at": None,
    "status": "in_progress",
    "error": None,
    "incomplete_details": None,
    "instructions": None,
    "max_output_tokens": None,
    "max_tool_calls": None,
    "model": "small",
    "output": [],
    "parallel_tool_calls": True,
    "previous_response_id": None,
    "conversation": None,
    "prompt": None,
    "reasoning": {"effort": None, "summary": None},
    "store": True,
    "background": False,
    "temperature": 1,
    "text": {"format": {"type": "text"}},
    "tool_choice": "auto",
    "tools": [],
    "top_p": 1,
    "top_logprobs": 0,
    "truncation": "disabled",
    "usage": None,
    "metadata": {},
    "service_tier": "default",
    "safety_identifier": None,
    "prompt_cache_key": None,
    "presence_penalty": 0,
    "frequency_penalty": 0,
}
USAGE: dict[str, Any] = {
    "input_tokens": 3,
    "input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0},
    "output_tokens": 4,
    "output_tokens_details": {"reasoning_tokens": 0},
    "total_tokens": 7,
}
MESSAGE = {
    "id": "msg_1",
    "type": "message",
    "role": "assistant",
    "status": "completed",
    "content": [{"type": "output_text", "text": "Hi", "annotations": [], "logprobs": []}],
}


@cache
def validator(name: str) -> jsonschema_rs.Draft202012Validator:
    return jsonschema_rs.Draft202012Validator(Bundle.load().schema({"$ref": f"#/components/schemas/{name}"}))


def is_valid(name: str, document: Any) -> bool:
    return validator(name).is_valid(document)


def test_response_has_every_field_and_may_have_more() -> None:
    assert is_valid("Response", RESPONSE)
    assert is_valid("Response", {**RESPONSE, "invented_later": 1, "output_text": None})
    for name in RESPONSE:
        assert not is_valid("Response", {other: value for other, value in RESPONSE.items() if other != name}), name


def test_response_fields_of_the_shared_facts_are_required(shared: Path) -> None:
    facts = (shared / "facts" / "responses-api.md").read_text()
    listed = facts.partition("Always send **all** of:\n")[2].partition("\n- status")[0]
    names = re.findall(r"\w+", re.sub(r"\([^)]*\)|\{[^}]*\}|OR's", "", listed.replace("+", "")))
    assert len(names) == 34
    # OpenAI's schema has a user, and no null in its place.
    assert set(names) - {"user"} == set(SCHEMAS["Response"]["required"])


def test_response_has_what_gomodels_example_has(shared: Path) -> None:
    page = (shared / "documents" / "gomodel-create-response.txt").read_text()
    example = json.loads(page.partition("}\n'\n{")[2].partition("\n}\n\nAuthorizations")[0].join("{}"))
    listed = SCHEMAS["Response"]["properties"]
    assert example.keys() <= listed.keys()
    assert example["usage"].keys() <= SCHEMAS["ResponseUsage"]["properties"].keys()
    for details, schema in (
        ("prompt_tokens_details", "PromptTokens"),
        ("completion_tokens_details", "CompletionTokens"),
    ):
        assert example["usage"][details].keys() <= SCHEMAS[f"{schema}Details"]["properties"].keys()
        told = {**USAGE, "raw_usage": {}, details: example["usage"][details]}
        assert is_valid("Response", {**RESPONSE, "provider": "lab", "usage": told})
        assert not is_valid("Response", {**RESPONSE, "usage": {**USAGE, details: {"audio_tokens": "many"}}})
    assert not is_valid("Response", {**RESPONSE, "provider": None})


@pytest.mark.parametrize("reason", ["max_output_tokens", "content_filter", "max_messages", "steered"])
def test_response_may_be_incomplete_for_reasons_of_the_provider(reason: str) -> None:
    assert is_valid("Response", {**RESPONSE, "status": "incomplete", "incomplete_details": {"reason": reason}})


def test_response_tells_what_the_model_could_not_be_given() -> None:
    removed = {"id": "rs_1", "type": "reasoning", "action": "removed", "reason": "model_mismatch"}
    assert is_valid("Response", {**RESPONSE, "input_transformations": [removed]})
    assert not is_valid("Response", {**RESPONSE, "input_transformations": [{"id": "rs_1"}]})


def test_response_repeats_functions_with_every_field_and_other_tools_as_they_came() -> None:
    function = {"type": "function", "name": "a", "description": None, "parameters": None, "strict": True}
    others = [tool for tool in TOOLS.values() if tool["type"] != "function"]
    assert is_valid("Response", {**RESPONSE, "tools": [function, *others]})
    assert not is_valid("Response", {**RESPONSE, "tools": [{"type": "function", "name": "a"}]})


@pytest.mark.parametrize("kind", [kind for kind in ITEMS if kind not in INPUT_ONLY])
def test_every_kind_of_item_can_be_put_out_and_sent_back(kind: str) -> None:
    told = MESSAGE if kind == "message" else item(kind, id="x_1")
    assert is_valid("OutputItem", told)
    assert is_valid("ItemResource", told)
    assert is_valid("InputItem", told)
    assert not is_valid("OutputItem", {**told, "id": None})
    assert not is_valid("ItemResource", {name: value for name, value in told.items() if name != "id"})


def test_the_28_kinds_of_output_are_told_apart() -> None:
    known = set(SCHEMAS["OtherOutputItem"]["properties"]["type"]["not"]["enum"])
    assert known == ITEMS.keys() - set(INPUT_ONLY)
    assert len(known) == 28
    assert is_valid("OutputItem", {"type": "acme:thought", "id": "x_1"})
    assert not is_valid("OutputItem", {"type": "function_call", "id": "x_1"})


def test_calls_may_belong_to_a_namespace() -> None:
    call = item("function_call", id="fc_1", namespace="agents")
    assert is_valid("OutputItem", call)
    assert not is_valid("OutputItem", {**call, "namespace": None})


def test_every_event_of_the_shared_facts_has_a_schema_with_its_fields(shared: Path) -> None:
    facts = (shared / "facts" / "responses-api.md").read_text()
    rows = re.findall(r"^\| `([\w.]+)` \| (.*) \|$", facts.partition("## Appendix C.")[2], re.MULTILINE)
    assert {kind for kind, _ in rows} == EVENTS.keys() - UNLISTED
    assert len(rows) == 58
    for kind, text in rows:
        names = re.findall(r"(?:^|, )(\w+\??):", re.sub(r"\{[^}]*\}", "", text))
        schema = SCHEMAS[EVENTS[kind].rpartition("/")[2]]
        required = {"type", "sequence_number", *(name for name in names if not name.endswith("?"))}
        assert set(schema["required"]) == required, kind
        assert {name.removesuffix("?") for name in names} <= schema["properties"].keys() | {"obfuscation", "status"}


@pytest.mark.parametrize("kind", EVENTS)
def test_every_event_has_its_type_and_number(kind: str) -> None:
    schema = SCHEMAS[EVENTS[kind].rpartition("/")[2]]
    assert schema["properties"]["type"]["const"] == kind
    assert {"type", "sequence_number"} <= set(schema["required"])


def test_event_of_a_kind_that_nobody_knows_has_no_schema() -> None:
    place = {"item_id": "msg_1", "output_index": 0, "content_index": 0}
    delta = {"type": "response.output_text.delta", "sequence_number": 4, "delta": "Hi", "logprobs": [], **place}
    assert is_valid("ResponseStreamEvent", delta)
    assert is_valid("ResponseStreamEvent", {**delta, "obfuscation": "xx"})
    assert not is_valid("ResponseStreamEvent", {**delta, "type": "response.output_text.deltas"})
    assert not is_valid("ResponseStreamEvent", {**delta, "sequence_number": -1})
    assert not is_valid("ResponseStreamEvent", {"type": "keepalive", "sequence_number": 4})


def test_error_event_may_say_it_twice() -> None:
    flat = {"type": "error", "sequence_number": 0, "code": None, "message": "Gone.", "param": None}
    nested = {"message": "Gone.", "type": "server_error", "param": None, "code": None}
    assert is_valid("ResponseStreamEvent", flat)
    assert is_valid("ResponseStreamEvent", {**flat, "error": nested})
    assert not is_valid("ResponseStreamEvent", {**flat, "error": "Gone."})


def test_events_that_clients_read_and_no_document_lists_are_in_the_contract() -> None:
    fault = json.loads((FAULTS / "contract-lacks-apply-patch-delta.json").read_bytes())
    check("ResponseStreamEvent", fault["event"])
    done = {"type": "response.apply_patch_call_operation_diff.done", "diff": "+", "item_id": "a", "output_index": 0}
    check("ResponseStreamEvent", {**done, "sequence_number": 4})
