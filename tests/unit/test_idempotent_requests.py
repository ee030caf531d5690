"""What two requests with one idempotency key are compared by."""

import asyncio
import hashlib
from typing import Any

import orjson
import pytest

from gateway.access_log import Access
from gateway.http import Request
from gateway.outliving.idempotency.identity import identified
from gateway.sealing import Sealer
from gateway.store.idempotency import Attempt

pytestmark = pytest.mark.anyio
BODY: dict[str, Any] = {
    "model": "echo",
    "é": [1, 2.5, None, True, "x\n"],
    "messages": [{"role": "user", "content": [{"type": "text", "text": "Hé"}, {}], "a": []}],
    "tools": [{"b": {"z": 1, "a": {"y": 1, "x": [{"n": 1, "m": {}}]}}}],
}


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


async def identity_of(body: Any, secret: bytes = b"s" * 32, *, is_large: bool = False) -> Attempt:
    request = Request(Access("req_1"), "chat", "key_1", body, {}, {}, is_large=is_large)
    return await identified(request, b"key", "owner", 60.0, Sealer(secret), asyncio.Lock())


@pytest.mark.parametrize("body", [BODY, {}, {"input": "x" * 100_000}], ids=["fields", "empty", "one long text"])
async def test_body_has_the_same_digest_whether_or_not_it_is_read_as_a_large_one(body: Any) -> None:
    small, large = await identity_of(body), await identity_of(dict(reversed(body.items())), is_large=True)
    assert (large.fingerprint, large.prompt_bytes) == (small.fingerprint, small.prompt_bytes)
    assert small.fingerprint != (await identity_of({**body, "more": 1})).fingerprint


async def test_large_body_is_written_in_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    sizes: list[int] = []
    dumps = orjson.dumps

    def noted(value: object, option: int | None = None) -> bytes:
        written = dumps(value, option=option)
        sizes.append(len(written))
        return written

    monkeypatch.setattr(orjson, "dumps", noted)
    await identity_of({"messages": [{"role": "user", "content": "x" * 1_000}] * 100}, is_large=True)
    assert max(sizes) <= 1_002


async def test_digests_need_the_secret() -> None:
    first, other = await identity_of(BODY), await identity_of(BODY, b"t" * 32)
    canonical = orjson.dumps(BODY, option=orjson.OPT_SORT_KEYS)
    assert first.fingerprint not in (other.fingerprint, hashlib.sha256(b"chat\0" + canonical).digest())
    assert first.digest not in (other.digest, hashlib.sha256(b"key_1\0key").digest())
