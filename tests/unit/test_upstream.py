"""An upstream's secrets stay here, and a dead one holds nobody up."""

import asyncio
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from typing import Any

import orjson
import pytest
from structlog.testing import capture_logs

from gateway.catalogue import Catalogue
from gateway.dialects import DIALECTS
from gateway.dialects.base import Outbound
from gateway.dialects.profiles.openai_chat import ChatProfile
from gateway.errors import UPSTREAM_CODES, UpstreamDown, UpstreamError
from gateway.upstream import Address, Upstream
from gateway.wire.transport import Answer, Call, Stream

SECRET = "sk-upstream-0123456789abcdef"
CHAT = DIALECTS["openai-chat"]

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


class Scripted:
    """A transport that gives one answer to everything, once it is allowed to."""

    def __init__(self, answer: Answer | UpstreamDown) -> None:
        self.answer = answer
        self.calls = 0
        self.may_answer = asyncio.Event()
        self.may_answer.set()

    async def send(self, call: Call) -> Answer:
        self.calls += 1
        await self.may_answer.wait()
        if isinstance(self.answer, UpstreamDown):
            raise self.answer
        return self.answer

    def stream(self, call: Call) -> AbstractAsyncContextManager[Stream]:
        raise AssertionError("nothing here streams")


def upstream(transport: Scripted, name: str = "lab") -> Upstream:
    async def locate() -> Address:
        return Address("http://127.0.0.1:9/v1", {})

    return Upstream(name, [CHAT], {CHAT.name: ChatProfile()}, transport, locate, secrets=(SECRET,))


async def test_a_secret_is_cut_out_of_every_field_of_an_error_wherever_it_stands() -> None:
    error = {"message": "a" * 1990 + SECRET, "code": f"bad {SECRET}", "param": SECRET, "type": "invalid_request_error"}
    refusing = upstream(Scripted(Answer(400, {}, orjson.dumps({"error": error}))))
    with pytest.raises(UpstreamError) as refused:
        await refusing.send(Outbound("/chat/completions", b"{}"), CHAT)
    assert SECRET[:6] not in refused.value.body().decode()
    assert (refused.value.code, refused.value.param) == ("bad [redacted]", "[redacted]")
    assert len(refused.value.message) <= 2000


@pytest.mark.parametrize("code", sorted(UPSTREAM_CODES))
def test_the_gateways_own_codes_are_not_searched_for_secrets(code: str) -> None:
    quoting = replace(upstream(Scripted(Answer(200, {}, b""))), secrets=(code, "upstream"))
    error = UpstreamDown(f"lab quoted {code}.", code=code)
    redacted = quoting.redacted(error)
    assert (redacted.code, redacted.message) == (code, "lab quoted [redacted].")


@pytest.mark.parametrize(("secret", "message"), [("up-only", "up-only is up."), ("up-only-8", "[redacted] is up.")])
def test_a_secret_of_fewer_than_eight_characters_is_not_searched_for(secret: str, message: str) -> None:
    quoting = replace(upstream(Scripted(Answer(200, {}, b""))), secrets=(secret,))
    error = UpstreamError(400, f"{secret} is up.", type="invalid_request_error", code=None)
    assert quoting.redacted(error).message == message


async def test_an_upstream_that_failed_to_list_its_models_is_not_waited_for_again() -> None:
    dead = Scripted(UpstreamDown("lab cannot be reached."))
    catalogue = Catalogue({"lab": upstream(dead)})
    assert not (await catalogue.listings())["lab"].is_known
    dead.may_answer.clear()
    async with asyncio.timeout(5):
        assert not (await catalogue.listings())["lab"].is_known
    assert dead.calls == 1
    await catalogue.close()


async def test_one_upstreams_listing_asks_no_other() -> None:
    models = Answer(200, {}, b'{"data": [{"id": "small"}]}')
    asked, other = Scripted(models), Scripted(models)
    upstreams = {"lab": upstream(asked), "other": upstream(other, "other")}
    assert list((await Catalogue(upstreams).listing(upstreams["lab"])).models) == ["small"]
    assert (asked.calls, other.calls) == (1, 0)


@pytest.mark.parametrize("status", [500, 503, 529])
async def test_the_body_of_a_failure_is_logged_and_never_told(status: int) -> None:
    page = b"<h1>No room left for " + SECRET.encode() + b"</h1>" + b"x" * 100_000
    failing = upstream(Scripted(Answer(status, {}, page)))
    with capture_logs() as logs, pytest.raises(UpstreamError) as failed:
        await failing.send(Outbound("/chat/completions", b"{}"), CHAT)
    assert "No room" not in failed.value.message
    (line,) = [entry for entry in logs if entry["event"] == "upstream_error_body"]
    assert (line["log_level"], line["provider"], line["status"]) == ("warning", "lab", status)
    assert line["body"].startswith("<h1>No room left for [redacted]</h1>xxx")
    assert len(line["body"]) == 2000


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        ('{"error": {"message": "The model is away."}}', "Provider returned error (The model is away.)"),
        ({"message": "The model is away."}, "Provider returned error (The model is away.)"),
        ("away <html>", "Provider returned error (away <html>)"),
        ("", "Provider returned error"),
        (None, "Provider returned error"),
        (5, "Provider returned error"),
    ],
)
async def test_what_the_provider_behind_an_aggregator_says_is_told(raw: Any, said: str) -> None:
    error = {"message": "Provider returned error", "code": 400, "metadata": {"provider_name": "x", "raw": raw}}
    refusing = upstream(Scripted(Answer(400, {}, orjson.dumps({"error": error}))))
    with pytest.raises(UpstreamError) as refused:
        await refusing.send(Outbound("/chat/completions", b"{}"), CHAT)
    assert refused.value.message == f"lab: {said}"


@pytest.mark.parametrize("status", [400, 500, 503])
async def test_words_of_the_profile_say_that_a_model_is_not_there(status: int) -> None:
    answer = Answer(status, {}, orjson.dumps({"error": {"message": "Incorrect model ID. Please check."}}))
    for words, expected in (("incorrect model id", 404), ("", 400 if status == 400 else 503), ("else", 400)):
        refusing = replace(upstream(Scripted(answer)), profiles={CHAT.name: ChatProfile(unknown_model=words)})
        with pytest.raises(UpstreamError) as refused:
            await refusing.send(Outbound("/chat/completions", b"{}"), CHAT)
        assert refused.value.status == (expected if words != "else" else 400 if status == 400 else 503)
