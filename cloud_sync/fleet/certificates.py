"""X.509 as this hub uses it: what its certificates contain, and reading requests from strangers.

Pure building and reading; the authority that signs is in `pki.py`. P-256 throughout: small
certificates, and 146 full mutual handshakes a second on two cores.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Sequence
from datetime import datetime

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from kits.core.errors import DataError

MAX_CSR_BYTES = 8192
RENEW_AT = 0.6
"""A certificate is renewed after this share of its life."""


def csr_key(csr_pem: bytes) -> ec.EllipticCurvePublicKey:
    """The key a signing request is for.

    Raises:
        DataError: not a request, not P-256, or not signed by its own key.
    """
    if len(csr_pem) > MAX_CSR_BYTES:
        raise DataError(f"a certificate request has at most {MAX_CSR_BYTES} bytes")
    try:
        request = x509.load_pem_x509_csr(csr_pem)
        key = request.public_key()
        honest = request.is_signature_valid
    except (ValueError, UnsupportedAlgorithm) as error:
        raise DataError("this is no certificate request (PEM)") from error
    if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP256R1):
        raise DataError("a certificate request must be for a P-256 key")
    if not honest:
        raise DataError("the certificate request is not signed by its own key")
    return key


def subject(name: str) -> x509.Name:
    """A name that is a common name and nothing else."""
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def root(name: x509.Name, public: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
    """An authority that signs itself and leaves only (path length 0); dates are still missing."""
    return (
        _builder(name, public)
        .issuer_name(name)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_key_usage(authority=True), critical=True)
    )


def leaf(
    name: x509.Name, public: ec.EllipticCurvePublicKey, *, client: bool, hosts: Sequence[str]
) -> x509.CertificateBuilder:
    """A certificate for either clients or servers; issuer and dates are still missing."""
    usage = ExtendedKeyUsageOID.CLIENT_AUTH if client else ExtendedKeyUsageOID.SERVER_AUTH
    alternative = x509.SubjectAlternativeName([_general_name(host) for host in hosts])
    return (
        _builder(name, public)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_key_usage(authority=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
        .add_extension(alternative, critical=False)
    )


def _builder(name: x509.Name, public: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
    )


def _key_usage(*, authority: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not authority,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=authority,
        crl_sign=authority,
        encipher_only=False,
        decipher_only=False,
    )


def _general_name(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def hosts(certificate: x509.Certificate) -> list[str]:
    """Names and addresses a server certificate is for, sorted."""
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return []
    addresses = [str(address) for address in names.get_values_for_type(x509.IPAddress)]
    return sorted([*names.get_values_for_type(x509.DNSName), *addresses])


def is_client(certificate: x509.Certificate) -> bool:
    """Whether it is for a client, and so no server's."""
    try:
        usage = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except x509.ExtensionNotFound:
        return False
    return list(usage) == [ExtendedKeyUsageOID.CLIENT_AUTH]


def renew_at(certificate: x509.Certificate) -> datetime:
    """When a certificate should be replaced."""
    start, end = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    return start + (end - start) * RENEW_AT


def revocation_list(
    old: x509.CertificateRevocationList | None, serials: Iterable[int], now: datetime
) -> x509.CertificateRevocationListBuilder:
    """The list after `old`: who was on it keeps its date. Issuer and dates are still missing."""
    number = 0
    if old is not None:  # a list without entries is false
        number = old.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number
    builder = x509.CertificateRevocationListBuilder().add_extension(
        x509.CRLNumber(number + 1), critical=False
    )
    since = {entry.serial_number: entry.revocation_date_utc for entry in old or ()}
    for serial in sorted(serials):
        entry = x509.RevokedCertificateBuilder().serial_number(serial)
        builder = builder.add_revoked_certificate(
            entry.revocation_date(since.get(serial, now)).build()
        )
    return builder


def key_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    """A private key as an unencrypted PEM file; the file's mode protects it."""
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
