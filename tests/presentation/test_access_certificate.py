"""A node asks wallets under a certificate that is for its key, and under no other."""

import hashlib

import pytest

from idbridge.codec import base64std, base64url
from idbridge.crypto.signer import generate
from idbridge.errors import ConfigurationError
from idbridge.limits import LIMITS
from idbridge.presentation.access_certificate import ClientIdPrefix, access_certificate
from tests.presentation.asking import HOST, access, authority, certified


def test_a_certificate_for_another_key_is_refused() -> None:
    leaf = certified(generate("ES256"), HOST, by=authority())

    with pytest.raises(ConfigurationError, match="another key"):
        access_certificate(generate("ES256"), (leaf,))


def test_a_certificate_that_is_its_own_authority_is_refused() -> None:
    signer = generate("ES256")

    with pytest.raises(ConfigurationError, match="an authority above it"):
        access_certificate(signer, (certified(signer, HOST, by=None),))


def test_the_authority_itself_is_not_sent() -> None:
    signer, above = generate("ES256"), authority()

    with pytest.raises(ConfigurationError, match="not sent"):
        access_certificate(signer, (certified(signer, HOST, by=above), above.certificate))


@pytest.mark.parametrize("chain", [(), (b"no certificate",)])
def test_what_is_no_certificate_is_refused(chain: tuple[bytes, ...]) -> None:
    with pytest.raises(ConfigurationError):
        access_certificate(generate("ES256"), chain)


def test_a_chain_past_its_bound_is_refused() -> None:
    signer = generate("ES256")
    leaf = certified(signer, HOST, by=authority())

    with pytest.raises(ConfigurationError, match="at most"):
        access_certificate(signer, (leaf,) * (LIMITS.path_depth + 1))


def test_a_host_that_the_certificate_does_not_name_is_no_client_identifier() -> None:
    with pytest.raises(ConfigurationError, match="does not name the host"):
        access(HOST).client_id(ClientIdPrefix.X509_SAN_DNS, host="other.example")


def test_the_client_identifier_is_a_host_of_the_certificate_or_its_digest() -> None:
    certificate = access(HOST.upper())
    digest = base64url.encode(hashlib.sha256(certificate.chain[0]).digest())

    assert certificate.client_id(ClientIdPrefix.X509_SAN_DNS, host="Node.TH.example") == f"x509_san_dns:{HOST}"
    assert certificate.client_id(ClientIdPrefix.X509_HASH, host="anywhere") == f"x509_hash:{digest}"
    assert certificate.x5c == [base64std.encode(certificate.chain[0])]


def test_a_certificate_without_host_names_has_its_digest_alone() -> None:
    signer = generate("ES256")
    certificate = access_certificate(signer, (certified(signer, by=authority()),))

    assert certificate.hosts == frozenset()
