"""A provider that speaks OpenAI's chat is one row: nothing else has to be written for it."""

from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from typing import Any

import orjson
import pytest

from gateway import providers
from gateway.dialects.base import Origin
from gateway.dialects.openai_chat import OpenAIChat
from gateway.dialects.profiles.openai_chat import ChatProfile
from gateway.providers import ROWS, Row, embedded
from gateway.settings import load
from gateway.surfaces.openai_chat import OpenAIChatSurface
from gateway.upstreams import upstream
from gateway.wire.client import HTTPTransport
from gateway.wire.transport import Timeouts
from tests.servers.row_upstream import RowUpstream
from tests.servers.thread import serving

pytestmark = pytest.mark.anyio
DIALECT, SURFACE = OpenAIChat(), OpenAIChatSurface()

ACME = Row(
    name="acme",
    base_url="https://api.acme.example/v1",
    key_variable="ACME_API_KEY",
    base_url_variable="ACME_BASE_URL",
    headers={"x-program": "Waystone"},
    profiles=(
        ChatProfile(token_limit_field="max_tokens", renamed={"seed": "random_seed"}, dropped=frozenset({"user"})),
    ),
)
WITH_ACME: Mapping[str, Row] = {**ROWS, ACME.name: ACME}


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


async def test_a_new_provider_is_one_row(tmp_path: Path) -> None:
    server = RowUpstream()
    with serving(server.app) as url:
        environment = {"ACME_API_KEY": "sk-acme-0123456789", "ACME_BASE_URL": f"{url}/acme", "HOME": str(tmp_path)}
        settings = load(environ=environment, rows=WITH_ACME)
        transport = HTTPTransport(Timeouts())
        acme = upstream("acme", settings.providers["acme"], transport, WITH_ACME)
        messages = [{"role": "user", "content": "Good day"}]
        body: Any = {"model": "acme/echo", "messages": messages, "max_completion_tokens": 9, "seed": 7, "user": "ann"}
        generation, origin = SURFACE.read(body), Origin("acme", "echo", acme.own)
        outbound = DIALECT.encode(generation, origin)
        answer = await acme.send(outbound, acme.dialect("openai-chat"), acme.credentials[0])
        await transport.close()
    assert orjson.loads(answer.body)["choices"][0]["message"]["content"] == "I was given Good day."
    assert list(outbound.dropped) == ["user"]
    (received,) = server.requests
    assert received.path == "/acme/chat/completions"
    assert received.body == {"model": "echo", "messages": messages, "max_tokens": 9, "random_seed": 7}
    assert received.headers["authorization"] == "Bearer sk-acme-0123456789"
    assert received.headers["x-program"] == "Waystone"


def test_every_module_with_a_row_is_listed_under_the_name_of_its_provider() -> None:
    names = [module.name for module in iter_modules(providers.__path__)]
    rows = {name: getattr(import_module(f"{providers.__name__}.{name}"), "ROW", None) for name in names}
    named = {name.replace("_", "-"): row for name, row in rows.items() if row not in (None, embedded.ROW)}
    assert named == dict(ROWS)


def test_without_its_key_it_is_off(tmp_path: Path) -> None:
    assert "acme" not in load(environ={"HOME": str(tmp_path)}, rows=WITH_ACME).providers
