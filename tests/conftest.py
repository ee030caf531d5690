"""What every ring of tests can use: a scripted upstream and a running gateway in front of it."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.servers.chat_upstream import KEY as UPSTREAM_KEY
from tests.servers.chat_upstream import ChatUpstream
from tests.servers.gateway import RunningGateway, running_gateway
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
    """A gateway whose provider `test` is the scripted upstream, and whose provider `down` nobody answers for."""
    config = {
        "providers": {
            "test": {"dialect": "openai-chat", "base_url": upstream_url, "api_key": UPSTREAM_KEY},
            "down": {"dialect": "openai-chat", "base_url": "http://127.0.0.1:9/v1", "models": ["any", "echo-too"]},
            "twin": {"dialect": "openai-chat", "base_url": "http://127.0.0.1:9/v1", "models": ["any"]},
            "slow": {
                "dialect": "openai-chat",
                "base_url": upstream_url,
                "api_key": UPSTREAM_KEY,
                "models": ["stall", "pause"],
                "timeouts": {"idle": 0.3},
            },
        }
    }
    with running_gateway(tmp_path_factory.mktemp("gateway"), config) as running:
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
