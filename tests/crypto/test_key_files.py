"""Key files: under a passphrase that is dear to guess, of their owner alone, and silent about what they hold."""

import resource
import subprocess
import traceback
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import dsa
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, PrivateFormat

from idbridge.codec.pem import decode as pem_octets
from idbridge.codec.pem import encode as pem_text
from idbridge.crypto.key_files import ENCRYPTED, open_key_file, open_signer, write_key_file
from idbridge.crypto.keys import parse_jwk
from idbridge.crypto.signer import FileSigner, generate
from idbridge.errors import ConfigurationError
from idbridge.limits import LIMITS

PASSPHRASE = "correct horse battery"
SIGNER = generate("ES256")


def never(what: str) -> str:
    pytest.fail(f"asked for the passphrase of {what}")


def known(what: str) -> str:
    return PASSPHRASE


def refusal(path: Path, passphrase: str = PASSPHRASE, *, encrypted_only: bool = False) -> str:
    with pytest.raises(ConfigurationError) as caught:
        open_signer(str(path), passphrase=lambda _: passphrase, encrypted_only=encrypted_only)
    shown = "".join(traceback.format_exception(caught.value))
    assert passphrase not in shown
    assert SIGNER.pem().splitlines()[1] not in shown
    return str(caught.value)


@pytest.fixture(scope="module")
def locked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A key file under a passphrase."""
    path = tmp_path_factory.mktemp("keys") / "key.pem"
    write_key_file(path, SIGNER, passphrase=PASSPHRASE)
    return path


def written(folder: Path, octets: bytes, mode: int = 0o600) -> Path:
    path = folder / "key.pem"
    path.write_bytes(octets)
    path.chmod(mode)
    return path


def by_openssl(*options: str) -> bytes:
    command = ["openssl", "pkcs8", "-topk8", "-passout", f"pass:{PASSPHRASE}", *options]
    return subprocess.run(command, input=SIGNER.pem().encode(), capture_output=True, check=True).stdout


def test_a_wrong_passphrase_is_refused_without_saying_what_was_tried(locked: Path) -> None:
    assert "passphrase is wrong" in refusal(locked, "battery horse correct")


def test_a_file_that_others_can_open_is_refused_before_the_passphrase_is_asked(tmp_path: Path, locked: Path) -> None:
    path = written(tmp_path, locked.read_bytes(), 0o640)

    with pytest.raises(ConfigurationError, match="only its owner"):
        open_signer(str(path), passphrase=never)


@pytest.mark.parametrize("passphrase", ["", "x" * (LIMITS.passphrase_characters - 1)])
def test_no_key_is_written_under_a_short_passphrase(tmp_path: Path, passphrase: str) -> None:
    with pytest.raises(ConfigurationError, match="at least"):
        write_key_file(tmp_path / "key.pem", SIGNER, passphrase=passphrase)

    assert not list(tmp_path.iterdir())


def test_a_key_is_never_overwritten(tmp_path: Path) -> None:
    path = written(tmp_path, b"another key")

    with pytest.raises(ConfigurationError, match="there already"):
        write_key_file(path, SIGNER, passphrase=None)
    with pytest.raises(ConfigurationError, match="cannot be written"):
        write_key_file(tmp_path / "nowhere" / "key.pem", SIGNER, passphrase=None)

    assert path.read_bytes() == b"another key"


def test_a_full_disk_leaves_no_half_key(tmp_path: Path) -> None:
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10, limits[1]))
    try:
        with pytest.raises(ConfigurationError, match="cannot be written"):
            write_key_file(tmp_path / "key.pem", SIGNER, passphrase=None)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)

    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("options", "match"),
    [
        (("-v2", "aes256", "-iter", str(LIMITS.key_derivation_rounds - 1)), "least"),
        (("-v2", "aes256"), "least"),
        (("-v1", "PBE-SHA1-3DES"), "PBES2"),
        (("-scrypt", "-scrypt_N", "8192"), "scrypt"),
    ],
)
def test_a_passphrase_that_is_cheap_to_guess_is_refused(tmp_path: Path, options: tuple[str, ...], match: str) -> None:
    assert match in refusal(written(tmp_path, by_openssl(*options)))


def test_a_passphrase_that_is_protected_in_another_way_is_refused(tmp_path: Path, locked: Path) -> None:
    (der,) = pem_octets(locked.read_text(), label=ENCRYPTED)
    pbkdf2 = bytes.fromhex("06092a864886f70d01050c")
    assert pbkdf2 in der

    other = pem_text(der.replace(pbkdf2, pbkdf2[:-1] + b"\x0b"), label=ENCRYPTED)

    assert "PBKDF2 or scrypt" in refusal(written(tmp_path, other.encode()))


def test_what_the_library_would_write_by_itself_is_refused(tmp_path: Path) -> None:
    weak = SIGNER.private_key.private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(PASSPHRASE.encode())
    )

    assert "2048 rounds" in refusal(written(tmp_path, weak))


@pytest.mark.parametrize("der", [b"", b"\x30\x00", b"\x30\x80", b"\x04\x03abc", b"\xff" * 40])
def test_what_is_no_encrypted_key_is_refused(tmp_path: Path, der: bytes) -> None:
    text = pem_text(der, label=ENCRYPTED).encode() if der else f"-----BEGIN {ENCRYPTED}-----\n".encode()

    assert refusal(written(tmp_path, text))


def test_a_file_with_a_second_block_or_other_octets_is_refused(tmp_path: Path, locked: Path) -> None:
    for octets in (locked.read_bytes() * 2, b"\xff" + locked.read_bytes(), b"first\n" + locked.read_bytes()):
        assert "not the PEM" in refusal(written(tmp_path, octets))


@pytest.mark.parametrize("cut", [1, 40, 200])
def test_a_damaged_key_is_refused(tmp_path: Path, locked: Path, cut: int) -> None:
    rows = locked.read_text().splitlines()
    body = bytearray("".join(rows[1:-1]).encode())
    body[-cut - 4] = ord("A") if body[-cut - 4] != ord("A") else ord("B")
    text = "\n".join([rows[0], *[body[i : i + 64].decode() for i in range(0, len(body), 64)], rows[-1], ""])

    assert refusal(written(tmp_path, text.encode()))


def test_a_key_of_a_type_that_is_not_served_is_refused_under_a_passphrase_too(tmp_path: Path) -> None:
    foreign = dsa.generate_private_key(2048).private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"any")
    )
    dear = subprocess.run(
        ["openssl", "pkcs8", "-topk8", "-passin", "pass:any", "-passout", f"pass:{PASSPHRASE}", "-scrypt"],
        input=foreign, capture_output=True, check=True,
    ).stdout  # fmt: skip

    assert "does not fit" in refusal(written(tmp_path, dear))


def test_a_key_in_the_open_is_refused_where_a_region_is_live(tmp_path: Path) -> None:
    path = tmp_path / "key.pem"
    write_key_file(path, SIGNER, passphrase=None)

    assert "not encrypted" in refusal(path, encrypted_only=True)
    assert open_signer(str(path), passphrase=never) == SIGNER


@pytest.mark.parametrize("algorithm", ["ES256", "ES384", "ES512", "Ed25519", "PS256"])
def test_a_key_comes_back_from_its_file(tmp_path: Path, algorithm: str) -> None:
    made, asked = generate(algorithm), []
    path = tmp_path / "key.pem"
    write_key_file(path, made, passphrase=PASSPHRASE)

    loaded = open_key_file(path, passphrase=lambda what: asked.append(what) or PASSPHRASE, encrypted_only=True)

    assert loaded == made
    assert asked == [str(path)]
    assert path.stat().st_mode & 0o777 == 0o600
    parse_jwk(made.public_jwk).verify(algorithm, signature=loaded.sign(b"signed"), signed=b"signed")


def test_openssl_reads_what_is_written_and_the_other_way_round(tmp_path: Path, locked: Path) -> None:
    command = ["openssl", "pkcs8", "-in", locked, "-passin", f"pass:{PASSPHRASE}"]
    text = subprocess.run(command, capture_output=True, check=True).stdout

    assert text.decode() == SIGNER.pem()
    for options in (["-v2", "aes256", "-iter", str(LIMITS.key_derivation_rounds)], ["-scrypt"]):
        path = written(tmp_path, by_openssl(*options))
        assert open_signer(str(path), passphrase=known) == SIGNER


def test_neither_a_signer_nor_its_file_shows_the_key(locked: Path) -> None:
    signer = open_signer(str(locked), passphrase=known)
    assert isinstance(signer, FileSigner)
    numbers = signer.private_key.private_numbers()

    assert "private" not in repr(signer)
    assert str(numbers.private_value) not in repr(signer)
    assert b"PRIVATE" in locked.read_bytes()
