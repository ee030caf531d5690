"""Lanes that lead nowhere, for what only decides between them."""

from contextlib import AbstractAsyncContextManager

from gateway.credentials.keys import KeyCredential
from gateway.dialects import DIALECTS
from gateway.dialects.profiles.openai_chat import ChatProfile
from gateway.routing.plan import Lane
from gateway.upstream import Address, Upstream
from gateway.wire.transport import Answer, Call, Stream


class Nowhere:
    """A transport that must not be used."""

    async def send(self, call: Call) -> Answer:
        raise AssertionError("nothing is sent here")

    def stream(self, call: Call) -> AbstractAsyncContextManager[Stream]:
        raise AssertionError("nothing is sent here")


async def _locate() -> Address:
    return Address("http://127.0.0.1:9/v1", {})


def upstream(name: str, keys: int = 1, row: str = "", weight: float = 1.0) -> Upstream:
    """An upstream with so many keys, which serves `small` and `large`."""
    credentials = [KeyCredential(f"{name}-{number}", {}) for number in range(keys)]
    models = ("small", "large")
    dialects = [DIALECTS["openai-chat"]]
    return Upstream(
        name,
        dialects,
        {"openai-chat": ChatProfile()},
        Nowhere(),
        _locate,
        credentials,
        models=models,
        row=row,
        weight=weight,
    )


def lanes(names: str, keys: int = 1) -> list[Lane]:
    """Lanes to these upstreams (`a b`), one for each key."""
    found = [upstream(name, keys) for name in names.split()]
    return [Lane(each, credential, "small") for each in found for credential in each.credentials]
