"""Where an ID token or an SD-JWT VC says that its status is: all of it counts, but for a provider's own word."""

from collections.abc import Callable
from typing import Any

import pytest

from idbridge.credential.sd_jwt import DIGESTS
from idbridge.model.check import Result, decisive
from idbridge.model.credential import StatusClaims
from idbridge.status.check import StatusState, check_status
from idbridge.status.snapshot import EMPTY_STATUS
from tests.credential.kit import NOON, bound, id_token, sd_jwt, verify
from tests.status.listing import trust

LIST = {"status_list": {"idx": 1, "uri": "https://status.th.example/1"}}
ENTRY = {"type": "BitstringStatusListEntry", "statusListIndex": "1"}


def credential(**claims: Any) -> str:
    return bound(sd_jwt(**claims))


MADE = pytest.mark.parametrize("make", [id_token, credential], ids=["id_token", "dc+sd-jwt"])
Make = Callable[..., str]


@pytest.mark.parametrize(
    "status",
    [[LIST], ["active", LIST], [[LIST]], [{}], {}, {"code": "active"}, {"identifier_list": {}}, {"list": [LIST]}],
    ids=str,
)
def test_a_status_of_a_login_that_holds_an_object_refers_to_something(status: Any) -> None:
    assert verify(id_token(status=status)).status_reference == status


@pytest.mark.parametrize("status", ["resident", "", 7, True, None, [], ["x"], [["x"]]], ids=repr)
def test_a_word_of_the_provider_refers_to_nothing_and_hides_no_entry_beside_it(status: Any) -> None:
    assert verify(id_token(status=status)).status_reference is None
    assert verify(id_token(status=status, credentialStatus=ENTRY)).status_reference == {"credentialStatus": ENTRY}


@MADE
@pytest.mark.parametrize("entries", [ENTRY, [ENTRY], {"type": "X"}, {}, [], "https://status.example", None, 7], ids=str)
def test_whatever_is_called_as_a_w3c_credential_calls_its_status_is_one(make: Make, entries: Any) -> None:
    assert verify(make(credentialStatus=entries)).status_reference == {"credentialStatus": entries}
    both = verify(make(credentialStatus=entries, status=LIST)).status_reference
    assert both == StatusClaims(LIST, entries)
    assert str(both) == "StatusClaims(...)"


@MADE
@pytest.mark.parametrize(
    ("claims", "code"),
    [
        ({"credentialStatus": {"type": "SampleStatus2019"}}, "status.unavailable"),
        ({"credentialStatus": [{"type": "SampleStatus2019"}]}, "status.unavailable"),
        ({"credentialStatus": None}, "status.reference_invalid"),
        ({"credentialStatus": "https://status.example"}, "status.reference_invalid"),
        ({"credentialStatus": []}, "status.reference_invalid"),
        ({"credentialStatus": LIST}, "status.reference_invalid"),
        ({"status": {"identifier_list": {"id": "x", "uri": "https://status.th.example/1"}}}, "status.unavailable"),
        ({"status": LIST, "credentialStatus": {"type": "SampleStatus2019"}}, "status.unavailable"),
    ],
    ids=str,
)
def test_what_cannot_be_followed_is_never_good(make: Make, claims: dict[str, Any], code: str) -> None:
    checks, finding = check_status(verify(make(**claims)), EMPTY_STATUS, trust=trust(), path=None, at=NOON)
    check = decisive(checks)

    assert check is not None
    assert check.reason is not None
    assert check.reason.code == code
    assert check.result is not Result.PASSED
    assert finding.state is StatusState.UNAVAILABLE


def test_a_login_whose_list_of_statuses_cannot_be_read_is_never_good() -> None:
    for status, code in (
        (["active", LIST], "status.reference_invalid"),
        ([[LIST]], "status.reference_invalid"),
        ([{}, LIST], "status.reference_invalid"),
        ([{"status_assertion": {}}], "status.unavailable"),
        ([LIST], "status.unavailable"),
    ):
        checks, _ = check_status(
            verify(id_token(status=status)), EMPTY_STATUS, trust=trust(), path=None, at=NOON
        )  # fmt: skip
        check = decisive(checks)
        assert check is not None
        assert check.reason is not None
        assert check.reason.code == code


def test_a_holder_cannot_withhold_in_part_where_the_status_stands() -> None:
    from tests.credential.test_sd_jwt_vc import fault

    found = fault(bound(sd_jwt(credentialStatus={**ENTRY, DIGESTS: []})))

    assert found == ("sd-jwt.13", "sd_jwt.disclosure_forbidden_claim")
