"""Which proxy, if any, stands between the gateway and an origin."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address, ip_network

from gateway.wire.request import Origin

_LOCALHOST = "localhost"


@dataclass(frozen=True, slots=True)
class Proxies:
    """The proxies for each scheme, whose URLs may hold a password, and the hosts that are reached without one.

    An entry of `exempt` is a host, which stands for those below it too, with or without a port; an IP address, or a
    network such as 10.0.0.0/8; or `*`, for every host.
    """

    http: str = field(default="", repr=False)
    https: str = field(default="", repr=False)
    exempt: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.http or self.https)

    def of(self, origin: Origin) -> str | None:
        """The proxy for an origin. This machine is reached without one: calls to it carry keys, too."""
        proxy = {"http": self.http, "https": self.https}.get(origin.scheme)
        if not proxy or _is_loopback(origin.host):
            return None
        return None if any(_covers(entry, origin) for entry in self.exempt) else proxy


NO_PROXIES = Proxies()


def proxies_of(environ: Mapping[str, str]) -> Proxies:
    """The proxies that an environment names: `HTTP_PROXY`, `HTTPS_PROXY`, `ALL_PROXY`, `NO_PROXY`.

    As elsewhere, names in lower case count before those in upper case.
    """

    def value(name: str) -> str:
        return (environ.get(name) or environ.get(name.upper()) or "").strip()

    every = value("all_proxy")
    exempt = value("no_proxy").replace(",", " ").split()
    return Proxies(
        _with_scheme(value("http_proxy") or every),
        _with_scheme(value("https_proxy") or every),
        tuple(entry.lower() for entry in exempt),
    )


def _with_scheme(proxy: str) -> str:
    return f"http://{proxy}" if proxy and "://" not in proxy else proxy


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == _LOCALHOST or host.endswith(f".{_LOCALHOST}")


def _covers(entry: str, origin: Origin) -> bool:
    """Whether an entry of `exempt` is meant for an origin."""
    if entry == "*":
        return True
    try:
        return ip_address(origin.host) in ip_network(entry.strip("[]"), strict=False)
    except ValueError:
        pass  # one of the two is a name
    name, colon, port = entry.rpartition(":")
    if colon and port.isdigit():
        if int(port) != origin.port:
            return False
        entry = name.strip("[]")
    entry = entry.removeprefix("*").removeprefix(".")
    return origin.host == entry or origin.host.endswith(f".{entry}")
