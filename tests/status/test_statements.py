"""What a held list says of a credential at step V6: good, revoked, suspended, or nothing that counts."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from idbridge.limits import LIMITS
from idbridge.model.check import Check, Result, decisive
from idbridge.model.credential import StatusClaims
from idbridge.model.region import Format
from idbridge.status.check import POINTS, StatusFinding, StatusState, check_status
from idbridge.status.snapshot import EMPTY_STATUS, StatusSnapshot, status_snapshot
from idbridge.trust.snapshot import TrustSnapshot
from tests.credential.kit import bound, sd_jwt, verify
from tests.status.listing import (
    ONE,
    SG,
    TH,
    THREE,
    TWO,
    bitstring,
    cwt,
    jwt,
    making,
    revocation,
    snapshot,
    taken,
    trust,
)
from tests.trust.editions import NOON, statuses

LISTS = status_snapshot(
    lists=[
        taken(jwt()),
        taken(cwt((0,), bits=8, of=making(TWO)), address=TWO),
        taken(bitstring(of=making(THREE)), address=THREE),
    ]
)
CREDENTIAL = verify(bound(sd_jwt()))


def referring(status: Any, *, state: Any = SG) -> Any:
    """A verified credential of Singapore with this status member."""
    service = replace(CREDENTIAL.service, member_state=state)
    return CREDENTIAL._replace(status_reference=status, service=service)


def token(index: Any, uri: Any = ONE) -> dict[str, Any]:
    return {"status_list": {"idx": index, "uri": uri}}


def w3c(index: Any = "0", **changes: Any) -> dict[str, Any]:
    return {
        "id": f"{THREE}#0",
        "type": "BitstringStatusListEntry",
        "statusPurpose": "revocation",
        "statusListIndex": index,
        "statusListCredential": THREE,
        **changes,
    }


def of_format(kind: Format, status: Any) -> tuple[tuple[Check, ...], StatusFinding]:
    credential = referring(status)._replace(format=kind)
    return check_status(credential, LISTS, trust=trust(), path=None, at=NOON)


@pytest.mark.parametrize("index", [0, 1])
def test_the_list_of_an_sd_jwt_vc_is_a_jwt(index: int) -> None:
    assert refused(token(index, TWO)) == ("tsl.2", "status.list_invalid", *SILENT)


@pytest.mark.parametrize("kind", [one for one in Format if one is not Format.SD_JWT_VC])
def test_the_list_of_any_other_credential_may_be_a_cwt(kind: Format) -> None:
    for address in (ONE, TWO):
        assert of_format(kind, token(0, address))[1].state is StatusState.VALID


def found(
    status: Any,
    held: StatusSnapshot = LISTS,
    *,
    over: TrustSnapshot | None = None,
    state: Any = SG,
    at: datetime = NOON,
) -> tuple[tuple[Check, ...], StatusFinding]:
    return check_status(referring(status, state=state), held, trust=over or trust(), path=None, at=at)


def refused(*args: Any, **how: Any) -> tuple[str, str, Result, StatusState]:
    """Check, code, result and state of a status that is refused, with nothing called passed that was not made."""
    checks, finding = found(*args, **how)
    decided = decisive(checks)
    assert decided is not None
    assert decided.reason is not None
    assert [check.id for check in checks] == [point.id for point in POINTS]
    return decided.id, decided.reason.code, decided.result, finding.state


SILENT = (Result.INDETERMINATE, StatusState.UNAVAILABLE)


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (token(1), ("tsl.7", "status.revoked", Result.FAILED, StatusState.REVOKED)),
        (token(2), ("tsl.7", "status.suspended", Result.FAILED, StatusState.SUSPENDED)),
        (token(3), ("tsl.7", "status.reserved_value", Result.FAILED, StatusState.OTHER)),
        (w3c("1"), ("tsl.7", "status.revoked", Result.FAILED, StatusState.REVOKED)),
        (token(8), ("tsl.6", "status.index_range", *SILENT)),
        (token(10**30), ("tsl.6", "status.index_range", *SILENT)),
        (w3c("131072"), ("tsl.6", "status.index_range", *SILENT)),
        (w3c(statusSize=2), ("tsl.6", "status.index_range", *SILENT)),
        (token(0, "https://status.sg.example/4"), ("tsl.8", "status.unavailable", *SILENT)),
        (w3c(statusPurpose="suspension"), ("tsl.9", "status.list_invalid", *SILENT)),
        (token(0, THREE), ("tsl.9", "status.list_invalid", *SILENT)),
        (w3c(statusListCredential=ONE), ("tsl.9", "status.list_invalid", *SILENT)),
        ({"identifier_list": {"id": b"x", "uri": ONE}}, ("tsl.1", "status.unavailable", *SILENT)),
        ({**token(0), "status_assertion": {}}, ("tsl.1", "status.unavailable", *SILENT)),
        (w3c(type="StatusList2021Entry"), ("tsl.1", "status.unavailable", *SILENT)),
    ],
    ids=str,
)
def test_what_is_not_good_is_refused_under_its_own_code(status: Any, expected: tuple[str, ...]) -> None:
    assert refused(status) == expected


@pytest.mark.parametrize(
    "status",
    [
        {},
        [],
        {"status_list": None},
        {"status_list": {}},
        token(-1),
        token(True),
        token("1"),
        token(1.0),
        token(None),
        token(1, None),
        token(1, ""),
        token(1, "https://" + "x" * LIMITS.identifier_characters),
        {"credentialStatus": []},
        {"credentialStatus": ["x"]},
        {"credentialStatus": None},
        [w3c()] * (LIMITS.status_mechanisms + 1),
        w3c(type=7),
        w3c(""),
        w3c("-1"),
        w3c("01"),
        w3c("1 "),
        w3c("١"),
        w3c(None),
        w3c(statusPurpose=None),
        w3c(statusSize=0),
        w3c(statusSize=9),
        w3c(statusSize="1"),
        w3c(statusListCredential=7),
        7,
    ],
    ids=lambda value: str(value)[:60],
)
def test_a_reference_that_is_no_reference_is_refused(status: Any) -> None:
    code = refused(status)[:3]

    assert code == ("tsl.1", "status.reference_invalid", Result.FAILED)


@pytest.mark.parametrize(
    "status",
    [
        token(0),
        token(4, ONE),
        w3c(),
        w3c(0),
        [w3c("0"), w3c("2")],
        [token(0), w3c()],
        {"credentialStatus": w3c()},
        {"credentialStatus": [w3c()]},
    ],
    ids=str,
)
def test_a_credential_that_all_its_lists_call_good_passes(status: Mapping[str, Any]) -> None:
    checks, finding = found(status)

    assert decisive(checks) is None
    assert (finding.state, finding.as_of) == (StatusState.VALID, NOON - timedelta(hours=1))
    assert {check.id for check in checks} == {"status.1", *(point.id for point in POINTS)}


def test_of_several_lists_one_that_says_no_decides_and_then_one_that_is_silent() -> None:
    silent = w3c(statusListCredential="https://status.sg.example/4")

    assert refused([silent, w3c("1"), w3c()])[1] == "status.revoked"
    assert refused([w3c(), silent])[1] == "status.unavailable"


@pytest.mark.parametrize(
    "beside",
    [
        {"credentialStatus": w3c()},
        {"credentialStatus": token(0)},
        {"status_assertion": {"x": 1}},
        {"status_list2": token(0)["status_list"]},
        w3c(),
        {"type": "BitstringStatusListEntry"},
    ],
    ids=str,
)
def test_no_second_mechanism_makes_up_for_the_first(beside: dict[str, Any]) -> None:
    for status in ({**token(1), **beside}, {**beside, **token(1)}, [beside, token(1)]):
        assert refused(status)[2] is Result.FAILED
    assert refused({**token(0), **beside})[2] is not Result.PASSED
    if len(beside) == 1:
        assert refused({**token(1), **beside})[1:] == ("status.revoked", Result.FAILED, StatusState.REVOKED)
        assert refused({**token(0), **beside}) == ("tsl.1", "status.unavailable", *SILENT)


@pytest.mark.parametrize("beside", ["credentialStatus", "status_assertion", "identifier_list"])
def test_an_entry_of_a_bitstring_in_status_stands_alone(beside: str) -> None:
    assert refused({**w3c(), beside: w3c()}) == ("tsl.1", "status.unavailable", *SILENT)
    assert refused({**w3c("1"), beside: w3c()})[1] == "status.revoked"
    assert refused([w3c(), {beside: w3c()}]) == ("tsl.1", "status.unavailable", *SILENT)


@pytest.mark.parametrize("entry", [{**w3c(), **token(1)}, {**w3c(), **token(0)}], ids=str)
def test_an_entry_of_a_w3c_credential_that_is_a_status_too_is_not_read(entry: dict[str, Any]) -> None:
    assert refused({"credentialStatus": entry}) == ("tsl.1", "status.unavailable", *SILENT)
    assert refused({"credentialStatus": [w3c(), entry]}) == ("tsl.1", "status.unavailable", *SILENT)
    assert refused({"credentialStatus": [entry, w3c("1")]})[1] == "status.revoked"


def test_what_a_w3c_credential_refers_to_is_an_entry_and_no_status_of_another_kind() -> None:
    for value in (token(0), token(1), [token(0)]):
        assert refused({"credentialStatus": value})[:2] == ("tsl.1", "status.reference_invalid")


@pytest.mark.parametrize("broken", [{"status_list": {}}, {"status_list": None}, 7])
def test_what_is_revoked_is_called_so_whatever_is_broken_beside_it(broken: Any) -> None:
    assert refused([broken, token(1)])[1] == "status.revoked"
    assert refused([broken, token(0)])[1] == "status.reference_invalid"


@pytest.mark.parametrize(
    ("status", "entries", "code"),
    [
        (token(1), w3c(), "status.revoked"),
        (token(0), w3c("1"), "status.revoked"),
        (token(0), [w3c(), w3c("1")], "status.revoked"),
        ([token(0), token(2)], w3c(), "status.suspended"),
        (token(0), w3c(type="SampleStatus2019"), "status.unavailable"),
        (token(0), [], "status.reference_invalid"),
        (token(0), None, "status.reference_invalid"),
        ({}, w3c(), "status.reference_invalid"),
        ([{}, token(0)], w3c(), "status.reference_invalid"),
        (token(0), [w3c()] * LIMITS.status_mechanisms, "status.reference_invalid"),
    ],
    ids=str,
)
def test_of_a_credential_that_has_both_members_both_have_to_be_good(status: Any, entries: Any, code: str) -> None:
    assert refused(StatusClaims(status, entries))[1] == code
    assert found(StatusClaims(token(0), w3c()))[1].state is StatusState.VALID


def test_a_list_of_another_state_says_nothing() -> None:
    assert refused(token(0), state=TH) == ("tsl.3", "status.signer_unauthorised", *SILENT)
    assert refused(token(1), state=TH) == ("tsl.3", "status.signer_unauthorised", *SILENT)


@pytest.mark.parametrize(
    "changes",
    [
        {"status": statuses(("granted", "2026-01-01"), ("withdrawn", "2026-11-24"))},
        {"status": statuses(("granted", "2026-01-01"), ("compromised", "2026-06-01"))},
        {"status_lists": [TWO]},
    ],
    ids=str,
)
@pytest.mark.parametrize("index", [0, 1])
def test_a_list_whose_signer_may_speak_no_longer_says_nothing(index: int, changes: dict[str, Any]) -> None:
    over = snapshot(revocation(**changes))

    assert refused(token(index), over=over) == ("tsl.3", "status.signer_unauthorised", *SILENT)


@pytest.mark.parametrize("index", [0, 1, 2])
def test_a_list_that_is_out_of_date_says_nothing_not_even_that_it_was_revoked(index: int) -> None:
    until = LISTS.lists[SG, ONE].until

    assert refused(token(index), at=until) == ("tsl.4", "status.list_stale", *SILENT)
    before = until - timedelta(seconds=1)
    assert found(token(0), at=before)[1].state is StatusState.VALID


def test_a_bitstring_that_is_too_short_hides_nobody_and_says_nothing() -> None:
    short = status_snapshot(lists=[taken(bitstring(entries=131_064, of=making(THREE)), address=THREE)])

    assert refused(w3c(), short) == ("tsl.6", "status.index_range", *SILENT)


def test_a_purpose_that_has_no_meaning_here_is_not_good_once_it_is_said() -> None:
    held = status_snapshot(lists=[taken(bitstring(purpose="refresh", of=making(THREE)), address=THREE)])

    assert refused(w3c("1", statusPurpose="refresh"), held)[1] == "status.reserved_value"
    assert found(w3c("0", statusPurpose="refresh"), held)[1].state is StatusState.VALID


def test_a_suspension_list_suspends() -> None:
    held = status_snapshot(lists=[taken(bitstring(purpose="suspension", of=making(THREE)), address=THREE)])

    assert refused(w3c("1", statusPurpose="suspension"), held)[1] == "status.suspended"


def test_a_snapshot_is_named_by_its_lists_and_until_when_they_count() -> None:
    one = taken(jwt())
    later = replace(one, until=one.until + timedelta(hours=1))

    assert len({status_snapshot(lists=held).id for held in ([], [one], [later], [taken(jwt((0,)))])}) == 4
    assert status_snapshot(lists=[]).id == EMPTY_STATUS.id
