"""Which calls go through a proxy, and that pyqwest is there for those alone."""

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import orjson
import pytest

from gateway.errors import UpstreamDown
from gateway.settings import load
from gateway.wire.proxies import NO_PROXIES, Proxies, proxies_of
from gateway.wire.request import locate
from gateway.wire.transport import Call, Timeouts, Transport
from gateway.wire.transports import Options, Transports
from tests.servers.raw_http import Visit, raw_server, response

PROXY = "http://me:pw@proxy.test:3128"
BOTH = Proxies(PROXY, "http://other.test:3128")


def exempt(*entries: str) -> Proxies:
    return Proxies(PROXY, PROXY, entries)


@pytest.mark.parametrize(
    ("proxies", "url", "is_direct"),
    [
        (NO_PROXIES, "http://lab.test/", True),
        (exempt(), "http://lab.test/", False),
        (exempt(), "https://lab.test/", False),
        (Proxies(http=PROXY), "https://lab.test/", True),
        (exempt(), "http://127.0.0.1:9/", True),
        (exempt(), "http://127.8.8.8:9/", True),
        (exempt(), "http://[::1]:9/", True),
        (exempt(), "http://localhost:9/", True),
        (exempt(), "http+unix://%2Frun%2Fa.sock/", True),
        (exempt("*"), "http://lab.test/", True),
        (exempt("lab.test"), "http://lab.test/", True),
        (exempt("lab.test"), "http://inner.lab.test/", True),
        (exempt("lab.test"), "http://otherlab.test/", False),
        (exempt(".lab.test"), "http://inner.lab.test/", True),
        (exempt("*.lab.test"), "http://inner.lab.test/", True),
        (exempt("lab.test:8000"), "http://lab.test:8000/", True),
        (exempt("lab.test:8000"), "http://lab.test/", False),
        (exempt("10.0.0.0/8"), "http://10.1.2.3/", True),
        (exempt("10.0.0.0/8"), "http://11.1.2.3/", False),
        (exempt("10.1.2.3"), "http://10.1.2.3:9/", True),
        (exempt("10.1.2.3:9"), "http://10.1.2.3:9/", True),
        (exempt("[fd00::1]"), "http://[fd00::1]:9/", True),
        (exempt("fd00::/8"), "http://[fd00::1]/", True),
        (exempt("other.test", "lab.test"), "http://lab.test/", True),
    ],
)
def test_who_is_reached_directly(proxies: Proxies, url: str, is_direct: bool) -> None:
    assert (proxies.of(locate(url).origin) is None) == is_direct


def test_each_scheme_has_its_proxy() -> None:
    assert BOTH.of(locate("http://lab.test/").origin) == PROXY
    assert BOTH.of(locate("https://lab.test/").origin) == "http://other.test:3128"


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({}, NO_PROXIES),
        ({"HTTP_PROXY": "http://a:1", "NO_PROXY": "x, Y z"}, Proxies("http://a:1", "", ("x", "y", "z"))),
        ({"http_proxy": "http://a:1", "HTTP_PROXY": "http://b:1"}, Proxies("http://a:1")),
        ({"https_proxy": "", "HTTPS_PROXY": "a:1"}, Proxies("", "http://a:1")),
        ({"ALL_PROXY": "http://a:1", "HTTPS_PROXY": "http://b:1"}, Proxies("http://a:1", "http://b:1")),
    ],
)
def test_the_environment_names_them(environ: dict[str, str], expected: Proxies, tmp_path: Path) -> None:
    assert proxies_of(environ) == expected
    assert load(environ={**environ, "HOME": str(tmp_path)}).proxies == expected


def test_a_password_is_not_shown() -> None:
    assert "pw" not in repr(BOTH)


def test_a_call_goes_through_the_proxy_plain_and_streamed() -> None:
    received: list[bytes] = []

    async def proxy(visit: Visit) -> None:
        while request := await visit.request():
            received.append(request.split(b"\r\n")[0])
            await visit.send(response(b"by the proxy"))

    async def run() -> None:
        async with raw_server(proxy) as server, calling(Proxies(server.url)) as transport:
            for host in ("127.0.0.1", "lab.invalid"):
                call = Call("lab", "POST", f"http://{host}:{server.port}/v1", {}, b"{}")
                assert (await transport.send(call)).body == b"by the proxy"
                async with transport.stream(call) as stream:
                    assert await stream.read("lab") == b"by the proxy"

    asyncio.run(run())
    assert received[:2] == [b"POST /v1 HTTP/1.1"] * 2
    assert len(received) == 4
    assert all(line.startswith(b"POST http://lab.invalid:") for line in received[2:])


def test_a_host_that_is_exempt_is_called_directly() -> None:
    async def proxy(visit: Visit) -> None:
        raise AssertionError("the proxy was called")

    async def run() -> None:
        async with raw_server(proxy) as server, calling(Proxies(server.url, exempt=("lab.invalid",))) as transport:
            with pytest.raises(UpstreamDown, match="cannot be reached"):
                await transport.send(Call("lab", "POST", "http://lab.invalid/v1", {}, b"{}"))

    asyncio.run(run())


def test_a_proxy_that_is_none_is_an_upstream_that_cannot_be_reached() -> None:
    async def run() -> None:
        async with calling(Proxies("ftp://proxy.test")) as transport:
            with pytest.raises(UpstreamDown, match="cannot be reached"):
                await transport.send(Call("lab", "POST", "http://lab.invalid/v1", {}, b"{}"))

    asyncio.run(run())


@asynccontextmanager
async def calling(proxies: Proxies) -> AsyncIterator[Transport]:
    transports = Transports(proxies)
    try:
        async with asyncio.timeout(10):
            yield transports.of(Options(Timeouts(connect=5)))
    finally:
        await transports.close()


PROGRAM = """
import asyncio, orjson, sys
from gateway.errors import UpstreamDown
from gateway.settings import load
from gateway.upstreams import open_upstreams
from gateway.wire.transport import Call

async def run(url):
    settings = load()
    async with open_upstreams(settings) as upstreams:
        transport = upstreams["lab"].transport
        before = "pyqwest" in sys.modules
        answer = await transport.send(Call("lab", "GET", url, {}))
        return before, answer.body.decode(), "pyqwest" in sys.modules

print(orjson.dumps(asyncio.run(run(sys.argv[1]))).decode())
"""


@pytest.mark.parametrize(
    ("setting", "variables", "host", "is_imported"),
    [
        ({}, {}, "127.0.0.1", (False, False)),
        ({}, {"HTTP_PROXY": "{url}"}, "127.0.0.1", (False, False)),
        ({}, {"HTTP_PROXY": "{url}"}, "lab.invalid", (False, True)),
        ({}, {"http_proxy": "{url}", "no_proxy": "other.invalid"}, "lab.invalid", (False, True)),
        ({"http2": True}, {}, "127.0.0.1", (True, True)),
    ],
)
def test_pyqwest_is_imported_for_a_proxy_or_http2_alone(
    tmp_path: Path, setting: dict[str, bool], variables: dict[str, str], host: str, is_imported: tuple[bool, bool]
) -> None:
    async def answer(visit: Visit) -> None:
        while await visit.request():
            await visit.send(response(b"abc"))

    async def run() -> bytes:
        async with raw_server(answer) as server:
            provider = {"dialect": "openai-chat", "base_url": f"http://{host}:{server.port}/v1", **setting}
            (tmp_path / "waystone.yaml").write_bytes(
                orjson.dumps({"providers": {"lab": provider}, "embedded": {"enabled": False}})
            )
            named = {name: value.format(url=server.url) for name, value in variables.items()}
            environment = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-c", PROGRAM, f"http://{host}:{server.port}/"),
                env={
                    **environment,
                    **named,
                    "WAYSTONE_CONFIG": str(tmp_path / "waystone.yaml"),
                },
                stdout=subprocess.PIPE,
            )
            return (await process.communicate())[0]

    before, body, after = orjson.loads(asyncio.run(run()))
    assert (before, after) == is_imported
    assert body == "abc"


def test_providers_with_the_same_settings_share_their_connections() -> None:
    async def answer(visit: Visit) -> None:
        while await visit.request():
            await visit.send(response())

    async def run() -> int:
        async with raw_server(answer) as server:
            transports = Transports()
            for options in (Options(), Options(), Options(Timeouts(idle=5)), Options(max_connections=3)):
                await transports.of(options).send(Call("lab", "GET", server.url, {}))
            await transports.close()
            return len(server.visits)

    assert asyncio.run(run()) == 2
