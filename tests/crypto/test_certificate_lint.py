"""Listed certificates: each oddity refused by its name, and no octets whatever raise anything else."""

import subprocess
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat import asn1
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from hypothesis import given, settings
from hypothesis import strategies as st

from idbridge.crypto import certificate_lint
from idbridge.crypto.certificate_lint import attempt, lint_listed
from idbridge.crypto.certificates import Subject, make_authority
from idbridge.crypto.listed import listed_certificate
from idbridge.crypto.signer import generate
from idbridge.errors import IssuerError
from idbridge.limits import LIMITS
from tests.crypto.chains import AUTHORITY, LEAF, MIDDLE, ROOT, SIGNATURE, YEAR, Extensions, leaf, path, refusal

SHA256 = hashes.SHA256()
KEY = ec.generate_private_key(ec.SECP256R1())
UNKNOWN = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.3.6.1.4.1.32473.7"), b"\x05\x00")
SIBLING = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.3.6.1.4.1.32473.8"), b"\x05\x00")
SIBLING_NAME = bytes.fromhex("2b 06 01 04 01 81 fd 59 08")
NAME = x509.Name([x509.NameAttribute(NameOID.COUNTRY_NAME, "SG")])


def certificate(
    key: Any = KEY, *, digest: hashes.HashAlgorithm | None = SHA256, extensions: Extensions = SIGNATURE
) -> bytes:
    """A self-signed certificate."""
    builder = x509.CertificateBuilder(NAME, NAME, key.public_key(), 7, YEAR.start, YEAR.end)
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical=critical)
    return builder.sign(key, digest).public_bytes(Encoding.DER)


GOOD = certificate()


@asn1.sequence
class Taken:
    """A certificate taken apart."""

    tbs: asn1.TLV
    algorithm: asn1.TLV
    signature: asn1.BitString


def fault(der: bytes) -> str:
    with pytest.raises(IssuerError) as caught:
        listed_certificate(der)
    assert caught.value.code == "issuer.certificate_profile"
    return caught.value.detail


def by_openssl(folder: Path, *, curve: str, explicit: bool = False) -> bytes:
    """A certificate for a curve or a spelling of one that the library does not make."""
    encoding = "explicit" if explicit else "named_curve"
    subprocess.run(
        ["openssl", "ecparam", "-name", curve, "-param_enc", encoding, "-genkey", "-noout", "-out", "odd.key"],
        cwd=folder, check=True, capture_output=True,
    )  # fmt: skip
    made = subprocess.run(
        ["openssl", "req", "-x509", "-new", "-key", "odd.key", "-subj", "/C=SG", "-days", "9", "-outform", "DER"],
        cwd=folder, check=True, capture_output=True,
    )  # fmt: skip
    return made.stdout


def test_explicit_curve_parameters_are_refused_even_of_a_served_curve(tmp_path: Path) -> None:
    assert "explicit curve parameters" in fault(by_openssl(tmp_path, curve="prime256v1", explicit=True))
    assert listed_certificate(by_openssl(tmp_path, curve="prime256v1")).key.algorithms == {"ES256"}


@pytest.mark.parametrize(
    ("curve", "detail"),
    [
        ("prime192v1", "secp192r1"),
        ("secp224r1", "secp224r1"),
        ("secp256k1", "secp256k1"),
        ("brainpoolP256r1", "brainpoolP256r1"),
        ("wap-wsg-idm-ecid-wtls12", "not served"),
    ],
)
def test_a_curve_that_is_not_served_is_refused_by_its_name(tmp_path: Path, curve: str, detail: str) -> None:
    assert detail in fault(by_openssl(tmp_path, curve=curve))


def test_keys_of_other_types_and_sizes_are_refused_by_their_name() -> None:
    weak = rsa.generate_private_key(65537, LIMITS.rsa_min_bits - 1024)
    odd = rsa.generate_private_key(3, LIMITS.rsa_min_bits)

    assert "DSA" in fault(certificate(dsa.generate_private_key(2048)))
    assert "1024 bits" in fault(certificate(weak))
    assert "exponent" in fault(certificate(odd))
    assert "closed table" in fault(certificate(ed448.Ed448PrivateKey.generate(), digest=None))


def with_length(tag: bytes, content: bytes) -> bytes:
    size = len(content)
    octets = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return tag + (bytes([size]) if size < 128 else bytes([128 + len(octets)]) + octets) + content


def rewritten(old: bytes, new: bytes, *, der: bytes = GOOD) -> bytes:
    """A certificate with other octets in what is signed, of any length. The lint looks at no signature."""
    taken = asn1.decode_der(Taken, der)
    tbs, algorithm = bytes(taken.tbs.data), with_length(b"\x30", bytes(taken.algorithm.data))
    assert old in tbs
    signature = asn1.encode_der(taken.signature)
    parts = with_length(b"\x30", tbs.replace(old, new, 1)), algorithm.replace(old, new), signature
    return with_length(b"\x30", b"".join(parts))


@pytest.mark.parametrize(
    ("algorithm", "detail"),
    [
        ("30 09 06 07 2a 86 48 ce 3d 04 01", "sha1"),
        ("30 0a 06 08 2a 86 48 ce 3d 04 03 01", "sha224"),
        ("30 0d 06 09 2a 86 48 86 f7 0d 01 01 04 05 00", "md5"),
        ("30 0d 06 09 2a 86 48 86 f7 0d 01 01 05 05 00", "sha1"),
        ("30 0a 06 08 2a 86 48 ce 3d 04 03 09", "not served"),
        ("30 05 06 03 2b 65 71", "not served"),
    ],
)
def test_old_signatures_are_refused_by_their_name(algorithm: str, detail: str) -> None:
    assert detail in fault(rewritten(bytes.fromhex("300a06082a8648ce3d040302"), bytes.fromhex(algorithm)))


@pytest.mark.parametrize("serial", [b"\x02\x01\x00", b"\x02\x01\xf9", b"\x02\x02\xff\x00"])
def test_a_serial_number_that_is_not_positive_is_refused(serial: bytes) -> None:
    assert "positive" in fault(rewritten(b"\x02\x01\x07", serial))


def test_a_serial_number_is_at_most_twenty_octets_long() -> None:
    assert "20 octets" in fault(rewritten(b"\x02\x01\x07", b"\x02\x15\x01" + b"\x00" * 20))
    assert "20 octets" in fault(rewritten(b"\x02\x01\x07", b"\x02\x15\x00\xff" + b"\x00" * 19))
    assert listed_certificate(rewritten(b"\x02\x01\x07", b"\x02\x14\x7f" + b"\xff" * 19)).key


def test_extensions_twice_or_not_understood_are_refused() -> None:
    two = certificate(extensions=[(UNKNOWN, False), (SIBLING, False)])

    assert "read in full" in fault(two.replace(SIBLING_NAME, SIBLING_NAME[:-1] + b"\x07"))
    assert "1.3.6.1.4.1.32473.7" in fault(certificate(extensions=[*SIGNATURE, (UNKNOWN, True)]))
    assert listed_certificate(certificate(extensions=[*SIGNATURE, (UNKNOWN, False), (SIBLING, False)])).key


@pytest.mark.parametrize("octets", [b"", b"\x30", b"\x30\x00", b"-----BEGIN CERTIFICATE-----", b"\x00" * 99])
def test_what_is_no_certificate_is_refused(octets: bytes) -> None:
    assert "not one certificate" in fault(octets)


def test_octets_after_a_certificate_and_a_second_spelling_are_refused() -> None:
    signature = x509.load_der_x509_certificate(GOOD).signature
    respelled = GOOD[: -1 - len(signature)] + b"\x01" + GOOD[-len(signature) :]

    assert fault(GOOD + b"\x00")
    assert fault(GOOD + GOOD)
    assert fault(respelled)


def test_a_certificate_past_its_bound_is_refused() -> None:
    padding = x509.UnrecognizedExtension(SIBLING.oid, b"\x04\x82\x20\x00" + b"x" * LIMITS.certificate_bytes)

    assert "too large" in fault(certificate(extensions=[(padding, False)]))


def test_a_certificate_of_the_first_version_is_refused() -> None:
    third = b"\xa0\x03\x02\x01\x02"

    assert "another version" in fault(rewritten(third, b"", der=certificate(extensions=())))


def test_a_certificate_that_ends_before_it_begins_is_refused() -> None:
    swapped = GOOD.replace(b"260101000000Z", b"280101000000Z", 1)

    assert "before it begins" in fault(swapped)


def test_the_twins_of_these_are_read() -> None:
    for der in (GOOD, ROOT.certificate, MIDDLE.certificate, LEAF, certificate(extensions=AUTHORITY)):
        assert lint_listed(der) == x509.load_der_x509_certificate(der)
    assert listed_certificate(certificate(generate("Ed25519").private_key, digest=None)).key.kty == "OKP"
    assert listed_certificate(certificate(generate("PS256").private_key)).countries == {"SG"}


def test_a_path_through_an_odd_key_is_refused_by_its_code(tmp_path: Path) -> None:
    odd = by_openssl(tmp_path, curve="prime256v1", explicit=True)
    weak = make_authority(generate("ES256"), subject=Subject("Weak", "SG"), validity=YEAR, issuer=ROOT)

    assert refusal(odd, anchors=[odd], rule=None) == "issuer.certificate_profile"
    assert refusal(leaf(weak), odd) == "issuer.certificate_profile"
    assert path(leaf(weak), weak.certificate)


class PanicException(BaseException):
    """What a fault in the library's core is raised as."""


def test_a_panic_of_the_library_is_a_refusal_and_an_interrupt_is_none() -> None:
    def raising(error: BaseException) -> Any:
        raise error

    with pytest.raises(IssuerError) as caught:
        attempt(lambda: raising(PanicException("in the core")), why="unreadable")
    assert caught.value.detail == "unreadable: a fault in the library"
    with pytest.raises(KeyboardInterrupt):
        attempt(lambda: raising(KeyboardInterrupt()), why="unreadable")
    assert certificate_lint.guarded(lambda: 7) == 7


@given(data=st.data())
@settings(max_examples=400, deadline=None)
def test_no_change_of_a_certificate_raises_anything_but_a_refusal(data: st.DataObject) -> None:
    changed = bytearray(data.draw(st.sampled_from([GOOD, LEAF, ROOT.certificate])))
    for _ in range(data.draw(st.integers(1, 3))):
        changed[data.draw(st.integers(0, len(changed) - 1))] = data.draw(st.integers(0, 255))
    assert only_refusals(bytes(changed[: len(changed) - data.draw(st.integers(0, 4))]))


def only_refusals(der: bytes) -> bool:
    """Lint; anything that is raised and no ``IssuerError`` fails the test."""
    try:
        lint_listed(der)
    except IssuerError as refused:
        return refused.code == "issuer.certificate_profile"
    return True
