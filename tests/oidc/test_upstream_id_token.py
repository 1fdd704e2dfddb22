"""ID tokens of national providers: the modules of the conformance suite for clients, judged by the one verifier.

There is no second verifier for logins that the gateway runs itself: these cases show that the one there is refuses what
the suite wants refused. Its own points stand in `tests/credential/test_id_token.py`.
"""

import json
from typing import Any

import pytest

from idbridge.codec import base64url
from idbridge.crypto.signer import generate
from tests.credential.kit import ABSENT, CLIENT, NODE, NOW, code, id_token, signer

REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "FAPI2SPFinalClientTestInvalidAud": ({"aud": "other"}, "oidc.audience_mismatch"),
    "FAPI2SPFinalClientTestInvalidSecondaryAud": ({"aud": [CLIENT, "other"], "azp": CLIENT}, "oidc.audience_mismatch"),
    "FAPI2SPFinalClientTestInvalidMissingAud": ({"aud": ABSENT}, "oidc.audience_missing"),
    "FAPI2SPFinalClientTestInvalidMissingExp": ({"exp": ABSENT}, "time.claim_missing"),
    "FAPI2SPFinalClientTestInvalidMissingIss": ({"iss": ABSENT}, "issuer.missing"),
    "FAPI2SPFinalClientTestInvalidMissingNonce": ({"nonce": ABSENT}, "oidc.nonce_mismatch"),
    "FAPI2SPFinalClientTestInvalidNonce": ({"nonce": "other"}, "oidc.nonce_mismatch"),
    "FAPI2SPFinalClientTestInvalidExpiredExp": ({"iat": NOW - 400, "exp": NOW - 300}, "time.expired"),
    "FAPI2SPFinalClientTestInvalidIss": ({"iss": "https://login.th.example.evil.example"}, "issuer.unknown"),
    "OIDCCClientTestMissingIat": ({"iat": ABSENT}, "time.claim_missing"),
    "OIDCCClientTestMissingSub": ({"sub": ABSENT}, "oidc.subject_invalid"),
}


@pytest.mark.parametrize(("changes", "expected"), REFUSED.values(), ids=REFUSED.keys())
def test_an_id_token_that_the_suite_wants_refused_is_refused(changes: dict[str, Any], expected: str) -> None:
    assert code(id_token(**changes)) == expected


def test_fapi2_sp_final_client_test_invalid_null_alg() -> None:
    """FAPI2SPFinalClientTestInvalidNullAlg."""
    _, payload, _ = id_token().split(".")
    header = base64url.encode(json.dumps({"alg": "none", "typ": "JWT"}).encode())

    assert code(f"{header}.{payload}.") == "jose.alg_none"


def test_fapi2_sp_final_client_test_invalid_alternate_alg() -> None:
    """FAPI2SPFinalClientTestInvalidAlternateAlg: also by a key of the right name."""
    other = generate("PS256", kid=signer().kid)

    assert code(id_token(by=other)) == "jose.alg_not_allowed"


def test_fapi2_sp_final_client_test_valid_aud_as_array() -> None:
    """FAPI2SPFinalClientTestValidAudAsArray: of one, or of both names that this relying party and node have."""
    assert code(id_token(aud=[CLIENT])) is None
    assert code(id_token(aud=[CLIENT, NODE], azp=CLIENT)) is None
