"""Secrets of every kind open their upstream, and are seen nowhere else; what a caller sends opens nothing."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote_plus, unquote_plus

import httpx
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tests.clients.contract import check_error
from tests.servers.gateway import RunningGateway, running_gateway
from tests.servers.thread import serving

CHAT, RESPONSES = "/v1/chat/completions", "/v1/responses"
SECRETS = {
    "key": "sk-planted-key-0001",
    "other key": "sk-planted-key-0002",
    "header": "planted-header-0003",
    "query": "planted-query-0004+/=",
    "azure key": "planted-azure-key-0005",
    "azure token": "planted-azure-token-0006",
    "access key": "AKIAPLANTED0007",
    "secret access key": "planted-secret-access-key-0008",
    "session token": "planted-session-token-0009",
    "google token": "ya29.planted-google-token-0010",
}
COMPLETION = {
    "id": "c",
    "object": "chat.completion",
    "created": 1,
    "model": "m",
    "choices": [{"index": 0, "message": {"role": "assistant", "content": "Hello."}, "finish_reason": "stop"}],
    "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2},
}


@dataclass
class Quoting:
    """An upstream that repeats, in its refusal, all that it was sent; except to who asks for an answer."""

    received: list[Request] = field(default_factory=list)
    tokens: int = 0

    @property
    def app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/token", self.token, methods=["POST"]),
                Route("/{path:path}", self.answer, methods=["GET", "POST"]),
            ]
        )

    async def token(self, request: Request) -> Response:
        self.tokens += 1
        return JSONResponse({"access_token": SECRETS["google token"], "expires_in": 3600, "token_type": "Bearer"})

    async def answer(self, request: Request) -> Response:
        body = await request.body()
        self.received.append(request)
        if b'"answer"' in body or "answer" in request.url.path:
            return JSONResponse(COMPLETION)
        quoted = json.dumps([dict(request.headers), str(request.url)])
        # With the words of several dialects for it.
        error = {"message": quoted, "code": quoted[:150], "param": quoted[:150], "status": "INVALID_ARGUMENT"}
        return JSONResponse({"error": error, "message": quoted}, 400)


@pytest.fixture(scope="module")
def quoting() -> Quoting:
    return Quoting()


@pytest.fixture(scope="module")
def private_key() -> str:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()


def config(url: str, account: Path) -> Mapping[str, Any]:
    """A provider for each kind of secret."""
    models = {"models": ["quote", "answer"]}
    azure = {"provider": "azure", "base_url": url, **models}
    keys = {"access_key_id": "access key", "secret_access_key": "secret access key", "session_token": "session token"}
    return {
        "log_level": "debug",
        "embedded": {"enabled": False},
        "retries": {"attempts": 1},
        "providers": {
            "lab": {
                "dialect": "openai-chat",
                "base_url": f"{url}/v1",
                "api_keys": [SECRETS["key"], {"key": SECRETS["other key"], "weight": 1}],
                "headers": {"x-planted": SECRETS["header"]},
                "query": {"planted": SECRETS["query"]},
                **models,
            },
            "old-azure": {
                **azure,
                "api_key": SECRETS["azure key"],
                "api_version": "2024-10-21",
                "deployments": {"answer": "answer-deployed"},
            },
            "new-azure": {**azure, "azure_ad_token": SECRETS["azure token"]},
            "vertex": {
                "base_url": f"{url}/vertex",
                "project": "p",
                "location": "l",
                "credentials_file": str(account),
                **models,
            },
            "bedrock": {
                "base_url": f"{url}/bedrock",
                "region": "eu-west-1",
                **{setting: SECRETS[name] for setting, name in keys.items()},
                **models,
            },
        },
    }


PROVIDERS = ("lab", "old-azure", "new-azure", "vertex", "bedrock")


@pytest.fixture(scope="module")
def gateway(quoting: Quoting, private_key: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningGateway]:
    folder = tmp_path_factory.mktemp("credentials")
    with serving(quoting.app) as url:
        account = folder / "account.json"
        told = {"type": "service_account", "client_email": "a@b.example", "private_key": private_key}
        account.write_text(json.dumps({**told, "token_uri": f"{url}/token"}))
        with running_gateway(folder, config(url, account)) as running:
            yield running


@pytest.fixture
def client(gateway: RunningGateway, quoting: Quoting) -> Iterator[httpx.Client]:
    quoting.received.clear()
    with gateway.client() as client:
        yield client


def asked(client: httpx.Client, path: str, model: str, **more: Any) -> httpx.Response:
    said = {"messages": [{"role": "user", "content": "Hi"}]} if path == CHAT else {"input": "Hi"}
    return client.post(path, json={"model": model, **said, **more})


def _planted(text: str, private_key: str) -> list[str]:
    """The secrets that stand in a text, by name."""
    lines = {"private key": private_key.splitlines()[1], "quoted query": quote_plus(SECRETS["query"])}
    return [name for name, secret in {**SECRETS, **lines}.items() if secret in text]


@pytest.mark.parametrize("path", [CHAT, RESPONSES])
@pytest.mark.parametrize("provider", PROVIDERS)
def test_no_secret_is_in_an_error_a_header_or_a_log(
    client: httpx.Client, gateway: RunningGateway, quoting: Quoting, private_key: str, provider: str, path: str
) -> None:
    for is_stream in (False, True):
        reply = asked(client, path, f"{provider}/quote", stream=is_stream)
        assert check_error(reply.json()), reply.text
        assert quoting.received, reply.text
        assert not _planted(reply.text + str(reply.headers), private_key)
    assert not _planted(gateway.log.read_text() + "".join(gateway.output), private_key)


def test_every_secret_reached_its_upstream(client: httpx.Client, quoting: Quoting) -> None:
    for provider in PROVIDERS:
        for _ in range(2):
            asked(client, CHAT, f"{provider}/quote")
    sent = str([[request.headers.raw, str(request.url)] for request in quoting.received])
    # The secret access key signs, and is never sent itself.
    assert [name for name, secret in SECRETS.items() if secret not in unquote_plus(sent)] == ["secret access key"]
    assert quoting.tokens == 1


def test_no_secret_is_in_the_list_of_models(client: httpx.Client, private_key: str) -> None:
    reply = client.get("/v1/models")
    assert len(reply.json()["data"]) >= len(PROVIDERS)
    assert not _planted(reply.text, private_key)


def test_no_secret_is_in_the_configuration_as_it_is_shown(gateway: RunningGateway, private_key: str) -> None:
    shown = gateway.command("config", "show")
    assert shown.count("'***'") >= len(SECRETS) - 1
    assert not _planted(shown, private_key)


def test_a_dated_deployment_is_asked_at_its_own_address(client: httpx.Client, quoting: Quoting) -> None:
    reply = asked(client, CHAT, "old-azure/answer")
    assert reply.status_code == 200, reply.text
    (sent,) = quoting.received
    assert sent.url.path == "/openai/deployments/answer-deployed/chat/completions"
    assert sent.url.query == "api-version=2024-10-21"
    assert sent.headers["api-key"] == SECRETS["azure key"]
    assert "authorization" not in sent.headers


@pytest.mark.parametrize("path", [CHAT, RESPONSES])
def test_what_a_caller_sends_opens_nothing_and_leads_nowhere(client: httpx.Client, quoting: Quoting, path: str) -> None:
    elsewhere = Quoting()
    with serving(elsewhere.app) as url:
        own = {name: url for name in ("base_url", "api_base", "endpoint", "url", "openai_api_base", "azure_endpoint")}
        keys = {name: "sk-callers-own" for name in ("api_key", "key", "azure_ad_token", "access_token")}
        more = {
            **own,
            **keys,
            "headers": {"x-callers": "sk-callers-own"},
            "extra_headers": {"x-callers": "sk-callers-own"},
            "extra_query": {"callers": "sk-callers-own"},
            "api_version": "2020-01-01",
        }
        headers = {
            "x-api-key": "sk-callers-own",
            "api-key": "sk-callers-own",
            "x-goog-api-key": "sk-callers-own",
            "openai-organization": "callers-own",
            "x-base-url": url,
            "x-forwarded-host": url,
            "host": url.removeprefix("http://"),
        }
        said = {"messages": [{"role": "user", "content": "Hi"}]} if path == CHAT else {"input": "Hi"}
        reply = client.post(path, json={"model": "lab/answer", **said, **more}, headers=headers)
    assert reply.status_code == 200, reply.text
    assert not elsewhere.received
    (sent,) = quoting.received
    assert sent.url.path == "/v1/chat/completions"
    assert sent.url.query == f"planted={quote_plus(SECRETS['query'])}"
    assert sent.headers["authorization"] in (f"Bearer {SECRETS['key']}", f"Bearer {SECRETS['other key']}")
    assert "callers-own" not in str(sent.headers.raw)
    assert url not in str(sent.headers.raw)
