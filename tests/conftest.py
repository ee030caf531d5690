"""What every ring of tests can use: a scripted upstream and a running gateway in front of it."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.servers.chat_upstream import ChatUpstream
from tests.servers.gateway import RunningGateway, running_gateway, scripted_config
from tests.servers.thread import serving


@pytest.fixture(scope="session")
def upstream() -> ChatUpstream:
    """The script and the memory of the upstream behind `gateway`."""
    return ChatUpstream()


@pytest.fixture(scope="session")
def upstream_url(upstream: ChatUpstream) -> Iterator[str]:
    with serving(upstream.app) as url:
        yield f"{url}/v1"


@pytest.fixture(scope="session")
def gateway(upstream_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningGateway]:
    """The gateway that most tests share. Its providers are those of `scripted_config`."""
    with running_gateway(tmp_path_factory.mktemp("gateway"), scripted_config(upstream_url)) as running:
        yield running


@pytest.fixture
def client(gateway: RunningGateway, upstream: ChatUpstream) -> Iterator[httpx.Client]:
    """A client of `gateway` with its key; the upstream's memory is empty."""
    upstream.forget()
    with gateway.client() as client:
        yield client


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of shared facts and recordings beside the project."""
    folder = Path(__file__).resolve().parents[2] / "shared"
    if not folder.is_dir():
        pytest.skip("the folder ../shared with documents and recordings is not beside the project")
    return folder
