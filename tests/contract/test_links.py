"""Links lead from what is created to what can be done with it."""

from typing import Any

import pytest

from gateway.contract.bundle import Bundle
from gateway.contract.parameters import compile_headers, compile_query
from gateway.errors import InvalidRequest
from gateway.paging import ResponseFilter

BUNDLE = Bundle.load()
LINKS: dict[str, set[str]] = {
    "responses.create": {
        "responses.retrieve",
        "responses.cancel",
        "responses.delete",
        "responses.input_items.list",
    },
    "responses.cancel": {"responses.retrieve"},
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
        others = {parameter["name"] for parameter in target.parameters if parameter["in"] == "query"}
        assert wanted <= link["parameters"].keys() <= wanted | others


def test_a_link_leads_to_the_events_of_what_is_created() -> None:
    constants = [link["parameters"].get("stream") for link in links("responses.create").values()]
    assert sorted(constants, key=str) == [None, None, None, None, "true"]


WITH_INCLUDE = (
    *("responses.input_items.list", "conversations.items.list", "responses.retrieve"),
    *("conversations.items.create", "conversations.items.retrieve"),
)
LISTS = ("responses.input_items.list", "conversations.items.list", "responses.list")


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


def test_a_list_of_responses_reads_its_filters() -> None:
    query = b"status=queued&conversation=conv_1&background=false&created_after=0&created_before=253402300799"
    filters = ResponseFilter.of(read("responses.list", query))
    assert filters == ResponseFilter("queued", "conv_1", False, 0, 253402300799)
    assert ResponseFilter.of(read("responses.list", b"limit=2")) == ResponseFilter()


@pytest.mark.parametrize("query", ["status=done", "background=maybe", "created_after=-1", "created_before=1e3"])
def test_a_filter_that_cannot_be_is_refused(query: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        read("responses.list", query.encode())
    assert refused.value.param == query.partition("=")[0]


WITH_WORK_HEADERS = {
    *("postApiGatewayV1ChatCompletions", "postApiGatewayV1Responses"),
    *("chat.completions.create", "responses.create"),
}


@pytest.mark.parametrize("operation", BUNDLE.operations)
def test_the_operations_that_answer_take_the_headers_of_work_and_no_others_do(operation: str) -> None:
    expected = {b"idempotency-key", b"x-waystone-on-disconnect"} if operation in WITH_WORK_HEADERS else set()
    assert compile_headers(BUNDLE.operations[operation], BUNDLE).keys() == expected


@pytest.mark.parametrize(
    ("name", "value", "is_valid"),
    [
        (b"idempotency-key", b"a", True),
        (b"idempotency-key", b"a" * 255, True),
        (b"idempotency-key", b"a b~!", True),
        (b"idempotency-key", b"\xe9" * 254 + b"a", False),
        (b"idempotency-key", b"a\tb", False),
        (b"idempotency-key", b"a" * 256, False),
        (b"idempotency-key", b"", False),
        (b"idempotency-key", b"\xa0", False),
        (b"x-waystone-on-disconnect", b"abort", True),
        (b"x-waystone-on-disconnect", b"drain", True),
        (b"x-waystone-on-disconnect", b"background", True),
        (b"x-waystone-on-disconnect", b"Abort", False),
        (b"x-waystone-on-disconnect", b"\xff", False),
    ],
)
def test_headers_are_held_to_the_contract(name: bytes, value: bytes, is_valid: bool) -> None:
    require = compile_headers(BUNDLE.operations["responses.create"], BUNDLE)[name]
    if is_valid:
        require([(name, value), (b"accept", b"*/*"), (name, value)])
        return
    with pytest.raises(InvalidRequest) as refused:
        require([(name, value)])
    assert refused.value.param is not None
    assert refused.value.param.lower() == name.decode()


def test_header_that_comes_twice_has_one_value() -> None:
    require = compile_headers(BUNDLE.operations["responses.create"], BUNDLE)[b"idempotency-key"]
    with pytest.raises(InvalidRequest) as refused:
        require([(b"idempotency-key", b"a"), (b"idempotency-key", b"b")])
    assert refused.value.param == "Idempotency-Key"
