"""`GET /v1/responses`: a key's own stored responses, from a running gateway; and the headers of repeated requests."""

from collections.abc import Iterator

import httpx
import pytest
from openai import OpenAI

from tests.clients.asking import CONVERSATIONS, RESPONSES, answered, plain
from tests.clients.contract import PATHS, check, check_error, request
from tests.servers.gateway import RunningGateway

STREAMS = pytest.mark.parametrize("is_stream", [False, True], ids=["plain", "streamed"])


@pytest.fixture(scope="module")
def listing_key(gateway: RunningGateway) -> str:
    """A key of these tests' own: what others have stored is no concern of theirs."""
    return gateway.command("keys", "create", "--name", "listing").strip()


@pytest.fixture
def client(gateway: RunningGateway, listing_key: str) -> Iterator[httpx.Client]:
    with gateway.client(listing_key) as client:
        yield client


def _ids(client: httpx.Client, **query: str | int) -> list[str]:
    reply = client.get(RESPONSES, params=query)
    assert reply.status_code == 200, reply.text
    listed = reply.json()
    check("ResponseList", listed)
    ids = [response["id"] for response in listed["data"]]
    assert (listed["first_id"], listed["last_id"]) == ((ids[0], ids[-1]) if ids else (None, None))
    return ids


@STREAMS
def test_a_list_has_responses_as_they_are_retrieved(client: httpx.Client, is_stream: bool) -> None:
    made = answered(client, is_stream)
    listed = client.get(RESPONSES, params={"limit": 1})
    assert listed.json()["data"] == [made]
    assert client.get(f"{RESPONSES}/{made['id']}").content in listed.content


def test_a_list_is_filtered_and_walked(client: httpx.Client) -> None:
    conversation = client.post(CONVERSATIONS, json={}).json()["id"]
    made = [plain(client, f"{number}", conversation=conversation)["id"] for number in range(3)]
    cut = plain(client, "Go on.", "test/length", conversation=conversation)
    assert _ids(client, conversation=conversation) == [cut["id"], *reversed(made)]
    assert _ids(client, conversation=conversation, order="asc", limit=2) == made[:2]
    assert _ids(client, conversation=conversation, order="asc", after=made[1]) == [made[2], cut["id"]]
    assert _ids(client, conversation=conversation, status="incomplete") == [cut["id"]]
    assert _ids(client, conversation=conversation, status="queued") == []
    assert _ids(client, conversation=conversation, background="true") == []
    assert len(_ids(client, conversation=conversation, background="false")) == 4
    assert cut["id"] in _ids(client, conversation=conversation, created_after=cut["created_at"] - 1)
    assert cut["id"] not in _ids(client, conversation=conversation, created_before=cut["created_at"])
    assert _ids(client, conversation="conv_unknown") == []


def test_what_is_not_stored_or_is_deleted_is_not_listed(client: httpx.Client) -> None:
    forgotten, deleted, kept = plain(client, store=False), plain(client), plain(client)
    client.delete(f"{RESPONSES}/{deleted['id']}")
    listed = _ids(client, limit=100)
    assert listed[0] == kept["id"]
    assert not {forgotten["id"], deleted["id"]} & set(listed)
    error = check_error(client.get(RESPONSES, params={"after": deleted["id"]}).json())
    assert (error["param"], error["type"]) == ("after", "invalid_request_error")


def test_nobody_lists_anothers_responses(client: httpx.Client, stranger: httpx.Client) -> None:
    conversation = client.post(CONVERSATIONS, json={}).json()["id"]
    mine, theirs = plain(client, conversation=conversation)["id"], plain(stranger)["id"]
    assert mine not in _ids(stranger, limit=100)
    assert theirs not in _ids(client, limit=100)
    assert _ids(stranger, conversation=conversation) == []
    for after in (mine, "resp_unknown"):
        reply = stranger.get(RESPONSES, params={"after": after})
        assert (reply.status_code, after in check_error(reply.json())["message"]) == (400, True)


@pytest.mark.parametrize(
    "query", ["status=done", "limit=0", "limit=101", "order=up", "background=1", "created_after=x"]
)
def test_a_list_that_cannot_be_is_refused(client: httpx.Client, query: str) -> None:
    reply = client.get(f"{RESPONSES}?{query}")
    assert (reply.status_code, check_error(reply.json())["param"]) == (400, query.partition("=")[0])


def test_a_list_needs_a_key(gateway: RunningGateway) -> None:
    with gateway.client(None) as nobody:
        assert nobody.get(RESPONSES).status_code == 401


def test_the_python_sdk_reads_a_list(sdk_of_v1: OpenAI) -> None:
    made = sdk_of_v1.responses.create(model="test/echo", input="List this.")
    listed = sdk_of_v1.get("/responses", cast_to=httpx.Response, options={"params": {"limit": 1, "order": "desc"}})
    assert [response["id"] for response in listed.json()["data"]] == [made.id]


@pytest.mark.parametrize("path", [*PATHS, RESPONSES])
@pytest.mark.parametrize(
    ("name", "value"),
    [("Idempotency-Key", ""), ("Idempotency-Key", "k" * 256), ("X-Waystone-On-Disconnect", "linger")],
)
def test_a_header_that_the_contract_does_not_allow_is_refused(
    client: httpx.Client, path: str, name: str, value: str
) -> None:
    body = request("/api/gateway/v1/responses" if path == RESPONSES else path)
    reply = client.post(path, json=body, headers={name: value})
    assert reply.status_code == 400
    assert str(check_error(reply.json())["param"]).lower() == name.lower()
    assert client.post(path, json=body, headers={name.replace("-", "_"): value}).status_code == 200
