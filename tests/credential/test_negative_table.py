"""Thirty presentations that must not be accepted, each with the code of its own fault, and the twin that must.

Popular libraries accept up to eighteen of the first twenty-one; the last nine are the forgeries that every verifier is
expected to know. Nothing but the attacked detail differs from the twin.
"""

import pytest

from tests.credential.kit import (
    ABSENT,
    AUDIENCE,
    NOW,
    PERSON,
    YEAR,
    bound,
    code,
    digest,
    disclosure,
    kb,
    sd_jwt,
    signer,
)

TWIN = bound(sd_jwt())
EXPIRY = disclosure("exp", NOW + YEAR)
CONFIRMATION = disclosure("cnf", {"jwk": {}})
SUBJECT = disclosure("sub", PERSON["sub"], salt="salt of sub")  # as the twin discloses it
NAMED_SD = disclosure("_sd", ["x"])
BIRTHDATE = disclosure("birthdate", "2001-01-01", salt="another")
TWO_ELEMENTS = disclosure("two elements")
WITHOUT_BIRTHDATE = {name: value for name, value in PERSON.items() if name != "birthdate"}


def also(text: str) -> str:
    """A presentation that discloses one thing more, its digest in ``_sd``."""
    return sd_jwt(text, _sd=lambda digests: [*digests, digest(text)])


TABLE = {
    "typ JWT": (bound(sd_jwt(header={"typ": "JWT"})), "jose.typ_mismatch"),
    "typ vc+sd-jwt": (bound(sd_jwt(header={"typ": "vc+sd-jwt"})), "jose.typ_mismatch"),
    "expired": (bound(sd_jwt(exp=NOW - 3600)), "time.expired"),
    "not yet valid": (bound(sd_jwt(nbf=NOW + 3600)), "time.not_yet_valid"),
    "unreferenced disclosure": (bound(sd_jwt(disclosure("x", "y"))), "sd_jwt.disclosure_unreferenced"),
    "one digest twice in _sd": (bound(sd_jwt(_sd=lambda found: [*found, found[0]])), "sd_jwt.digest_duplicate"),
    "one digest in _sd and in an array": (
        bound(sd_jwt(nicknames=[{"...": digest(SUBJECT)}])),
        "sd_jwt.digest_duplicate",
    ),
    "disclosure named _sd": (bound(also(NAMED_SD)), "sd_jwt.disclosure_reserved_name"),
    "disclosure in place of a claim": (bound(also(BIRTHDATE)), "sd_jwt.disclosure_collision"),
    "disclosed exp": (
        bound(sd_jwt(EXPIRY, exp=ABSENT, _sd=lambda found: [*found, digest(EXPIRY)])),
        "sd_jwt.disclosure_forbidden_claim",
    ),
    "disclosed cnf": (
        bound(sd_jwt(CONFIRMATION, cnf=ABSENT, _sd=lambda found: [*found, digest(CONFIRMATION)])),
        "sd_jwt.disclosure_forbidden_claim",
    ),
    "two elements in _sd": (bound(also(TWO_ELEMENTS)), "sd_jwt.disclosure_arity"),
    "key binding for another audience": (bound(sd_jwt(), aud="https://shop.example"), "holder.audience_mismatch"),
    "key binding for a list of audiences": (bound(sd_jwt(), aud=[AUDIENCE]), "holder.audience_mismatch"),
    "key binding a year old": (bound(sd_jwt(), iat=NOW - YEAR), "holder.not_fresh"),
    "key binding a year ahead": (bound(sd_jwt(), iat=NOW + YEAR), "holder.not_fresh"),
    "key binding without iat": (bound(sd_jwt(), iat=ABSENT), "time.claim_missing"),
    "key binding expired": (bound(sd_jwt(), exp=NOW - 3600), "time.expired"),
    "another vct": (bound(sd_jwt(vct="urn:example:th:library-card:1")), "issuer.service_not_listed"),
    "no vct": (bound(sd_jwt(vct=ABSENT)), "sd_jwt.vct_invalid"),
    "vct a number": (bound(sd_jwt(vct=1)), "sd_jwt.vct_invalid"),
    "signed by nobody listed": (bound(sd_jwt(by=signer("thief"))), "jose.signature_invalid"),
    "unknown digest algorithm": (bound(sd_jwt(_sd_alg="sha-1")), "sd_jwt.alg_unsupported"),
    "no key binding": (sd_jwt(), "holder.binding_missing"),
    "key binding by another key": (bound(sd_jwt(), by=signer("thief")), "holder.signature_invalid"),
    "key binding with another nonce": (bound(sd_jwt(), nonce="stale"), "holder.nonce_mismatch"),
    "key binding over something else": (sd_jwt() + kb(sd_jwt(hidden={})), "holder.sd_hash_mismatch"),
    "key binding of another type": (bound(sd_jwt(), header={"typ": "JWT"}), "holder.typ_mismatch"),
    "a disclosure removed after binding": (
        sd_jwt(shown=tuple(WITHOUT_BIRTHDATE)) + TWIN[TWIN.rindex("~") + 1 :],
        "holder.sd_hash_mismatch",
    ),
    "alg none": (bound(sd_jwt(header={"alg": "none"})), "jose.alg_none"),
}  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), TABLE.values(), ids=TABLE)
def test_each_fault_is_refused_with_its_own_code(text: str, expected: str) -> None:
    assert code(text) == expected


def test_the_twin_of_all_of_them_is_accepted() -> None:
    assert len(TABLE) == 30
    assert code(TWIN) is None
