"""Google's tokens: fetched once, renewed in time, and nothing of them told."""

import asyncio
import base64
import json
import time
from collections.abc import AsyncIterator, Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route
from structlog.testing import capture_logs

from gateway.credentials.google import GoogleCredential, application_default
from gateway.credentials.tokens import NoToken, Source, Token
from gateway.errors import UpstreamDown
from gateway.wire.client import HTTPTransport
from gateway.wire.transport import Call, Timeouts
from tests.servers.thread import serving

CALL = Call("vertex", "POST", "http://127.0.0.1:9/", {}, b"{}")
EMAIL = "gateway@project.iam.gserviceaccount.example"
AUDIENCE = "https://oauth2.googleapis.com/token"
GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


class Counting:
    """A source of numbered tokens that hold an hour from the moment of the clock."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self.clock = clock
        self.fetched = 0
        self.failure: str | None = None

    def fetch(self) -> Token:
        self.fetched += 1
        if self.failure:
            raise NoToken(self.failure)
        return Token(f"token-{self.fetched}", self.clock() + 3600)


class Clock:
    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def source(clock: Clock) -> Counting:
    return Counting(clock)


@pytest.fixture
def credential(source: Counting, clock: Clock) -> GoogleCredential:
    return GoogleCredential("vertex", None, lambda _: source, clock)


async def bearer(credential: GoogleCredential) -> str:
    return (await credential.headers(CALL))["authorization"]


async def settle() -> None:
    """Let what happens behind the caller's back happen."""
    others = asyncio.all_tasks() - {asyncio.current_task()}
    await asyncio.gather(*(task for task in others if task.get_name().startswith("fetch")), return_exceptions=True)


async def test_a_token_is_fetched_once_for_all_who_wait(credential: GoogleCredential, source: Counting) -> None:
    found = await asyncio.gather(*(bearer(credential) for _ in range(20)))
    assert set(found) == {"Bearer token-1"}
    assert await bearer(credential) == "Bearer token-1"
    assert source.fetched == 1


async def test_a_token_near_its_end_is_renewed_behind_the_callers_back(
    credential: GoogleCredential, source: Counting, clock: Clock
) -> None:
    await bearer(credential)
    clock.now += 3600 - 200
    assert await bearer(credential) == "Bearer token-1"
    await settle()
    assert await bearer(credential) == "Bearer token-2"
    assert source.fetched == 2


async def test_a_token_past_its_end_is_never_sent(credential: GoogleCredential, clock: Clock) -> None:
    await bearer(credential)
    clock.now += 3600
    assert await bearer(credential) == "Bearer token-2"


async def test_a_renewal_that_fails_early_leaves_the_token_in_use_and_is_not_tried_at_once(
    credential: GoogleCredential, source: Counting, clock: Clock
) -> None:
    await bearer(credential)
    clock.now += 3600 - 200
    source.failure = "no"
    for _ in range(5):
        assert await bearer(credential) == "Bearer token-1"
        await settle()
    assert source.fetched == 2


async def test_a_refused_token_is_fetched_anew_unless_it_is_young(
    credential: GoogleCredential, source: Counting, clock: Clock
) -> None:
    await bearer(credential)
    assert not credential.forget()
    assert await bearer(credential) == "Bearer token-1"
    clock.now += 61
    assert credential.forget()
    assert await bearer(credential) == "Bearer token-2"
    assert source.fetched == 2


async def test_without_a_token_the_error_says_whose_fault_it_is(credential: GoogleCredential, source: Counting) -> None:
    source.failure = "its credentials_file cannot be read"
    with capture_logs() as logs, pytest.raises(UpstreamDown) as refused:
        await bearer(credential)
    assert (refused.value.status, refused.value.code) == (502, "upstream_auth")
    assert refused.value.message.startswith("vertex cannot be opened: its credentials_file")
    assert logs[0]["event"] == "no_access_token"
    source.failure = None
    assert await bearer(credential) == "Bearer token-2"


async def test_all_who_wait_in_vain_get_an_error_of_their_own(credential: GoogleCredential, source: Counting) -> None:
    source.failure = "the key was revoked"
    errors = await asyncio.gather(*(bearer(credential) for _ in range(3)), return_exceptions=True)
    assert len({id(error) for error in errors}) == 3
    assert {type(error) for error in errors} == {UpstreamDown}


async def test_a_caller_that_leaves_takes_the_token_from_nobody(credential: GoogleCredential) -> None:
    leaving = asyncio.create_task(bearer(credential))
    staying = asyncio.create_task(bearer(credential))
    await asyncio.sleep(0)
    leaving.cancel()
    assert await staying == "Bearer token-1"


class TokenServer:
    """A token endpoint that looks at what it is sent as Google's does."""

    def __init__(self, public_key: Any) -> None:
        self.public_key = public_key
        self.given: list[str] = []
        self.refusal: tuple[int, dict[str, str]] | None = None
        self.url = ""
        self.app = Starlette(routes=[Route("/token", self.token, methods=["POST"])])

    def claims(self, assertion: str) -> dict[str, Any]:
        """What a signed assertion (RFC 7515, RS256) says. Raises if another key signed it."""
        head, said, signature = assertion.split(".")
        assert json.loads(_decoded(head))["alg"] == "RS256"
        self.public_key.verify(_decoded(signature), f"{head}.{said}".encode(), padding.PKCS1v15(), hashes.SHA256())
        claims: dict[str, Any] = json.loads(_decoded(said))
        return claims

    async def token(self, request: Request) -> JSONResponse:
        if self.refusal:
            return JSONResponse(self.refusal[1], self.refusal[0])
        form = {name: values[0] for name, values in parse_qs((await request.body()).decode()).items()}
        assert form["grant_type"] == GRANT
        claims = self.claims(form["assertion"])
        assert claims["aud"] == AUDIENCE
        assert claims["iss"] == EMAIL
        assert claims["scope"] == "https://www.googleapis.com/auth/cloud-platform"
        assert 0 < claims["exp"] - claims["iat"] <= 3600
        self.given.append(f"ya29.{len(self.given)}")
        return JSONResponse({"access_token": self.given[-1], "expires_in": 3599, "token_type": "Bearer"})


def _decoded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


@pytest.fixture(scope="module")
def key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@pytest.fixture
def token_server(key: rsa.RSAPrivateKey) -> Iterator[TokenServer]:
    server = TokenServer(key.public_key())
    with serving(server.app) as url:
        server.url = url
        yield server


@pytest.fixture
def account(key: rsa.RSAPrivateKey, token_server: TokenServer, tmp_path: Path) -> Path:
    text = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()
    file = tmp_path / "account.json"
    told = {"type": "service_account", "client_email": EMAIL, "private_key": text, "private_key_id": "k1"}
    file.write_text(json.dumps({**told, "token_uri": f"{token_server.url}/token", "project_id": "p"}))
    return file


@pytest.fixture
async def transport() -> AsyncIterator[HTTPTransport]:
    transport = HTTPTransport(Timeouts(connect=5, total=10))
    yield transport
    await transport.close()


def opening(transport: HTTPTransport, file: Path | None) -> Callable[[asyncio.AbstractEventLoop], Source]:
    return partial(application_default, transport, file)


async def test_a_service_account_gets_its_token_for_a_signed_assertion(
    transport: HTTPTransport, account: Path, token_server: TokenServer
) -> None:
    credential = GoogleCredential("vertex", account, opening(transport, account))
    assert await bearer(credential) == "Bearer ya29.0"
    assert await bearer(credential) == "Bearer ya29.0"
    assert credential.secrets == ("ya29.0",)
    assert len(token_server.given) == 1


async def test_a_service_account_of_the_environment_is_application_default(
    transport: HTTPTransport, account: Path, token_server: TokenServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(account))
    source = await asyncio.to_thread(opening(transport, None), asyncio.get_running_loop())
    token = await asyncio.to_thread(source.fetch)
    assert token.text == "ya29.0"
    assert 3500 < token.expires - time.time() < 3700


@pytest.mark.parametrize(
    ("refusal", "told"),
    [
        ((400, {"error": "invalid_grant", "error_description": "secret words"}), "(invalid_grant)"),
        ((400, {"error": "Secret Words!"}), "(no reason that can be told)"),
    ],
)
async def test_a_refusal_tells_the_code_of_the_token_server_and_nothing_else(
    transport: HTTPTransport, account: Path, token_server: TokenServer, refusal: Any, told: str
) -> None:
    token_server.refusal = refusal
    credential = GoogleCredential("vertex", account, opening(transport, account))
    with capture_logs() as logs, pytest.raises(UpstreamDown) as refused:
        await bearer(credential)
    assert refused.value.code == "upstream_auth"
    assert told in refused.value.message
    assert "secret" not in (refused.value.message + str(logs)).lower()


@pytest.mark.parametrize("text", ["{", '{"type": "service_account"}', '{"type": "unheard-of"}', "[]"])
async def test_a_file_that_is_no_account_is_said_to_be_none(
    transport: HTTPTransport, tmp_path: Path, text: str
) -> None:
    file = tmp_path / "account.json"
    file.write_text(text)
    credential = GoogleCredential("vertex", file, opening(transport, file))
    with pytest.raises(UpstreamDown, match="credentials_file cannot be read") as refused:
        await bearer(credential)
    assert str(file) not in refused.value.message


@pytest.fixture
def lost_account(account: Path) -> Path:
    told = json.loads(account.read_text())
    account.write_text(json.dumps({**told, "token_uri": "http://127.0.0.1:9/token"}))
    return account


async def test_a_token_server_that_is_not_there_is_told_as_that(transport: HTTPTransport, lost_account: Path) -> None:
    credential = GoogleCredential("vertex", lost_account, opening(transport, lost_account))
    with pytest.raises(UpstreamDown, match="cannot be reached") as refused:
        await bearer(credential)
    assert "127.0.0.1" not in refused.value.message
