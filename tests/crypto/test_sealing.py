"""No nonce serves twice, no padding is looked at under a bad tag, and randomness is the kernel's however many draw."""

import ast
import re
import secrets
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from joserfc._rfc7518 import jwe_encs

from idbridge.codec import base64url
from idbridge.crypto import sealing
from idbridge.crypto.jwe import CONTENT, decrypt, decryption_key, encrypt
from idbridge.crypto.material import PrivateKey
from idbridge.crypto.signer import generate
from idbridge.errors import IdBridgeError
from idbridge.model.randomness import SystemRandomness
from tests.source import ROOT, name_of, nodes, source_files

SECRET = bytes(range(32))
MAKERS = re.compile(r"\b(?:AES(?:GCM|CCM|SIV|OCB3)|ChaCha20Poly1305|GCM|CTR)\(")
NONCE = 12
TAG = 16
DRAWN_AT_ONCE = 16
DRAWN_EACH = 500


class Counted:
    """Hands out numbers in place of randomness, each once, so that whatever is drawn twice or not at all shows."""

    def __init__(self) -> None:
        self.drawn: list[bytes] = []

    def octets(self, count: int) -> bytes:
        """Return the next number."""
        self.drawn.append(len(self.drawn).to_bytes(count, "big"))
        return self.drawn[-1]


def private_key() -> PrivateKey:
    return generate("ES256").private_key


def test_each_value_is_sealed_under_a_nonce_of_its_own_which_is_drawn_for_it_and_whole() -> None:
    counted = Counted()

    sealed = [sealing.seal(SECRET, b"the same value", label="code", randomness=counted) for _ in range(1000)]

    assert [one[:NONCE] for one in sealed] == counted.drawn
    assert {len(one) for one in counted.drawn} == {NONCE}
    assert len({one[NONCE:] for one in sealed}) == len(sealed)
    assert {len(one) for one in sealed} == {NONCE + len(b"the same value") + TAG}


def test_nothing_else_seals_and_nothing_makes_a_nonce_of_anything_but_randomness() -> None:
    makers = {name_of(path) for path in source_files() if MAKERS.search(path.read_text(encoding="utf-8"))}
    function = next(
        node for node in nodes(ROOT / "idbridge/crypto/sealing.py")
        if isinstance(node, ast.FunctionDef) and node.name == "seal"
    )  # fmt: skip
    nonces = [node for node in ast.walk(function) if isinstance(node, ast.Assign)]

    assert makers == {"idbridge/crypto/sealing.py"}
    assert [ast.unparse(one) for one in nonces] == ["nonce = randomness.octets(_NONCE_OCTETS)"]


@pytest.mark.parametrize("encoding", sorted(CONTENT))
def test_each_jwe_draws_a_vector_of_its_own_and_comes_with_a_key_of_its_own(
    encoding: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn: list[int] = []
    drawing = secrets.token_bytes

    def counted(count: int) -> bytes:
        drawn.append(count)
        return drawing(count)

    monkeypatch.setattr("joserfc._rfc7516.models.secrets.token_bytes", counted)
    key = decryption_key(private_key())

    made = [encrypt(b"answer", to=key.public_jwk, algorithm="ECDH-ES", encoding=encoding) for _ in range(8)]

    assert drawn == [CONTENT[encoding].vector] * len(made)
    assert len({one.split(".")[2] for one in made}) == len(made)
    assert len({one.split(".")[0] for one in made}) == len(made)  # the ephemeral key stands in the header


@pytest.mark.parametrize("encoding", ["A128CBC-HS256", "A256CBC-HS512"])
@pytest.mark.parametrize("part", [2, 3, 4])
def test_under_a_bad_tag_nothing_is_decrypted_and_no_padding_is_looked_at(
    encoding: str, part: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked: list[str] = []
    key = decryption_key(private_key())
    good = encrypt(b"answer", to=key.public_jwk, algorithm="ECDH-ES", encoding=encoding)
    for name in ("Cipher", "PKCS7"):
        monkeypatch.setattr(jwe_encs, name, _noting(name, getattr(jwe_encs, name), looked))
    parts = good.split(".")
    octets = base64url.decode(parts[part])
    parts[part] = base64url.encode(octets[:-1] + bytes([octets[-1] ^ 1]))

    with pytest.raises(IdBridgeError) as refused:
        decrypt(".".join(parts), [key])

    assert refused.value.code == "jose.decryption_failed"
    assert looked == []
    assert decrypt(good, [key]).plaintext == b"answer"
    assert looked == ["Cipher", "PKCS7"]


def _noting(name: str, real: Any, looked: list[str]) -> Any:
    def noted(*given: Any) -> Any:
        looked.append(name)
        return real(*given)

    return noted


def test_what_many_draw_at_once_is_whole_and_never_the_same() -> None:
    together, randomness = Barrier(DRAWN_AT_ONCE), SystemRandomness()

    def draw(_: int) -> list[bytes]:
        together.wait()
        return [randomness.octets(32) for _ in range(DRAWN_EACH)]

    with ThreadPoolExecutor(DRAWN_AT_ONCE) as pool:
        drawn = [octets for each in pool.map(draw, range(DRAWN_AT_ONCE)) for octets in each]

    assert {len(octets) for octets in drawn} == {32}
    assert len(set(drawn)) == DRAWN_AT_ONCE * DRAWN_EACH
