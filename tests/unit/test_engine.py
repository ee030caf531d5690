"""The engine keeps the event loop free while it prepares a large request."""

import threading
from dataclasses import dataclass, field
from typing import Any, cast

import pytest

from gateway.access_log import Access
from gateway.catalogue import Catalogue
from gateway.dialects.openai_chat.request import DIALECT
from gateway.engine import Engine
from gateway.errors import InvalidRequest
from gateway.http import Request
from gateway.neutral.generation import Generation
from gateway.neutral.json import JsonObject
from gateway.neutral.prompt import Prompt
from gateway.prices import Prices
from gateway.routing.attempts import Conditions
from gateway.routing.health import Health
from gateway.routing.router import Router
from gateway.routing.windows import Windows
from gateway.sealing import Sealer
from gateway.surfaces.openai_chat import OpenAIChatSurface
from tests.unit.both_paths import ledger_of
from tests.unit.lanes import upstream

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


class _Journal:
    def record(self, *rows: object) -> None:
        """Keep nothing."""


@dataclass
class _Retries:
    attempts: int = 1
    longest_wait: float = 0.0


@dataclass
class _Watched(OpenAIChatSurface):
    """A surface that notes the threads in which its prompts are read. There is nothing in them to be answered."""

    dialect: str | None = None
    threads: list[int] = field(default_factory=list)

    def read(self, body: Any) -> Generation:
        return Generation(body["model"], body, self._read_prompt, is_stream=False)

    def _read_prompt(self, body: JsonObject, history: int, first: int) -> Prompt:
        self.threads.append(threading.get_ident())
        return Prompt()


async def _pause(seconds: float) -> None:
    raise AssertionError("nothing is tried again")


@pytest.mark.parametrize("keys", [1, 2])
async def test_prompt_of_a_large_request_is_read_once_and_beside_the_loop(keys: int) -> None:
    upstreams = {"a": upstream("a", keys)}
    conditions = Conditions(Health(9, 9.0, lambda: 0.0), _Retries(), {}, _pause, lambda: 0.0)
    catalogue = Catalogue(upstreams)
    router, windows = Router(upstreams, catalogue, {}), Windows(catalogue, Prices())
    engine = Engine(router, ledger_of(_Journal()), Sealer(bytes(32)), conditions, cast(Any, None), windows)
    surface = _Watched()
    body: Any = {"model": "a/small", "messages": [{"role": "user", "content": "Hi."}] * 2001}
    with pytest.raises(InvalidRequest):
        await engine.answer(Request(Access("req_1"), DIALECT, "key_1", body, {}, {}), surface)
    assert len(surface.threads) == 1
    assert surface.threads[0] != threading.get_ident()
