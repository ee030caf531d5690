"""The types of operations, and of schemas written in place, have names that last."""

import ast
import shutil
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import yaml

from scripts.contract.bundle import bundle, lookup
from scripts.contract.in_place import named_schemas
from scripts.contract.merge import operations
from scripts.contract.models import derived, models, request_type
from scripts.contract.sources import ContractError, Node
from scripts.contract.type_names import operation_name, singular

ROOT = Path(__file__).parents[2]
CHAT = "waystone-create-chat-completion.yaml"
BODY = "#/paths/~1api~1gateway~1v1~1chat~1completions/post/requestBody/content/application~1json"
REPLY = "#/paths/~1api~1gateway~1v1~1chat~1completions/post/responses/200/content/application~1json"
MESSAGES = "/schema/allOf/2/properties/messages/items"


def contract(folder: Path, change: Callable[[Node], None]) -> Node:
    """The bundle of a copy of the sources in which the vendor's chat document was changed."""
    shutil.copytree(ROOT / "openapi", folder, dirs_exist_ok=True)
    document = yaml.safe_load((folder / "documents" / CHAT).read_text())
    change(document)
    (folder / "documents" / CHAT).write_text(yaml.safe_dump(document, sort_keys=False))
    return bundle(folder)


def move(document: Node, holder: Any, key: Any, component: str) -> None:
    """Put the schema that stands at `holder[key]` among the components, and refer to it."""
    document["components"].setdefault("schemas", {})[component] = holder[key]
    holder[key] = {"$ref": f"#/components/schemas/{component}"}


def types(document: Node) -> dict[str, Any]:
    """The types that are generated from a document, by name."""
    namespace: dict[str, Any] = {"__name__": "generated_from_a_copy"}
    text = models(document)
    exec(text, namespace)
    statements = ast.parse(text).body
    classes = {node.name for node in statements if isinstance(node, ast.ClassDef)}
    targets = (node.target for node in statements if isinstance(node, ast.AnnAssign))
    return {
        name: namespace[name] for name in classes | {target.id for target in targets if isinstance(target, ast.Name)}
    }


def keys(type_: Any) -> set[str]:
    return set(getattr(type_, "__annotations__", ()))


BUNDLE = bundle(ROOT / "openapi")
TYPES = types(BUNDLE)


def move_the_body(document: Node) -> None:
    move(document, lookup(document, BODY), "schema", "ChatBody")


def move_the_body_whole_and_by_its_request(document: Node) -> None:
    operation = document["paths"]["/api/gateway/v1/chat/completions"]["post"]
    document["components"]["requestBodies"] = {"Chat": {**operation["requestBody"], "required": True}}
    operation["requestBody"] = {"$ref": "#/components/requestBodies/Chat"}


def move_the_reply(document: Node) -> None:
    move(document, lookup(document, REPLY), "schema", "Completion")


def move_the_messages(document: Node) -> None:
    branches = lookup(document, BODY + MESSAGES)["anyOf"]
    move(document, branches, 0, "Spoken")
    move(document, branches, 1, "OfATool")


def move_the_parts(document: Node) -> None:
    parts = lookup(document, BODY)["schema"]["allOf"]
    for number, name in enumerate(("Common", "Settings", "Conversation")):
        move(document, parts, number, name)


def move_everything(document: Node) -> None:
    reply = lookup(document, REPLY)["schema"]
    choices = reply["properties"]["choices"]
    move(document, choices["items"]["properties"], "message", "Said")
    move(document, choices, "items", "Chosen")
    move(document, reply["properties"], "usage", "Counted")
    move_the_messages(document)
    move(document, lookup(document, BODY + MESSAGES.removesuffix("/items")), "items", "Turn")
    move_the_body(document)
    move_the_reply(document)


@pytest.mark.parametrize(
    "change",
    [move_the_body, move_the_reply, move_the_messages, move_the_parts, move_everything],
)
def test_names_stay_when_the_vendor_moves_schemas_into_components(
    tmp_path: Path, change: Callable[[Node], None]
) -> None:
    moved = types(contract(tmp_path, change))

    assert moved.keys() >= TYPES.keys()
    assert {name: keys(moved[name]) for name in TYPES} == {name: keys(TYPES[name]) for name in TYPES}


def test_a_component_keeps_its_own_name(tmp_path: Path) -> None:
    found = types(contract(tmp_path, move_everything))

    assert found.keys() >= {"ChatBody", "Completion", "Spoken", "OfATool", "Said", "Chosen", "Counted"}


def test_names_stay_when_the_vendor_moves_a_request_into_components(tmp_path: Path) -> None:
    document = deepcopy(BUNDLE)
    move_the_body_whole_and_by_its_request(document)

    assert types(document).keys() == TYPES.keys()
    operation = document["paths"]["/api/gateway/v1/chat/completions"]["post"]
    assert request_type(document, operation) == "WaystoneChatCompletionRequest"


def test_every_operation_has_the_types_of_its_request_and_its_reply() -> None:
    for _, _, operation in operations(BUNDLE):
        name = operation_name(operation["operationId"], operation["tags"])
        assert f"{name}Reply" in TYPES
        assert ("requestBody" in operation) == (f"{name}Request" in TYPES)
        assert request_type(BUNDLE, operation) == (f"{name}Request" if "requestBody" in operation else None)
        has_events = lookup(operation, "responses/200/content/text~1event-stream") is not None
        assert has_events == (f"{name}Event" in TYPES)


def test_every_type_has_a_name_that_the_contract_gives_it() -> None:
    assert set(derived(BUNDLE)["components"]["schemas"]) == TYPES.keys()


@pytest.mark.parametrize(
    ("operation_id", "tags", "name"),
    [
        ("chat.completions.create", ["chat"], "CreateChatCompletion"),
        ("responses.input_items.list", ["responses"], "ListResponseInputItems"),
        ("conversations.items.delete", ["conversations"], "DeleteConversationItem"),
        ("postApiGatewayV1Responses", ["waystone"], "WaystoneResponse"),
        ("getApiGatewayV1Responses", ["waystone"], "GetWaystoneResponse"),
        ("deleteApiGatewayV1ResponsesId", ["waystone"], "DeleteWaystoneResponseId"),
        ("postIt", ["waystone"], "WaystonePostIt"),
        ("createHTTPCheck", ["health"], "HealthCreateHttpCheck"),
    ],
)
def test_the_id_of_an_operation_names_its_types(operation_id: str, tags: list[str], name: str) -> None:
    assert operation_name(operation_id, tags) == name


@pytest.mark.parametrize(
    ("plural", "expected"),
    [
        ("completions", "completion"),
        ("choices", "choice"),
        ("entries", "entry"),
        ("addresses", "address"),
        ("searches", "search"),
        ("status", "status"),
        ("health", "health"),
    ],
)
def test_singulars_are_english(plural: str, expected: str) -> None:
    assert singular(plural) == expected


def document(body: Node, reply: Node | None = None, **operations: Node) -> Node:
    """A document with one operation `notes.create`, and with others by their paths."""
    content = {"application/json": {"schema": body}}
    responses = {"200": {"content": {"application/json": {"schema": reply or {"type": "string"}}}}}
    create = {"operationId": "notes.create", "requestBody": {"content": content}, "responses": responses}
    paths = {"/notes": {"post": create}, **{f"/{path}": {"post": value} for path, value in operations.items()}}
    return {"openapi": "3.1.0", "info": {"title": "x", "version": "1"}, "paths": paths, "components": {"schemas": {}}}


def an_object(**properties: Node) -> Node:
    return {"type": "object", "properties": properties}


TEXT: Node = {"type": "string"}


def test_a_new_document_gets_types_for_what_it_writes_in_place() -> None:
    author = an_object(name=TEXT, addresses={"type": "array", "items": an_object(street=TEXT)})
    body = an_object(title=TEXT, author=author, labels={"type": "object", "additionalProperties": an_object(at=TEXT)})
    source = document(body, an_object(id=TEXT, draft={**an_object(title=TEXT), "type": ["object", "null"]}))
    text = models(source)

    assert types(source).keys() == {
        "CreateNoteRequest",
        "CreateNoteRequestAuthor",
        "CreateNoteRequestAuthorAddress",
        "CreateNoteRequestLabel",
        "CreateNoteReply",
        "CreateNoteReplyDraft",
    }
    assert "draft: NotRequired[CreateNoteReplyDraft | None]" in text
    assert "labels: NotRequired[dict[str, CreateNoteRequestLabel]]" in text


def test_statuses_and_media_types_tell_the_types_of_one_operation_apart() -> None:
    media = {"application/json": {"schema": an_object(a=TEXT)}, "multipart/form-data": {"schema": an_object(b=TEXT)}}
    accepted = {"content": {"application/json": {"schema": an_object(c=TEXT)}}}
    events = {"content": {"text/event-stream": {"schema": an_object(d=TEXT)}}}
    operation = {"operationId": "files.create", "requestBody": {"content": media}}
    found = named_schemas(document(TEXT, files={**operation, "responses": {"202": accepted, "200": events}}))

    expected = ["CreateFileRequest", "CreateFileFormDataRequest", "CreateFileAcceptedReply", "CreateFileEvent"]
    assert [list(found[name]["properties"]) for name in expected] == [["a"], ["b"], ["c"], ["d"]]


def test_branches_in_place_are_named_by_their_tags() -> None:
    tool = an_object(role={"const": "tool"}, id=TEXT)
    items = {"anyOf": [an_object(content=TEXT), tool, an_object(parts=TEXT)]}
    found = named_schemas(document(an_object(messages={"type": "array", "items": items})))

    assert list(found["CreateNoteRequestMessage"]["properties"]) == ["content"]
    assert list(found["CreateNoteRequestToolMessage"]["properties"]) == ["role", "id"]
    assert list(found["CreateNoteRequestMessageVariantB"]["properties"]) == ["parts"]


def test_two_objects_in_place_never_get_one_name() -> None:
    body = an_object(
        **{"choice": an_object(a=TEXT), "choices": {"items": an_object(b=TEXT)}, "Choice": an_object(c=TEXT)},
        foo_bar=an_object(d=TEXT),
        foo=an_object(bar=an_object(e=TEXT)),
        **{"…": an_object(f=TEXT), "?": an_object(g=TEXT)},
    )
    found = named_schemas(document(deepcopy(body)))

    fields = [tuple(schema["properties"]) for schema in found.values() if "properties" in schema]
    assert sorted(field for field in fields if len(field) == 1 and field != ("bar",)) == [(x,) for x in "abcdefg"]
    assert len(fields) == len(set(fields))
    assert named_schemas(document(body)) == found


def test_a_component_that_has_the_name_of_another_type_is_an_error() -> None:
    source = document(an_object(a=TEXT))
    source["components"]["schemas"]["CreateNoteRequest"] = an_object(b=TEXT)

    with pytest.raises(ContractError, match=r"CreateNoteRequest is named like a type of notes\.create"):
        named_schemas(source)


def test_two_operations_whose_types_would_have_one_name_are_an_error() -> None:
    source = document(an_object(a=TEXT), other={"operationId": "note.create", "responses": {}})
    source["paths"]["/other"]["post"]["requestBody"] = {"content": {"application/json": {"schema": an_object(b=TEXT)}}}

    with pytest.raises(ContractError, match=r"notes\.create and note\.create would both have a type CreateNoteRequest"):
        named_schemas(source)
