"""Links lead from what is created to what can be done with it."""

import asyncio
from typing import Any

import pytest

from gateway.access_log import Access
from gateway.contract.bundle import Bundle
from gateway.contract.parameters import compile_query
from gateway.errors import InvalidRequest
from gateway.http import Request
from handlers.responses import retrieve

BUNDLE = Bundle.load()
LINKS: dict[str, set[str]] = {
    "responses.create": {"responses.retrieve", "responses.delete", "responses.input_items.list"},
    "conversations.create": {
        "conversations.retrieve",
        "conversations.update",
        "conversations.delete",
        "conversations.items.list",
        "conversations.items.create",
    },
    "conversations.items.create": {"conversations.items.retrieve", "conversations.items.delete"},
}


def links(operation: str) -> dict[str, dict[str, Any]]:
    spec = BUNDLE.operations[operation]
    node = BUNDLE.document["paths"][spec.path][spec.method]
    found: dict[str, dict[str, Any]] = node["responses"]["200"].get("links", {})
    return found


@pytest.mark.parametrize("operation", BUNDLE.operations)
def test_what_is_created_leads_to_what_can_be_done_with_it(operation: str) -> None:
    assert {link["operationId"] for link in links(operation).values()} == LINKS.get(operation, set())


@pytest.mark.parametrize("operation", LINKS)
def test_links_fill_every_parameter_of_the_path(operation: str) -> None:
    for link in links(operation).values():
        target = BUNDLE.operations[link["operationId"]]
        wanted = {parameter["name"] for parameter in target.parameters if parameter["in"] == "path"}
        assert link["parameters"].keys() == wanted


LISTS = ("responses.input_items.list", "conversations.items.list")
WITH_INCLUDE = (*LISTS, "responses.retrieve", "conversations.items.create", "conversations.items.retrieve")


def read(operation: str, query: bytes) -> dict[str, Any]:
    reader = compile_query(BUNDLE.operations[operation], BUNDLE)
    assert reader is not None
    return reader(query)


@pytest.mark.parametrize("operation", WITH_INCLUDE)
def test_include_is_read_with_and_without_brackets(operation: str) -> None:
    values = ["reasoning.encrypted_content", "code_interpreter_call.outputs"]
    for name in (b"include", b"include[]", b"include%5B%5D"):
        query = b"&".join(name + b"=" + value.encode() for value in values)
        assert read(operation, query) == {"include": values}
    for name in (b"include", b"include[]"):
        with pytest.raises(InvalidRequest) as refused:
            read(operation, name + b"=everything")
        assert refused.value.param == "include[0]"


@pytest.mark.parametrize("operation", LISTS)
def test_lists_are_asked_for_by_the_page(operation: str) -> None:
    assert read(operation, b"limit=100&order=asc&after=msg_1") == {"limit": 100, "order": "asc", "after": "msg_1"}
    for query, param in ((b"limit=0", "limit"), (b"limit=101", "limit"), (b"limit=x", "limit"), (b"order=up", "order")):
        with pytest.raises(InvalidRequest) as refused:
            read(operation, query)
        assert refused.value.param == param


def test_retrieval_reads_the_parameters_of_a_stream() -> None:
    query = b"stream=true&starting_after=4&include_obfuscation=false"
    expected = {"stream": True, "starting_after": 4, "include_obfuscation": False}
    assert read("responses.retrieve", query) == expected
    with pytest.raises(InvalidRequest, match="starting_after"):
        read("responses.retrieve", b"starting_after=-1")


def test_a_stored_response_is_not_streamed_yet_and_the_refusal_says_so() -> None:
    request: Request[None] = Request(Access("req_1"), "responses.retrieve", "", None, {}, {"stream": True})
    gateway: Any = None
    with pytest.raises(InvalidRequest, match="cannot stream a stored response yet") as refused:
        asyncio.run(retrieve(request, gateway))
    assert (refused.value.param, refused.value.code) == ("stream", "unsupported_parameter")
