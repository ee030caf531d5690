"""How many connections of clients the limit on open files leaves room for."""

import resource
from pathlib import Path

_LEAST_CONNECTIONS = 16


def most_connections(most: int) -> int:
    """So many, or half of what the file limit leaves: each may need a second one, to an upstream."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY:
        return most
    return min(most, max((soft - len([*Path("/dev/fd").iterdir()])) // 2, _LEAST_CONNECTIONS))
