"""The errors of the store, in the words that a client reads."""

from types import TracebackType

from gateway.errors import GatewayError, InvalidRequest, NotFound, Unavailable
from gateway.store.errors import Missing, Refused, StoreError, TooLarge, Unwritable


def not_found(what: str, id_: str, param: str | None = None) -> NotFound:
    """The error for what is not there, or is another key's: both look the same."""
    return NotFound(f"{what.capitalize()} with id '{id_}' not found.", param=param)


class explained:
    """A context that raises the client's error for what the store raises inside.

    A class, since a generator takes three times as many calls.
    """

    def __enter__(self) -> None:
        pass

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if isinstance(error, Missing | TooLarge | StoreError):
            raise _explanation(error) from None


def _explanation(error: Missing | TooLarge | StoreError) -> GatewayError:
    match error:
        case Missing():
            return not_found(error.what, error.id)
        case TooLarge():
            return InvalidRequest(
                f"The conversation would hold {error.size} bytes, of at most {error.limit}. Start another one.",
                param="items",
                code="conversation_too_large",
            )
        case Refused():
            return InvalidRequest("The request holds text or numbers that the gateway's database cannot keep.")
        case Unwritable():
            return Unavailable(f"The gateway can store nothing at the moment: {error.reason}.")
        case _:
            return Unavailable("The gateway's database is not within reach. Try again in a moment.")
