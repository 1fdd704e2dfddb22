"""The watch on the registry: one look after the other, and never longer than its bound."""

import asyncio
import logging
from collections.abc import Hashable
from dataclasses import dataclass, field

import pytest

from idbridge.errors import FetchError
from idbridge.limits import LIMITS
from idbridge.model.region import Environment
from idbridge_gateway.registry.in_force import RegistryInForce
from idbridge_gateway.registry.watch import Edition, RegistryWatch
from tests.gateway.clocks import HandClock
from tests.registry.kit import LEAST, registration

CAFE = registration({**LEAST, "id": "cafe"})


@dataclass
class Place:
    """A place where registrations are kept, that takes its time: what is read is as it was when reading began."""

    edition: Edition
    slowly: bool = False
    fault: Exception | None = None
    inside: int = 0
    most: int = 0
    seen: list[Hashable] = field(default_factory=list)

    async def read_changed(self, seen: Hashable) -> Edition | None:
        self.seen.append(seen)
        self.inside += 1
        self.most = max(self.most, self.inside)
        found = self.edition
        for _ in range(10 if self.slowly else 1):
            await asyncio.sleep(0)
        self.inside -= 1
        if self.fault is not None:
            raise self.fault
        return found if found.revision != seen else None


def begun(place: Place) -> tuple[RegistryInForce, RegistryWatch]:
    registry = RegistryInForce((CAFE,), environment=Environment.SANDBOX, clock=HandClock())
    return registry, RegistryWatch(place, registry, seen=1)


def test_what_was_read_first_does_not_come_into_force_last() -> None:
    place = Place(Edition(2, (CAFE, registration())), slowly=True)
    registry, watch = begun(place)

    async def at_once() -> None:
        slow = asyncio.create_task(watch.look())
        await asyncio.sleep(0)
        place.edition, place.slowly = Edition(3, (CAFE,)), False
        await watch.look()
        await slow

    asyncio.run(at_once())

    assert [one.id for one in registry.registrations] == ["cafe"]
    assert place.most == 1
    assert place.seen == [1, 2]


def test_a_place_that_knows_less_than_was_seen_of_it_brings_nobody_back(caplog: pytest.LogCaptureFixture) -> None:
    """A standby that took over was not told who was switched off since."""
    place = Place(Edition(3, (CAFE,)))
    registry, watch = begun(place)
    asyncio.run(watch.look())
    place.edition = Edition(2, (CAFE, registration()))

    asyncio.run(watch.look())

    assert [one.id for one in registry.registrations] == ["cafe"]
    assert registry.trouble == "the database is at revision 2, and was at 3: it lost changes"
    assert "it lost changes" in caplog.text
    place.edition = Edition(4, (registration(),))
    asyncio.run(watch.look())
    assert (registry.registrations[0].id, registry.trouble) == (registration().id, "")


def test_a_place_that_never_answers_is_given_up_within_the_bound(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    given: list[float] = []

    class At(asyncio.Timeout):
        def __init__(self, seconds: float) -> None:
            given.append(seconds)
            super().__init__(asyncio.get_running_loop().time())  # it is over at once

    monkeypatch.setattr(asyncio, "timeout", At)
    registry, watch = begun(Place(Edition(2, ()), slowly=True))
    with caplog.at_level(logging.ERROR, logger="idbridge_gateway"):
        asyncio.run(watch.look())

    assert given == [LIMITS.registry_wait.total_seconds()]
    assert [one.id for one in registry.registrations] == ["cafe"]
    assert registry.trouble == "it does not answer in time"
    assert len(caplog.records) == 1


@pytest.mark.parametrize("fault", [FetchError("changing"), RuntimeError("S1234567D")])
def test_whatever_goes_wrong_changes_nothing_is_said_once_and_so_is_its_end(
    fault: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    place = Place(Edition(2, ()), fault=fault)
    registry, watch = begun(place)
    with caplog.at_level(logging.INFO, logger="idbridge_gateway"):
        for _ in range(3):
            asyncio.run(watch.look())
        assert [one.id for one in registry.registrations] == ["cafe"]
        assert registry.trouble
        place.fault = None
        asyncio.run(watch.look())
        asyncio.run(watch.look())

    said = [record.getMessage() for record in caplog.records]
    assert registry.trouble == ""
    assert registry.registrations == ()
    assert len([one for one in said if "last registrations stay" in one]) == 1
    assert len([one for one in said if "looked at again" in one]) == 1
    assert "S1234567D" not in str(said)
