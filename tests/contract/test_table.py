"""The table of settings says of names, places, types and ranges what the contract says."""

import copy
import json
from typing import Any

import pytest

from gateway.surfaces.openai_chat.request import settings as chat
from gateway.surfaces.responses.request import settings as responses
from tests.contract.renames import ROOT
from tests.contract.table import CHAT, RESPONSES, faults, unlisted

BUNDLE: dict[str, Any] = json.loads((ROOT / "generated" / "openapi.json").read_text())


def changed(schema: str, old: str, new: str | None, **more: Any) -> dict[str, Any]:
    """The bundle with a field of another name, or of another schema."""
    bundle = copy.deepcopy(BUNDLE)
    properties = bundle["components"]["schemas"][schema]["properties"]
    properties[new or old] = {**properties.pop(old), **more}
    return bundle


def test_every_name_and_place_of_the_table_is_in_the_contract() -> None:
    assert faults(BUNDLE) == []


def test_every_setting_of_the_contract_is_in_the_table() -> None:
    assert unlisted(BUNDLE, chat.PLACED, responses.PLACED) == []


@pytest.mark.parametrize(
    ("schema", "name", "fault"),
    [
        (CHAT, "max_tokens", "CreateChatCompletionRequest has no max_tokens"),
        (CHAT, "verbosity", "CreateChatCompletionRequest has no verbosity"),
        (RESPONSES, "max_output_tokens", "CreateResponse has no max_output_tokens"),
        (RESPONSES, "top_k", "CreateResponse has no top_k"),
        (RESPONSES, "prompt", "CreateResponse has no prompt"),
        ("Reasoning", "effort", "CreateResponse has no reasoning.effort"),
        ("ResponseTextParam", "format", "CreateResponse has no text.format"),
    ],
)
def test_a_renamed_field_is_reported(schema: str, name: str, fault: str) -> None:
    assert fault in faults(changed(schema, name, f"renamed_{name}"))


def test_another_type_range_or_field_is_reported() -> None:
    assert faults(changed(CHAT, "seed", None, type="string")) == [f"{CHAT}.seed is no integer"]
    assert faults(changed(CHAT, "temperature", None, maximum=1)) == [f"{CHAT}.temperature has the maximum 1, not 2"]
    assert unlisted(changed(CHAT, "model", "yet_to_come"), chat.PLACED, responses.PLACED) == ["yet_to_come"]
