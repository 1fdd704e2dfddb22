"""W3C credentials in their three formats: each point of the checklist by what it refuses, then what is accepted."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from idbridge.credential import vc_points
from idbridge.crypto.did_key import did_jwk, did_key
from idbridge.limits import LIMITS
from idbridge.model.check import Result
from idbridge.model.region import Format
from idbridge.model.trust import HolderBindingRule, ServiceStatus
from tests.credential import vcs
from tests.credential.kit import (
    ABSENT,
    AUDIENCE,
    ISSUER,
    NODE,
    NOON,
    NOW,
    YEAR,
    faults,
    in_session,
    key,
    request,
    results,
    sign,
    signer,
)
from tests.credential.vcs import SUBJECT, TYPE, V1, V2, code, jwt_vc, refused, vc_jwt, vc_sd_jwt

Maker = Callable[..., str]
BOTH: list[Maker] = [vc_jwt, vc_sd_jwt]
ALL: list[Maker] = [jwt_vc, vc_jwt, vc_sd_jwt]
ISSUER_DID = did_jwk(key())  # type: ignore[arg-type] # of the kit's own making
EXPIRED = "2026-11-24T11:58:59Z"


def single(checks: Any) -> tuple[str, str]:
    """The one check that refused, and its code."""
    ((point, why),) = faults(checks).items()
    return point, why


def credential(make: Maker, **changes: Any) -> str:
    """A credential of either version with changes to the document itself."""
    if make is not jwt_vc:
        return make(**changes)
    return jwt_vc(vc=changes)


# Step V2.


@pytest.mark.parametrize("make", ALL)
@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ({"alg": "none"}, "jose.alg_none"),
        ({"alg": "HS256"}, "jose.alg_not_allowed"),
        ({"crit": ["x"]}, "jose.crit_unsupported"),
        ({"jwk": {}}, "jose.header_forbidden"),
        ({"jku": "https://x.example"}, "jose.header_forbidden"),
        ({"typ": "at+jwt"}, "jose.typ_mismatch"),
        ({"kid": 7}, "input.malformed"),
    ],
)
def test_a_header_that_breaks_the_profile_is_refused(make: Maker, header: dict[str, Any], expected: str) -> None:
    assert code(make(header=header)) == expected


@pytest.mark.parametrize("make", BOTH)
def test_another_content_type_is_refused(make: Maker) -> None:
    assert code(make(header={"cty": "vp"})) == code(make(header={"cty": "bad+cty"})) == "jose.typ_mismatch"
    assert code(make(header={"cty": "application/vc"})) is None
    assert code(make(header={"cty": ABSENT})) is None
    assert code(make(header={"cty": 7})) == "input.malformed"


def test_another_content_type_of_version_1_1_is_refused() -> None:
    for name in ("vp", "kb", ""):
        assert code(jwt_vc(header={"cty": name})) == "jose.typ_mismatch"
    for name in ("JWT", "jwt", "vc", "application/vc"):
        assert code(jwt_vc(header={"cty": name})) is None
    assert code(jwt_vc(header={"cty": 7})) == "input.malformed"


@pytest.mark.parametrize("make", ALL)
@pytest.mark.parametrize("member", ["proof"])
def test_an_embedded_proof_is_a_format_that_is_not_served(make: Maker, member: str) -> None:
    assert code(credential(make, **{member: {"type": "DataIntegrityProof"}})) == "input.format_unsupported"


def test_a_proof_beside_a_credential_of_version_1_1_is_refused() -> None:
    assert code(jwt_vc(proof={})) == "input.format_unsupported"


@pytest.mark.parametrize("make", BOTH)
@pytest.mark.parametrize("wrapper", ["vc", "vp"])
def test_version_2_0_wraps_nothing(make: Maker, wrapper: str) -> None:
    assert code(make(**{wrapper: {}})) == "w3c.claims_contradict"


@pytest.mark.parametrize("make", ALL)
@pytest.mark.parametrize(
    "types", [ABSENT, TYPE, ["VerifiableCredential"], [TYPE], ["VerifiableCredential", TYPE, TYPE]]
)
def test_a_credential_without_a_type_of_its_own_is_refused(make: Maker, types: Any) -> None:
    assert code(credential(make, type=types)) == "w3c.type_invalid"


@pytest.mark.parametrize("make", ALL)
@pytest.mark.parametrize(
    ("issuer", "expected"),
    [
        ("", "issuer.missing"),
        (7, "issuer.missing"),
        ({}, "issuer.missing"),
        ({"id": None}, "issuer.missing"),
        ("https://" + "x" * LIMITS.identifier_characters, "issuer.unknown"),
        ("did:web:issuer.example", "input.format_unsupported"),
        ({"id": "did:ebsi:x"}, "input.format_unsupported"),
        ("did:key:zz", "input.format_unsupported"),
        ("did:jwk:e30", "input.malformed"),
    ],
)
def test_an_issuer_that_is_none_or_that_needs_a_look_up_is_refused(make: Maker, issuer: Any, expected: str) -> None:
    assert code(credential(make, issuer=issuer)) == expected


def test_without_an_issuer_there_is_none() -> None:
    assert code(vc_jwt(issuer=ABSENT, iss=ISSUER)) == "issuer.missing"
    assert code(jwt_vc(iss=ABSENT, vc={"issuer": ISSUER})) == "issuer.missing"


def test_version_1_1_without_a_credential_in_it_is_an_id_token_or_nothing() -> None:
    (found,) = vcs.open_credential(jwt_vc(vc={"@context": ABSENT}), None, vcs.Reading(vcs.HeaderCache(1)))

    assert found.format is Format.ID_TOKEN
    assert code(vc_sd_jwt(header={"typ": "JWT"})) == "jose.typ_mismatch"


def test_an_sd_jwt_vc_under_the_type_of_old_drafts_is_refused() -> None:
    assert code(vc_sd_jwt(**{"@context": ABSENT, "vct": "urn:x"})) == "jose.typ_mismatch"


# Step V4.


@pytest.mark.parametrize("make", ALL)
def test_another_s_signature_is_refused(make: Maker) -> None:
    assert code(make(by=signer("thief"))) == "jose.signature_invalid"


# Step V5: the credential.


@pytest.mark.parametrize("make", ALL)
def test_a_did_that_spells_out_another_key_than_the_one_that_signed_is_refused(make: Maker) -> None:
    for did in (vcs.holder_did("thief"), did_key(key("thief"))):  # type: ignore[arg-type] # of the kit's own making
        text = jwt_vc(iss=did) if make is jwt_vc else make(issuer=did)

        assert single(refused(text)) == ("vc.6", "issuer.did_mismatch")


@pytest.mark.parametrize("make", ALL)
def test_a_did_that_spells_out_the_key_that_signed_is_a_name_like_any_other(make: Maker) -> None:
    text = jwt_vc(iss=ISSUER_DID) if make is jwt_vc else make(issuer={"id": ISSUER_DID})

    assert results(vcs.verify(text))["vc.6"] is Result.PASSED
    assert results(vcs.verify(make()))["vc.6"] is Result.SKIPPED


@pytest.mark.parametrize("make", ALL)
@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"@context": [V2, V1]}, ("vc.7", "w3c.context_invalid")),
        ({"@context": [V1, {"issuer": "https://x.example"}]}, ("vc.7", "w3c.context_invalid")),
        ({"id": 7}, ("vc.9", "w3c.malformed")),
        ({"name": {"x": 1}}, ("vc.9", "w3c.malformed")),
        ({"credentialSubject": {}}, ("vc.10", "w3c.malformed")),
        ({"credentialSubject": [SUBJECT, SUBJECT]}, ("vc.10", "w3c.malformed")),
        ({"credentialSubject": [SUBJECT]}, ("vc.10", "w3c.malformed")),
        ({"credentialStatus": {}}, ("vc.12", "w3c.malformed")),
        ({"evidence": {}}, ("vc.13", "w3c.malformed")),
        ({"credentialSchema": {"type": "X"}}, ("vc.13", "w3c.malformed")),
    ],
)
def test_a_document_that_breaks_the_model_is_refused_at_its_point(
    make: Maker, changes: dict[str, Any], expected: tuple[str, str]
) -> None:
    if make is jwt_vc and "id" in changes:
        text = jwt_vc(vc=changes, jti=ABSENT)
    elif make is jwt_vc:
        text = jwt_vc(vc=changes, sub=ABSENT)
    else:
        text = make(**changes)
    if make is vc_sd_jwt and "credentialSubject" in changes:
        text = vc_sd_jwt(hidden={}, **changes)

    assert single(refused(text)) == expected


@pytest.mark.parametrize("make", ALL)
@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"exp": "soon"}, "time.claim_malformed"),
        ({"iat": "2010-01-01T19:23:24Z"}, "time.claim_malformed"),
        ({"iat": 1.5}, "time.claim_malformed"),
        ({"nbf": True}, "time.claim_malformed"),
        ({"exp": NOW - 61}, "time.expired"),
        ({"exp": NOW - 60}, "time.expired"),
        ({"nbf": NOW + 61}, "time.not_yet_valid"),
        ({"iat": NOW + 61}, "time.issued_in_future"),
        ({"iat": NOW + YEAR + 61}, "time.claim_malformed"),
    ],
)
def test_times_of_the_signature_that_do_not_hold_are_refused(
    make: Maker, changes: dict[str, Any], expected: str
) -> None:
    assert single(refused(make(**changes))) == ("vc.11", expected)


@pytest.mark.parametrize("make", BOTH)
@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"validUntil": ABSENT}, "time.claim_missing"),
        ({"validUntil": "tomorrow"}, "time.claim_malformed"),
        ({"validUntil": EXPIRED}, "time.expired"),
        ({"validUntil": EXPIRED, "exp": NOW + YEAR}, "time.expired"),
        ({"validFrom": "2026-11-24T12:01:00.5Z"}, "time.not_yet_valid"),
        ({"validFrom": "2027-11-25T12:00:00Z"}, "time.claim_malformed"),
    ],
)
def test_times_of_the_credential_that_do_not_hold_are_refused(
    make: Maker, changes: dict[str, Any], expected: str
) -> None:
    assert single(refused(make(**changes))) == ("vc.11", expected)


def test_version_1_1_without_issuance_or_end_is_refused() -> None:
    assert single(refused(jwt_vc(nbf=ABSENT))) == ("vc.11", "time.claim_malformed")
    assert single(refused(jwt_vc(exp=ABSENT))) == ("vc.11", "time.claim_missing")


@pytest.mark.parametrize(
    ("changes", "vc"),
    [
        ({}, {"issuer": "https://other.example"}),
        ({}, {"issuer": {"id": "https://other.example"}}),
        ({"iss": ["x"]}, {"issuer": ISSUER}),
        ({}, {"id": "urn:uuid:2"}),
        ({}, {"credentialSubject": {**SUBJECT, "id": "did:example:2"}}),
        ({}, {"issuanceDate": "2026-01-01T00:00:00Z"}),
        ({}, {"expirationDate": "2027-01-01T00:00:00Z"}),
    ],
)
def test_a_claim_of_version_1_1_that_says_something_else_than_its_member_is_refused(
    changes: dict[str, Any], vc: dict[str, Any]
) -> None:
    assert single(refused(jwt_vc(vc=vc, **changes))) == ("vc.14", "w3c.claims_contradict")


@pytest.mark.parametrize("make", BOTH)
@pytest.mark.parametrize(
    "changes", [{"iss": "https://other.example"}, {"iss": 7}, {"jti": "urn:uuid:2"}, {"sub": "did:example:2"}]
)
def test_a_claim_beside_version_2_0_that_says_something_else_is_refused(make: Maker, changes: dict[str, Any]) -> None:
    assert single(refused(make(**changes))) == ("vc.14", "w3c.claims_contradict")


@pytest.mark.parametrize("written", [EXPIRED, "2027-11-24T12:00:00Z"])
@pytest.mark.parametrize("make", BOTH)
@pytest.mark.parametrize("name", ["issuanceDate", "expirationDate"])
def test_a_time_of_version_1_1_in_version_2_0_is_refused(make: Maker, name: str, written: str) -> None:
    assert single(refused(make(**{name: written}))) == ("vc.14", "w3c.claims_contradict")


@pytest.mark.parametrize("name", ["validFrom", "validUntil", "exp", "nbf"])
def test_a_time_of_another_place_in_a_credential_of_version_1_1_is_refused(name: str) -> None:
    assert single(refused(jwt_vc(vc={name: "2027-11-24T12:00:00Z"}))) == ("vc.14", "w3c.claims_contradict")


@pytest.mark.parametrize("name", ["validFrom", "validUntil", "issuanceDate", "expirationDate"])
def test_a_time_of_the_model_beside_a_credential_of_version_1_1_is_refused(name: str) -> None:
    assert single(refused(jwt_vc(**{name: "2027-11-24T12:00:00Z"}))) == ("vc.14", "w3c.claims_contradict")


def test_a_status_in_the_wrong_place_of_version_1_1_is_refused() -> None:
    entry, token = {"type": "BitstringStatusListEntry"}, {"status_list": {"idx": 1, "uri": "https://status.example"}}

    assert single(refused(jwt_vc(credentialStatus=entry))) == ("vc.12", "status.unavailable")
    assert single(refused(jwt_vc(vc={"status": token}))) == ("vc.12", "status.unavailable")
    assert single(refused(jwt_vc(vc={"status": token}, status=token))) == ("vc.12", "status.unavailable")


@pytest.mark.parametrize("make", ALL)
@pytest.mark.parametrize("audience", ["https://other.example", [], 7, [7]])
def test_a_credential_for_another_audience_is_refused(make: Maker, audience: Any) -> None:
    assert single(refused(make(aud=audience))) == ("vc.14", "holder.audience_mismatch")
    assert code(make(aud=[AUDIENCE])) is code(make(aud=NODE)) is None


@pytest.mark.parametrize("make", ALL)
def test_a_status_claim_that_names_nothing_or_stands_beside_another_is_refused(make: Maker) -> None:
    listed = {"credentialStatus": {"type": "BitstringStatusListEntry"}}
    both = jwt_vc(vc=listed, status={"status_list": {}}) if make is jwt_vc else make(status={"x": 1}, **listed)

    assert single(refused(make(status={}))) == ("vc.12", "status.unavailable")
    assert single(refused(make(status="valid"))) == ("vc.12", "status.unavailable")
    assert single(refused(both)) == ("vc.12", "status.unavailable")


@pytest.mark.parametrize("make", ALL)
def test_a_status_is_handed_on_as_it_was_signed(make: Maker) -> None:
    entries = [{"type": "BitstringStatusListEntry", "statusPurpose": "revocation"}] * 2
    token = {"status_list": {"idx": 1, "uri": "https://status.example"}}

    assert vcs.verify(make()).status_reference is None
    assert vcs.verify(credential(make, credentialStatus=entries)).status_reference == {"credentialStatus": entries}
    assert vcs.verify(make(status=token)).status_reference == token


@pytest.mark.parametrize("make", ALL)
def test_what_was_signed_after_the_service_ended_is_refused(make: Maker) -> None:
    ended = vcs.listed(Format.VC_JWT).history[0]
    history = (ended, type(ended)(ServiceStatus.SUPERSEDED, type(ended.validity)(NOON - timedelta(days=1))))

    assert single(refused(make(iat=NOW - 60), history=history)) == ("vc.4", "issuer.superseded")
    assert single(refused(make(iat=ABSENT), history=history)) == ("vc.4", "issuer.superseded")
    assert code(make(iat=NOW - 2 * 86_400), history=history) is None


# What is accepted.


@pytest.mark.parametrize("make", ALL)
def test_a_good_credential_is_told_as_its_list_says(make: Maker) -> None:
    found = vcs.verify(make())

    assert (found.subject, found.claims["birthdate"]) == (SUBJECT["number"], SUBJECT["birthdate"])
    assert found.name is not None
    assert found.name.display == "ธนพร ศรีสุข"
    assert not found.holder.bound
    assert str(found.authentication) == "A1"
    assert found.disclosed is not None
    assert found.disclosed.types == {"VerifiableCredential", TYPE}
    assert found.expires_at in {datetime(2027, 11, 24, 12, tzinfo=UTC), NOON + timedelta(seconds=YEAR)}
    assert {name for name in results(found) if name.startswith("vc.")} == {point.id for point in vc_points.POINTS}


@pytest.mark.parametrize("make", ALL)
def test_a_credential_alone_is_refused_where_a_holder_is_asked_for(make: Maker) -> None:
    point = "kb.1" if make is vc_sd_jwt else "vc.18"
    other = "kb.2" if make is vc_sd_jwt else "vc.18"

    assert single(refused(make(), request())) == (point, "holder.binding_missing")
    assert single(refused(make(), request(None, audience=AUDIENCE))) == (point, "holder.binding_missing")
    assert single(refused(make(), in_session(request(None)))) == (point, "holder.binding_missing")
    assert code(make(), replace(in_session(request()), needs_holder=False)) is None
    required = refused(make(), binding=HolderBindingRule.REQUIRED)
    assert single(required) == (other, "holder.binding_missing")


def test_members_of_version_1_1_may_be_stated_twice_or_only_inside() -> None:
    inside = {"issuer": ISSUER, "id": "urn:uuid:1", "issuanceDate": "2026-10-25T12:00:00Z"}

    assert code(jwt_vc(vc=inside)) is None
    assert code(jwt_vc(vc={**inside, "expirationDate": "2027-11-24T12:00:00Z"}, nbf=ABSENT, exp=ABSENT)) is None


def test_several_types_count_together() -> None:
    (unverified,) = [vc_jwt(type=["Zebra", "VerifiableCredential", "https://types.example/A"])]
    found = vcs.open_credential(unverified, None, vcs.Reading(vcs.HeaderCache(1)))[0]

    assert vcs.FORMATS[Format.VC_JWT].credential_type(found) == "Zebra https://types.example/A"


def test_one_signed_text_is_of_one_format() -> None:
    plain = vc_jwt()
    header, payload, signature = plain.split(".")

    assert code(f"{plain}~") == "jose.typ_mismatch"
    assert code(vc_sd_jwt(hidden={}).rstrip("~")) == "input.malformed"
    assert code(".".join((header, payload, signature[:-4] + "AAAA"))) == "jose.signature_invalid"
    assert code(sign({"alg": "ES256", "typ": "JWT"}, vcs.payload_of(plain), signer())) != code(plain)
