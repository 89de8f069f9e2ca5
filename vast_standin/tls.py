"""TLS of a data folder: an authority and a leaf certificate for loopback names.

The authority's private key is thrown away after it signed the one leaf, so the
authority a user trusts can never vouch for anything else.
"""

import json
import ssl
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from vast_standin.files import write_private, write_private_json

VALID_DAYS = 825
RENEW_DAYS = 30
NAMES = ("localhost", "ipv4-127-0-0-1")
ADDRESSES = ("127.0.0.1", "::1")


@dataclass(frozen=True)
class Certificates:
    """Files of one data folder: the authority, the leaf chain and the leaf's key."""

    authority: Path
    chain: Path
    key: Path

    def server_context(self) -> ssl.SSLContext:
        """Return a TLS 1.2+ context that presents the leaf."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        try:
            context.load_cert_chain(self.chain, self.key)
        except (ssl.SSLError, OSError) as error:
            raise ValueError(
                f"{self.chain} and {self.key} are not a certificate with its key "
                f"({error}): move {self.chain.parent} away to create new ones"
            ) from error
        return context


def load_or_create(folder: Path) -> Certificates:
    """Return the certificates of a folder; make new ones 30 days before they end.

    Raises ValueError if the note of when they end is damaged.
    """
    folder.mkdir(mode=0o700, exist_ok=True)
    files = Certificates(
        folder / "ca.pem", folder / "server.pem", folder / "server.key"
    )
    if not _still_valid(folder / "valid.json", files):
        _create(files)
        until = time.time() + (VALID_DAYS - RENEW_DAYS) * 86400
        write_private_json(folder / "valid.json", {"renew_at": int(until)})
    return files


def _still_valid(record: Path, files: Certificates) -> bool:
    if not all(
        path.exists() for path in (record, files.authority, files.chain, files.key)
    ):
        return False
    try:
        return bool(time.time() < json.loads(record.read_bytes())["renew_at"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ValueError(
            f"{record} does not say when the certificates end ({error}): remove it to "
            "have new certificates made"
        ) from error


def _create(files: Certificates) -> None:
    # Imported here: 60 ms that every later start can do without.
    from cryptography import x509  # noqa: PLC0415
    from cryptography.hazmat.primitives import hashes, serialization  # noqa: PLC0415
    from cryptography.hazmat.primitives.asymmetric import ec  # noqa: PLC0415
    from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID  # noqa: PLC0415

    def name(text: str) -> x509.Name:
        return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])

    def builder(
        subject: x509.Name, public: ec.EllipticCurvePublicKey
    ) -> x509.CertificateBuilder:
        start = datetime.now(UTC) - timedelta(hours=1)
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(authority_name)
            .public_key(public)
            .serial_number(x509.random_serial_number())
            .not_valid_before(start)
            .not_valid_after(start + timedelta(days=VALID_DAYS))
        )

    def usage(*, signs_certificates: bool) -> x509.KeyUsage:
        return x509.KeyUsage(
            digital_signature=not signs_certificates,
            content_commitment=False,
            key_encipherment=False,
            data_encipherment=False,
            key_agreement=False,
            key_cert_sign=signs_certificates,
            crl_sign=signs_certificates,
            encipher_only=False,
            decipher_only=False,
        )

    authority_name = name("vast_standin authority of one data folder")
    authority_key = ec.generate_private_key(ec.SECP256R1())
    authority_id = x509.SubjectKeyIdentifier.from_public_key(authority_key.public_key())
    authority = (
        builder(authority_name, authority_key.public_key())
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(usage(signs_certificates=True), critical=True)
        .add_extension(authority_id, critical=False)
        .sign(authority_key, hashes.SHA256())
    )
    leaf_key = ec.generate_private_key(ec.SECP256R1())
    alternatives = x509.SubjectAlternativeName(
        [x509.DNSName(text) for text in NAMES]
        + [x509.IPAddress(ip_address(text)) for text in ADDRESSES]
    )
    leaf = (
        builder(name("vast_standin"), leaf_key.public_key())
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(usage(signs_certificates=False), critical=True)
        .add_extension(alternatives, critical=False)
        .add_extension(
            x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False
        )
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(
                authority_id
            ),
            critical=False,
        )
        .add_extension(
            x509.SubjectKeyIdentifier.from_public_key(leaf_key.public_key()),
            critical=False,
        )
        .sign(authority_key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    write_private(files.authority, authority.public_bytes(pem))
    write_private(files.chain, leaf.public_bytes(pem) + authority.public_bytes(pem))
    write_private(
        files.key,
        leaf_key.private_bytes(
            pem,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        ),
    )
