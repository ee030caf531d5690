"""Compiles an operation's security requirements into a look at its headers."""

from collections.abc import Callable, Sequence

from gateway.contract.bundle import Bundle, OperationSpec
from gateway.errors import Header, InvalidRequest

Headers = dict[bytes, bytes]
ReadSecret = Callable[[Headers], str | None]


def compile_security(spec: OperationSpec, bundle: Bundle) -> Sequence[ReadSecret] | None:
    """Functions from headers to a secret that they offer, or None where the operation is open to everybody.

    Raises `ValueError` for a scheme that is not compiled here: better no start than an open door.
    """
    if not spec.security or [] in spec.security:
        return None
    schemes = bundle.document["components"]["securitySchemes"]
    return [_reader(schemes[name]) for alternative in spec.security for name in alternative]


def credential_headers(spec: OperationSpec, bundle: Bundle) -> frozenset[bytes]:
    """The names of the headers, in lower case, in which an operation looks for a secret."""
    schemes = bundle.document["components"]["securitySchemes"]
    named = [schemes[name] for alternative in spec.security for name in alternative]
    return frozenset(scheme.get("name", "authorization").lower().encode("latin-1") for scheme in named)


def require_one_credential(fields: Sequence[Header], credentials: frozenset[bytes]) -> None:
    """Raise `InvalidRequest` where two fields of one credential header differ: proxies and servers choose differently.

    `fields` are a request's, names in lower case.
    """
    first: dict[bytes, bytes] = {}
    for name, value in fields:
        if name in credentials and first.setdefault(name, value) != value:
            message = f"The header {name.decode()} was sent twice, with different values."
            raise InvalidRequest(message, code="conflicting_credentials")


def _reader(scheme: dict[str, str]) -> ReadSecret:
    match scheme:
        case {"type": "http", "scheme": "bearer"}:
            return _bearer
        case {"type": "apiKey", "in": "header", "name": name}:
            return _bare(name.lower().encode("latin-1"))
        case other:
            raise ValueError(f"The contract has a security scheme that this server does not know: {other}")


def _bearer(headers: Headers) -> str | None:
    value = headers.get(b"authorization", b"")
    return value[7:].strip().decode("latin-1") if value[:7].lower() == b"bearer " else None


def _bare(name: bytes) -> ReadSecret:
    def read(headers: Headers) -> str | None:
        value = headers.get(name, b"").strip()
        return value.decode("latin-1") if value and b" " not in value else None

    return read
