"""How the gateway that is attacked is started."""

import sys

WATCHED = (sys.executable, "-m", "scripts.attacks.watched")


def with_file_limit(number: int, command: tuple[str, ...]) -> tuple[str, ...]:
    """The command in a process that may have so many files open, and no more."""
    return ("sh", "-c", f'ulimit -n {number}; exec "$@"', "sh", *command)
