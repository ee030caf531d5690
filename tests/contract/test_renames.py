"""A change of the contract is reported at every place that reads what has changed: by mypy, or by the test of keys.

In a copy of the tree three fields get other names and a fourth another type. Whatever is spelled like one of them must
then be reported, or stand in `ALLOWED` with the reason why it is no reading of the contract.
"""

import json
from pathlib import Path

import pytest

from scripts.contract.sources import Node
from tests.contract.renames import Literal, Report, change_contract, copy_tree, literals, rename, reports, unreported
from tests.contract.table import faults

ROOMS = ("handlers", "gateway/memory", "gateway/surfaces")

RENAMED = {
    "CreateChatCompletionRequest": "messages",
    "/api/gateway/v1/chat/completions": "messages",
    "CreateResponse": "max_output_tokens",
    "FunctionTool": "name",
    "FunctionObject": "name",
}
"""A schema, by its component's name or its operation's path, and the field that gets another name in it."""

RETYPED = {"CreateChatCompletionRequest": "top_p", "CreateResponse": "top_p"}
"""The fields that are numbers, and become texts."""

TEXTS = frozenset(RETYPED.values())
FIELDS = frozenset({*RENAMED.values(), *TEXTS})

_WRITTEN_CALL = "written: the name in a call of the answer"
_CALL = "the name in a call of a tool, which has a type of its own"
_CHOICE = "the name in a tool choice, which has a type of its own"
_NESTED = "the name in chat's own form of a tool, which the contract of the Responses API does not list"
_SCHEMA = "the name of a schema, in a type of its own"
ALLOWED: dict[tuple[str, str], str] = {
    ("gateway/surfaces/openai_chat/completion.py::_Call.written", "name"): _WRITTEN_CALL,
    (
        "gateway/surfaces/openai_chat/completion.py::_Choice._add_call",
        "name",
    ): "the name in a chunk's call, which Deltas wrote",
    ("gateway/surfaces/openai_chat/deltas.py::_begun_call", "name"): _WRITTEN_CALL,
    ("gateway/surfaces/openai_chat/completion.py::_Choice.add", "name"): _WRITTEN_CALL,
    ("gateway/surfaces/openai_chat/completion.py::_Choice._message", "name"): _WRITTEN_CALL,
    ("gateway/surfaces/openai_chat/request/messages.py", "name"): "a table of ChatCompletionRequestFunctionMessage",
    ("gateway/surfaces/openai_chat/request/messages.py::_Reader._answered", "name"): "the name in a function's message",
    ("gateway/surfaces/openai_chat/request/messages.py::_Reader._add_call", "name"): _CALL,
    ("gateway/surfaces/openai_chat/request/messages.py::_name_and_arguments", "name"): _CALL,
    ("gateway/surfaces/openai_chat/request/settings.py::_schema_format", "name"): _SCHEMA,
    ("gateway/surfaces/openai_chat/request/tools.py", "name"): "a table of CustomToolObject",
    ("gateway/surfaces/openai_chat/request/tools.py::_custom", "name"): "the name in a CustomToolObject",
    ("gateway/surfaces/openai_chat/request/tools.py::read_tool_choice", "name"): _CHOICE,
    ("gateway/surfaces/openai_chat/request/tools.py::_function_choice", "name"): _CHOICE,
    (
        "gateway/surfaces/openai_chat/request/tools.py::_named_tool",
        "name",
    ): "the name of an allowed tool, whose fields the contract does not list",
    ("gateway/surfaces/responses/brief.py", "top_p"): "copied, whatever it is; the contract has checked it",
    (
        "gateway/surfaces/responses/assembly.py",
        "max_output_tokens",
    ): "written: a reason of `incomplete_details`, no field",
    ("gateway/surfaces/responses/calls.py::FunctionCallItem.__init__", "name"): _WRITTEN_CALL,
    ("gateway/surfaces/responses/calls.py::FunctionCallItem.close", "name"): _WRITTEN_CALL,
    ("gateway/surfaces/responses/calls.py::CustomCallItem.__init__", "name"): _WRITTEN_CALL,
    ("gateway/surfaces/responses/defaults.py", "max_output_tokens"): "written: a field of a Response",
    ("gateway/surfaces/responses/defaults.py", "top_p"): "written: a field of a Response",
    ("gateway/surfaces/responses/request/items.py", "name"): "tables of calls",
    ("gateway/surfaces/responses/request/items.py::_function_call", "name"): _CALL,
    ("gateway/surfaces/responses/request/items.py::_custom_call", "name"): _CALL,
    ("gateway/surfaces/responses/request/tools.py", "name"): "a table of CustomToolParam",
    ("gateway/surfaces/responses/request/tools.py::unfolded", "name"): "the name of a namespace",
    ("gateway/surfaces/responses/request/tools.py::namespace_descriptions", "name"): "the name of a namespace",
    ("gateway/surfaces/responses/request/tools.py::_nested_function", "name"): _NESTED,
    (
        "gateway/surfaces/responses/request/tools.py::_custom",
        "name",
    ): "the name in a CustomToolParam, or in chat's form of it",
    ("gateway/surfaces/responses/request/tools.py::read_reference", "name"): _CHOICE,
    ("gateway/surfaces/responses/request/tools.py::_named", "name"): _CHOICE,
    ("gateway/surfaces/responses/settings.py::effective_tool_choice", "name"): _CHOICE,
    ("gateway/surfaces/responses/settings.py::_tool", "name"): _NESTED,
    ("gateway/surfaces/responses/settings.py::effective_format", "name"): _SCHEMA,
}
"""By file and function (`gateway/memory/responses.py::Turn.recall`) and field: why a text does not read the contract.

Such reasons are: a key of what is written, a field of an event, a name that an error repeats.
"""

READING = '''"""Reads each changed field in each way."""

from typing import TYPE_CHECKING, Annotated

if TYPE_CHECKING:
    from generated.models import CreateChatCompletionRequest, CreateResponseRequest, FunctionObject, FunctionTool
    from generated.models import WaystoneChatCompletionRequest

TAKEN: "Annotated[frozenset[str], CreateChatCompletionRequest]" = frozenset({"model", "messages"})


def read_chat(body: "CreateChatCompletionRequest") -> None:
    body["messages"]
    body.get("messages")
    assert "messages" in body
    match body:
        case {"messages": messages}:
            print(messages)
    for field in ("model", "messages"):
        print(field in body)
    top: float | None = body.get("top_p")
    print(top)


def read_others(
    body: "WaystoneChatCompletionRequest", response: "CreateResponseRequest", tool: "FunctionTool | FunctionObject"
) -> int:
    limit = response.get("max_output_tokens") or 0
    print(
        body["messages"],
        [tool for tool in response.get("tools") or () if tool["type"] == "function" and tool["name"]],
    )
    print(limit, tool["name"], "name" in tool, tool.get("name"))
    return len(body["messages"]) + round(response.get("top_p") or 0)


def write(body: "WaystoneChatCompletionRequest") -> dict[str, object]:
    return {"messages": body, "name": "top_p"}
'''
"""A module for the copy: whatever it reads must be reported, what it writes is not."""


def change(name: str, schema: Node) -> None:
    if name in RENAMED:
        rename(schema, RENAMED[name], f"renamed_{RENAMED[name]}")
    if name in RETYPED:
        schema["properties"][RETYPED[name]] = {"type": ["string", "null"]}


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("renamed")
    copy_tree(folder)
    (folder / "reading").mkdir()
    (folder / "reading" / "code.py").write_text(READING)
    change_contract(folder, change)
    return folder


@pytest.fixture(scope="module")
def said(copy: Path) -> list[Report]:
    return reports(copy, (*ROOMS, "reading"))


@pytest.mark.parametrize("room", ROOMS)
def test_every_reading_place_of_a_changed_field_is_reported(room: str, copy: Path, said: list[Report]) -> None:
    missed = unreported(literals(copy, room, FIELDS), said, TEXTS)

    unexplained = [str(literal) for literal in missed if (literal.place, literal.field) not in ALLOWED]
    assert not unexplained, "\n  ".join(["neither reported nor explained:", *unexplained])


def test_every_exception_is_needed(copy: Path, said: list[Report]) -> None:
    missed = [literal for room in ROOMS for literal in unreported(literals(copy, room, FIELDS), said, TEXTS)]

    assert ALLOWED.keys() <= {(literal.place, literal.field) for literal in missed}


def test_a_changed_field_is_reported_for_the_table_of_settings(copy: Path) -> None:
    found = faults(json.loads((copy / "generated" / "openapi.json").read_text()))

    assert {fault.partition(", ")[0] for fault in found} >= {
        "CreateResponse has no max_output_tokens",
        "CreateResponse.top_p is no number",
        "CreateChatCompletionRequest.top_p is no number",
    }


def test_each_way_to_read_a_field_is_reported(copy: Path, said: list[Report]) -> None:
    found = literals(copy, "reading", FIELDS)
    read = [literal for literal in found if not literal.place.endswith("::write")]
    written = [literal for literal in found if literal.place.endswith("::write")]

    assert len(read) == 15
    assert unreported(read, said, TEXTS) == []
    assert unreported(written, said, TEXTS) == written


def test_a_literal_knows_its_function(tmp_path: Path) -> None:
    (tmp_path / "room").mkdir()
    (tmp_path / "room" / "code.py").write_text(
        'TOP = "name"\n\n\nclass Reader:\n    def read(self) -> str:\n        return "name"\n'
    )

    assert literals(tmp_path, "room", frozenset({"name"})) == [
        Literal("room/code.py", 1, "room/code.py", "name"),
        Literal("room/code.py", 6, "room/code.py::Reader.read", "name"),
    ]
