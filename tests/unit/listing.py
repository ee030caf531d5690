"""Upstreams whose list of models a test writes."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Any

import orjson

from gateway.credentials.keys import KeyCredential
from gateway.dialects import DIALECTS
from gateway.dialects.profiles.base import Profile
from gateway.dialects.profiles.openai_chat import ChatProfile
from gateway.errors import UpstreamDown
from gateway.upstream import Address, Upstream
from gateway.wire.transport import Answer, Call, Stream

SECRET = "sk-listing-0123456789abcdef"
BASE_URL = "https://secret-host.test/v1"


@dataclass
class Lists:
    """A transport that answers every call with the list of the moment, or does not answer."""

    document: Any = field(default_factory=dict)
    is_down: bool = False
    calls: list[Call] = field(default_factory=list)

    async def send(self, call: Call) -> Answer:
        self.calls.append(call)
        if self.is_down:
            raise UpstreamDown("lab cannot be reached.", code="upstream_unreachable")
        return Answer(200, {}, orjson.dumps(self.document))

    def stream(self, call: Call) -> AbstractAsyncContextManager[Stream]:
        raise NotImplementedError


def listed(*names: str, **more: Mapping[str, Any]) -> dict[str, Any]:
    """OpenAI's list of models; `more` has further fields of some of them."""
    return {"object": "list", "data": [{"id": name, "object": "model", **more.get(name, {})} for name in names]}


def upstream(name: str = "lab", *, lists: Lists | None = None, **more: Any) -> Upstream:
    """An upstream of that name; its models are those of `lists`, or those given as `models`."""

    async def locate() -> Address:
        return Address(BASE_URL, {})

    profiles: Sequence[Profile] = more.pop("profiles", (ChatProfile(),))
    spoken = {profile.dialect: profile for profile in profiles}
    dialects = [DIALECTS[name] for name in spoken]
    key = KeyCredential(SECRET, {"authorization": f"Bearer {SECRET}"})
    return Upstream(
        name, transport=lists or Lists(), locate=locate, credentials=[key], dialects=dialects, profiles=spoken, **more
    )
