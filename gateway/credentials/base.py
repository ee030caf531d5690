"""What a credential is to an upstream."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from gateway.wire.transport import Call


class Credential(Protocol):
    """One way into an upstream. `label` tells it from the others and gives nothing away; `weight` is its share."""

    @property
    def label(self) -> str:
        """A short name, the same in every process and after every start."""

    @property
    def weight(self) -> float:
        """Its share of the requests, next to the other credentials of its upstream."""

    @property
    def secrets(self) -> Sequence[str]:
        """What must not appear in an error or a log."""

    @property
    def fixed(self) -> Mapping[str, str] | None:
        """Its headers, where they are the same for every call; None where they have to be asked for."""

    async def headers(self, call: Call) -> Mapping[str, str]:
        """The headers that open the upstream for this very call, names in lower case.

        Raises `UpstreamDown` with code `upstream_auth`.
        """

    def forget(self) -> bool:
        """The upstream refused it. True where another one can be fetched, so that asking again is of use."""
