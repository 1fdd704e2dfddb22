"""A store whose clock is set ahead: what it finds unspent then is not believed, not even before the next look at it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from idbridge.limits import LIMITS
from idbridge_gateway.stores.redis_engine import RedisEngine
from idbridge_gateway.stores.redis_server import UnfitServerError
from idbridge_gateway.stores.store_memory import StoreMemory
from tests.gateway.redis_server import RedisServer, redis_server
from tests.gateway.test_store_memory import KEY, HandStopwatch, claimed, with_engine

pytestmark = pytest.mark.usefixtures("patient_store")


@pytest.fixture
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    with redis_server(tmp_path_factory.mktemp("redis")) as running:
        yield running


def test_what_a_store_whose_clock_was_set_ahead_finds_unspent_is_not_believed_before_the_next_look_either(
    server: RedisServer, tmp_path: Path
) -> None:
    stopwatch = HandStopwatch()

    async def work(engine: RedisEngine) -> list[bool | str]:
        found = [await claimed(engine)]
        stopwatch.shows -= 600
        server.ask(b"DEL", *server.names())  # as it does by itself with what ends by its clock
        return [*found, await claimed(engine), await claimed(engine, 2)]

    assert with_engine(server, work, folder=tmp_path, stopwatch=stopwatch) == [True, *["system.overloaded"] * 2]
    assert with_engine(server, claimed, folder=tmp_path) == "system.overloaded"


def test_little_steps_of_a_clock_between_two_looks_count_together(server: RedisServer, tmp_path: Path) -> None:
    stopwatch, little = HandStopwatch(), LIMITS.store_clock_ahead.total_seconds() * 0.6

    async def work(engine: RedisEngine) -> list[bool | str]:
        found = [await claimed(engine)]
        for number in (2, 3):
            stopwatch.shows -= little
            found.append(await claimed(engine, number))
        return found

    assert with_engine(server, work, folder=tmp_path, stopwatch=stopwatch) == [True, True, "system.overloaded"]


@pytest.mark.parametrize("answer", [None, b"OK", 1, [], [b"1"], [1, 2], [b"one", b"2"], ConnectionError("ERR")])
def test_a_store_that_does_not_tell_its_time_is_not_used(answer: Any) -> None:
    with pytest.raises(UnfitServerError, match="what time"):
        StoreMemory(KEY).hear_time(answer)
