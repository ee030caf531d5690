"""The two operations that Waystone documents stand in the contract exactly as documented."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
PUBLISHED = ROOT.parent / "shared" / "documents"
NAMES = ("waystone-create-response", "waystone-create-chat-completion")

BUNDLE: dict[str, Any] = json.loads((ROOT / "generated" / "openapi.json").read_text())


def kept(name: str) -> str:
    return (ROOT / "openapi" / "documents" / f"{name}.yaml").read_text()


def published(name: str) -> str:
    """The YAML inside the fence of the document as it was published."""
    path = PUBLISHED / f"{name}.txt"
    if not path.exists():
        pytest.skip("the published documents are not beside this checkout; openapi/documents holds their YAML")
    _, _, fenced = path.read_text().partition("````yaml")
    head_of_fence, _, text = fenced.partition("\n")
    assert head_of_fence.startswith(" post /api/gateway/v1/")
    return text.partition("````")[0]


def schemas(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Path, place and schema of each request and response of a document."""
    for path, item in document["paths"].items():
        bodies = {"request": item["post"]["requestBody"], **item["post"]["responses"]}
        for place, body in bodies.items():
            for media_type, content in body["content"].items():
                yield path, f"{place} {media_type}", content["schema"]


@pytest.mark.parametrize("name", NAMES)
def test_documents_are_kept_word_for_word(name: str) -> None:
    assert kept(name) == published(name)


@pytest.mark.parametrize("source", [kept, published])
@pytest.mark.parametrize("name", NAMES)
def test_documented_schemas_stand_in_the_bundle_unchanged(name: str, source: Any) -> None:
    documented = list(schemas(yaml.safe_load(source(name))))

    assert [place for _, place, _ in documented] == ["request application/json", "200 application/json"]
    for path, place, schema in documented:
        body, media_type = place.split(" ")
        operation = BUNDLE["paths"][path]["post"]
        holder = operation["requestBody"] if body == "request" else operation["responses"][body]
        assert json.dumps(holder["content"][media_type]["schema"]) == json.dumps(schema)


@pytest.mark.parametrize("name", NAMES)
def test_the_overlay_only_adds(name: str) -> None:
    document = yaml.safe_load(kept(name))
    for part in ("servers", "paths", "components"):
        assert additions_only(document[part], BUNDLE[part], part) == []


@pytest.mark.parametrize("name", NAMES)
def test_documented_operations_take_the_documented_key(name: str) -> None:
    document = yaml.safe_load(kept(name))
    for path in document["paths"]:
        assert BUNDLE["paths"][path]["post"]["security"] == document["security"]


def additions_only(documented: Any, actual: Any, place: str) -> list[str]:
    """The places where something documented is gone or different."""
    if isinstance(documented, dict) and isinstance(actual, dict):
        gone = [f"{place}.{key} is gone" for key in documented if key not in actual]
        both = [key for key in documented if key in actual]
        return gone + [text for key in both for text in additions_only(documented[key], actual[key], f"{place}.{key}")]
    if place.endswith(".parameters"):
        actual = actual[: len(documented)]
    return [] if documented == actual else [f"{place} differs"]
