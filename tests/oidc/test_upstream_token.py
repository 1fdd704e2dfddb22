"""What an ID token says of itself before it is verified, and which listed key signed one that names none."""

import json
from typing import Any, Final

import pytest

from idbridge.codec import base64url
from idbridge.crypto.keys import parse_jwk
from idbridge.crypto.signer import FileSigner, generate
from idbridge.errors import CredentialError, JoseError
from idbridge.model.keys import PublicKey
from idbridge.model.login import LoginExpectations
from idbridge.oidc.upstream_errors import UpstreamError, UpstreamFault
from idbridge.oidc.upstream_token import expected_of, signer_of

ISSUER: Final = "https://login.th.example"
CLIENT: Final = "idbridge"
ES256: Final = frozenset({"ES256"})
FIRST, SECOND, STRANGER = (generate("ES256", kid=f"k{number}") for number in range(3))
OTHER: Final = generate("EdDSA", kid="other")
KEYS: Final = tuple(parse_jwk(one.public_jwk) for one in (FIRST, SECOND, OTHER))


def token(signer: FileSigner = SECOND, *, header: dict[str, Any] | None = None, **claims: Any) -> str:
    """A token that names no key, with changes to its header."""
    head = {"alg": signer.algorithm, "typ": "JWT", **(header or {})}
    message = ".".join(base64url.encode(json.dumps(part).encode()) for part in (head, {"iss": ISSUER, **claims}))
    return f"{message}.{base64url.encode(signer.sign(message.encode()))}"


TOKEN: Final = token()


def print_of(signer: FileSigner) -> str:
    return parse_jwk(signer.public_jwk).thumbprint


def expected(text: str, algorithms: frozenset[str] = ES256, *, alone: bool = False) -> LoginExpectations | None:
    """What is expected of a login that came with an access token, or ``alone``."""
    return expected_of(
        text, issuer=ISSUER, client_id=CLIENT, algorithms=algorithms, access_token=None if alone else "t"
    )


@pytest.mark.parametrize("keys", [KEYS[:2], KEYS[1:], KEYS])
def test_kid_absent_multiple_matching_keys_in_jwks(keys: tuple[PublicKey, ...]) -> None:
    """OIDCCClientTestKidAbsentMultipleMatchingKeysInJwks: of several keys, a token names the one that signed it."""
    with pytest.raises(JoseError) as caught:
        signer_of(TOKEN, keys, algorithms=ES256)

    assert caught.value.code == "jose.kid_missing"


def test_a_token_that_a_stranger_signed_is_of_no_key() -> None:
    assert signer_of(token(STRANGER), KEYS[:1], algorithms=ES256) is None
    assert signer_of(token(), (), algorithms=ES256) is None


def test_a_token_of_an_algorithm_that_is_not_allowed_is_of_no_key() -> None:
    assert signer_of(token(OTHER), KEYS[2:], algorithms=ES256) is None


def test_a_token_that_names_its_key_is_looked_up_by_that_name_alone() -> None:
    assert signer_of(token(header={"kid": "k1"}), KEYS, algorithms=ES256) is None


@pytest.mark.parametrize("text", ["", "a.b.c", "a.b.c.d.e", token(header={"alg": "none"}), TOKEN[:-2], TOKEN + "A"])
def test_what_is_no_token_is_of_no_key_and_leaves_the_word_to_the_verifier(text: str) -> None:
    assert signer_of(text, KEYS[1:2], algorithms=ES256) is None


def test_kid_absent_single_jwks() -> None:
    """OIDCCClientTestKidAbsentSingleJwks."""
    assert signer_of(token(FIRST), KEYS[:1], algorithms=ES256) == print_of(FIRST)


@pytest.mark.parametrize("issuer", ["https://login.sg.example", "", None, 7, f"{ISSUER}/"])
def test_a_token_of_another_provider_is_no_answer(issuer: Any) -> None:
    with pytest.raises(UpstreamError) as caught:
        expected(token(iss=issuer))

    assert caught.value.fault is UpstreamFault.ISSUER_MISMATCH


@pytest.mark.parametrize("party", ["another-client", "", None, [CLIENT]])
def test_a_token_that_was_issued_to_another_client_is_not_taken(party: Any) -> None:
    with pytest.raises(CredentialError) as caught:
        expected(token(azp=party))

    assert caught.value.code == "oidc.authorized_party_mismatch"
    assert expected(token(azp=CLIENT)) is None


def test_an_algorithm_that_is_not_offered_is_not_taken() -> None:
    with pytest.raises(JoseError) as caught:
        expected(token(), frozenset({"ES384"}))

    assert caught.value.code == "jose.alg_not_allowed"


def test_a_hash_of_the_access_token_is_compared_where_it_is_stated() -> None:
    assert expected(token(at_hash="h")) == LoginExpectations(access_token="t")
    assert expected(token()) is None
    assert expected(token(at_hash="h"), alone=True) is None
    assert expected("no token") is None
