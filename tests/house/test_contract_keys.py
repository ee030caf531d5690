"""Every key that is read from a type of the contract is a field of it. mypy holds subscripts alone to that."""

from pathlib import Path

import pytest

from tests.house.declared_types import Project
from tests.house.key_reads import key_reads
from tests.house.sources import ROOT
from tests.house.test_layers import CONTRACT_READERS

CONTRACT = """
from typing import Literal, NotRequired, TypeAlias, TypedDict

class Text(TypedDict):
    type: Literal["text"]
    text: str

class Image(TypedDict):
    type: Literal["image"]
    url: str
    detail: NotRequired[str]

Part: TypeAlias = Text | Image

class Message(TypedDict):
    role: str
    content: NotRequired[str | list[Part] | None]

class Body(TypedDict):
    messages: list[Message]
    extra: NotRequired[dict[str, str]]
"""

HEAD = """
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Generic, TypeVar, cast

if TYPE_CHECKING:
    from generated import models
    from generated.models import Body, Image, Message as Turn, Part

T = TypeVar("T")
Turns = "Sequence[Turn]"
Json = dict[str, "Json"] | list["Json"] | str

@dataclass
class Request(Generic[T]):
    body: T

    def again(self) -> T: ...

class Holder:
    def __init__(self, body: "Body") -> None:
        self._body = body

    @property
    def turns(self) -> "list[Turn]": ...

    async def first(self) -> "Turn": ...

def turns_of(body: "Body") -> "Iterator[Turn]": ...
"""


def missing(folder: Path, code: str) -> list[str]:
    """The keys that are no fields, of the function's body; its parameters are `body`, `part` and others."""
    (folder / "generated").mkdir()
    (folder / "generated" / "models.py").write_text(CONTRACT)
    signature = (
        '(body: "Body", part: "Part", turns: Turns, request: "Request[Body]", holder: Holder, json: Json, other: Any)'
    )
    lines = "".join(f"    {line}\n" for line in code.splitlines())
    (folder / "code.py").write_text(f"{HEAD}\nasync def read{signature} -> None:\n{lines}")
    return [read.key for read in key_reads(Project(folder), "code") if not read.exists]


def test_every_key_that_is_read_from_the_contract_is_in_it() -> None:
    project = Project(ROOT)
    readers = project.modules(*(folder for folder in CONTRACT_READERS if folder != "tests/"))
    found = [str(read) for module in readers for read in key_reads(project, module) if not read.exists]
    assert not found, "\n  ".join(["the contract has no such field:", *found])


@pytest.mark.parametrize(
    "code",
    [
        'body["gone"]',
        'body.get("gone")',
        'body.get("gone", [])',
        'body.pop("gone")',
        '"gone" in body',
        'if "gone" not in body: ...',
        'match body:\n    case {"gone": gone}: ...',
        'match (1, body):\n    case (1, {"gone": gone}): ...',
        'for turn in body["messages"]:\n    turn["gone"]',
        'for number, turn in enumerate(body["messages"]):\n    turn.get("gone")',
        'for turn, _ in zip(body["messages"], []):\n    turn.get("gone")',
        'for key, turn in {1: turn for turn in body["messages"]}.items():\n    turn.get("gone")',
        'body["messages"][0]["gone"]',
        'body["messages"][-1]["gone"]',
        'body["messages"][1:][0]["gone"]',
        'first, *rest = body["messages"]\nrest[0].get("gone")',
        '[turn["gone"] for turn in body["messages"]]',
        '{turn["role"]: turn.get("gone") for turn in body["messages"]}',
        'next(turn for turn in body["messages"]).get("gone")',
        'turns[0]["gone"]',
        'part["gone"]',
        'match part:\n    case {"type": "image", "gone": gone}: ...',
        'match body["messages"]:\n    case [{"gone": gone}, *_]: ...',
        'match body:\n    case {"messages": [turn]}:\n        turn.get("gone")',
        'request.body["gone"]',
        'request.again().get("gone")',
        'holder._body.get("gone")',
        'holder.turns[0].get("gone")',
        '(await holder.first()).get("gone")',
        'Holder(body)._body.get("gone")',
        'for turn in turns_of(body):\n    "gone" in turn',
        '(content := body["messages"][0].get("content")) and content[0].get("gone")',
        'content = body["messages"][0].get("content") or []\ncontent[0].get("gone")',
        'turn: "Turn" = other\nturn.get("gone")',
        'turn: "models.Message" = other\nturn.get("gone")',
        'turn: "Turn | dict[str, Any]" = other\nturn.get("gone")',
        'cast("Turn", other).get("gone")',
        'for name in ("role", "gone"):\n    turns[0].get(name)',
        'KEY = "gone"\nbody.get(KEY)',
        'TAKEN: "Annotated[frozenset[str], Turn]" = frozenset({"role", *("content", "gone")})',
        'TAKEN: Annotated[dict[str, str], "models.Body"] = {"messages": "elsewhere", "gone": "here"}',
        'def inner(turn: "Turn") -> None:\n    turn.get("gone")',
        'def inner() -> "Turn": ...\ninner().get("gone")',
        'if other:\n    turn = turns[0]\nelse:\n    turn = turns[1]\nturn.get("gone")',
        'try:\n    turn = turns[0]\nexcept IndexError:\n    return\nturn.get("gone")',
        'sorted(other, key=lambda each: body["gone"])',
        "f\"{body.get('gone')}\"",
    ],
)
def test_a_key_that_is_no_field_is_found(tmp_path: Path, code: str) -> None:
    assert set(missing(tmp_path, code)) == {"gone"}


@pytest.mark.parametrize(
    "code",
    [
        'body["messages"]',
        'body.get("extra", {}).get("anything")',
        'part.get("detail")',
        'match part:\n    case {"type": "text", "text": text} | {"type": "image", "url": text}: ...',
        'other["gone"]',
        'json["gone"]["gone"]',
        'TAKEN: Annotated[frozenset[str], 3] = frozenset({"gone"})',
        'dict(body)["gone"]',
        'mapping: Mapping[str, Any] = body\nmapping.get("gone")',
        'turn = turns[0] if other else other\nturn.get("gone")',
        'body = other\nbody["gone"]',
        '"gone" in body["messages"][0]["role"]',
        'body["messages"][0]["role"] in ("gone", "user")',
    ],
)
def test_a_key_that_may_be_there_is_no_offence(tmp_path: Path, code: str) -> None:
    assert missing(tmp_path, code) == []


def test_a_report_names_file_line_key_and_types(tmp_path: Path) -> None:
    (tmp_path / "generated").mkdir()
    (tmp_path / "generated" / "models.py").write_text(CONTRACT)
    (tmp_path / "code.py").write_text(
        "from generated.models import Part\n\n\ndef read(part: Part) -> None:\n    part.get('gone')\n"
    )

    (read,) = key_reads(Project(tmp_path), "code")

    assert str(read) == "code.py:5 reads 'gone', which Image | Text does not have"
