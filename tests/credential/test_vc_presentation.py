"""W3C presentations: who shows what, to whom and when, judged for each credential by the key that its issuer named."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from idbridge.credential.envelope import open_credential
from idbridge.credential.protocol import Reading
from idbridge.crypto.did_key import did_key
from idbridge.crypto.jws import HeaderCache
from idbridge.errors import Refusal
from idbridge.limits import LIMITS
from idbridge.model.check import Result
from idbridge.model.region import Format
from idbridge.model.trust import HolderBindingRule
from idbridge.presentation.answers import open_answers
from tests.credential import vcs
from tests.credential.kit import (
    ABSENT,
    AUDIENCE,
    ISSUER,
    NONCE,
    NOW,
    bare_jwk,
    faults,
    id_token,
    key,
    request,
    results,
    signer,
)
from tests.credential.kit import sd_jwt as sd_jwt_vc
from tests.credential.vcs import SUBJECT, V1, V2, code, envelope, jwt_vc, jwt_vp, refused, vc_jwt, vc_sd_jwt, vp_jwt

Maker = Callable[..., str]
OLD, NEW, SD = jwt_vc(), vc_jwt(), vc_sd_jwt()
PAIRS: list[tuple[Maker, str]] = [(jwt_vp, OLD), (vp_jwt, NEW), (vp_jwt, SD)]
ASKED = request()
THIEF = {"id": vcs.holder_did("thief"), **SUBJECT}
NOBODY = {"id": "did:example:1", **SUBJECT}


def single(checks: Any) -> tuple[str, str]:
    ((point, why),) = faults(checks).items()
    return point, why


def early(text: str, declared: Format | None = None, **reading: Any) -> str:
    with pytest.raises(Refusal) as caught:
        open_credential(text, declared, Reading(HeaderCache(1), **reading))
    return caught.value.code


# Step V2: is it one, and what does it hold?


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (vp_jwt(NEW, header={"alg": "none"}), "jose.alg_none"),
        (vp_jwt(NEW, header={"cty": "vc"}), "jose.typ_mismatch"),
        (vp_jwt(NEW, header={"x5c": ["AA=="]}), "jose.header_forbidden"),
        (vp_jwt(NEW, header={"jwk": {}}), "jose.header_forbidden"),
        (vp_jwt(NEW, **{"@context": [V1]}), "w3c.context_invalid"),
        (vp_jwt(NEW, type="VerifiableCredential"), "w3c.type_invalid"),
        (vp_jwt(NEW, holder={"name": "x"}), "w3c.presentation_invalid"),
        (vp_jwt(NEW, id=7), "w3c.presentation_invalid"),
        (vp_jwt(NEW, vp={}), "w3c.claims_contradict"),
        (vp_jwt(NEW, vc={}), "w3c.claims_contradict"),
        (vp_jwt(NEW, proof={}), "input.format_unsupported"),
        (vp_jwt(), "w3c.presentation_invalid"),
        (vp_jwt(NEW, verifiableCredential=ABSENT), "w3c.presentation_invalid"),
        (vp_jwt(NEW, verifiableCredential=None), "w3c.presentation_invalid"),
        (vp_jwt(NEW, verifiableCredential=NEW), "w3c.presentation_invalid"),
        (vp_jwt(*[NEW] * (LIMITS.vc_credentials + 1)), "input.too_large"),
        (vp_jwt({"type": ["VerifiableCredential"]}), "input.format_unsupported"),
        (vp_jwt({"type": "VerifiablePresentation"}), "w3c.presentation_invalid"),
        (vp_jwt(envelope(NEW, type="EnvelopedVerifiablePresentation")), "w3c.presentation_invalid"),
        (vp_jwt(envelope(NEW, **{"@context": V1})), "w3c.context_invalid"),
        (vp_jwt(envelope(NEW, id="not-a-credential")), "w3c.presentation_invalid"),
        (vp_jwt(envelope(NEW, id="data:application/vc+jwt")), "input.format_unsupported"),
        (vp_jwt(envelope(NEW, id="data:application/vc+jwt,")), "input.malformed"),
        (vp_jwt(envelope(NEW, id=f"data:application/vc+jwt;base64,{NEW}")), "input.format_unsupported"),
        (vp_jwt(envelope(NEW, id="data:application/vc+cose;base64,0oRD")), "input.format_unsupported"),
        (vp_jwt(envelope(NEW, id=f"data:application/vp+jwt,{vp_jwt(NEW)}")), "input.format_unsupported"),
        (vp_jwt(envelope(NEW, id=f"data:application/vc+jwt,{vp_jwt(NEW)}")), "jose.typ_mismatch"),
        (vp_jwt(envelope(NEW, id=f"data:application/vc+jwt,{SD}")), "jose.typ_mismatch"),
        (vp_jwt(envelope(NEW, id=f"data:application/vc+sd-jwt,{NEW}")), "input.malformed"),
        (vp_jwt(envelope(NEW, id=f"data:application/vc+sd-jwt,{sd_jwt_vc()}")), "jose.typ_mismatch"),
        (vp_jwt(vcs.bound(SD)), "w3c.presentation_invalid"),
        (jwt_vp(OLD, header={"alg": "none"}), "jose.alg_none"),
        (jwt_vp(OLD, header={"cty": "vc"}), "jose.typ_mismatch"),
        (jwt_vp(OLD, header={"jku": "https://x.example"}), "jose.header_forbidden"),
        (jwt_vp(OLD, vp={"@context": [V2]}), "w3c.context_invalid"),
        (jwt_vp(OLD, vp={"type": []}), "w3c.type_invalid"),
        (jwt_vp(OLD, vp={"proof": {}}), "input.format_unsupported"),
        (jwt_vp(), "w3c.presentation_invalid"),
        (jwt_vp({"type": ["VerifiableCredential"], "proof": {}}), "input.format_unsupported"),
        (jwt_vp(NEW), "jose.typ_mismatch"),
        (jwt_vp(jwt_vp(OLD)), "input.malformed"),
        (jwt_vp(id_token()), "input.malformed"),
        (jwt_vp(""), "input.malformed"),
        (jwt_vp(*[OLD] * (LIMITS.vc_credentials + 1)), "input.too_large"),
    ],
)
def test_what_is_no_presentation_or_holds_something_else_is_refused(text: str, expected: str) -> None:
    assert early(text) == expected


def test_a_presentation_is_opened_as_the_formats_of_what_it_holds() -> None:
    found = open_credential(vp_jwt(NEW, SD), None, Reading(HeaderCache(8)))

    assert [one.format for one in found] == [Format.VC_JWT, Format.VC_SD_JWT]
    assert open_credential(jwt_vp(OLD), Format.JWT_VC_JSON, Reading(HeaderCache(8)))[0].format is Format.JWT_VC_JSON
    assert early(vp_jwt(NEW, SD), Format.VC_JWT) == "input.format_mismatch"
    assert early(jwt_vp(OLD), Format.VC_JWT) == "input.format_mismatch"
    assert early(vp_jwt(NEW), Format.ID_TOKEN) == "input.format_mismatch"
    assert early(NEW, Format.JWT_VC_JSON) == "input.format_mismatch"


def test_a_token_that_is_declared_or_listed_as_an_id_token_is_one() -> None:
    for text in (OLD, jwt_vp(OLD, iss=ISSUER)):
        assert open_credential(text, Format.ID_TOKEN, Reading(HeaderCache(1)))[0].format is Format.ID_TOKEN
        listed = open_credential(text, None, Reading(HeaderCache(1), logins=frozenset({ISSUER})))
        assert listed[0].format is Format.ID_TOKEN
    assert early(jwt_vc(iss=ABSENT), Format.ID_TOKEN) == "issuer.missing"
    both = open_credential(jwt_vc(vp={"@context": [V1]}), None, Reading(HeaderCache(1)))
    assert both[0].format is Format.ID_TOKEN


# Step V5: the holder.


@pytest.mark.parametrize(("make", "held"), PAIRS)
@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"by": signer("thief")}, ("vc.21", "holder.signature_invalid")),
        ({"by": signer("issuer")}, ("vc.21", "holder.signature_invalid")),
        ({"by": signer("holder", "ES384")}, ("vc.20", "jose.alg_key_mismatch")),
        ({"iss": vcs.holder_did("thief"), "holder": ABSENT}, ("vc.22", "w3c.claims_contradict")),
        ({"iss": "did:web:holder.example", "holder": ABSENT}, ("vc.22", "w3c.claims_contradict")),
        ({"iss": 7, "holder": ABSENT}, ("vc.22", "w3c.claims_contradict")),
        ({"iat": ABSENT}, ("vc.23", "time.claim_missing")),
        ({"iat": "now"}, ("vc.23", "time.claim_malformed")),
        ({"iat": NOW - 300}, ("vc.23", "holder.not_fresh")),
        ({"iat": NOW + 61}, ("vc.23", "holder.not_fresh")),
        ({"exp": "soon"}, ("vc.23", "time.claim_malformed")),
        ({"iat": NOW - 200, "exp": NOW - 60}, ("vc.23", "time.expired")),
        ({"nbf": NOW + 61}, ("vc.23", "time.not_yet_valid")),
        ({"nonce": "other"}, ("vc.24", "holder.nonce_mismatch")),
        ({"nonce": ABSENT}, ("vc.24", "holder.nonce_mismatch")),
        ({"nonce": [NONCE]}, ("vc.24", "holder.nonce_mismatch")),
        ({"aud": "https://other.example"}, ("vc.25", "holder.audience_mismatch")),
        ({"aud": [AUDIENCE, AUDIENCE]}, ("vc.25", "holder.audience_mismatch")),
        ({"aud": [AUDIENCE, "https://other.example"]}, ("vc.25", "holder.audience_mismatch")),
        ({"aud": ["https://other.example"]}, ("vc.25", "holder.audience_mismatch")),
        ({"aud": [[AUDIENCE]]}, ("vc.25", "holder.audience_mismatch")),
        ({"aud": []}, ("vc.25", "holder.audience_mismatch")),
        ({"aud": ABSENT}, ("vc.25", "holder.audience_mismatch")),
        ({"transaction_data_hashes": ["x"]}, ("vc.26", "holder.transaction_mismatch")),
    ],
)
def test_a_presentation_that_proves_nothing_is_refused(
    make: Maker, held: str, changes: dict[str, Any], expected: tuple[str, str]
) -> None:
    assert single(refused(make(held, **changes), ASKED)) == expected


def test_holder_and_issuer_of_a_presentation_name_one_holder() -> None:
    twice = {"iss": vcs.holder_did(), "holder": {"id": did_key(key("holder"))}}  # type: ignore[arg-type] # of the kit's

    assert single(refused(vp_jwt(NEW, **twice), ASKED)) == ("vc.22", "w3c.claims_contradict")
    assert single(refused(jwt_vp(OLD, vp={"holder": "https://x.example"}), ASKED)) == ("vc.22", "w3c.claims_contradict")
    assert code(vp_jwt(NEW, holder=twice["holder"]), ASKED) is None
    assert code(vp_jwt(NEW, iss=vcs.holder_did()), ASKED) is None
    assert code(vp_jwt(NEW, holder=ABSENT), ASKED) is None


@pytest.mark.parametrize("name", ["https://wallet.example", "urn:somebody:else"])
def test_a_name_that_is_neither_the_subject_s_nor_a_key_s_passes_for_no_holder(name: str) -> None:
    person = {"id": "https://wallet.example", **SUBJECT}
    named = {"credentialSubject": person, "cnf": {"jwk": bare_jwk()}}
    nameless = vc_jwt(credentialSubject=SUBJECT, cnf={"jwk": bare_jwk()})
    old = jwt_vc(sub=ABSENT, cnf={"jwk": bare_jwk()})

    assert single(refused(vp_jwt(NEW, holder=name), ASKED)) == ("vc.22", "w3c.claims_contradict")
    assert single(refused(jwt_vp(OLD, iss=name), ASKED)) == ("vc.22", "w3c.claims_contradict")
    for unjudged in (vp_jwt(nameless, holder=name), jwt_vp(old, iss=name), vp_jwt(NEW, holder=ABSENT)):
        assert results(vcs.verify(unjudged, ASKED))["vc.22"] is Result.SKIPPED
    assert results(vcs.verify(vp_jwt(nameless), ASKED))["vc.22"] is Result.PASSED
    assert results(vcs.verify(vp_jwt(vc_jwt(**named), holder=person["id"]), ASKED))["vc.22"] is Result.PASSED
    assert code(vp_jwt(vc_jwt(**named), holder="urn:somebody:else"), ASKED) == "w3c.claims_contradict"


@pytest.mark.parametrize(
    "changes",
    [
        {"credentialSubject": NOBODY},
        {"credentialSubject": SUBJECT},
        {"cnf": {"jwk": bare_jwk("thief")}},  # another key than that of the subject
        {"cnf": {"jwk": {}}},
        {"cnf": {"jwk": "x"}},
        {"cnf": {"kid": "x"}},
        {"cnf": {}},
        {"credentialSubject": NOBODY, "cnf": {"jwk": {"kty": "oct", "k": "AA"}}},
        {"credentialSubject": {"id": vcs.holder_did("issuer"), **SUBJECT}},
    ],
)
def test_a_credential_that_names_no_one_key_of_a_holder_is_refused(changes: dict[str, Any]) -> None:
    assert single(refused(vp_jwt(vc_jwt(**changes)), ASKED)) == ("vc.19", "holder.key_missing")


def test_a_credential_of_somebody_else_in_the_same_presentation_is_refused() -> None:
    theirs = vc_jwt(credentialSubject=THIEF, id="urn:uuid:2")

    assert single(refused(vp_jwt(NEW, theirs), ASKED)) == ("vc.21", "holder.signature_invalid")
    assert code(vp_jwt(theirs, by=signer("thief"), holder=ABSENT), ASKED) is None
    assert code(jwt_vp(OLD, jwt_vc(sub=vcs.holder_did("thief"))), ASKED) == "holder.signature_invalid"


def test_every_credential_of_a_presentation_is_judged() -> None:
    forged = vc_jwt(by=signer("thief"))

    assert code(vp_jwt(NEW, forged), ASKED) == "jose.signature_invalid"
    assert code(vp_jwt(NEW, vc_jwt(validUntil="2026-11-24T11:58:00Z")), ASKED) == "time.expired"
    assert len(vcs.verify_all(vp_jwt(NEW, SD), ASKED)) == 2


@pytest.mark.parametrize(("make", "held"), PAIRS)
def test_a_good_presentation_proves_who_holds_the_credential(make: Maker, held: str) -> None:
    found = vcs.verify(make(held), ASKED)

    assert (found.holder.method, found.holder.key_thumbprint) == ("kb-jwt", key("holder").thumbprint)
    assert results(found)["vc.21"] is Result.PASSED
    assert len(found.one_time) == 1
    assert str(found.authentication) == "A3"


@pytest.mark.parametrize(("make", "held"), PAIRS)
def test_without_an_expected_nonce_it_stays_that_of_a_bearer(make: Maker, held: str) -> None:
    found = vcs.verify(make(held), request(None))
    none = vcs.verify(make(held), ASKED, binding=HolderBindingRule.NONE)

    assert (found.holder.bound, found.one_time) == (False, ())
    assert code(make(held, by=signer("thief")), request(None)) == "holder.signature_invalid"
    assert not none.holder.bound
    assert none.one_time


def test_a_key_in_cnf_counts_as_that_of_the_subject() -> None:
    named = vc_jwt(credentialSubject=NOBODY, cnf={"jwk": bare_jwk()})

    assert vcs.verify(vp_jwt(named, holder="did:example:1"), ASKED).holder.bound
    assert vcs.verify(vp_jwt(vc_jwt(cnf={"jwk": bare_jwk()})), ASKED).holder.bound
    assert vcs.verify(jwt_vp(jwt_vc(sub=ABSENT, cnf={"jwk": bare_jwk()})), ASKED).holder.bound


@pytest.mark.parametrize("old", [True, False])
def test_a_list_of_one_audience_is_that_audience(old: bool) -> None:
    assert code(jwt_vp(OLD, aud=[AUDIENCE]) if old else vp_jwt(NEW, aud=[AUDIENCE]), ASKED) is None


def test_the_expected_audience_narrows() -> None:
    party = replace(ASKED.relying_party, audiences=frozenset({AUDIENCE, "https://branch.example"}))
    asked = replace(request(audience="https://branch.example"), relying_party=party)

    assert code(vp_jwt(NEW), asked) == "holder.audience_mismatch"
    assert code(vp_jwt(NEW, aud="https://branch.example"), asked) is None


@settings(max_examples=120, deadline=None)
@given(
    st.dictionaries(
        st.sampled_from(
            [
                "@context",
                "type",
                "id",
                "holder",
                "iss",
                "iat",
                "aud",
                "nonce",
                "verifiableCredential",
                "vp",
                "vc",
                "exp",
            ]
        ),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.text(max_size=6) | st.sampled_from([NEW, V1, V2, NONCE]),
            lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["id", "type"]), inner),
            max_leaves=5,
        ),
        max_size=3,
    ),
    st.booleans(),
)
def test_whatever_a_holder_signs_is_accepted_or_refused_and_nothing_else(changes: dict[str, Any], old: bool) -> None:
    text = jwt_vp(OLD, vp=changes) if old else vp_jwt(NEW, **changes)
    refusal = code(text, ASKED)

    assert refusal is None or "." in refusal


def test_a_document_that_nobody_signed_as_a_whole_is_a_format_that_is_not_served() -> None:
    for text in (json.dumps(vcs.document()), json.dumps({"@context": V2, "proof": {}}), '{"@context":7}'):
        with pytest.raises(Refusal) as caught:
            open_answers(replace(ASKED, credential=text), Reading(HeaderCache(1)))

        assert caught.value.code == "input.format_unsupported"
