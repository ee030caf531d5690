"""Names of models: with a provider, bare, ambiguous, unknown; and when the upstream's list is asked for."""

import json
from collections.abc import Iterator

import httpx
import pytest
from openai import OpenAI

from tests.clients.contract import PATHS, check, check_error, request
from tests.servers.chat_upstream import KEY as UPSTREAM_KEY
from tests.servers.chat_upstream import MODELS, ChatUpstream
from tests.servers.gateway import KEY, RunningGateway, running_gateway, scripted_config
from tests.servers.thread import serving


@pytest.fixture
def fresh_upstream() -> Iterator[tuple[ChatUpstream, str]]:
    """An upstream that no gateway has asked yet, and its URL."""
    scripted = ChatUpstream()
    with serving(scripted.app) as url:
        yield scripted, f"{url}/v1"


@pytest.fixture
def fresh(fresh_upstream: tuple[ChatUpstream, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """A client of a gateway that has asked nobody yet."""
    config = scripted_config(fresh_upstream[1])
    with running_gateway(tmp_path_factory.mktemp("models"), config) as running, running.client() as client:
        yield client


@pytest.mark.parametrize("path", PATHS)
def test_a_bare_name_finds_the_one_provider_that_serves_it(
    client: httpx.Client, upstream: ChatUpstream, path: str
) -> None:
    reply = client.post(path, json=request(path, "echo"))
    assert reply.status_code == 200
    assert reply.headers["x-waystone-provider"] == "test"
    assert upstream.last["model"] == "echo"


@pytest.mark.parametrize("path", PATHS)
def test_an_ambiguous_name_is_refused_with_the_candidates(client: httpx.Client, path: str) -> None:
    reply = client.post(path, json=request(path, "any"))
    error = check_error(reply.json())
    assert (reply.status_code, error["param"], error["code"]) == (400, "model", "ambiguous_model")
    assert "down/any" in error["message"]
    assert "twin/any" in error["message"]


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    "model", ["", "/", "none", "nobody/echo", "down/echo", "down/", "/echo", "TEST/echo", "é", "x" * 10_000]
)
def test_an_unknown_name_is_not_found(client: httpx.Client, path: str, model: str) -> None:
    reply = client.post(path, json=request(path, model))
    error = check_error(reply.json())
    assert (reply.status_code, error["param"], error["code"]) == (404, "model", "model_not_found")
    assert len(error["message"]) < 1000


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    "model", ["test/with\r\nx-evil: 1", "test/\x00", "test/\ttab", "test/é", "test/\U0001f600", "test/ end "]
)
@pytest.mark.parametrize("stream", [False, True])
def test_odd_names_of_a_named_provider_travel_and_do_no_harm(
    client: httpx.Client, upstream: ChatUpstream, path: str, model: str, stream: bool
) -> None:
    reply = client.post(path, json=request(path, model, stream=stream))
    assert reply.status_code == 200, reply.text
    assert upstream.last["model"] == model.removeprefix("test/")
    assert "x-evil" not in reply.headers


def test_the_list_names_every_model_with_its_provider(client: httpx.Client) -> None:
    listed = client.get("/v1/models").json()
    check("ListModelsResponse", listed)
    names = [model["id"] for model in listed["data"]]
    assert {f"test/{name}" for name in MODELS} <= set(names)
    assert {"down/any", "twin/any", "slow/stall", "embedded/smollm2-135m-instruct"} <= set(names)
    providers = [name.partition("/")[0] for name in names]
    assert list(dict.fromkeys(providers)) == ["test", "down", "twin", "slow", "embedded"]


def test_one_model_is_shown_by_its_name(client: httpx.Client) -> None:
    for name in ("test/echo", "test%2Fecho", "echo"):
        shown = client.get(f"/v1/models/{name}").json()
        check("Model", shown)
        assert shown["id"] == "test/echo"


@pytest.mark.parametrize(("name", "status"), [("test/none", 404), ("none", 404), ("any", 400), ("down/x", 404)])
def test_a_model_that_cannot_be_shown_is_an_error_of_the_contract(client: httpx.Client, name: str, status: int) -> None:
    reply = client.get(f"/v1/models/{name}")
    assert reply.status_code == status
    check_error(reply.json())


def test_a_named_provider_is_not_asked_for_its_list(
    fresh: httpx.Client, fresh_upstream: tuple[ChatUpstream, str]
) -> None:
    scripted, _ = fresh_upstream
    for path in PATHS:
        assert fresh.post(path, json=request(path, "test/echo")).status_code == 200
        assert fresh.post(path, json=request(path, "down/none")).status_code == 404
    assert scripted.lists == 0
    for _ in range(3):
        assert fresh.post(PATHS[0], json=request(PATHS[0], "echo")).status_code == 200
        assert fresh.get("/v1/models").status_code == 200
    assert scripted.lists == 1


def test_a_list_that_is_down_takes_no_other_model_away(
    fresh: httpx.Client, fresh_upstream: tuple[ChatUpstream, str]
) -> None:
    scripted, _ = fresh_upstream
    scripted.list_is_down = True
    names = {model["id"] for model in fresh.get("/v1/models").json()["data"]}
    assert "down/any" in names
    assert not any(name.startswith("test/") for name in names)
    assert fresh.post(PATHS[0], json=request(PATHS[0], "test/echo")).status_code == 200
    reply = fresh.post(PATHS[0], json=request(PATHS[0], "echo"))
    assert reply.status_code == 404
    assert "test could not be listed" in reply.json()["error"]["message"]


@pytest.fixture(scope="module")
def priced(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningGateway]:
    """A gateway with a provider that has list prices, and with a name of its operator's own."""
    openai = {
        "api_key": UPSTREAM_KEY,
        "base_url": "http://secret-host.invalid/v1",
        "models": ["gpt-4o-mini", "unheard-of"],
    }
    config = {
        "providers": {"openai": openai},
        "models": {"fast": {"targets": ["openai/gpt-4o-mini"], "fallbacks": ["openai/unheard-of"]}},
        "embedded": {"enabled": False},
    }
    with running_gateway(tmp_path_factory.mktemp("priced"), config) as running:
        yield running


def test_the_stock_sdk_reads_the_list_and_what_it_says_beyond_its_own_fields(priced: RunningGateway) -> None:
    with OpenAI(api_key=KEY, base_url=f"{priced.url}/v1", max_retries=0, timeout=30) as client:
        fast, mini, unheard = client.models.list().data
        assert client.models.retrieve("openai/gpt-4o-mini") == mini
        assert client.models.retrieve("fast") == fast
    assert (mini.object, mini.owned_by) == ("model", "openai")
    told = mini.model_extra or {}
    assert told["context_window"] == 128_000
    assert (told["price"]["input"], told["price"]["output"]) == (0.15, 0.6)
    assert told["price"]["source"].startswith("genai-prices ")
    assert {"streaming", "tools", "images"} <= set(told["capabilities"])
    assert "price" not in (unheard.model_extra or {})
    assert (fast.model_extra or {})["targets"] == ["openai/gpt-4o-mini"]
    assert (fast.model_extra or {})["price"] == told["price"]


def test_the_list_keeps_its_contract_and_shows_no_secret(priced: RunningGateway) -> None:
    with priced.client() as client:
        reply = client.get("/v1/models")
    check("ListModelsResponse", reply.json())
    assert UPSTREAM_KEY not in reply.text
    assert "secret-host" not in reply.text


def test_the_command_says_what_the_list_says(priced: RunningGateway) -> None:
    with priced.client() as client:
        listed = client.get("/v1/models").json()["data"]
    assert json.loads(priced.command("models", "--json")) == listed
    table = priced.command("models")
    assert "openai/gpt-4o-mini" in table
    assert "128k" in table
    assert "stands for openai/gpt-4o-mini. falls back to openai/unheard-of" in table


def test_the_gateway_fixture_serves_what_these_tests_name(gateway: RunningGateway) -> None:
    assert "test/echo" in gateway.command("models")
