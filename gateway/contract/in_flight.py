"""The bytes of request bodies that a process holds, and the most that it may."""

from typing import NoReturn

from gateway.errors import Overloaded


class InFlight:
    """Counts the bodies of requests from their first byte to the end of the answer."""

    __slots__ = ("held", "most")

    def __init__(self, most: int) -> None:
        self.most = most
        self.held = 0

    def require(self, more: int) -> None:
        """Raise `Overloaded` where so many bytes more are too many beside those that are held."""
        if self.held + more > self.most:
            self.refuse()

    def release(self, size: int) -> None:
        """Count so many bytes no longer."""
        self.held -= size

    def refuse(self) -> NoReturn:
        """Raise `Overloaded`."""
        raise Overloaded("The gateway holds as many bytes of requests as it may. Try again later.")
