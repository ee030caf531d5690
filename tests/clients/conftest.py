"""A gateway for whole clients: behind it a model that calls tools, the scripted upstream, and the embedded model."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from openai import OpenAI

from tests.clients.stops import Serve
from tests.servers.agent_upstream import AgentUpstream
from tests.servers.chat_upstream import KEY as UPSTREAM_KEY
from tests.servers.chat_upstream import ChatUpstream
from tests.servers.gateway import KEY, RunningGateway, running_gateway, scripted_config
from tests.servers.paced_upstream import PacedUpstream
from tests.servers.thread import serving
from tests.store import postgres


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(params=["sqlite", "postgresql"])
def storage(request: pytest.FixtureRequest) -> Mapping[str, str]:
    """Where a gateway keeps its state, as its environment: the default, or an empty PostgreSQL."""
    if request.param == "sqlite":
        return {}
    server: postgres.Server = request.getfixturevalue("postgres_server")
    server.empty()
    return {"DATABASE_URL": server.url}


@pytest.fixture(scope="session")
def agent_upstream() -> AgentUpstream:
    """The memory of the upstream behind the provider `agent`."""
    return AgentUpstream()


@pytest.fixture(scope="session")
def agent_gateway(
    agent_upstream: AgentUpstream, upstream_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningGateway]:
    """The gateway with the providers `agent` and `embedded`, and those of `scripted_config`."""
    with serving(agent_upstream.app) as url:
        config = scripted_config(upstream_url)
        config["providers"]["agent"] = {
            "dialect": "openai-chat",
            "base_url": f"{url}/v1",
            "api_key": UPSTREAM_KEY,
            "models": ["planner", "single"],
        }
        with running_gateway(tmp_path_factory.mktemp("agents"), config) as running:
            yield running


@pytest.fixture
def agent(agent_upstream: AgentUpstream) -> AgentUpstream:
    """The upstream behind the provider `agent`; its memory is empty."""
    agent_upstream.received.clear()
    return agent_upstream


@pytest.fixture
def sdk_of_v1(agent_gateway: RunningGateway) -> Iterator[OpenAI]:
    """The official SDK, pointed at `/v1` of `agent_gateway`."""
    with OpenAI(api_key=KEY, base_url=f"{agent_gateway.url}/v1", max_retries=0, timeout=30) as client:
        yield client


@pytest.fixture(scope="module")
def paced() -> PacedUpstream:
    """The counters of an upstream whose answers take as long as their requests say: a file's own."""
    return PacedUpstream()


@pytest.fixture(scope="module")
def paced_url(paced: PacedUpstream) -> Iterator[str]:
    with serving(paced) as url:
        yield url


@pytest.fixture
def serve(upstream: ChatUpstream, upstream_url: str, tmp_path: Path) -> Iterator[Serve]:
    """Starts gateways, one after the other on the same state, with further settings."""
    upstream.forget()
    config = {**scripted_config(upstream_url), "embedded": {"enabled": False}}
    with ExitStack() as stack:

        def start(workers: int = 1, port: int = 0, **more: Any) -> RunningGateway:
            environment = {"WORKERS": str(workers)}
            return stack.enter_context(running_gateway(tmp_path, {**config, **more}, environment, port=port))

        yield start
        upstream.go_on.set()
