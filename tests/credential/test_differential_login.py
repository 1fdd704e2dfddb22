"""Two other libraries as oracles for whole ID tokens: nothing that both refuse is accepted here."""

import json
from typing import Any

import jwt
import pytest
from freezegun import freeze_time
from hypothesis import event, given, settings
from hypothesis import strategies as st
from joserfc import errors as joserfc_errors
from joserfc import jwt as joserfc_jwt
from joserfc.jwk import ECKey

from idbridge.codec import base64url
from tests.credential.kit import ABSENT, CLIENT, ISSUER, NONCE, NOON, NOW, changed, code, id_token, signer
from tests.crypto.test_differential import EDITS, edited

LEEWAY = 60
REQUIRED = ["iss", "sub", "aud", "exp", "iat"]
TIMES = st.sampled_from([ABSENT, 0, -1, NOW - 7200, NOW - 90, NOW - 61, NOW - 60, NOW - 59, NOW, NOW + 59, NOW + 61,
                         NOW + 90, NOW + 7200, 2**60, 1.5, "1", None, True, []])  # fmt: skip
TEXTS = st.sampled_from([ABSENT, "", "x", None, 7, True, [], {}, ["x"], CLIENT, [CLIENT], [CLIENT, "x"], ISSUER, NONCE])
CLAIMS = st.fixed_dictionaries(
    {},
    optional={
        **dict.fromkeys(("exp", "iat", "nbf", "auth_time"), TIMES),
        **dict.fromkeys(("iss", "sub", "aud", "nonce", "azp", "acr", "amr", "jti"), TEXTS),
    },
)
HEADERS = st.dictionaries(
    st.sampled_from(["typ", "kid", "cty", "x5t", "harmless"]), st.sampled_from([ABSENT, "JWT", "x", ""]), max_size=2
)


def pyjwt_accepts(token: str) -> bool:
    key = jwt.PyJWK(dict(signer().public_jwk))
    options: Any = {"require": REQUIRED}
    try:
        found = jwt.decode(
            token, key, algorithms=["ES256"], audience=CLIENT, issuer=ISSUER, leeway=LEEWAY, options=options
        )
    except jwt.PyJWTError:
        return False
    return bool(found.get("nonce") == NONCE)


def joserfc_accepts(token: str) -> bool:
    demands: dict[str, Any] = {name: {"essential": True} for name in REQUIRED}
    demands |= {
        "iss": {"essential": True, "value": ISSUER},
        "aud": {"essential": True, "value": CLIENT},
        "nonce": {"essential": True, "value": NONCE},
    }
    key = ECKey.import_key(
        {name: value for name, value in signer().public_jwk.items() if name in ("kty", "crv", "x", "y")}
    )
    try:
        found = joserfc_jwt.decode(token, key, algorithms=["ES256"])
        joserfc_jwt.JWTClaimsRegistry(now=NOW, leeway=LEEWAY, **demands).validate(found.claims)
    except (joserfc_errors.JoseError, ValueError, TypeError):
        return False
    return True


@pytest.fixture(scope="module", autouse=True)
def noon() -> Any:
    """PyJWT asks the clock of this machine."""
    with freeze_time(NOON):
        yield


def test_an_honest_token_is_accepted_by_all_three() -> None:
    assert (code(id_token()), pyjwt_accepts(id_token()), joserfc_accepts(id_token())) == (None, True, True)


@settings(max_examples=500, deadline=None)
@given(CLAIMS, HEADERS, EDITS)
def test_no_id_token_is_accepted_here_that_both_oracles_refuse(
    claims: dict[str, Any], header: dict[str, Any], edits: list[tuple[str, int, str]]
) -> None:
    token = edited(id_token(header=header, **claims), edits)
    accepted = code(token) is None
    event(f"accepted: {accepted}")

    assert not accepted or pyjwt_accepts(token) or joserfc_accepts(token)


@settings(max_examples=200, deadline=None)
@given(st.dictionaries(st.sampled_from(["exp", "iat", "aud", "sub", "nonce"]), TEXTS | TIMES, max_size=2))
def test_no_claim_beside_its_twin_is_read_in_two_ways(claims: dict[str, Any]) -> None:
    """A member twice: a parser that keeps the first and one that keeps the last would judge two tokens."""
    header, payload, _ = id_token().split(".")
    doubled = changed({}, claims)
    octets = base64url.decode(payload)[:-1] + "".join(
        f",{json.dumps(name)}:{json.dumps(value)}" for name, value in doubled.items()
    ).encode() + b"}"  # fmt: skip
    signed = f"{header}.{base64url.encode(octets)}"
    token = f"{signed}.{base64url.encode(signer().sign(signed.encode()))}"

    assert (code(token) is None) is (not doubled)
