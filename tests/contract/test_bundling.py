"""The sources become one valid document, or a sentence that says where they do not."""

import json
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from schemathesis.config import SchemathesisConfig

from scripts.contract.bundle import join, lookup
from scripts.contract.merge import merge
from scripts.contract.sources import ContractError, read_file

ROOT = Path(__file__).parents[2]
BUNDLE: dict[str, Any] = json.loads((ROOT / "generated" / "openapi.json").read_text())

# The project's own configuration is for fuzzing a running server: it wants a key.
PLAIN = SchemathesisConfig()


def files(**parts: dict[str, Any]) -> dict[str, Any]:
    root = {"openapi": "3.1.0", "security": [{"key": []}], "components": {"securitySchemes": {"key": {}}}}
    return {"root.yaml": root, **{f"{name}.yaml": part for name, part in parts.items()}}


def test_the_bundle_is_an_openapi_document() -> None:
    schemathesis.openapi.from_dict(BUNDLE, config=PLAIN).validate()


def test_a_damaged_bundle_is_no_openapi_document() -> None:
    damaged = {**BUNDLE, "paths": {"/v1/models": {"get": {"responses": "none"}}}}

    with pytest.raises(Exception, match="none"):
        schemathesis.openapi.from_dict(damaged, config=PLAIN).validate()


def test_references_between_files_become_references_within_the_bundle() -> None:
    user = {"components": {"schemas": {"User": {"items": {"$ref": "pets.yaml#/components/schemas/Pet"}}}}}
    pets = {"components": {"schemas": {"Pet": {"type": "string"}}}}

    bundled = join({}, files(pets=pets, users=user))

    assert bundled["components"]["schemas"]["User"] == {"items": {"$ref": "#/components/schemas/Pet"}}


@pytest.mark.parametrize("reference", ["pets.yaml#/components/schemas/Pet", "#/components/schemas/Pet", "Pet"])
def test_a_reference_that_leads_nowhere_names_its_file(reference: str) -> None:
    user = {"components": {"schemas": {"User": {"$ref": reference}}}}

    with pytest.raises(ContractError, match=r"v1/users\.yaml: .*Pet leads nowhere"):
        join({}, files(users=user, pets={}))


def test_a_component_defined_twice_and_differently_is_an_error() -> None:
    one = {"components": {"schemas": {"Pet": {"type": "string"}}}}
    other = {"components": {"schemas": {"Pet": {"type": "integer"}}}}

    with pytest.raises(ContractError, match="components/schemas/Pet is defined twice"):
        join({}, files(one=one, other=other))


def test_operations_keep_the_security_of_their_own_document() -> None:
    documents = [
        {"security": [{"first": []}], "paths": {"/a": {"get": {}}, "/b": {"get": {"security": []}}}},
        {"security": [{"second": []}], "paths": {"/c": {"get": {}}}},
    ]

    paths = merge(documents)["paths"]

    assert paths["/a"]["get"]["security"] == [{"first": []}]
    assert paths["/b"]["get"]["security"] == []
    assert paths["/c"]["get"]["security"] == [{"second": []}]


def test_lookup_reads_escaped_pointers_and_list_positions() -> None:
    document = {"paths": {"/a~b": {"anyOf": [{}, {"x": 1}]}}}

    assert lookup(document, "#/paths/~1a~0b/anyOf/1/x") == 1
    assert lookup(document, "#/paths/~1a~0b/anyOf/2") is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: 1\na: 2\n", "line 1: a key is repeated"),
        ("x:\n  200: fine\n", "line 2: the key 200 is not a string; quote it"),
        ("a: [1\n", "expected"),
        ("- a\n", "holds no mapping"),
    ],
)
def test_yaml_that_json_cannot_say_is_refused_with_its_place(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "part.yaml"
    path.write_text(text)

    with pytest.raises(ContractError, match=message):
        read_file(path)
