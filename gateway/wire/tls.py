"""Which certificates are trusted, and which one of ours is shown."""

import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import certifi


@dataclass(frozen=True, slots=True)
class TLS:
    """PEM files of one provider. `ca` is trusted in the place of the system's authorities.

    `client_cert` is shown to the provider; its key is in the same file, or in `client_key`.
    """

    ca: Path | None = None
    client_cert: Path | None = None
    client_key: Path | None = None


SYSTEM_TLS = TLS()
"""The system's authorities, and no certificate of ours."""


def client_context(tls: TLS) -> ssl.SSLContext:
    """A context that verifies certificates and host names. Raises `OSError` for files that cannot be used."""
    context = ssl.create_default_context(cafile=str(tls.ca) if tls.ca else None)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if tls.ca is None and not _system_has_authorities():
        context.load_verify_locations(certifi.where())
    if tls.client_cert is not None:
        # An empty pass phrase is wrong for a key that has one; without it OpenSSL would prompt for one at the terminal.
        context.load_cert_chain(tls.client_cert, tls.client_key, password="")
    return context


def tls_problems(tls: TLS) -> Iterator[tuple[str, str]]:
    """The settings whose files cannot be used, each with what is expected of it."""
    for setting, path in (("ca", tls.ca), ("client_cert", tls.client_cert), ("client_key", tls.client_key)):
        if path is not None and not _is_readable(path):
            yield setting, "expected the path of a file that can be read"
            return
    if tls.client_key is not None and tls.client_cert is None:
        yield "client_key", "expected with client_cert only"
    try:
        client_context(TLS(ca=tls.ca))
    except OSError:
        yield "ca", "expected a file with at least one certificate in PEM"
    try:
        client_context(TLS(client_cert=tls.client_cert, client_key=tls.client_key))
    except OSError:
        expected = "expected a certificate in PEM, with its key without a pass phrase in the same file or in client_key"
        yield "client_cert", expected


def _is_readable(path: Path) -> bool:
    try:
        path.read_bytes()
    except OSError:
        return False
    return True


def _system_has_authorities() -> bool:
    """Whether OpenSSL finds any, by `SSL_CERT_FILE` and `SSL_CERT_DIR` or where the system keeps them."""
    paths = ssl.get_default_verify_paths()
    if any(Path(file).is_file() for file in (paths.cafile, paths.openssl_cafile) if file):
        return True
    folders = (paths.capath, paths.openssl_capath)
    return any(any(Path(folder).iterdir()) for folder in folders if folder and Path(folder).is_dir())
