"""A userinfo response beside an ID token: whose, of which kind, and what it may bring. Each refusal, then its twin."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from idbridge.credential.id_token import USERINFO
from idbridge.credential.token_kinds import FORBIDDEN
from idbridge.credential.userinfo import supplemented
from idbridge.model.check import Check, Result
from idbridge.model.login import Encryption, Userinfo
from idbridge.model.region import AssuranceLevel
from idbridge.model.time import Validity
from idbridge.model.trust import EncryptionRule, EntityMap, EntitySubject, ServiceStatus, StatusPeriod
from idbridge.trust.resolver import ResolvedKey
from idbridge.trust.siblings import Sibling
from tests.credential.kit import (
    ABSENT,
    CLAIM_MAP,
    CLIENT,
    ISSUER,
    NOON,
    NOW,
    PERSON,
    changed,
    code,
    faults,
    id_token,
    refused,
    results,
    service,
    sign,
    signer,
    verify,
)
from tests.credential.kit import key as public_key
from tests.credential.test_login_beside import SENT, asked, listed


def userinfo(*, header: dict[str, Any] | None = None, by: Any = None, **changes: Any) -> Userinfo:
    by = by or signer()
    base = {"alg": by.algorithm, "typ": "JWT", "kid": by.kid}
    claims = {"iss": ISSUER, "aud": CLIENT, "sub": PERSON["sub"], "iat": NOW - 5, "address": "9 Sample Quay"}
    return Userinfo(sign(changed(base, header or {}), changed(claims, changes), by))


BARE = {"address": ABSENT}


@pytest.mark.parametrize(
    ("beside", "expected"),
    [
        (userinfo(sub="somebody-else"), "oidc.userinfo_mismatch"),
        (userinfo(sub=ABSENT), "oidc.userinfo_mismatch"),
        (userinfo(sub=7), "oidc.userinfo_mismatch"),
        (userinfo(iss="https://login.sg.example"), "oidc.userinfo_mismatch"),
        (userinfo(iss=ABSENT), "oidc.userinfo_mismatch"),
        (userinfo(aud="another-client"), "oidc.userinfo_mismatch"),
        (userinfo(aud=[CLIENT, "another-client"]), "oidc.userinfo_mismatch"),
        (userinfo(aud=ABSENT), "oidc.userinfo_mismatch"),
        (userinfo(aud=[]), "oidc.userinfo_mismatch"),
        (userinfo(iat=ABSENT), "time.claim_missing"),
        (userinfo(iat="now"), "time.claim_malformed"),
        (userinfo(iat=NOW - 48 * 3600), "time.too_old"),
        (userinfo(iat=NOW + 300), "time.issued_in_future"),
        (userinfo(exp=NOW - 61, iat=NOW - 100), "time.expired"),
        (userinfo(nonce="n"), "oidc.token_confusion"),
        (userinfo(at_hash="x"), "oidc.token_confusion"),
        (userinfo(events={}), "oidc.token_confusion"),
        (userinfo(scope="openid"), "oidc.token_confusion"),
        (userinfo(header={"typ": "at+jwt"}), "jose.typ_mismatch"),
        (userinfo(header={"kid": "another"}), "jose.kid_unknown"),
        (userinfo(header={"alg": "none"}), "jose.alg_none"),
        (userinfo(header={"crit": ["x"]}), "jose.crit_unsupported"),
        (userinfo(by=signer("thief"), header={"kid": signer().kid}), "jose.signature_invalid"),
        (userinfo(by=signer("issuer", "ES384"), header={"kid": ABSENT}), "jose.alg_not_allowed"),
        (Userinfo(json.dumps({"sub": PERSON["sub"]})), "input.malformed"),
        (Userinfo(id_token()), "oidc.token_confusion"),
        (Userinfo("x", Encryption(refused="jose.decryption_failed")), "jose.decryption_failed"),
        (Userinfo("x", Encryption(refused="input.malformed")), "input.malformed"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_userinfo_response_of_another_login_refuses_the_token(beside: Userinfo, expected: str) -> None:
    checks = refused(id_token(**BARE), None, asked(userinfo=beside))

    assert faults(checks) == {"id-token.14": expected}


@pytest.mark.parametrize(
    "changes",
    [
        {"typ": "Bearer"},
        {"typ": "Refresh"},
        {"typ": "ID"},
        {"token_use": "access"},
        {"auth_time": NOW},
        {"amr": ["pwd"]},
        {"azp": CLIENT},
        {"client_id": CLIENT},
        {"code": "x", "state": "y"},
        {"error": "access_denied", "state": "y"},
        *({name: "x"} for name in sorted(FORBIDDEN)),
    ],
    ids=str,
)
def test_a_token_of_another_kind_is_no_userinfo_response(changes: dict[str, Any]) -> None:
    checks = refused(id_token(**BARE), None, asked(userinfo=userinfo(**changes)))

    assert faults(checks) == {"id-token.14": "oidc.token_confusion"}


def test_a_userinfo_response_in_the_open_is_a_downgrade_where_encryption_is_listed() -> None:
    required = listed(EncryptionRule.REQUIRED)
    open_, sent = userinfo(), replace(userinfo(), encryption=SENT)

    assert faults(refused(id_token(), required, asked(encryption=SENT, userinfo=open_))) == {
        "id-token.14": "oidc.encryption_mismatch"
    }
    assert results(verify(id_token(), required, asked(encryption=SENT, userinfo=sent)))["id-token.14"] is Result.PASSED


def test_what_a_userinfo_response_adds_counts_and_what_the_token_says_counts_more() -> None:
    beside = userinfo(birthdate="1900-01-01", aud=[CLIENT])
    credential = verify(id_token(**BARE), None, asked(userinfo=beside))

    assert credential.claims["address"] == "9 Sample Quay"
    assert credential.claims["birthdate"] == PERSON["birthdate"]
    assert results(credential)["id-token.14"] is Result.PASSED
    assert "address" not in verify(id_token(**BARE)).claims


def test_a_userinfo_response_brings_no_level_and_no_subject() -> None:
    beside = userinfo(acr="3", status={"status_list": {}})
    credential = verify(id_token(acr=ABSENT), None, asked(userinfo=beside))

    assert (credential.identity, credential.national_level) == (AssuranceLevel.A0, None)
    assert credential.status_reference is None


def test_a_userinfo_response_without_key_name_counts_by_the_token_s_own_key() -> None:
    assert code(id_token(), None, asked(userinfo=userinfo(header={"kid": ABSENT}))) is None


COMPANY = EntityMap(
    EntitySubject.REPRESENTATIVE, "$.company.number", scheme="LEI", name="company_name", power_claim="powers"
)


@pytest.mark.parametrize(
    ("claim_map", "says"),
    [
        ({"mandate": "represents"}, {"represents": {"entity": {"scheme": "LEI", "value": "x"}}}),
        ({"mandate": "$.acts.for"}, {"acts": {"for": {"entity": {}}}}),
        ({"entity": COMPANY}, {"company": {"number": "5493001KJTIIGC8Y1R12"}}),
        ({"entity": COMPANY}, {"company_name": "ANOTHER"}),
        ({"entity": COMPANY}, {"powers": ["represent"]}),
        ({"acr": "level"}, {"level": "3"}),
        ({"acr": "$.login.level"}, {"login": {"level": "3"}}),
        ({"subject": "$.person.number"}, {"person": {"number": "u-1"}}),
        ({"subject": "$.number.u", "key_values": frozenset({"number"})}, {"number": "u=1"}),
    ],
    ids=str,
)
def test_a_userinfo_response_brings_nothing_that_decides_by_whatever_name_or_path(
    claim_map: dict[str, Any], says: dict[str, Any]
) -> None:
    """Whom somebody acts for, with which power, at which level and who it is: all of it is the ID token's alone."""
    resolved = ResolvedKey(service(claim_map=replace(CLAIM_MAP, **claim_map)), public_key(), NOON)
    claims = {"iss": ISSUER, "aud": CLIENT, "sub": PERSON["sub"]}

    check, both = supplemented(USERINFO, claims, userinfo(**says), resolved=resolved, at=NOON)

    assert check.reason is None
    assert both == {**claims, "address": "9 Sample Quay"}


def test_a_userinfo_response_may_still_bring_a_claim_inside_another() -> None:
    claims = dict(CLAIM_MAP.claims) | {"address": "$.place.text"}
    nested = service(claim_map=replace(CLAIM_MAP, claims=claims))
    beside = userinfo(address=ABSENT, place={"text": "9 Sample Quay"})

    assert verify(id_token(**BARE), nested, asked(userinfo=beside)).claims["address"] == "9 Sample Quay"


def by_sibling(sibling: Sibling | None, beside: Userinfo) -> Check:
    """The check of ``beside`` where the service lists ``sibling`` beside the key that signed the token."""
    provider = service()
    known = () if sibling is None else (sibling,)
    resolved = ResolvedKey(provider, public_key(), NOON, siblings=known)
    claims = {"iss": ISSUER, "aud": CLIENT, "sub": PERSON["sub"]}
    return supplemented(USERINFO, claims, beside, resolved=resolved, at=NOON)[0]


@pytest.mark.parametrize("ended", ["issuer.denied", "issuer.withdrawn", "issuer.compromised"])
def test_a_userinfo_response_counts_by_a_sibling_key_only_while_that_key_does(ended: str) -> None:
    beside = userinfo(by=signer("second"))
    second = public_key("second")

    for sibling, expected in (
        (Sibling(second, ended), ended),
        (None, "jose.kid_unknown"),
        (Sibling(second, None), None),
    ):
        reason = by_sibling(sibling, beside).reason
        assert (reason and reason.code) == expected


@pytest.mark.parametrize("status", [ServiceStatus.SUPERSEDED, ServiceStatus.WITHDRAWN, ServiceStatus.COMPROMISED])
def test_a_userinfo_response_made_after_its_service_ended_is_refused_and_one_from_before_passes(
    status: ServiceStatus,
) -> None:
    """Architecture D1: what was signed before counts, and the response says by itself when that was."""
    end = NOON - timedelta(seconds=60)
    granted = StatusPeriod(ServiceStatus.GRANTED, Validity(NOON - timedelta(days=30), end))
    ended = service(history=(granted, StatusPeriod(status, Validity(end, None))))
    token = id_token(**BARE, iat=NOW - 120, auth_time=NOW - 130)

    after = refused(token, ended, asked(userinfo=userinfo(iat=NOW - 60)))

    assert faults(after) == {"id-token.14": f"issuer.{status.name.lower()}"}
    assert code(token, ended, asked(userinfo=userinfo(iat=NOW - 61))) is None


def test_a_userinfo_response_from_before_its_service_began_is_refused() -> None:
    begun = service(history=(StatusPeriod(ServiceStatus.GRANTED, Validity(NOON - timedelta(seconds=60), None)),))
    token = id_token(**BARE, iat=NOW - 30, auth_time=NOW - 30)

    assert faults(refused(token, begun, asked(userinfo=userinfo(iat=NOW - 61)))) == {
        "id-token.14": "issuer.not_yet_granted"
    }
    assert code(token, begun, asked(userinfo=userinfo(iat=NOW - 60))) is None


def test_a_userinfo_response_that_arrives_encrypted_where_no_encryption_is_listed_is_refused() -> None:
    sent = replace(userinfo(), encryption=SENT)

    assert faults(refused(id_token(), None, asked(userinfo=sent))) == {"id-token.14": "oidc.encryption_mismatch"}
    assert code(id_token(), listed(EncryptionRule.ALLOWED), asked(userinfo=sent)) is None
    assert code(id_token(), listed(EncryptionRule.ALLOWED), asked(userinfo=userinfo())) is None
