"""Status: what cannot be established is undecided, never good and never called revoked."""

import re

import pytest

from idbridge.model.check import Result, decisive
from idbridge.reasons import Indication
from idbridge.status.check import StatusState, check_status
from idbridge.status.snapshot import EMPTY_STATUS, StatusSnapshot
from tests.credential.kit import NOON, bound, id_token, sd_jwt, verify
from tests.status.listing import trust

REFERENCE = {"status_list": {"idx": 7, "uri": "https://pid.th.example/status"}}


@pytest.mark.parametrize("text", [bound(sd_jwt(status=REFERENCE)), id_token(status=REFERENCE)])
def test_a_reference_that_nothing_held_answers_is_undecided(text: str) -> None:
    checks, finding = check_status(verify(text), EMPTY_STATUS, trust=trust(), path=None, at=NOON)
    check = decisive(checks)

    assert check is not None
    assert check.id == "tsl.8"
    assert check.result is Result.INDETERMINATE
    assert check.reason is not None
    assert check.reason.code == "status.unavailable"
    assert check.reason.indication is Indication.INDETERMINATE
    assert EMPTY_STATUS.id in check.note
    assert (finding.state, finding.as_of) == (StatusState.UNAVAILABLE, None)


@pytest.mark.parametrize("text", [bound(sd_jwt()), id_token()])
def test_a_credential_whose_issuer_offers_no_status_passes(text: str) -> None:
    (check,), finding = check_status(verify(text), EMPTY_STATUS, trust=trust(), path=None, at=NOON)

    assert check.result is Result.PASSED
    assert (finding.state, finding.as_of) == (StatusState.NONE, None)


def test_a_snapshot_is_named_by_its_content() -> None:
    assert re.fullmatch(r"[0-9a-f]{64}", EMPTY_STATUS.id)
    assert StatusSnapshot(EMPTY_STATUS.id) == EMPTY_STATUS
