"""The life of a process that answers: its looks end with it, whatever they do, and none ends unnoticed."""

import asyncio
import logging
from datetime import timedelta

import pytest
from fastapi import FastAPI

from idbridge.limits import LIMITS
from idbridge_gateway.lifespan import watching

PATIENCE = 120.0


def test_a_look_that_loses_a_cancellation_ends_all_the_same_and_before_anything_is_closed() -> None:
    ended: list[str] = []

    async def loses_one() -> None:
        try:
            await asyncio.sleep(PATIENCE)
        except asyncio.CancelledError:
            ended.append("lost")
        try:
            await asyncio.sleep(PATIENCE)
        finally:
            ended.append("ended")

    async def close() -> None:
        ended.append("closed")

    async def lived() -> None:
        async with asyncio.timeout(PATIENCE), watching(loses_one, closing=(close,))(FastAPI()):
            await asyncio.sleep(0)

    asyncio.run(lived())
    assert ended == ["lost", "ended", "closed"]


def test_a_look_that_ends_by_a_fault_is_told_at_once_without_its_words(caplog: pytest.LogCaptureFixture) -> None:
    async def faulty() -> None:
        raise LookupError("canary")

    async def lived() -> None:
        async with watching(faulty)(FastAPI()):
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            assert "unexpected LookupError" in caplog.text

    with caplog.at_level(logging.ERROR, logger="idbridge_gateway"):
        asyncio.run(lived())
    assert "canary" not in caplog.text


def test_a_look_that_ended_by_a_fault_begins_again_after_a_pause(caplog: pytest.LogCaptureFixture) -> None:
    begun: list[int] = []

    async def faulty_twice() -> None:
        begun.append(1)
        if len(begun) < 3:
            raise LookupError("canary")
        await asyncio.sleep(PATIENCE)

    async def lived() -> None:
        async with asyncio.timeout(PATIENCE), watching(faulty_twice, pause=timedelta(0))(FastAPI()):
            while len(begun) < 3:
                await asyncio.sleep(0)

    asyncio.run(lived())
    assert caplog.text.count("unexpected LookupError") == 2
    assert timedelta(0) < LIMITS.watch_pause <= timedelta(seconds=1)


def test_a_look_that_ends_by_itself_is_no_fault(caplog: pytest.LogCaptureFixture) -> None:
    async def lived() -> None:
        async with watching(lambda: asyncio.sleep(0))(FastAPI()):
            await asyncio.sleep(0)

    asyncio.run(lived())
    assert not caplog.text
