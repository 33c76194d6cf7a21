"""Certificates for tests: an authority of their own, and what it signs."""

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

_HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Pair:
    """A certificate and its key, as files: `certificate`, `key`, and both in one, `bundle`."""

    certificate: Path
    key: Path
    bundle: Path


class Authority:
    """Signs certificates for 127.0.0.1 and localhost; `certificate` is the file that makes them trusted."""

    def __init__(self, folder: Path, name: str = "tests") -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = _name(name)
        built = _builder(self._name, self._name, self._key.public_key(), 24 * _HOUR)
        signed = built.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True).sign(
            self._key, hashes.SHA256()
        )
        self.certificate = folder / f"{name}-ca.pem"
        self.certificate.write_bytes(signed.public_bytes(serialization.Encoding.PEM))

    def sign(
        self, name: str, *, expired: bool = False, password: str = "", hosts: Sequence[str] = ()
    ) -> Pair:
        """A new key and its certificate, for servers and clients alike; `expired`: an hour ago. `password`: of the key.

        `hosts`: names that it is good for beside this machine's.
        """
        key = ec.generate_private_key(ec.SECP256R1())
        built = _builder(_name(name), self._name, key.public_key(), -_HOUR if expired else 24 * _HOUR)
        names: list[x509.GeneralName] = [
            x509.DNSName("localhost"),
            x509.IPAddress(ipaddress.ip_address("127.0.0.1")),
            *map(x509.DNSName, hosts),
        ]
        signed = built.add_extension(x509.SubjectAlternativeName(names), critical=False).sign(
            self._key, hashes.SHA256()
        )
        text = signed.public_bytes(serialization.Encoding.PEM)
        locked = serialization.BestAvailableEncryption(password.encode() or b"none")
        secret = key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            locked if password else serialization.NoEncryption(),
        )
        pair = Pair(*(self._folder / f"{name}.{kind}" for kind in ("crt", "key", "pem")))
        pair.certificate.write_bytes(text)
        for file, content in ((pair.key, secret), (pair.bundle, secret + text)):
            file.write_bytes(content)
            file.chmod(0o600)
        return pair


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, ends_in: timedelta
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - 48 * _HOUR)
        .not_valid_after(now + ends_in)
    )
