"""W3C credentials as SD-JWT: what may be withheld, and who holds one that came alone; and the published examples."""

from dataclasses import replace
from typing import Any

import pytest

from idbridge.credential import vc_points
from idbridge.crypto import signature
from idbridge.crypto.keys import parse_jwk
from idbridge.limits import LIMITS
from idbridge.model.check import Refused, Result
from idbridge.model.region import AssuranceLevel
from idbridge.model.trust import EntityMap, EntitySubject
from tests.credential import vcs
from tests.credential.kit import (
    ABSENT,
    NOON,
    bare_jwk,
    disclosure,
    faults,
    request,
    signer,
)
from tests.credential.kit import digest as digest_of
from tests.credential.vcs import CLAIM_MAP, SUBJECT, bound, code, refused, vc_sd_jwt
from tests.vectors import shared_vectors

COMPANY = {"scheme": "TH-DBD", "value": "0105599000011"}


def single(checks: Any) -> tuple[str, str]:
    """The one check that refused, and its code."""
    ((point, why),) = faults(checks).items()
    return point, why


# Selective disclosure.


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (vc_sd_jwt(disclosure("x", "y")), "sd_jwt.disclosure_unreferenced"),
        (vc_sd_jwt(_sd_alg="md5"), "sd_jwt.alg_unsupported"),
        (vc_sd_jwt("!"), "sd_jwt.disclosure_unreferenced"),
        (vc_sd_jwt(hidden={"id": vcs.holder_did("thief")}), "sd_jwt.disclosure_collision"),
        (vc_sd_jwt(credentialStatus={"_sd": ["x"]}), "sd_jwt.disclosure_forbidden_claim"),
        (vc_sd_jwt(cnf={"jwk": {"_sd": ["x"]}}), "sd_jwt.disclosure_forbidden_claim"),
        (
            vc_sd_jwt(disclosure("validUntil", "2099-01-01T00:00:00Z"), validUntil=ABSENT,
                      _sd=[digest_of(disclosure("validUntil", "2099-01-01T00:00:00Z"))]),
            "sd_jwt.disclosure_forbidden_claim",
        ),
        (
            vc_sd_jwt(disclosure("credentialStatus", {"type": "X"}),
                      _sd=[digest_of(disclosure("credentialStatus", {"type": "X"}))]),
            "sd_jwt.disclosure_forbidden_claim",
        ),
    ],
)  # fmt: skip
def test_a_disclosure_that_breaks_the_rules_is_refused_and_the_rest_is_not_judged(text: str, expected: str) -> None:
    checks = refused(text)

    assert single(checks) == ("vc.16", expected)
    assert checks["vc.11"].result is Result.SKIPPED
    assert {*checks} == {point.id for point in vc_points.POINTS} | {f"kb.{number}" for number in range(1, 12)}


def test_disclosures_that_nest_too_deeply_are_refused() -> None:
    deep: Any = "x"
    for _ in range(LIMITS.nesting_depth - 1):
        deep = [deep]
    assert code(vc_sd_jwt(hidden={"deep": deep})) == "input.too_large"


def test_what_is_withheld_is_not_told_and_makes_no_name() -> None:
    names = {"given_name": "ธนพร", "family_name": "ศรีสุข"}
    whole = vcs.verify(vc_sd_jwt(hidden=names))
    half = vcs.verify(vc_sd_jwt(hidden=names, shown=["given_name"]))

    assert whole.name is not None
    assert whole.name.display == "ธนพร ศรีสุข"
    assert half.name is None
    assert "birthdate" not in vcs.verify(vc_sd_jwt(shown=[])).claims
    assert vcs.verify(vc_sd_jwt()).claims["birthdate"] == SUBJECT["birthdate"]


def test_a_level_that_the_holder_withholds_is_no_missing_one() -> None:
    lenient = replace(CLAIM_MAP, lowest_without_acr=True)
    known = {name: value for name, value in SUBJECT.items() if name != "level"}
    hidden = {"level": "unknown"}
    subject = {"credentialSubject": {"id": vcs.holder_did(), **known}}

    for shown in (["level"], []):
        text = bound(vc_sd_jwt(hidden=hidden, shown=shown))
        assert vcs.verify(text, request(), claim_map=lenient).level is AssuranceLevel.A0
    whole = bound(vc_sd_jwt(hidden={}, **subject))
    assert vcs.verify(whole, request(), claim_map=lenient).level is AssuranceLevel.A1


def test_where_a_list_speaks_of_a_legal_person_the_subject_is_whole() -> None:
    entity = EntityMap(EntitySubject.REPRESENTATIVE, "x", scheme="LEI", power=frozenset({"represent"}))
    for named in ({"mandate": "represents"}, {"entity": entity}):
        claim_map = type(CLAIM_MAP)(
            claims=CLAIM_MAP.claims, name_parts=CLAIM_MAP.name_parts, subject=CLAIM_MAP.subject, acr=CLAIM_MAP.acr,
            **named,
        )  # type: ignore[arg-type] # one of the two  # fmt: skip

        assert code(vc_sd_jwt(), claim_map=claim_map) == "sd_jwt.disclosure_forbidden_claim"
    assert code(vc_sd_jwt(hidden={}), claim_map=claim_map) is None


@pytest.mark.parametrize(("name", "place"), [("represents", "represents"), ("$.acting.for.represents", "acting")])
def test_no_bound_of_a_mandate_beside_the_subject_can_be_withheld(name: str, place: str) -> None:
    claim_map = replace(CLAIM_MAP, mandate=name)
    for bound_of_it, instant in (("valid_from", "2026-12-01T00:00:00Z"), ("valid_until", "2026-11-01T00:00:00Z")):
        text = disclosure(bound_of_it, instant)
        mandate = {"entity": COMPANY, "scope": ["represent"], "_sd": [digest_of(text)]}
        said = mandate if place == name else {"for": {"represents": mandate}}

        for shown in ((), (text,)):
            refusal = code(vc_sd_jwt(*shown, hidden={}, **{place: said}), claim_map=claim_map)
            assert refusal == "sd_jwt.disclosure_forbidden_claim"
    whole = {"entity": COMPANY, "scope": ["represent"]}
    plain = whole if place == name else {"for": {"represents": whole}}
    assert vcs.verify(vc_sd_jwt(hidden={}, **{place: plain}), claim_map=claim_map).mandate is not None


# The key binding of an SD-JWT that came alone.


def test_a_key_binding_by_the_key_of_the_subject_or_of_cnf_binds() -> None:
    other = {"credentialSubject": {"id": "did:example:1", **SUBJECT}, "cnf": {"jwk": bare_jwk()}}

    assert vcs.verify(bound(vc_sd_jwt()), request()).holder.bound
    assert vcs.verify(bound(vc_sd_jwt(hidden={}, **other)), request()).holder.bound
    assert vcs.verify(bound(vc_sd_jwt()), request()).one_time


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (bound(vc_sd_jwt(), by=signer("thief")), ("kb.5", "holder.signature_invalid")),
        (bound(vc_sd_jwt(), nonce="other"), ("kb.7", "holder.nonce_mismatch")),
        (bound(vc_sd_jwt(), aud="https://other.example"), ("kb.8", "holder.audience_mismatch")),
        (bound(vc_sd_jwt(), sd_hash="x"), ("kb.9", "holder.sd_hash_mismatch")),
        (bound(vc_sd_jwt(cnf={"jwk": bare_jwk("thief")})), ("kb.3", "holder.key_missing")),
        (bound(vc_sd_jwt(cnf={"kid": "x"})), ("kb.3", "holder.key_missing")),
        (
            bound(vc_sd_jwt(hidden={}, credentialSubject={"id": "did:example:1", **SUBJECT})),
            ("kb.3", "holder.key_missing"),
        ),
    ],
)
def test_a_key_binding_that_binds_nothing_is_refused(text: str, expected: tuple[str, str]) -> None:
    assert single(refused(text, request())) == expected


@pytest.mark.parametrize("number", [6, 8, 20])
def test_the_published_examples_are_good_but_for_a_time_that_is_a_text(number: int) -> None:
    (case,) = (one for one in shared_vectors("vc_jose_cose") if one["id"].startswith(f"vc-jose-cose/{number}."))
    public = parse_jwk(case["context"]["jwk"])
    (unverified,) = vcs.open_credential(case["input"].strip(), None, vcs.Reading(vcs.HeaderCache(1)))
    listed = vcs.listed(unverified.format, algorithms=public.algorithms)
    claims = unverified.unverified_claims
    signed = signature.verify(unverified.message, claims=claims, key=public, algorithms=public.algorithms)

    with pytest.raises(Refused) as caught:
        vcs.FORMATS[unverified.format].account(
            signed, unverified, resolved=vcs.ResolvedKey(listed, public, NOON), request=request(None), at=NOON
        )

    assert single({check.id: check for check in caught.value.checks}) == ("vc.11", "time.claim_malformed")
