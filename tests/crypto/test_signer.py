import os
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import dsa, ec, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
)

from idbridge.codec.pem import encode as pem_text
from idbridge.crypto.keys import parse_jwk
from idbridge.crypto.material import PrivateKey
from idbridge.crypto.signer import generate, load_signer
from idbridge.errors import ConfigurationError, JoseError
from idbridge.limits import LIMITS

SIGNER = generate("ES256")


def key_file(folder: Path, text: str | bytes, *, mode: int = 0o600) -> Path:
    path = folder / "signing.pem"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    path.chmod(mode)
    return path


def pem(key: PrivateKey | dsa.DSAPrivateKey, encryption: KeySerializationEncryption | None = None) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption or NoEncryption())


def refusal(path: Path, algorithm: str | None = None) -> str:
    with pytest.raises(ConfigurationError) as caught:
        load_signer(path, algorithm=algorithm)
    assert caught.value.code == "system.configuration"
    return str(caught.value)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644, 0o660, 0o602, 0o610, 0o777])
def test_a_key_file_that_others_can_open_is_refused(tmp_path: Path, mode: int) -> None:
    assert "only its owner" in refusal(key_file(tmp_path, SIGNER.pem(), mode=mode))


def test_what_is_no_key_file_is_refused(tmp_path: Path) -> None:
    assert "cannot be read" in refusal(tmp_path / "absent.pem")
    assert refusal(tmp_path)
    os.mkfifo(tmp_path / "pipe", 0o600)
    assert "regular file" in refusal(tmp_path / "pipe")


@pytest.mark.parametrize("text", [b"", b"not a key", pem_text(b"\0\0\0", label="PRIVATE KEY").encode("ascii")])
def test_a_file_without_private_key_is_refused(tmp_path: Path, text: bytes) -> None:
    assert "no unencrypted" in refusal(key_file(tmp_path, text))


def test_an_encrypted_key_is_refused(tmp_path: Path) -> None:
    locked = pem(SIGNER.private_key, BestAvailableEncryption(b"secret"))

    assert "no unencrypted" in refusal(key_file(tmp_path, locked))


def test_a_file_past_its_bound_is_not_read_to_its_end(tmp_path: Path) -> None:
    padded = b"\n" * LIMITS.key_file_bytes + SIGNER.pem().encode()

    assert "no unencrypted" in refusal(key_file(tmp_path, padded))


def test_keys_that_fit_no_algorithm_of_the_table_are_refused(tmp_path: Path) -> None:
    for key in (dsa.generate_private_key(2048), ec.generate_private_key(ec.SECP256K1())):
        assert refusal(key_file(tmp_path, pem(key)))
    weak = rsa.generate_private_key(65537, 1024)  # noqa: S505 - to be refused
    assert "does not fit" in refusal(key_file(tmp_path, pem(weak)))
    assert "does not fit" in refusal(key_file(tmp_path, SIGNER.pem()), algorithm="ES384")
    assert "does not fit" in refusal(key_file(tmp_path, SIGNER.pem()), algorithm="HS256")


@pytest.mark.parametrize("algorithm", ["ES256", "ES384", "ES512", "Ed25519", "PS256"])
def test_a_key_comes_back_from_its_file(tmp_path: Path, algorithm: str) -> None:
    made = generate(algorithm)
    loaded = load_signer(key_file(tmp_path, made.pem()))

    assert loaded == made
    parse_jwk(made.public_jwk).verify(algorithm, signature=loaded.sign(b"signed"), signed=b"signed")


def test_an_rsa_key_signs_with_the_algorithm_it_is_asked_for(tmp_path: Path) -> None:
    loaded = load_signer(key_file(tmp_path, generate("PS256").pem()), algorithm="RS256", kid="one")

    assert (loaded.algorithm, loaded.kid, loaded.public_jwk["alg"]) == ("RS256", "one", "RS256")
    parse_jwk(loaded.public_jwk).verify("RS256", signature=loaded.sign(b"signed"), signed=b"signed")


@pytest.mark.parametrize(("algorithm", "code"), [("none", "jose.alg_none"), ("HS256", "jose.alg_not_allowed")])
def test_no_key_is_made_for_an_algorithm_outside_the_table(algorithm: str, code: str) -> None:
    with pytest.raises(JoseError) as caught:
        generate(algorithm)

    assert caught.value.code == code


def test_a_signer_never_shows_its_private_key() -> None:
    assert "private" not in repr(SIGNER)
    assert set(SIGNER.public_jwk) == {"kty", "crv", "x", "y", "alg", "kid", "use"}
    assert SIGNER.kid == parse_jwk(SIGNER.public_jwk).thumbprint
    assert generate("EdDSA").algorithm == "Ed25519"
