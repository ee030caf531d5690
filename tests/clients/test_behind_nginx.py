"""A real nginx in front, with TLS and its default buffering, as people put it there."""

import socket
import ssl
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from tests.clients.contract import PATHS, request
from tests.clients.wanted import program
from tests.servers.certificates import Authority
from tests.servers.chat_upstream import ChatUpstream
from tests.servers.gateway import DEADLINE, KEY, RunningGateway

CONFIGURATION = """
daemon off; master_process off; pid {folder}/nginx.pid; error_log {folder}/error.log info;
events {{ }}
http {{
    access_log off;
    client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
    server {{
        listen unix:{folder}/nginx.sock ssl;
        ssl_certificate {certificate}; ssl_certificate_key {certificate};
        location / {{ proxy_pass {url}; proxy_http_version 1.1; proxy_set_header connection ""; }}
        location /as-it-is/ {{ proxy_pass {url}/; }}
    }}
}}
"""


@contextmanager
def _nginx(folder: Path, url: str) -> Iterator[httpx.Client]:
    """A client of an nginx in front of the gateway, on a socket in `folder`."""
    authority = Authority(folder)
    certificate = authority.issue("gateway.example")
    file = folder / "nginx.conf"
    file.write_text(CONFIGURATION.format(folder=folder, certificate=certificate, url=url))
    command = [program("nginx", "nginx-light"), "-p", str(folder), "-c", str(file), "-e", str(folder / "error.log")]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    try:
        _wait_for(folder / "nginx.sock")
        context = ssl.create_default_context(cafile=authority.file)
        transport = httpx.HTTPTransport(uds=str(folder / "nginx.sock"), verify=context)
        headers = {"authorization": f"Bearer {KEY}"}
        with httpx.Client(
            base_url="https://gateway.example", transport=transport, headers=headers, timeout=DEADLINE
        ) as client:
            yield client
    finally:
        process.terminate()
        process.communicate(timeout=DEADLINE)


def _wait_for(path: Path) -> None:
    """Return as soon as somebody accepts connections on a Unix socket."""
    deadline = time.monotonic() + DEADLINE
    while True:
        with socket.socket(socket.AF_UNIX) as attempt:
            try:
                attempt.connect(str(path))
            except OSError:
                assert time.monotonic() < deadline, "nginx does not listen"
            else:
                return


@pytest.fixture(scope="module")
def fronted(gateway: RunningGateway, tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    with _nginx(tmp_path_factory.mktemp("nginx"), gateway.url) as client:
        yield client


@pytest.mark.parametrize("prefix", ["", "/as-it-is"], ids=["http1.1", "http1.0"])
@pytest.mark.parametrize("path", PATHS)
def test_plain_answers_come_through(fronted: httpx.Client, path: str, prefix: str) -> None:
    reply = fronted.post(f"{prefix}{path}", json=request(path))
    assert reply.status_code == 200
    assert reply.headers["x-request-id"].startswith("req_")


@pytest.mark.parametrize("prefix", ["", "/as-it-is"], ids=["http1.1", "http1.0"])
@pytest.mark.parametrize("path", PATHS)
def test_events_are_here_while_the_upstream_waits(
    fronted: httpx.Client, upstream: ChatUpstream, path: str, prefix: str
) -> None:
    upstream.forget()
    body = request(path, "test/pause", "x" * 40, stream=True)
    with fronted.stream("POST", f"{prefix}{path}", json=body) as reply:
        assert reply.status_code == 200
        lines = reply.iter_lines()
        assert "x" in next(line for line in lines if "x" in line.partition("data:")[2].partition("delta")[2])
        assert not upstream.go_on.is_set()
        upstream.go_on.set()
        assert any("[DONE]" in line or "response.completed" in line for line in lines)


def test_client_that_leaves_nginx_ends_the_upstreams_work(fronted: httpx.Client, upstream: ChatUpstream) -> None:
    upstream.forget()
    body = request(PATHS[0], "test/pause", "x" * 40, stream=True)
    with fronted.stream("POST", PATHS[0], json=body) as reply:
        next(reply.iter_lines())
    assert upstream.left.wait(DEADLINE)
