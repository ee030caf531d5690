"""Certificates for tests: an authority, and servers and clients that it vouches for."""

import ssl
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

_DAY = timedelta(days=1)


@dataclass
class Authority:
    """Signs certificates. `file` holds its own, in PEM."""

    folder: Path
    name: str = "authority"

    def __post_init__(self) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._subject = _named(self.name)
        now = datetime.now(UTC)
        key = self._key.public_key()
        usage = x509.KeyUsage(*(field in ("key_cert_sign", "crl_sign") for field in _USAGES))
        certificate = (
            x509.CertificateBuilder(self._subject, self._subject, key, 1, now - _DAY, now + _DAY)
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .add_extension(usage, critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
            .sign(self._key, hashes.SHA256())
        )
        self.file = self.folder / f"{self.name}.pem"
        self.file.write_bytes(certificate.public_bytes(Encoding.PEM))

    def issue(self, name: str, *, is_expired: bool = False) -> Path:
        """A file with a key and a certificate for a host name or an IP address."""
        key = ec.generate_private_key(ec.SECP256R1())
        end = datetime.now(UTC) - _DAY if is_expired else datetime.now(UTC) + _DAY
        issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key())
        certificate = (
            x509.CertificateBuilder(self._subject, _named(name), key.public_key(), 2, end - 3 * _DAY, end)
            .add_extension(x509.SubjectAlternativeName([_general(name)]), critical=False)
            .add_extension(issuer, critical=False)
            .sign(self._key, hashes.SHA256())
        )
        file = self.folder / f"{name}-{'old' if is_expired else 'new'}.pem"
        private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        file.write_bytes(private + certificate.public_bytes(Encoding.PEM))
        return file

    def server(
        self, name: str = "127.0.0.1", *, is_expired: bool = False, wants_client: bool = False
    ) -> ssl.SSLContext:
        """The context of a server; `wants_client`: it refuses clients that this authority has not signed."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.issue(name, is_expired=is_expired))
        if wants_client:
            context.verify_mode = ssl.CERT_REQUIRED
            context.load_verify_locations(self.file)
        return context


_USAGES = (
    "digital_signature",
    "content_commitment",
    "key_encipherment",
    "data_encipherment",
    "key_agreement",
    "key_cert_sign",
    "crl_sign",
    "encipher_only",
    "decipher_only",
)


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])


def _general(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(name))
    except ValueError:
        return x509.DNSName(name)
