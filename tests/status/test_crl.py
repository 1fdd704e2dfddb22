"""Revoked certificates: what the held lists say of a path, and that silence is not a good word."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from idbridge.crypto.certificates import Authority, make_crl, serial_number
from idbridge.crypto.crl import VerifiedCrl, verify_crl
from idbridge.crypto.x509 import VerifiedPath
from idbridge.errors import StatusError
from idbridge.model.check import Result, decisive
from idbridge.model.credential import VerifiedCredential
from idbridge.model.region import MemberState
from idbridge.model.time import Validity
from idbridge.status.check import StatusState, check_status
from idbridge.status.crl import CrlFinding, CrlState, crl_status
from idbridge.status.snapshot import EMPTY_STATUS, StatusSnapshot, status_snapshot
from tests.credential.kit import bound, id_token, sd_jwt, verify
from tests.crypto.chains import LEAF, MIDDLE, NOON, ROOT, leaf, path
from tests.status.listing import ONE, SG, jwt, making, taken, trust

DAY = timedelta(days=1)
BELOW = leaf(MIDDLE)
LONG = path(BELOW, MIDDLE.certificate)
SHORT = path(LEAF)


def crl(authority: Authority, *certificates: bytes, number: int = 1, made: datetime = NOON) -> VerifiedCrl:
    """A CRL of ``authority`` that revokes ``certificates``."""
    validity = Validity(made - DAY, made + DAY)
    revoked = {serial_number(one): made - DAY for one in certificates}
    octets = make_crl(authority, number=number, validity=validity, revoked=revoked)
    return verify_crl(octets, issuer=authority.certificate, at=made)


LISTED = status_snapshot(lists=[taken(jwt(of=making(made=NOON - timedelta(hours=1))), at=NOON)])


def found(path_: VerifiedPath, *crls: VerifiedCrl, at: datetime = NOON) -> CrlFinding:
    return crl_status(path_, status_snapshot(crls), at=at)


def test_a_revoked_leaf_and_a_revoked_authority_revoke_the_path() -> None:
    for lists in ([crl(ROOT), crl(MIDDLE, BELOW)], [crl(ROOT, MIDDLE.certificate), crl(MIDDLE)]):
        finding = found(LONG, *lists)
        assert finding.state is CrlState.REVOKED
        assert finding.revocation is not None
        assert finding.revocation.since == NOON - DAY


def test_a_revocation_is_worse_than_a_list_that_is_not_held() -> None:
    assert found(LONG, crl(MIDDLE, BELOW)).state is CrlState.REVOKED
    assert found(LONG, crl(ROOT, MIDDLE.certificate)).state is CrlState.REVOKED


def test_a_revocation_outlives_the_list_that_says_it_and_silence_does_not() -> None:
    later = NOON + 3 * DAY

    assert found(SHORT, crl(ROOT, LEAF), at=later).state is CrlState.REVOKED
    assert found(SHORT, crl(ROOT), at=later) == CrlFinding(CrlState.UNKNOWN)
    assert found(SHORT, crl(ROOT), at=NOON).state is CrlState.GOOD


@pytest.mark.parametrize("lists", [(), (crl(MIDDLE),), (crl(ROOT),)])
def test_a_certificate_that_no_list_speaks_of_is_unknown(lists: tuple[VerifiedCrl, ...]) -> None:
    assert found(LONG, *lists).state is CrlState.UNKNOWN


def test_a_serial_number_of_another_authority_revokes_nothing() -> None:
    assert found(LONG, crl(ROOT, BELOW), crl(MIDDLE, MIDDLE.certificate)).state is CrlState.GOOD


def test_a_good_path_is_as_old_as_its_oldest_list() -> None:
    older = crl(ROOT, made=NOON - timedelta(hours=6))

    assert found(LONG, older, crl(MIDDLE)) == CrlFinding(CrlState.GOOD, older.this_update)


def test_a_certificate_that_the_list_names_itself_is_not_asked_about() -> None:
    listed = path(LEAF, anchors=[LEAF])

    assert listed.links == ()
    assert found(listed, crl(ROOT, LEAF)) == CrlFinding(CrlState.GOOD)


def test_the_newest_list_of_an_authority_counts_and_two_of_one_number_are_refused() -> None:
    old, new = crl(ROOT, LEAF, number=1), crl(ROOT, number=2)

    assert found(SHORT, old, new).state is found(SHORT, new, old).state is CrlState.GOOD
    with pytest.raises(StatusError) as caught:
        status_snapshot([crl(ROOT, number=2), crl(ROOT, LEAF, number=2)])
    assert caught.value.code == "status.crl_rollback"


def test_a_snapshot_is_named_by_what_it_holds_in_any_order() -> None:
    one, other = crl(ROOT), crl(MIDDLE)

    assert status_snapshot([one, other]).id == status_snapshot([other, one]).id
    assert status_snapshot([one, one]).id == status_snapshot([one]).id
    assert len({status_snapshot(held).id for held in ([], [one], [other], [one, other])}) == 4
    assert status_snapshot().id == EMPTY_STATUS.id


def under_crl(text: str, *, demanded: bool = True, state: MemberState | None = None) -> VerifiedCredential:
    """A verified credential of a state whose list demands a CRL, or does not."""
    credential = verify(text)
    profile = replace(credential.service.profile, crl=frozenset({"https://crl.sg.example/1"} if demanded else ()))
    listed = replace(credential.service, profile=profile, member_state=state or credential.service.member_state)
    return credential._replace(service=listed)


def checked(
    text: str,
    snapshot: StatusSnapshot,
    path_: VerifiedPath | None,
    *,
    demanded: bool = False,
    state: MemberState | None = None,
) -> tuple[Result, str | None, StatusState]:
    credential = under_crl(text, demanded=demanded, state=state)
    checks, finding = check_status(credential, snapshot, trust=trust(), path=path_, at=NOON)
    check = decisive(checks) or checks[0]
    return check.result, check.reason.code if check.reason is not None else None, finding.state


def test_a_credential_under_a_revoked_certificate_fails_whatever_else_is_unknown() -> None:
    revoked = status_snapshot([crl(ROOT, LEAF)])
    reference = {"status_list": {"idx": 7, "uri": "https://pid.th.example/status"}}

    for text in (bound(sd_jwt()), bound(sd_jwt(status=reference))):
        assert checked(text, revoked, SHORT) == (Result.FAILED, "issuer.certificate_revoked", StatusState.REVOKED)


@pytest.mark.parametrize("held", [(), (crl(MIDDLE),), (crl(ROOT, made=NOON - 3 * DAY),)])
def test_a_state_that_demands_to_know_is_not_answered_by_silence(held: tuple[VerifiedCrl, ...]) -> None:
    unknown = (Result.INDETERMINATE, "status.unavailable", StatusState.UNAVAILABLE)

    assert checked(bound(sd_jwt()), status_snapshot(held), SHORT, demanded=True) == unknown
    assert checked(bound(sd_jwt()), status_snapshot(held), SHORT)[0] is Result.PASSED
    assert checked(bound(sd_jwt()), status_snapshot([crl(ROOT)]), SHORT, demanded=True)[0] is Result.PASSED
    assert checked(bound(sd_jwt()), status_snapshot(held), None, demanded=True)[0] is Result.PASSED


def test_a_credential_under_plain_keys_or_a_good_certificate_passes() -> None:
    for snapshot in (EMPTY_STATUS, status_snapshot([crl(ROOT)]), status_snapshot([crl(MIDDLE, BELOW)])):
        for used in (None, SHORT):
            assert checked(id_token(), snapshot, used) == (Result.PASSED, None, StatusState.NONE)


@pytest.mark.parametrize("demanded", [True, False])
def test_a_crl_that_was_looked_at_and_is_good_is_told_beside_the_status_of_the_credential(demanded: bool) -> None:
    listed = bound(sd_jwt(status={"status_list": {"idx": 0, "uri": ONE}}))
    both = status_snapshot([crl(ROOT)], lists=LISTED.lists.values())

    for text, state in ((bound(sd_jwt()), StatusState.NONE), (listed, StatusState.VALID)):
        credential = under_crl(text, demanded=demanded, state=SG)
        checks, finding = check_status(credential, both, trust=trust(), path=SHORT, at=NOON)
        assert [check.id for check in checks][:2] == ["status.2", "status.1"]
        assert checks[0].result is Result.PASSED
        assert finding.state is state


def test_a_certificate_of_which_nothing_was_looked_up_is_not_told_as_good() -> None:
    credential = under_crl(bound(sd_jwt()), demanded=False)

    for held, used in (
        (status_snapshot([crl(ROOT)]), None),
        (status_snapshot([crl(MIDDLE)]), SHORT),
        (EMPTY_STATUS, SHORT),
    ):
        checks, _ = check_status(credential, held, trust=trust(), path=used, at=NOON)
        assert [check.id for check in checks] == ["status.1"]


@pytest.mark.parametrize(
    ("index", "answer"),
    [
        (0, (Result.INDETERMINATE, "status.unavailable", StatusState.UNAVAILABLE)),
        (1, (Result.FAILED, "status.revoked", StatusState.REVOKED)),
        (2, (Result.FAILED, "status.suspended", StatusState.SUSPENDED)),
        (10**6, (Result.INDETERMINATE, "status.unavailable", StatusState.UNAVAILABLE)),
        (-1, (Result.FAILED, "status.reference_invalid", StatusState.UNAVAILABLE)),
    ],
)
def test_what_a_status_list_says_no_to_is_refused_though_a_demanded_crl_is_silent(
    index: int, answer: tuple[Result, str, StatusState]
) -> None:
    text = bound(sd_jwt(status={"status_list": {"idx": index, "uri": ONE}}))

    assert checked(text, LISTED, SHORT, demanded=True, state=SG) == answer
    assert checked(bound(sd_jwt()), LISTED, SHORT, demanded=True, state=SG)[1] == "status.unavailable"


def test_of_a_silent_crl_and_a_list_that_says_no_both_are_told() -> None:
    credential = under_crl(bound(sd_jwt(status={"status_list": {"idx": 1, "uri": ONE}})), state=SG)

    checks, _ = check_status(credential, LISTED, trust=trust(), path=SHORT, at=NOON)

    assert [(check.id, check.reason.code) for check in checks if check.reason is not None] == [
        ("status.2", "status.unavailable"),
        ("tsl.7", "status.revoked"),
    ]
