"""A gateway whose models have windows, and conversations that are too long for them."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.routing import Mount

from tests.servers.anthropic_upstream import AnthropicUpstream
from tests.servers.chat_upstream import KEY as UPSTREAM_KEY
from tests.servers.gateway import RunningGateway, running_gateway
from tests.servers.gemini_upstream import KEY as GEMINI_KEY
from tests.servers.gemini_upstream import GeminiUpstream
from tests.servers.responses_upstream import ResponsesUpstream
from tests.servers.thread import serving
from tests.servers.windowed_upstream import WindowedUpstream

MODEL = "windowed/m"


@dataclass
class Upstreams:
    """What stands behind the gateway."""

    windowed: WindowedUpstream = field(default_factory=WindowedUpstream)
    native: ResponsesUpstream = field(default_factory=ResponsesUpstream)
    anthropic: AnthropicUpstream = field(default_factory=AnthropicUpstream)
    gemini: GeminiUpstream = field(default_factory=GeminiUpstream)

    @property
    def app(self) -> Starlette:
        """All of them, each below its name."""
        return Starlette(routes=[Mount(f"/{name}", app=part.app) for name, part in vars(self).items()])

    def forget(self) -> None:
        """Begin anew, between two tests."""
        self.windowed.forget()
        self.native.received.clear()

    def last(self, provider: str) -> str:
        """The last request to a provider, as a text."""
        match provider:
            case "larger" | "windowed":
                return str(self.windowed.received[-1])
            case "anthropic":
                return str(self.anthropic.last)
            case "gemini":
                return str(self.gemini.last)
            case _:
                return str(self.native.received[-1])


@contextmanager
def windowed_gateway(upstreams: Upstreams, folder: Path) -> Iterator[RunningGateway]:
    """A gateway before them: `windowed/m` has a window, nobody knows that of `unknown/m`, `larger/large` has none."""
    with serving(upstreams.app) as url:
        windowed = {"dialect": "openai-chat", "base_url": f"{url}/windowed/v1", "api_key": UPSTREAM_KEY}
        responses = {"base_url": f"{url}/native/v1", "api_key": UPSTREAM_KEY, "models": ["echo"]}
        config = {
            "embedded": {"enabled": False},
            "prompts": {
                "guide": {"versions": {"1": {"messages": [{"role": "user", "content": "Guide for {{who}}."}]}}}
            },
            "retries": {"attempts": 1},
            "breaker": {"failures": 10_000},
            "providers": {
                "windowed": {
                    **windowed,
                    "models": ["m", "large"],
                    "context_windows": {"m": upstreams.windowed.window, "large": 100_000},
                },
                "unknown": {**windowed, "models": ["m"]},
                "larger": {**windowed, "models": ["large"], "context_windows": {"*": 100_000}},
                "openai": responses,
                "lab": {**responses, "dialect": "openai-responses"},
                "anthropic": {"base_url": f"{url}/anthropic", "api_key": UPSTREAM_KEY, "models": ["echo"]},
                "gemini": {"base_url": f"{url}/gemini/v1beta", "api_key": GEMINI_KEY, "models": ["echo"]},
            },
        }
        with running_gateway(folder, config) as running:
            yield running


def talk(turns: int, words: int = 300) -> Any:
    """A conversation with a system message in front, and a question at its end."""
    items = [{"role": "system", "content": "Be brief."}]
    for number in range(turns):
        items.append({"role": "user", "content": f"question {number} " + "word " * words})
        items.append({"role": "assistant", "content": f"reply {number}"})
    return [*items, {"role": "user", "content": "the last question"}]
