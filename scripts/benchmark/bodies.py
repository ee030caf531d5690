"""What is asked: one small conversation, in the form of each operation."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from scripts.benchmark.processes import Server
from scripts.benchmark.servers import KEY, PROVIDER, Servers
from scripts.benchmark.wrk import Target

CHAT = "/v1/chat/completions"
WAYSTONE_CHAT = "/api/gateway/v1/chat/completions"
RESPONSES = "/v1/responses"
WAYSTONE_RESPONSES = "/api/gateway/v1/responses"
FLOOR = "floor"
UPSTREAM = "upstream itself"

_SYSTEM = "You are a careful assistant. Answer in one sentence, and say so when you do not know."
_QUESTION = "What is a waystone, who set it by the road, and what did it tell to those who came by?"


@dataclass(frozen=True)
class Bodies:
    """Writes the bodies into files, where wrk reads them."""

    folder: Path

    def beside_floor(self, servers: Servers, *, is_stream: bool) -> Sequence[Target]:
        """The floor, and each operation of the gateway."""
        conversation = self._write(chat(f"{PROVIDER}/static", is_stream=is_stream))
        waystone = self._write(responses(is_stream=is_stream))
        gateway = servers.gateway
        return [
            Target(FLOOR, servers.floor, CHAT, conversation, KEY),
            Target(CHAT, gateway, CHAT, conversation, KEY),
            Target(WAYSTONE_CHAT, gateway, WAYSTONE_CHAT, conversation, KEY),
            Target(WAYSTONE_RESPONSES, gateway, WAYSTONE_RESPONSES, waystone, KEY),
        ]

    def responses_beside_floor(self, servers: Servers, *, is_stream: bool) -> Sequence[Target]:
        """The floor with its chat, and `/v1/responses` without and with a store."""
        conversation = self._write(chat(f"{PROVIDER}/static", is_stream=is_stream))
        return [
            Target(FLOOR, servers.floor, CHAT, conversation, KEY),
            *(
                Target(
                    f"{RESPONSES}, store: {str(is_stored).lower()}",
                    servers.gateway,
                    RESPONSES,
                    self._write({**responses(is_stream=is_stream), "store": is_stored}),
                    KEY,
                )
                for is_stored in (False, True)
            ),
        ]

    def beside_upstream(self, servers: Servers) -> Sequence[Target]:
        """The upstream itself, the floor, and the gateway's plain chat."""
        direct = self._write(chat("static", is_stream=False))
        through = self._write(chat(f"{PROVIDER}/static", is_stream=False))
        return [
            Target(UPSTREAM, servers.upstream, CHAT, direct, KEY),
            Target(FLOOR, servers.floor, CHAT, through, KEY),
            Target(CHAT, servers.gateway, CHAT, through, KEY),
        ]

    def gateway_chat(self, gateway: Server, *, is_stream: bool) -> Target:
        """The gateway's chat alone."""
        body = self._write(chat(f"{PROVIDER}/static", is_stream=is_stream))
        return Target(CHAT, gateway, CHAT, body, KEY)

    def _write(self, body: dict[str, Any]) -> Path:
        path = self.folder / f"body-{len(list(self.folder.glob('body-*')))}.json"
        path.write_bytes(orjson.dumps(body))
        return path


def chat(model: str, *, is_stream: bool, metadata: dict[str, str] | None = None) -> dict[str, Any]:
    """A chat request. It asks for usage, so that the gateway and the floor pass on the same events."""
    body: dict[str, Any] = {
        "model": model,
        "messages": [{"role": "system", "content": _SYSTEM}, {"role": "user", "content": _QUESTION}],
        "temperature": 0.2,
    }
    if is_stream:
        body |= {"stream": True, "stream_options": {"include_usage": True}}
    if metadata:
        body["metadata"] = metadata
    return body


def responses(*, is_stream: bool, model: str = f"{PROVIDER}/static") -> dict[str, Any]:
    """A Responses request that says the same."""
    return {"model": model, "input": _QUESTION, "instructions": _SYSTEM, "stream": is_stream}
