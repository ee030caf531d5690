"""What every ring of tests can use: scripted upstreams and a running gateway in front of them."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.servers.chat_upstream import ChatUpstream
from tests.servers.gateway import RunningGateway, running_gateway, scripted_config
from tests.servers.responses_upstream import ResponsesUpstream
from tests.servers.thread import serving
from tests.servers.told_upstream import ToldUpstream
from tests.servers.upstreams import upstreams_app
from tests.store import postgres


@pytest.fixture(scope="session")
def upstream() -> ChatUpstream:
    """The script and the memory of the upstream behind the provider `test`."""
    return ChatUpstream()


@pytest.fixture(scope="session")
def native() -> ResponsesUpstream:
    """The script and the memory of the upstream behind the provider `native`."""
    return ResponsesUpstream()


@pytest.fixture(scope="session")
def told() -> ToldUpstream:
    """What the upstream behind the provider `told` says, and its memory."""
    return ToldUpstream()


@pytest.fixture(scope="session")
def upstream_url(upstream: ChatUpstream, native: ResponsesUpstream, told: ToldUpstream) -> Iterator[str]:
    with serving(upstreams_app(upstream, native, told)) as url:
        yield f"{url}/v1"


@pytest.fixture(scope="session")
def gateway(upstream_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningGateway]:
    """The gateway that most tests share. Its providers are those of `scripted_config`."""
    with running_gateway(tmp_path_factory.mktemp("gateway"), scripted_config(upstream_url)) as running:
        yield running


@pytest.fixture
def client(
    gateway: RunningGateway, upstream: ChatUpstream, native: ResponsesUpstream, told: ToldUpstream
) -> Iterator[httpx.Client]:
    """A client of `gateway` with its key; the upstreams' memories are empty."""
    for scripted in (upstream, native, told):
        scripted.forget()
    with gateway.client() as client:
        yield client


@pytest.fixture(scope="session")
def other_key(gateway: RunningGateway) -> str:
    """A second key of `gateway`."""
    return gateway.command("keys", "create", "--name", "other").strip()


@pytest.fixture
def stranger(gateway: RunningGateway, other_key: str) -> Iterator[httpx.Client]:
    """A client of `gateway` with the second key."""
    with gateway.client(other_key) as client:
        yield client


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[postgres.Server]:
    """A PostgreSQL server from a wheel."""
    installed = postgres.wheel()
    if installed is None:
        pytest.skip(postgres.HOW_TO_GET_IT)
    with postgres.running(installed) as server:
        yield server


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of shared facts and recordings beside the project."""
    folder = Path(__file__).resolve().parents[2] / "shared"
    if not folder.is_dir():
        pytest.skip("the folder ../shared with documents and recordings is not beside the project")
    return folder
