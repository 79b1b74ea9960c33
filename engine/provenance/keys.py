"""The studio's own key to sign pictures with, made on first use; whoever has the data folder has the key."""

import datetime
import os
import shutil
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

CHAIN, KEY, AUTHORITY = "chain.pem", "key.pem", "authority.pem"
YEARS = 30  # nobody renews it: what was signed is to be read later, and no time authority is asked
DAY = datetime.timedelta(days=1)


@dataclass(frozen=True)
class Keys:
    """PEM. chain: the certificate that signs, and the one that vouches for it; authority: the latter alone."""

    chain: bytes
    key: bytes
    authority: bytes


def keys_of(folder: Path) -> Keys:
    """Those in the folder, made when there are none. Raises OSError."""
    if not (folder / KEY).exists():
        put(made(), folder)
    return Keys((folder / CHAIN).read_bytes(), (folder / KEY).read_bytes(), (folder / AUTHORITY).read_bytes())


def authority_of(folder: Path) -> bytes:
    """The certificate by which this studio knows its own signatures; b"" before the first one."""
    try:
        return (folder / AUTHORITY).read_bytes()
    except OSError:
        return b""


def put(keys: Keys, folder: Path) -> None:
    """As a whole: of two processes that make keys at once, one wins, and both use its keys."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    fresh = Path(tempfile.mkdtemp(prefix=".keys-", dir=folder.parent))  # 0700
    try:
        for name, content in ((CHAIN, keys.chain), (AUTHORITY, keys.authority), (KEY, keys.key)):
            handle = os.open(fresh / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(handle, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
        with suppress(OSError):  # the other's folder is not empty
            fresh.rename(folder)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def made() -> Keys:
    """P-256 twice: an authority of this installation, whose private key is thrown away, and what it vouches for."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

    def named(role: str) -> x509.Name:
        organisation = x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Atelier")
        return x509.Name(
            [organisation, x509.NameAttribute(NameOID.COMMON_NAME, f"Atelier, this installation ({role})")]
        )

    def usage(**of: bool) -> x509.KeyUsage:
        names = ("digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement")
        more = ("key_cert_sign", "crl_sign", "encipher_only", "decipher_only")
        return x509.KeyUsage(**{name: of.get(name, False) for name in (*names, *more)})

    authority, own = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    now = datetime.datetime.now(datetime.UTC)

    def certificate(role: str, key: ec.EllipticCurvePrivateKey) -> x509.CertificateBuilder:
        return (
            x509.CertificateBuilder()
            .subject_name(named(role))
            .issuer_name(named("authority"))
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - DAY)
            .not_valid_after(now + YEARS * 365 * DAY)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        )

    root = (
        certificate("authority", authority)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(usage(key_cert_sign=True, crl_sign=True), critical=True)
        .sign(authority, hashes.SHA256())
    )
    leaf = (  # what the C2PA specification asks of a certificate that signs
        certificate("signs pictures", own)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(usage(digital_signature=True), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION]), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(authority.public_key()), critical=False)
        .sign(authority, hashes.SHA256())
    )
    pem, plain = serialization.Encoding.PEM, serialization.NoEncryption()
    return Keys(
        leaf.public_bytes(pem) + root.public_bytes(pem),
        own.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain),
        root.public_bytes(pem),
    )
