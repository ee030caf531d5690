"""Where requests go: templates of rows, queries, and addresses that a model is a part of."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, quote, unquote, urlsplit

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.providers import ROWS, Row
from gateway.providers.address import address, headers
from gateway.settings import ProviderSettings
from gateway.upstream import JSON_HEADERS, Address
from gateway.upstreams import upstream
from gateway.wire.transport import Answer, Call

ENDPOINT = "https://res.openai.azure.com"
BODY = orjson.dumps({"model": "my deploy/1", "messages": []})


class Nowhere:
    """A transport that nobody may use."""

    async def send(self, call: Call) -> Answer:
        raise AssertionError(call)

    def stream(self, call: Call) -> Any:
        raise AssertionError(call)


async def located(name: str, **settings: Any) -> Address:
    return await upstream(name, ProviderSettings(**settings), Nowhere()).locate()


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("name", "settings", "url"),
    [
        ("openai", {}, "https://api.openai.com/v1/p"),
        ("openai", {"base_url": "http://127.0.0.1:9/v1/"}, "http://127.0.0.1:9/v1/p"),
        ("openai", {"query": {"a b": "c&d"}}, "https://api.openai.com/v1/p?a+b=c%26d"),
        ("azure", {"base_url": ENDPOINT}, f"{ENDPOINT}/openai/v1/p"),
        ("azure", {"base_url": f"{ENDPOINT}/"}, f"{ENDPOINT}/openai/v1/p"),
        ("azure", {"base_url": f"{ENDPOINT}/openai/v1"}, f"{ENDPOINT}/openai/v1/p"),
        (
            "azure",
            {"base_url": ENDPOINT, "query": {"api-version": "preview"}},
            f"{ENDPOINT}/openai/v1/p?api-version=preview",
        ),
        (
            "azure",
            {"base_url": ENDPOINT, "api_version": "2024-10-21"},
            f"{ENDPOINT}/openai/deployments/my%20deploy%2F1/p?api-version=2024-10-21",
        ),
        (
            "azure",
            {"base_url": "https://res.services.ai.azure.com/models", "api_version": "2024-05-01-preview"},
            "https://res.services.ai.azure.com/models/p?api-version=2024-05-01-preview",
        ),
        ("bedrock", {"region": "eu-west-1"}, "https://bedrock-runtime.eu-west-1.amazonaws.com/p"),
    ],
)
async def test_a_path_is_put_below_the_address(name: str, settings: Mapping[str, Any], url: str) -> None:
    assert (await located(name, **settings)).url("/p", BODY) == url


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("location", "host"),
    [
        ("global", "aiplatform.googleapis.com"),
        ("us", "aiplatform.us.rep.googleapis.com"),
        ("eu", "aiplatform.eu.rep.googleapis.com"),
        ("europe-west4", "europe-west4-aiplatform.googleapis.com"),
    ],
)
async def test_the_location_chooses_the_host_of_vertex(location: str, host: str) -> None:
    parts = urlsplit((await located("vertex", project="p1", location=location)).url("/models/m:generateContent"))
    assert parts.hostname == host
    assert parts.path.endswith(f"/projects/p1/locations/{location}/publishers/google/models/m:generateContent")


@pytest.mark.anyio
async def test_what_is_filled_in_stays_one_part_of_the_address() -> None:
    assert (
        "/projects/example.com%3Aproject/"
        in (await located("vertex", project="example.com:project", location="l")).base_url
    )


@pytest.mark.anyio
async def test_a_list_of_models_elsewhere_is_asked_there_unless_the_address_is_configured() -> None:
    own = await located("bedrock", region="eu-west-1")
    assert own.models_url == "https://bedrock.eu-west-1.amazonaws.com/foundation-models"
    assert (await located("bedrock", region="eu-west-1", base_url="http://127.0.0.1:9")).models_url == ""


@pytest.mark.anyio
async def test_the_settings_headers_come_over_the_rows_and_none_stands_twice() -> None:
    found = await located("openai", organization="org-1", headers={"OpenAI-Project": "mine", "X-Tenant": "t"})
    told = {**JSON_HEADERS, "openai-organization": "org-1", "openai-project": "mine"}
    assert found.headers == {**told, "x-tenant": "t"}


def test_headers_without_their_setting_are_left_out() -> None:
    row = Row("x", (), "", headers={"Plain": "1", "Filled": "a {region} b", "Left-Out": "{project}"})
    assert headers(row, {"region": "r"}) == {"plain": "1", "filled": "a r b"}


@pytest.mark.anyio
async def test_no_secret_is_in_the_repr_of_an_address() -> None:
    found = await located("openai", headers={"X-Key": "secret-1"}, query={"key": "secret-2"})
    assert "secret" not in repr(found)


# Half a surrogate pair stands in neither JSON nor an address.
_TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
_FILLED = st.text(st.characters(exclude_categories=["Cs"]), min_size=1)


@given(_FILLED, st.dictionaries(_FILLED, _TEXTS))
def test_any_model_and_any_query_come_out_as_they_went_in(model: str, query: dict[str, str]) -> None:
    joined = "&".join(f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in query.items())
    place = Address("https://x.example/a/{model}", {}, joined)
    parts = urlsplit(place.url("/b?c=d", orjson.dumps({"model": model})))
    _, folder, name, last = parts.path.split("/")
    assert (parts.hostname, folder, unquote(name), last) == ("x.example", "a", model, "b")
    assert parse_qsl(parts.query, keep_blank_values=True) == [("c", "d"), *query.items()]


@pytest.mark.parametrize("row", ROWS.values(), ids=lambda row: row.name)
def test_no_place_is_left_open_in_the_address_of_any_row(row: Row) -> None:
    given = dict.fromkeys(("region", "project", "location", "organization"), "value")
    base_url, query = address(row, "https://res.example" if "{endpoint}" in row.base_url else None, given)
    assert "{" not in base_url + query
    assert base_url.startswith(("https://", "http://localhost"))
