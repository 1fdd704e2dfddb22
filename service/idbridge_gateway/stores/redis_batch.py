"""Commands that gather: those that arrive while the loop is busy or others are on their way go out together, as one.

A round trip for each would cost more than the verification. A command whose answer never came is not sent again: it may
have been carried out.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final

from idbridge.errors import RequestError
from idbridge.limits import LIMITS
from idbridge_gateway.journal import note_unexpected
from idbridge_gateway.stores.redis_line import Command, RedisLine

_SILENT: Final = "the store behind this node does not answer"


@dataclass(frozen=True, slots=True)
class _Waiting:
    command: Command
    answer: asyncio.Future[Any]


class RedisBatch:
    """Sends what gathers over ``line``, one batch at a time, each ``within`` the bound of the store."""

    def __init__(self, line: RedisLine, within: Callable[[Awaitable[list[Any]]], Awaitable[list[Any]]]) -> None:
        self._line = line
        self._within = within
        self._waiting: list[_Waiting] = []
        self._sending: asyncio.Task[None] | None = None

    async def ask(self, command: Command) -> Any:
        """Return what the server answers to ``command``.

        Raises:
            RequestError: ``system.overloaded``: the server does not answer, or refuses, or too much waits.
        """
        if len(self._waiting) >= LIMITS.store_commands_waiting:
            raise RequestError("system.overloaded", "too many commands are waiting for the store behind this node")
        loop = asyncio.get_running_loop()
        waiting = _Waiting(command, loop.create_future())
        self._waiting.append(waiting)
        if self._sending is None or self._sending.done():
            self._sending = loop.create_task(self._send_all())  # its own: who asks may go away while others wait
        answer = await waiting.answer
        if isinstance(answer, ConnectionError):
            raise RequestError("system.overloaded", _SILENT)
        if isinstance(answer, Exception):
            raise RequestError("system.overloaded", "the store behind this node refuses")
        return answer

    async def _send_all(self) -> None:
        """Send what has gathered, and what gathers meanwhile, until nothing waits."""
        while self._waiting:
            batch, self._waiting = self._waiting, []
            answers: list[Any] = [ConnectionError()] * len(batch)
            try:
                answers = await self._within(self._line.exchange([one.command for one in batch]))
            except RequestError:
                pass  # it is in the journal, once for all of them
            except Exception as error:  # noqa: BLE001 - whatever it was, nobody may wait for an answer for ever
                note_unexpected(error, correlation_id="store")
            finally:
                for one, answer in zip(batch, answers, strict=True):
                    if not one.answer.done():
                        one.answer.set_result(answer)
