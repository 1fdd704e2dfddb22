"""Recognition documents in the trusted set: numbered like lists, and never lost."""

import pytest

from idbridge.errors import TrustError
from idbridge.limits import LIMITS
from idbridge.model.region import Environment
from idbridge.trust.errors import EquivocationError, RollbackError
from idbridge.trust.trusted_set import TrustedSet
from tests.trust.agreements import arrangement, purposes
from tests.trust.editions import SG, TH, pins

EMPTY = TrustedSet(Environment.SANDBOX, pins())
ENACTED = EMPTY.with_arrangement(arrangement())
SUSPENDED = ENACTED.with_arrangement(arrangement(2, status="suspended", by=(TH,)))
REGISTER = EMPTY.with_purposes(purposes(3))


def restarted(held: TrustedSet) -> TrustedSet:
    """What a node begins with after a restart: the floors, and no document."""
    return TrustedSet(
        held.environment,
        held.pins,
        arrangement_floors=held.arrangement_floors,
        purposes_floor=held.purposes_floor,
    )


def code_of_arrangement(held: TrustedSet, offered: bytes) -> str:
    with pytest.raises(TrustError) as caught:
        held.with_arrangement(offered)
    return caught.value.code


def code_of_purposes(held: TrustedSet, offered: bytes) -> str:
    with pytest.raises(TrustError) as caught:
        held.with_purposes(offered)
    return caught.value.code


def test_a_second_text_of_a_version_is_refused_held_or_on_the_floor() -> None:
    other = arrangement(claims=[])  # a member too many, in a version that exists
    rewritten = arrangement(until="2027-01-01T00:00:00Z")

    assert code_of_arrangement(ENACTED, other) == "trust.arrangement_invalid"
    for held in (ENACTED, SUSPENDED, restarted(ENACTED)):
        with pytest.raises(EquivocationError) as caught:
            held.with_arrangement(rewritten)
        assert caught.value.code == "trust.equivocation"


def test_an_earlier_version_is_not_exchanged_behind_the_floor_of_a_later_one() -> None:
    rewritten = restarted(SUSPENDED).with_arrangement(arrangement(until="2027-01-01T00:00:00Z"))

    with pytest.raises(EquivocationError):
        rewritten.with_arrangement(arrangement(2, status="suspended", by=(TH,)))
    with pytest.raises(RollbackError):
        rewritten.require_whole()


def test_the_versions_of_an_arrangement_leave_no_gap() -> None:
    assert code_of_arrangement(EMPTY, arrangement(2)) == "trust.arrangement_invalid"
    assert code_of_arrangement(ENACTED, arrangement(3)) == "trust.arrangement_invalid"
    assert SUSPENDED.arrangement_floors["SG-TH"].sequence == 2


def test_an_arrangement_that_a_party_did_not_sign_is_refused() -> None:
    assert code_of_arrangement(EMPTY, arrangement(by=(SG,))) == "trust.arrangement_invalid"
    assert code_of_arrangement(SUSPENDED, arrangement(3, by=(TH,))) == "trust.arrangement_invalid"


def test_the_same_version_again_changes_nothing() -> None:
    assert SUSPENDED.with_arrangement(arrangement()).arrangements == SUSPENDED.arrangements
    assert SUSPENDED.with_arrangement(arrangement()).arrangement_floors == SUSPENDED.arrangement_floors


def test_a_suspension_that_is_taken_out_of_the_distribution_is_missed() -> None:
    fresh = restarted(SUSPENDED)

    with pytest.raises(RollbackError) as nothing:
        fresh.require_whole()
    with pytest.raises(RollbackError) as cut:
        fresh.with_arrangement(arrangement()).require_whole()

    assert (nothing.value.held, nothing.value.offered) == (2, 0)
    assert (cut.value.held, cut.value.offered) == (2, 1)
    whole = fresh.with_arrangement(arrangement()).with_arrangement(arrangement(2, status="suspended", by=(TH,)))
    assert whole.require_whole() is whole


def test_a_purpose_register_follows_its_floor() -> None:
    assert REGISTER.purposes.version == 3
    assert REGISTER.with_purposes(purposes(3, by=(SG, TH))) is REGISTER  # the very text that was accepted
    for held in (REGISTER, restarted(REGISTER)):
        assert code_of_purposes(held, purposes(2)) == "trust.rollback"
        assert code_of_purposes(held, purposes(4, by=(SG, TH))) == "trust.arrangement_invalid"
        assert code_of_purposes(held, purposes(3 + LIMITS.list_sequence_step + 1)) == "trust.sequence_jump"
        assert held.with_purposes(purposes(4)).purposes_floor != REGISTER.purposes_floor
    other = purposes(3, purposes=[{
        "code": "other", "name": {"en": "Other"}, "minimum_level": "A1", "bearer_allowed": False,
        "claims": [], "subject": "natural", "mandate_scope": [],
    }])  # fmt: skip
    assert code_of_purposes(REGISTER, other) == "trust.equivocation"
    assert code_of_purposes(restarted(REGISTER), other) == "trust.equivocation"


def test_a_purpose_register_that_is_gone_is_missed() -> None:
    with pytest.raises(RollbackError):
        restarted(REGISTER).require_whole()


def test_documents_of_the_other_environment_are_refused() -> None:
    assert code_of_arrangement(EMPTY, arrangement(environment="live")) == "trust.arrangement_invalid"
    assert code_of_purposes(EMPTY, purposes(environment="live")) == "trust.arrangement_invalid"
