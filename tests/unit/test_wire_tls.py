"""TLS to upstreams: who is trusted, what is refused, and in which words."""

import asyncio
import os
import ssl
import subprocess
import sys
import warnings
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)

from gateway.check.reach import obstacle
from gateway.errors import UpstreamDown
from gateway.wire.client import HTTPTransport, Pools
from gateway.wire.clock import Clock
from gateway.wire.dialing import Dialer
from gateway.wire.proxied import ProxiedTransport
from gateway.wire.tls import SYSTEM_TLS, TLS, client_context, tls_problems
from gateway.wire.transport import Call, Timeouts
from tests.servers.certificates import Authority
from tests.servers.raw_http import RawServer, Visit, raw_server, response
from tests.unit.conftest import ClosableTransport

pytestmark = pytest.mark.anyio
SECONDS = 10


@pytest.fixture
def anyio_backend(loop_of_combination: tuple[str, dict[str, bool]]) -> tuple[str, dict[str, bool]]:
    return loop_of_combination


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


async def answer(visit: Visit) -> None:
    while await visit.request():
        await visit.send(response(b"abc"))


@asynccontextmanager
async def calling(combination: str, files: TLS = SYSTEM_TLS) -> AsyncIterator[ClosableTransport]:
    transport: ClosableTransport
    if combination.startswith("own"):
        transport = HTTPTransport(Timeouts(), Pools(Clock(), Dialer(files)))
    else:
        transport = ProxiedTransport(Timeouts(), files)
    try:
        async with asyncio.timeout(SECONDS):
            yield transport
    finally:
        await transport.close()


async def refused(combination: str, server: RawServer, files: TLS) -> str:
    """The message of the error of a call."""
    async with calling(combination, files) as transport:
        with pytest.raises(UpstreamDown) as failed:
            await transport.send(call(server))
    assert failed.value.code == "upstream_unreachable"
    assert "127.0.0.1" not in failed.value.message
    return failed.value.message


def call(server: RawServer) -> Call:
    return Call("lab", "GET", f"https://127.0.0.1:{server.port}/", {})


async def test_an_authority_of_the_operators_is_trusted(combination: str, authority: Authority) -> None:
    async with (
        raw_server(answer, tls=authority.server()) as server,
        calling(combination, TLS(ca=authority.file)) as transport,
    ):
        for _ in range(2):
            assert (await transport.send(call(server))).body == b"abc"
        async with transport.stream(call(server)) as stream:
            assert await stream.read("lab") == b"abc"
    assert len(server.visits) == 1


WRONG = [
    ({"name": "lab.test"}, "is not valid for its host name", "has the host"),
    ({"is_expired": True}, "has expired", "renew"),
    ({}, "is not signed by an authority that this machine trusts", "tls.ca"),
]


@pytest.mark.parametrize(("made", "reason", "advice"), WRONG, ids=["name", "expired", "authority"])
async def test_a_certificate_that_does_not_hold_is_refused_and_the_reason_named(
    combination: str, authority: Authority, made: dict[str, str], reason: str, advice: str
) -> None:
    files = TLS(ca=authority.file) if made else SYSTEM_TLS
    async with raw_server(answer, tls=authority.server(**made)) as server:  # type: ignore[arg-type]
        message = await refused(combination, server, files)
        found = await obstacle(f"https://127.0.0.1:{server.port}/v1", files)
    if combination.startswith("own"):
        assert message == f"The certificate of lab {reason}."
    assert found is not None
    assert found.message == f"The certificate of 127.0.0.1 {reason}."
    assert advice in found.advice


async def test_an_authority_of_the_operators_takes_the_place_of_all_others(
    combination: str, authority: Authority, tmp_path: Path
) -> None:
    async with raw_server(answer, tls=authority.server()) as server:
        await refused(combination, server, TLS(ca=Authority(tmp_path, "other").file))


async def test_a_client_certificate_is_shown(combination: str, authority: Authority) -> None:
    files = TLS(ca=authority.file, client_cert=authority.issue("client.test"))
    async with (
        raw_server(answer, tls=authority.server(wants_client=True)) as server,
        calling(combination, files) as transport,
    ):
        assert (await transport.send(call(server))).body == b"abc"


async def test_without_the_client_certificate_there_is_no_answer(combination: str, authority: Authority) -> None:
    async with (
        raw_server(answer, tls=authority.server(wants_client=True)) as server,
        calling(combination, TLS(ca=authority.file)) as transport,
    ):
        with pytest.raises(UpstreamDown) as failed:
            await transport.send(call(server))
    assert failed.value.status == 502


async def test_versions_before_1_2_are_not_spoken(combination: str, authority: Authority) -> None:
    old = authority.server()
    # Newer builds of OpenSSL offer these only below their level of security.
    old.set_ciphers("ALL:@SECLEVEL=0")
    with warnings.catch_warnings(action="ignore"):
        old.minimum_version = ssl.TLSVersion.TLSv1
        old.maximum_version = ssl.TLSVersion.TLSv1_1
    async with raw_server(answer, tls=old) as server:
        await refused(combination, server, TLS(ca=authority.file))


async def test_a_port_without_tls_is_unreachable(combination: str) -> None:
    async with raw_server(plain) as server:
        await refused(combination, server, SYSTEM_TLS)


async def test_cancelling_a_handshake_closes_its_connection(combination: str) -> None:
    has_come, is_left = asyncio.Event(), asyncio.Event()

    async def script(visit: Visit) -> None:
        await visit.reader.read(1)
        has_come.set()
        await visit.is_left()
        is_left.set()

    async with raw_server(script) as server, calling(combination) as transport:
        sending = asyncio.create_task(transport.send(call(server)))
        await has_come.wait()
        sending.cancel()
        await asyncio.wait([sending])
        await is_left.wait()


async def plain(visit: Visit) -> None:
    await visit.reader.read(1)
    await visit.send(b"HTTP/1.1 400 Bad Request\r\n\r\n")


def test_the_system_is_trusted_and_names_are_verified_from_tls_1_2_on() -> None:
    context = client_context(SYSTEM_TLS)
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)
    assert context.minimum_version == ssl.TLSVersion.TLSv1_2


def test_certifi_stands_in_where_the_system_has_no_authorities(monkeypatch: pytest.MonkeyPatch) -> None:
    nowhere = ssl.DefaultVerifyPaths("", "", "E", "/nowhere.pem", "E", "/nowhere")
    monkeypatch.setattr(ssl, "get_default_verify_paths", lambda: nowhere)
    monkeypatch.setattr(ssl, "create_default_context", lambda cafile: ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT))
    assert client_context(SYSTEM_TLS).cert_store_stats()["x509_ca"] > 50


@pytest.mark.parametrize("variable", ["SSL_CERT_FILE", "SSL_CERT_DIR"])
def test_the_variables_of_openssl_count(variable: str, authority: Authority, tmp_path: Path) -> None:
    place = authority.file
    if variable == "SSL_CERT_DIR":
        place = tmp_path
        hashed = subprocess.run(
            ["openssl", "x509", "-hash", "-noout", "-in", authority.file], capture_output=True, text=True, check=False
        )
        if hashed.returncode:
            pytest.skip("openssl names the files of a folder of certificates, and is not there")
        (tmp_path / f"{hashed.stdout.strip()}.0").write_bytes(authority.file.read_bytes())
    program = "import asyncio, sys\nfrom gateway.check.reach import obstacle\nprint(asyncio.run(obstacle(sys.argv[1])))"

    async def run(environment: dict[str, str]) -> str:
        async with raw_server(answer, tls=authority.server()) as server:
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-c",
                program,
                f"https://127.0.0.1:{server.port}/",
                env={**os.environ, **environment},
                stdout=subprocess.PIPE,
            )
            return (await process.communicate())[0].decode()

    assert asyncio.run(run({variable: str(place)})) == "None\n"
    assert "not signed by an authority" in asyncio.run(run({}))


def test_files_that_can_be_used_are_no_problem(authority: Authority) -> None:
    certificate = authority.issue("client.test")
    assert list(tls_problems(SYSTEM_TLS)) == []
    assert list(tls_problems(TLS(authority.file, certificate, certificate))) == []


@pytest.mark.parametrize(
    ("files", "setting", "words"),
    [
        ({"ca": "missing.pem"}, "ca", "can be read"),
        ({"ca": "."}, "ca", "can be read"),
        ({"ca": "text.pem"}, "ca", "certificate in PEM"),
        ({"client_cert": "text.pem"}, "client_cert", "with its key"),
        ({"client_cert": "authority.pem"}, "client_cert", "with its key"),
        ({"client_cert": "authority.pem", "client_key": "missing.pem"}, "client_key", "can be read"),
        ({"client_key": "authority.pem"}, "client_key", "with client_cert"),
    ],
)
def test_files_that_cannot_be_used_are_named(tmp_path: Path, files: dict[str, str], setting: str, words: str) -> None:
    Authority(tmp_path)
    (tmp_path / "text.pem").write_text("no certificate")
    (found,) = tls_problems(TLS(**{name: tmp_path / file for name, file in files.items()}))
    assert found[0] == setting
    assert words in found[1]


def test_a_key_with_a_pass_phrase_is_refused_without_a_prompt(
    authority: Authority, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificate = authority.issue("client.test")
    key = load_pem_private_key(certificate.read_bytes(), None)
    locked = tmp_path / "locked.pem"
    locked.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"secret")))
    load, given = ssl.SSLContext.load_cert_chain, []

    def noting(context: ssl.SSLContext, file: Path, keyfile: Path, password: str | None = None) -> None:
        given.append(password)
        load(context, file, keyfile, password)

    monkeypatch.setattr(ssl.SSLContext, "load_cert_chain", noting)
    ((setting, _),) = tls_problems(TLS(client_cert=certificate, client_key=locked))
    assert setting == "client_cert"
    # Without one, OpenSSL prompts at the terminal.
    assert given == [""]
