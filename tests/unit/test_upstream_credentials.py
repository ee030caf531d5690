"""An upstream is opened by its credential, which is renewed once where it is refused."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager

import pytest

from gateway.credentials.base import Credential
from gateway.credentials.keys import KeyCredential, NoCredential, fingerprint
from gateway.dialects import DIALECTS
from gateway.dialects.base import Outbound
from gateway.dialects.profiles.openai_chat import ChatProfile
from gateway.errors import UpstreamError
from gateway.settings import ProviderSettings
from gateway.upstream import Address, Upstream
from gateway.upstreams import upstream as built
from gateway.wire.transport import Answer, Call, Stream

CHAT = DIALECTS["openai-chat"]
OUTBOUND = Outbound("/chat/completions", b'{"model": "m"}')

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


class Locked:
    """A transport to an upstream that lets in who says the word, and counts who is still inside."""

    def __init__(self, word: str, status: int = 401) -> None:
        self.word = word
        self.status = status
        self.calls: list[Call] = []
        self.inside = self.most_inside = 0

    async def send(self, call: Call) -> Answer:
        self.calls.append(call)
        if call.headers.get("authorization") == self.word:
            return Answer(200, {"x-request-id": "r1"}, b'{"data": []}')
        return Answer(self.status, {}, b'{"error": {"message": "no entry"}}')

    @asynccontextmanager
    async def stream(self, call: Call) -> AsyncIterator[Stream]:
        answer = await self.send(call)
        self.inside += 1
        self.most_inside = max(self.inside, self.most_inside)
        try:
            yield Stream(answer.status, answer.headers, _once(answer.body))
        finally:
            self.inside -= 1


async def _once(body: bytes) -> AsyncIterator[bytes]:
    yield body


class Renewable:
    """A credential whose word is another one each time that it was forgotten."""

    fixed = None

    weight = 1.0
    label = "renewable"

    def __init__(self) -> None:
        self.number = 1

    @property
    def secrets(self) -> Sequence[str]:
        return (f"secret-word-{self.number}",)

    async def headers(self, call: Call) -> Mapping[str, str]:
        return {"authorization": f"word-{self.number}"}

    def forget(self) -> bool:
        self.number += 1
        return True


def upstream(transport: Locked, *credentials: Credential, headers: Mapping[str, str] | None = None) -> Upstream:
    async def locate() -> Address:
        return Address("http://127.0.0.1:9/v1", headers or {})

    return Upstream("lab", [CHAT], {CHAT.name: ChatProfile()}, transport, locate, credentials)


async def streamed(asked: Upstream, credential: Credential) -> bytes:
    async with asked.stream(OUTBOUND, credential) as stream:
        await asked.require_accepted(stream, CHAT)
        return await stream.read("lab")


@pytest.mark.parametrize("status", [401, 403])
async def test_a_refused_credential_is_renewed_and_tried_once_more(status: int) -> None:
    transport = Locked("word-2", status)
    asked = upstream(transport, Renewable())
    answer = await asked.send(OUTBOUND, CHAT, asked.credentials[0])
    assert (answer.status, answer.headers["x-request-id"]) == (200, "r1")
    assert [call.headers["authorization"] for call in transport.calls] == ["word-1", "word-2"]


async def test_a_refused_credential_is_renewed_before_a_stream() -> None:
    transport = Locked("word-2")
    asked = upstream(transport, Renewable())
    assert await streamed(asked, asked.credentials[0]) == b'{"data": []}'
    assert (len(transport.calls), transport.inside, transport.most_inside) == (2, 0, 1)


async def test_a_refused_credential_is_renewed_for_the_list_of_models() -> None:
    transport = Locked("word-2")
    assert await upstream(transport, Renewable()).list_models() == []
    assert len(transport.calls) == 2


async def test_a_credential_that_stays_refused_is_tried_no_third_time() -> None:
    transport = Locked("another word")
    asked = upstream(transport, Renewable())
    with pytest.raises(UpstreamError) as refused:
        await asked.send(OUTBOUND, CHAT, asked.credentials[0])
    assert (refused.value.code, len(transport.calls)) == ("upstream_auth", 2)
    with pytest.raises(UpstreamError):
        await streamed(asked, asked.credentials[0])
    assert (len(transport.calls), transport.inside) == (4, 0)


@pytest.mark.parametrize("status", [401, 403])
async def test_a_key_is_not_tried_again(status: int) -> None:
    transport = Locked("the word", status)
    asked = upstream(transport, KeyCredential("wrong", {"authorization": "wrong"}))
    with pytest.raises(UpstreamError):
        await asked.send(OUTBOUND, CHAT, asked.credentials[0])
    assert len(transport.calls) == 1


async def test_another_refusal_forgets_nothing() -> None:
    credential = Renewable()
    with pytest.raises(UpstreamError):
        await upstream(Locked("word-2", 500), credential).send(OUTBOUND, CHAT, credential)
    assert credential.number == 1


async def test_the_requests_headers_go_along_and_join_those_of_the_operator() -> None:
    transport = Locked("word")
    asked = upstream(transport, KeyCredential("word", {"authorization": "word"}), headers={"x-beta": "one", "x-a": "1"})
    await asked.send(Outbound("/p", b"{}", headers={"X-Beta": "two", "x-b": "2"}), CHAT)
    assert transport.calls[0].headers == {"authorization": "word", "x-beta": "one,two", "x-a": "1", "x-b": "2"}


async def test_the_operators_own_authorization_stands() -> None:
    transport = Locked("own")
    asked = upstream(transport, KeyCredential("word", {"authorization": "word"}), headers={"authorization": "own"})
    assert (await asked.send(OUTBOUND, CHAT)).status == 200


async def test_secrets_of_every_credential_are_cut_out_of_an_error() -> None:
    class Telling(Locked):
        async def send(self, call: Call) -> Answer:
            return Answer(400, {}, b'{"error": {"message": "not secret-word-1, nor secret-key-2, nor header-3"}}')

    asked = upstream(Telling(""), Renewable(), KeyCredential("secret-key-2", {}))
    with pytest.raises(UpstreamError, match=r"not \[redacted\], nor \[redacted\], nor header-3$"):
        await asked.send(OUTBOUND, CHAT, NoCredential())


async def test_a_model_has_its_own_name_in_a_deployment() -> None:
    asked = built("azure", ProviderSettings(base_url="https://r.example", deployments={"gpt": "mine"}), Locked(""))
    assert (asked.named("gpt"), asked.named("other")) == ("mine", "other")
    assert [model.name for model in await asked.list_models()] == ["gpt"]


@pytest.mark.parametrize(
    ("row", "settings", "opened"),
    [
        ("openai", {"api_key": "k"}, [{"authorization": "Bearer k"}]),
        (
            "openai",
            {"api_keys": [{"key": "k"}, {"key": "l"}]},
            [{"authorization": "Bearer k"}, {"authorization": "Bearer l"}],
        ),
        ("openai", {}, [{}]),
        ("anthropic", {"api_key": "k"}, [{"x-api-key": "k", "anthropic-version": "2023-06-01"}]),
        ("gemini", {"api_key": "k"}, [{"x-goog-api-key": "k"}]),
        ("vertex", {"api_key": "k", "project": "p", "location": "l"}, [{"x-goog-api-key": "k"}]),
        ("azure", {"api_key": "k", "base_url": "https://r.example"}, [{"api-key": "k"}]),
        ("azure", {"azure_ad_token": "t", "base_url": "https://r.example"}, [{"authorization": "Bearer t"}]),
        ("bedrock", {"api_key": "k", "region": "r"}, [{"authorization": "Bearer k"}]),
    ],
)
async def test_each_provider_is_opened_as_it_wants(row: str, settings: dict[str, object], opened: object) -> None:
    asked = built(row, ProviderSettings.model_validate(settings), Locked(""))
    call = Call(row, "POST", "http://127.0.0.1:9", {}, b"{}")
    assert [await credential.headers(call) for credential in asked.credentials] == opened


async def test_access_keys_sign_each_request() -> None:
    settings = {"region": "eu-west-1", "access_key_id": "AKIATEST", "secret_access_key": "s", "session_token": "t"}
    transport = Locked("")
    asked = built("bedrock", ProviderSettings.model_validate(settings), transport)
    with pytest.raises(UpstreamError):
        await asked.send(Outbound("/model/a%3Ab/converse", b"{}"), asked.dialects[0])
    headers = transport.calls[0].headers
    assert headers["authorization"].startswith("AWS4-HMAC-SHA256 Credential=AKIATEST/")
    assert "/eu-west-1/bedrock/aws4_request" in headers["authorization"]
    assert headers["x-amz-security-token"] == "t"
    assert headers["content-type"] == "application/json"


def test_a_label_is_the_same_everywhere_and_gives_nothing_away() -> None:
    key = KeyCredential("sk-a-long-secret", {"authorization": "Bearer sk-a-long-secret"})
    assert key.label == fingerprint("sk-a-long-secret") == KeyCredential("sk-a-long-secret", {}, 2.0).label
    assert key.label not in key.secret
    assert key.label != fingerprint("sk-another-secret")
    assert "secret" not in repr(key)


async def test_settings_override_facts_of_every_model() -> None:
    asked = built("openai", ProviderSettings(api_key=None, token_limit_field="max_tokens"), Locked(""))
    profile = ChatProfile.own(asked.own)
    assert profile.models
    names = {facts.token_limit_field for facts in (profile, *(facts for _, facts in profile.models))}
    assert names == {"max_tokens"}
