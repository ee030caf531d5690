"""An upstream's secrets stay here, and a dead one holds nobody up."""

import asyncio
from contextlib import AbstractAsyncContextManager
from dataclasses import replace

import orjson
import pytest

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
