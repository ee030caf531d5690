"""The contract as the server shows it, and the page to read it on."""

import re

import httpx
import pytest
import yaml

from tests.servers.gateway import ROOT

CONTRACT = ROOT / "generated" / "openapi.json"


def test_the_contract_is_served_as_it_was_generated(client: httpx.Client) -> None:
    reply = client.get("/openapi.json")
    assert reply.headers["content-type"].startswith("application/json")
    assert reply.content == CONTRACT.read_bytes()


def test_the_contract_in_yaml_is_the_same(client: httpx.Client) -> None:
    reply = client.get("/openapi.yaml")
    assert "yaml" in reply.headers["content-type"]
    assert yaml.safe_load(reply.text) == client.get("/openapi.json").json()


def test_the_page_takes_everything_from_here(client: httpx.Client) -> None:
    page = client.get("/docs")
    assert page.headers["content-type"].startswith("text/html")
    links = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    assert links
    for link in links:
        assert link.startswith("/docs/")
        part = client.get(link)
        assert part.status_code == 200
        assert len(part.content) > 50
    assert "//" not in page.text.replace("<!doctype html>", "")
    policy = page.headers["content-security-policy"].split("; ")
    assert {"default-src 'self'", "frame-ancestors 'none'"} <= {*policy}


@pytest.mark.parametrize(
    "path", ["/docs", "/docs/start.js", "/docs/assets/swagger-ui.css", "/openapi.json", "/openapi.yaml"]
)
def test_no_browser_guesses_what_a_file_is(client: httpx.Client, path: str) -> None:
    assert client.get(path).headers["x-content-type-options"] == "nosniff"


def test_the_page_shows_this_contract_and_asks_nobody_to_validate_it(client: httpx.Client) -> None:
    start = client.get("/docs/start.js").text
    assert '"/openapi.json"' in start
    assert "validatorUrl: null" in start


@pytest.mark.parametrize("path", ["/docs/assets/nothing.js", "/docs/nothing", "/docs/assets/"])
def test_what_is_not_there_is_the_envelope(client: httpx.Client, path: str) -> None:
    reply = client.get(path)
    assert reply.status_code == 404
    assert reply.json()["error"]["code"] == "not_found"
