"""PKCE: S256 alone, and only the verifier that the challenge was made of."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idbridge.oidc.pkce import challenge_of, require_challenge, require_verifier
from tests.oidc.kit import refused

# RFC 7636 appendix B.
VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
UNRESERVED = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~"


def test_par_ensure_pkce_required() -> None:
    """PAREnsurePKCERequired."""
    assert refused(require_challenge, None, None).error == "invalid_request"
    assert refused(require_challenge, None, "S256").error == "invalid_request"


@pytest.mark.parametrize("method", [None, "plain", "s256", "S256 ", "S512", ""])
def test_par_ensure_plain_pkce_rejected(method: str | None) -> None:
    """PAREnsurePlainPKCERejected: also where no method is named, which means plain."""
    assert refused(require_challenge, CHALLENGE, method).error == "invalid_request"


@pytest.mark.parametrize(
    "challenge", ["", "a", VERIFIER * 2, CHALLENGE + "=", CHALLENGE[:-1], CHALLENGE[:-1] + "N", "é" * 43]
)
def test_a_challenge_that_is_no_sha_256_is_refused(challenge: str) -> None:
    assert refused(require_challenge, challenge, "S256").error == "invalid_request"


@pytest.mark.parametrize(
    "verifier",
    [VERIFIER[:-1] + "l", "a" * 43, "a" * 128, CHALLENGE],
    ids=["one letter", "shortest", "longest", "the challenge itself"],
)
def test_par_incorrect_pkce_code_verifier_rejected(verifier: str) -> None:
    """PARIncorrectPKCECodeVerifierRejected."""
    assert refused(require_verifier, verifier, challenge=CHALLENGE).error == "invalid_grant"


@pytest.mark.parametrize("verifier", [None, "", "a" * 42, "a" * 129, "é" * 43, "a" * 42 + "+", "a" * 43 + "\n"])
def test_par_ensure_pkce_code_verifier_required(verifier: str | None) -> None:
    """PAREnsurePKCECodeVerifierRequired: and one of another form is none."""
    assert refused(require_verifier, verifier, challenge=CHALLENGE).error == "invalid_grant"


def test_the_example_of_the_specification_passes() -> None:
    require_verifier(VERIFIER, challenge=require_challenge(CHALLENGE, "S256"))


@given(st.text(UNRESERVED, min_size=43, max_size=128))
def test_every_verifier_passes_with_its_own_challenge(verifier: str) -> None:
    require_verifier(verifier, challenge=require_challenge(challenge_of(verifier), "S256"))
