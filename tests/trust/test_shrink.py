"""The brake: an edition that ends a fifth of a list needs a signature more than usual."""

import pytest

from idbridge.crypto.signer import generate
from idbridge.errors import TrustError
from idbridge.limits import LIMITS
from idbridge.model.region import Environment
from idbridge.trust import profile, shrink
from idbridge.trust.profile import TrustList
from tests.trust.editions import NOON, SG, edition, pins, service, statuses

SERVICES = 10
KEYS = tuple(generate("ES256") for _ in range(SERVICES))


def listed(ended: int, *, sequence: int, status: str = "withdrawn") -> TrustList:
    """An edition of ten services, of which the first ones have ended."""
    services = [
        service(
            f"login-{number}",
            issuer=f"https://login-{number}.sg.example",
            keys=(KEYS[number],),
            status=statuses(("granted", "2026-01-01"), *([(status, "2026-06-01")] if number < ended else [])),
        )
        for number in range(SERVICES)
    ]
    return profile.parse(edition(sequence, *services), state=SG, environment=Environment.SANDBOX, keys=pins(SG)[SG])


def refused(ended: int, *, spare: int = 0) -> bool:
    try:
        shrink.require_confirmed(listed(0, sequence=1), listed(ended, sequence=2), spare=spare, at=NOON)
    except TrustError as refusal:
        if refusal.code != "trust.shrink_unconfirmed":
            raise
        return True
    return False


@pytest.mark.parametrize("ended", [0, 1, 2])
def test_up_to_a_fifth_may_end_as_usual(ended: int) -> None:
    assert ended / SERVICES <= LIMITS.shrink_brake
    assert not refused(ended)


@pytest.mark.parametrize("ended", [3, 10])
def test_more_than_a_fifth_waits_for_one_more_signature(ended: int) -> None:
    assert ended / SERVICES > LIMITS.shrink_brake
    assert refused(ended)
    assert not refused(ended, spare=1)


def test_a_first_list_ends_nothing() -> None:
    shrink.require_confirmed(None, listed(10, sequence=1), spare=0, at=NOON)
