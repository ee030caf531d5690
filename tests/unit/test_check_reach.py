"""Why an address cannot be reached."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import example, given, settings
from hypothesis import strategies as st

from gateway.check.reach import obstacle


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@asynccontextmanager
async def listening(context: ssl.SSLContext | None = None) -> AsyncIterator[int]:
    """The port of a server that hangs up on everybody."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context) as server:
        yield server.sockets[0].getsockname()[1]


def self_signed(folder: Path) -> ssl.SSLContext:
    """A server's context with a certificate that nobody has vouched for."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), 1, now - timedelta(days=1), now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem, private = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    file = folder / "server.pem"
    file.write_bytes(key.private_bytes(pem, private, serialization.NoEncryption()) + certificate.public_bytes(pem))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    return context


@pytest.mark.anyio
async def test_an_address_that_answers_has_no_obstacle() -> None:
    async with listening() as port:
        assert await obstacle(f"http://127.0.0.1:{port}/v1") is None


@pytest.mark.anyio
async def test_a_closed_port_is_told() -> None:
    async with listening() as port:
        pass
    found = await obstacle(f"http://127.0.0.1:{port}/v1")
    assert found is not None
    assert found.message == f"Nobody listens on port {port} of 127.0.0.1."


@pytest.mark.anyio
async def test_a_certificate_that_nobody_vouches_for_is_told(tmp_path: Path) -> None:
    async with listening(self_signed(tmp_path)) as port:
        found = await obstacle(f"https://127.0.0.1:{port}/v1")
    assert found is not None
    assert found.message == "The certificate of 127.0.0.1 is not signed by an authority that this machine trusts."
    assert "`providers.{}.tls.ca`" in found.advice


@pytest.mark.anyio
async def test_a_port_without_tls_is_told() -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        found = await obstacle(f"https://127.0.0.1:{port}/v1")
    assert found is not None
    assert "does not speak TLS" in found.message


@pytest.mark.anyio
async def test_a_name_that_is_not_there_is_told() -> None:
    found = await obstacle("http://no-such-host.invalid/v1")
    assert found is not None
    assert found.message == "The name no-such-host.invalid is not known to DNS."


@settings(deadline=None, max_examples=30)
@given(st.text("abc.-_é%[]", min_size=64, max_size=80))
@example("é" * 64)
def test_no_name_of_a_host_is_a_defect(name: str) -> None:
    url = f"http://{name}.invalid/v1"
    try:
        urlsplit(url)
    except ValueError:
        return  # not an address, which the settings would have said
    assert asyncio.run(obstacle(url))
