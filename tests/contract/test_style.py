"""Each rule of the contract's style catches its offence."""

import json
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from scripts.contract.style import offences

BUNDLE: dict[str, Any] = json.loads((Path(__file__).parents[2] / "generated" / "openapi.json").read_text())

Damage = Callable[[dict[str, Any]], object]


def chat(document: dict[str, Any]) -> Any:
    return document["paths"]["/v1/chat/completions"]["post"]


def schemas(document: dict[str, Any]) -> Any:
    return document["components"]["schemas"]


def responses(document: dict[str, Any]) -> Any:
    return document["components"]["responses"]


UNMAPPED = (
    "the discriminator 'type' of a union of #/components/schemas/OutputTextContent and others does not map each branch"
)
OFFENCES: list[tuple[Damage, str]] = [
    (lambda d: chat(d).pop("operationId"), "POST /v1/chat/completions has no operationId"),
    (
        lambda d: chat(d).update(operationId="models.list"),
        "GET /v1/models has the same handler as POST /v1/chat/completions: handlers.models.list",
    ),
    (
        lambda d: chat(d).update(operationId="chat.create-it"),
        "POST /v1/chat/completions: operation 'chat.create-it' needs a handler named 'create-it',"
        " which is no Python name",
    ),
    (lambda d: chat(d).update(tags=[]), "POST /v1/chat/completions has no tag"),
    (
        lambda d: chat(d).update(tags=["talk"]),
        "POST /v1/chat/completions has the tag 'talk', which the document does not declare",
    ),
    (lambda d: chat(d).pop("summary"), "POST /v1/chat/completions has no summary"),
    (lambda d: chat(d).update(description=""), "POST /v1/chat/completions has no description"),
    (lambda d: chat(d).pop("security"), "POST /v1/chat/completions does not say which keys it takes"),
    (
        lambda d: chat(d)["security"].append({"cookieAuth": []}),
        "POST /v1/chat/completions takes 'cookieAuth', which is no security scheme of the document",
    ),
    (lambda d: chat(d)["responses"].pop("401"), "POST /v1/chat/completions does not list 401"),
    (lambda d: chat(d)["responses"].pop("413"), "POST /v1/chat/completions does not list 413"),
    (lambda d: chat(d)["responses"].pop("503"), "POST /v1/chat/completions does not list 503"),
    (lambda d: chat(d)["responses"].pop("500"), "POST /v1/chat/completions does not list 500"),
    (
        lambda d: chat(d)["responses"].update({"404": {"description": "Gone."}}),
        "POST /v1/chat/completions: its 404 is not a shared response",
    ),
    (
        lambda d: responses(d)["NotFound"].pop("content"),
        "components/responses/NotFound is not the error envelope",
    ),
    (
        lambda d: schemas(d)["OutputMessageContent"]["discriminator"].pop("mapping"),
        UNMAPPED,
    ),
    (
        lambda d: schemas(d)["OutputMessageContent"]["discriminator"]["mapping"].pop("refusal"),
        UNMAPPED,
    ),
    (
        lambda d: schemas(d)["RefusalContent"]["properties"]["type"].update(const="thought"),
        "#/components/schemas/RefusalContent is mapped from 'refusal', which is not the const of its 'type'",
    ),
    (
        lambda d: schemas(d)["Error"]["properties"].update(cause={"$ref": "#/components/schemas/Cause"}),
        "#/components/schemas/Cause leads nowhere",
    ),
    (
        lambda d: schemas(d)["Error"]["properties"].update(cause={"$ref": "causes.yaml#/components/schemas/Cause"}),
        "causes.yaml#/components/schemas/Cause leads nowhere",
    ),
    (
        lambda d: schemas(d)["OutputMessageContent"]["discriminator"]["mapping"].update(
            t="#/components/schemas/Thought"
        ),
        "#/components/schemas/Thought leads nowhere",
    ),
    (lambda d: schemas(d).update(Leftover={"type": "string"}), "components/schemas/Leftover is not used"),
    (
        lambda d: schemas(d).update(Loop={"items": {"$ref": "#/components/schemas/Loop"}}),
        "components/schemas/Loop is not used",
    ),
    (
        lambda d: d["components"]["securitySchemes"].update(cookieAuth={"type": "apiKey"}),
        "components/securitySchemes/cookieAuth is not used",
    ),
    (
        lambda d: responses(d).update(too_late=deepcopy(responses(d)["NotFound"])),
        "components/responses/too_late is not in PascalCase",
    ),
]


def test_the_contract_keeps_its_style() -> None:
    assert offences(BUNDLE) == []


@pytest.mark.parametrize(("damage", "sentence"), OFFENCES, ids=[sentence for _, sentence in OFFENCES])
def test_style_names_the_offence(damage: Damage, sentence: str) -> None:
    document = deepcopy(BUNDLE)
    damage(document)

    assert sentence in offences(document)
