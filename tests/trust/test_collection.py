"""The collector is off while a list is read, and afterwards what it was, however the reading ends."""

import gc
from collections.abc import Iterator

import pytest

from idbridge.errors import TrustError
from idbridge.trust import collection
from tests.trust.editions import edition, trusted


@pytest.fixture(autouse=True)
def _collected() -> Iterator[None]:
    before = gc.isenabled()
    gc.enable()
    yield
    (gc.enable if before else gc.disable)()


def test_nothing_is_collected_within_the_context_and_afterwards_it_is_again() -> None:
    with collection.put_off():
        assert not gc.isenabled()
        with collection.put_off():
            assert not gc.isenabled()
        assert not gc.isenabled()

    assert gc.isenabled()


def test_a_collector_that_was_off_stays_off() -> None:
    gc.disable()

    with collection.put_off():
        pass

    assert not gc.isenabled()


def test_a_list_leaves_the_collector_on_whether_it_is_accepted_or_refused() -> None:
    held = trusted(edition(7))
    assert gc.isenabled()

    with pytest.raises(TrustError):
        trusted(edition(7)[:-4])

    assert held.lists
    assert gc.isenabled()
