"""The life of a process that answers: its looks end with it, whatever they do, and none ends unnoticed."""

import asyncio
import logging

import pytest
from fastapi import FastAPI

from idbridge_gateway.lifespan import watching

PATIENCE = 20.0


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


def test_a_look_that_ends_by_itself_is_no_fault(caplog: pytest.LogCaptureFixture) -> None:
    async def lived() -> None:
        async with watching(lambda: asyncio.sleep(0))(FastAPI()):
            await asyncio.sleep(0)

    asyncio.run(lived())
    assert not caplog.text
