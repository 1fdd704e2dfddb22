"""How much two clocks may differ: a state says so in its list, within a bound; a source may leave it at the default."""

import pytest

from idbridge.limits import LIMITS
from tests.trust.editions import EXTENSION, SG, changed, edition, lote, refusal, service, signed, trusted, without

MOST = int(LIMITS.clock_leeway_max.total_seconds())
PLAIN = {name: member for name, member in service().items() if name != "leeway_seconds"}


@pytest.mark.parametrize("seconds", [MOST + 1, -1, 1.5, True, "60", None])
def test_a_leeway_out_of_bounds_is_refused(seconds: object) -> None:
    offered = signed(changed(lote(), *EXTENSION, "leewaySeconds", to=seconds))

    assert refusal(trusted(edition(6)), offered).code == "trust.profile_violation"


def test_a_list_that_does_not_say_its_leeway_is_refused() -> None:
    offered = signed(without(lote(), *EXTENSION, "leewaySeconds"))

    assert refusal(trusted(edition(6)), offered).code == "trust.profile_violation"


def test_the_largest_leeway_is_accepted() -> None:
    (listed,) = trusted(edition(7, service(leeway_seconds=MOST))).lists[SG].services

    assert listed.profile.leeway == LIMITS.clock_leeway_max


def test_a_source_that_says_nothing_gets_the_default() -> None:
    (listed,) = trusted(edition(7, PLAIN)).lists[SG].services

    assert listed.profile.leeway == LIMITS.clock_leeway
