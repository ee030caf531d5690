"""What goes wrong in the store, in the words that a client reads."""

from collections.abc import Iterator
from contextlib import contextmanager

from gateway.errors import InvalidRequest, NotFound, Unavailable
from gateway.store.errors import Missing, Refused, StoreError, TooLarge


def not_found(what: str, id_: str, param: str | None = None) -> NotFound:
    """The error for what is not there, or is another key's: both look the same."""
    return NotFound(f"{what.capitalize()} with id '{id_}' not found.", param=param)


@contextmanager
def explained() -> Iterator[None]:
    """Raise the client's error for what the store raises inside."""
    try:
        yield
    except Missing as error:
        raise not_found(error.what, error.id) from None
    except TooLarge as error:
        raise InvalidRequest(
            f"The conversation would hold {error.size} bytes, of at most {error.limit}. Start another one.",
            param="items",
            code="conversation_too_large",
        ) from None
    except Refused:
        raise InvalidRequest("The request holds text or numbers that the gateway's database cannot keep.") from None
    except StoreError:
        raise Unavailable("The gateway's database is not within reach. Try again in a moment.") from None
