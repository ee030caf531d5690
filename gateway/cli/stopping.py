"""How a process that serves is to stop: the orders for it, how signals become orders, and how long each step takes."""

import signal
from enum import IntEnum


class Stop(IntEnum):
    """An order to stop. A harder one may follow, and takes effect at once; a softer one changes nothing."""

    NONE = 0
    REPLACED = 1
    """Another process has taken this one's place: to a load balancer nothing changes."""
    ANNOUNCED = 2
    """Say that nothing more should be sent, for a while; then close the port and finish what is under way."""
    CLOSED = 3
    """The same without the while."""
    CUT = 4
    """End what is under way as well."""


SIGNALS = (signal.SIGINT, signal.SIGTERM)

LOOK_SECONDS = 0.05
"""Between two looks at something that nothing announces."""
CUT_SECONDS = 2.0
"""What is cut has so long to write its last event, and to be stored."""
CLOSE_SECONDS = 8.0
"""After which a process ends although not everything is closed: the database may not answer."""
EXIT_SECONDS = 2.0
"""For whatever Python does at its end then."""


def first_order(number: int) -> Stop:
    """What a first signal orders. Ctrl-C is a person's, who waits, and has no load balancer in front."""
    return Stop.CLOSED if number == signal.SIGINT else Stop.ANNOUNCED
