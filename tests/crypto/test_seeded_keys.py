"""Keys from a seed: the same again, and of no use where that would be wrong."""

import copy
import subprocess
import sys
from datetime import UTC, datetime

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, padding
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from idbridge.codec import base64url
from idbridge.crypto.certificates import Authority, Subject, make_authority, make_crl, make_leaf, serial_number
from idbridge.crypto.keys import parse_jwk, thumbprint
from idbridge.crypto.seeded_keys import RANDOM, FrozenKeyError, RsaKey, SeededKeys
from idbridge.crypto.signer import FileSigner, file_signer, generate, kept_signer
from idbridge.errors import ConfigurationError, JoseError
from idbridge.model.time import Validity
from idbridge.model.trust import LeafRule

SEED = b"a seed that everybody may know, of this test alone"
DERIVED = ["ES256", "ES384", "ES512", "Ed25519"]
RSA = ["PS256", "RS256"]
YEAR = Validity(datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC))


@pytest.mark.parametrize("seed", [b"", b"short", SEED[:31]])
def test_a_short_seed_is_refused(seed: bytes) -> None:
    with pytest.raises(ValueError, match="at least 32 octets"):
        SeededKeys(seed)


@pytest.mark.parametrize(
    ("algorithm", "code"), [("none", "jose.alg_none"), ("HS256", "jose.alg_not_allowed"), ("", "jose.alg_not_allowed")]
)
def test_an_unknown_algorithm_is_refused_by_both_makers(algorithm: str, code: str) -> None:
    for maker in (RANDOM, SeededKeys(SEED)):
        with pytest.raises(JoseError) as caught:
            maker.make(algorithm, name="key")
        assert caught.value.code == code


def test_a_key_without_a_name_cannot_be_had_again() -> None:
    with pytest.raises(ValueError, match="has a name"):
        SeededKeys(SEED).make("ES256", name="")


def test_the_makers_at_random_never_give_the_same_key_twice() -> None:
    one, other = RANDOM.make("ES256", name="key"), RANDOM.make("ES256", name="key")

    assert one.kid != other.kid
    assert not one.deterministic
    assert one.sign(b"x") != one.sign(b"x")


@pytest.mark.parametrize("algorithm", DERIVED)
def test_the_same_seed_and_name_give_the_same_key_and_signature(algorithm: str) -> None:
    one, again = (SeededKeys(SEED).make(algorithm, name="list/SG") for _ in range(2))

    assert one == again
    assert one.pem() == again.pem()
    assert one.sign(b"message") == one.sign(b"message") == again.sign(b"message")
    parse_jwk(one.public_jwk).verify(algorithm, signature=one.sign(b"message"), signed=b"message")


def test_another_seed_name_or_algorithm_gives_another_key() -> None:
    made = [
        SeededKeys(seed).make(algorithm, name=name)
        for seed in (SEED, SEED + b".")
        for name in ("list/SG", "list/SG/", "list/TH")
        for algorithm in DERIVED
    ]

    assert len({signer.kid for signer in made}) == len(made)


def test_the_same_name_asked_twice_gives_the_same_key() -> None:
    keys = SeededKeys(SEED)

    assert keys.make("ES256", name="a") is keys.make("ES256", name="a")
    assert dict(keys.thumbprints) == {thumbprint(keys.make("ES256", name="a").public_jwk): "a"}


def test_the_two_names_of_an_algorithm_have_one_key() -> None:
    assert SeededKeys(SEED).make("EdDSA", name="a").kid == SeededKeys(SEED).make("Ed25519", name="a").kid


def test_a_scalar_is_derived_as_fips_186_5_says() -> None:
    """Reckoned anew from HKDF's two steps (RFC 5869 sections 2.2 and 2.3), with nothing but HMAC."""
    script = """
import hashlib, hmac, sys
salt, info = b"IdBridge keys of test material, version 1", b"ES256\\0wallet/sg-tan"
prk = hmac.digest(salt, sys.argv[1].encode(), "sha256")
block, octets = b"", b""
for number in range(1, 3):
    block = hmac.digest(prk, block + info + bytes([number]), "sha256")
    octets += block
n = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
print(int.from_bytes(octets[:40], "big") % (n - 1) + 1)
"""
    told = subprocess.run([sys.executable, "-c", script, SEED.decode()], capture_output=True, text=True, check=True)
    key = SeededKeys(SEED).make("ES256", name="wallet/sg-tan").private_key

    assert isinstance(key, ec.EllipticCurvePrivateKey)
    assert key.private_numbers().private_value == int(told.stdout)


def test_a_signature_without_randomness_is_that_of_rfc_6979() -> None:
    """RFC 6979 A.2.5: P-256, SHA-256, the message "sample"."""
    scalar = 0xC9AFA9D845BA75166B5C215767B1D6934E50C3DB36E89B127B8A622B120F6721
    signer = file_signer(ec.derive_private_key(scalar, ec.SECP256R1()), deterministic=True)

    assert signer.sign(b"sample").hex().upper() == (
        "EFD48B2AACB6A8FD1140DD9CD45E81D69D2C877B56AAF991C34D0EA84EAF3716"
        "F7CB1C942D657C41D436C7A1B6E29F65F3E900DBB9AFF4064DC4AB2F843ACDA8"
    )
    parse_jwk(signer.public_jwk).verify("ES256", signature=signer.sign(b"sample"), signed=b"sample")


@pytest.mark.parametrize("algorithm", RSA)
def test_an_rsa_key_that_nobody_kept_is_made_at_random_and_once(algorithm: str) -> None:
    keys = SeededKeys(SEED)
    made = keys.make(algorithm, name="service/my-login/0")

    assert made is keys.make(algorithm, name="service/my-login/0")
    assert made.kid != SeededKeys(SEED).make(algorithm, name="service/my-login/0").kid
    assert not keys.is_frozen("service/my-login/0")
    assert dict(keys.rsa_keys) == {"service/my-login/0": {name: made.public_jwk[name] for name in ("kty", "n", "e")}}
    assert keys.rsa_signatures == 0
    parse_jwk(made.public_jwk).verify(algorithm, signature=made.sign(b"x"), signed=b"x")
    assert keys.rsa_signatures == 1


def test_an_rsa_key_that_was_just_made_can_be_put_away_and_opened() -> None:
    made = SeededKeys(SEED).make("PS256", name="login")
    key = made.private_key

    assert kept_signer(made.pem()).kid == made.kid
    assert isinstance(key, RsaKey)
    assert key.private_numbers().public_numbers == key.public_key().public_numbers()
    locked = key.public_key().encrypt(b"x", padding.PKCS1v15())
    assert key.decrypt(locked, padding.PKCS1v15()) == b"x"


def test_one_rsa_key_serves_both_algorithms_of_a_name() -> None:
    keys = SeededKeys(SEED)

    assert keys.make("PS256", name="a").kid == keys.make("RS256", name="a").kid
    assert keys.make("RS256", name="b").kid != keys.make("RS256", name="a").kid


@pytest.mark.parametrize("algorithm", RSA)
def test_a_frozen_key_is_listed_as_before_and_signs_nothing(algorithm: str) -> None:
    first = SeededKeys(SEED)
    made = first.make(algorithm, name="login")
    keys = SeededKeys(SEED, frozen=first.rsa_keys)
    kept = keys.make(algorithm, name="login")

    assert kept.public_jwk == made.public_jwk
    assert keys.is_frozen("login")
    assert dict(keys.rsa_keys) == dict(first.rsa_keys)
    for refused in (lambda: kept.sign(b"x"), kept.pem):
        with pytest.raises(FrozenKeyError, match="login only the public half"):
            refused()


def test_a_frozen_key_gives_nothing_away() -> None:
    kept = SeededKeys(SEED, frozen={"a": generate("PS256").public_jwk}).make("PS256", name="a").private_key

    assert isinstance(kept, RsaKey)
    assert kept.key_size == 2048
    assert copy.copy(kept) is copy.deepcopy(kept) is kept
    for refused in (
        kept.private_numbers,
        lambda: kept.decrypt(b"x", padding.PKCS1v15()),
        lambda: kept.sign(b"x", padding.PKCS1v15(), SHA256()),
        lambda: kept.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
    ):
        with pytest.raises(FrozenKeyError, match="only the public half"):
            refused()


def test_a_frozen_key_certifies_nothing() -> None:
    kept = SeededKeys(SEED, frozen={"a": generate("PS256").public_jwk}).make("PS256", name="a")

    with pytest.raises(FrozenKeyError, match="only the public half"):
        make_authority(kept, subject=Subject("Root", "SG"), validity=YEAR)


def test_a_key_that_can_be_derived_is_not_frozen() -> None:
    with pytest.raises(ConfigurationError, match="derived instead"):
        SeededKeys(SEED, frozen={"a": generate("ES256").public_jwk})


def authority(algorithm: str, *, seed: bytes = SEED) -> Authority:
    signer = SeededKeys(seed).make(algorithm, name="root")
    return make_authority(signer, subject=Subject("Root", "SG"), validity=YEAR)


def leaf(issuer: Authority, key: FileSigner, rule: LeafRule | None = None) -> bytes:
    return make_leaf(key, subject=Subject("login", "SG"), validity=YEAR, issuer=issuer, rule=rule)


@pytest.mark.parametrize("algorithm", DERIVED)
def test_certificates_and_revocation_lists_are_the_same_again(algorithm: str) -> None:
    def made() -> tuple[bytes, ...]:
        root, key = authority(algorithm), SeededKeys(SEED).make("ES256", name="leaf")
        issued = leaf(root, key)
        crl = make_crl(root, number=7, validity=YEAR, revoked={serial_number(issued): YEAR.start})
        return root.certificate, issued, crl

    first, again = made(), made()

    assert first == again
    root, issued, crl = first
    read = x509.load_der_x509_certificate(issued)
    read.verify_directly_issued_by(x509.load_der_x509_certificate(root))
    held = x509.load_der_x509_certificate(root).public_key()
    assert x509.load_der_x509_crl(crl).is_signature_valid(held)  # type: ignore[arg-type]  # a key that certifies


def test_no_two_certificates_of_one_authority_share_a_serial_number() -> None:
    root = authority("ES256")
    key, other = (SeededKeys(SEED).make("ES256", name=name) for name in ("leaf", "other"))
    later = Validity(YEAR.start, YEAR.end and YEAR.end.replace(month=2))
    issued = [
        root.certificate,
        leaf(root, key),
        leaf(root, other),
        leaf(root, key, rule=LeafRule(extended_key_usage="1.3.6.1.4.1.32473.9.9")),
        make_leaf(key, subject=Subject("login", "MY"), validity=YEAR, issuer=root),
        make_leaf(key, subject=Subject("login", "SG"), validity=later, issuer=root),
        leaf(authority("ES256", seed=SEED + b"."), key),
    ]
    numbers = {serial_number(one) for one in issued}

    assert len(numbers) == len(issued)
    assert all(0 < number < 1 << 159 for number in numbers)


def test_a_certificate_of_a_signer_at_random_has_a_random_serial_number() -> None:
    root, key = make_authority(generate("ES256"), subject=Subject("Root", "SG"), validity=YEAR), generate("ES256")

    assert leaf(root, key) != leaf(root, key)
    assert serial_number(leaf(root, key)) != serial_number(leaf(root, key))


def test_the_octets_of_a_derived_ed25519_key_are_32() -> None:
    jwk = SeededKeys(SEED).make("Ed25519", name="a").public_jwk

    assert len(base64url.decode(jwk["x"])) == 32
