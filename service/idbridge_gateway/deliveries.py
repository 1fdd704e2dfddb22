"""Deliveries: what somebody outside is told, again and again where that fails, and never in anybody's way.

Decides when an attempt is made, and by whom. Each delivery is a task of the worker at which it began. Where the workers
share a store it is kept there too, held by its worker for as long as that wants to go on by itself; when the worker
ended meanwhile, another goes on where it stopped. So a delivery may be told twice, under one id, and is not lost with
a process. A node of one process makes a last attempt at what waits when it is told to end, and loses what fails then.
"""

import asyncio
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Final, Protocol

from idbridge.limits import LIMITS
from idbridge_gateway.journal import JOURNAL, note_unexpected
from idbridge_gateway.stores.outbox import Delivery, Outbox
from idbridge_gateway.wallet.pauses import Pause, system_pause

_LOOKS: Final = int(LIMITS.delivery_lease / LIMITS.delivery_look) // 3  # after so many, what queues is held on


class Courier(Protocol):
    """Who tells deliveries of one kind."""

    @property
    def kind(self) -> str:
        """The name of the kind."""
        ...

    @property
    def delays(self) -> Sequence[timedelta]:
        """The times between one attempt and the next; after the last attempt it gives up."""
        ...

    @property
    def each(self) -> int:
        """How many attempts are made at a time for one whom it tells."""
        ...

    async def attempt(self, delivery: Delivery) -> bool:
        """Tell it once; return whether nothing more is to be done: it was heard, or nobody will ever hear it."""
        ...

    def given_up(self, delivery: Delivery) -> None:
        """Note that the last attempt failed."""
        ...


class Deliveries:
    """The deliveries of one ``courier`` in one worker."""

    def __init__(self, courier: Courier, outbox: Outbox, *, pause: Pause = system_pause) -> None:
        self._courier = courier
        self._outbox = outbox
        self._pause = pause
        self._waiting: Counter[str] = Counter()
        self._telling: dict[str, asyncio.Semaphore] = defaultdict(lambda: asyncio.Semaphore(courier.each))
        self._tasks: set[asyncio.Task[None]] = set()
        self._in_hand: set[str] = set()
        self._queueing: dict[str, Delivery] = {}
        self._looks = 0
        self._pauses: set[asyncio.Task[None]] = set()
        self._ends = False

    @property
    def kind(self) -> str:
        """The name of their kind."""
        return self._courier.kind

    @property
    def waiting(self) -> Counter[str]:
        """How many wait here to be told, or to be told again, by whom they are for."""
        return self._waiting

    def begin(self, delivery: Delivery) -> None:
        """Begin with a new delivery, and return at once."""
        self._begin(delivery, is_new=True)

    async def idle(self) -> None:
        """Return once nothing is under way here."""
        while self._tasks:
            await asyncio.wait(set(self._tasks))

    async def take_over(self) -> None:
        """Go on with what workers that ended left, as far as there is room for each whom they are for.

        What queues here is held on, so that nobody goes on with it; what was late for that is claimed back, and not
        begun a second time.
        """
        if self._ends:
            return
        if self._looks % _LOOKS == 0 and self._queueing:
            await self._outbox.renew(tuple(self._queueing.values()), ahead=LIMITS.delivery_lease)
        self._looks += 1
        in_hand = set(self._in_hand)
        claimed = await self._outbox.claim(
            most=LIMITS.deliveries_taken, ahead=LIMITS.delivery_lease, waiting=dict(self._waiting)
        )
        for delivery in claimed:
            if delivery.id not in in_hand | self._in_hand:
                self._begin(delivery, is_new=False)

    async def close(self) -> None:
        """End: what is being told is told to its end, within a bound, and what waits is left to others if it can be."""
        self._ends = True
        for pause in self._pauses:
            pause.cancel()
        if self._tasks:
            await asyncio.wait(set(self._tasks), timeout=LIMITS.delivery_drain.total_seconds())
        left = [task for task in self._tasks if not task.done()]
        for task in left:
            task.cancel()
        if left and not self._outbox.survives:
            JOURNAL.warning("%s: %d were not told, the node ends", self._courier.kind, len(left))

    def _begin(self, delivery: Delivery, *, is_new: bool) -> None:
        self._waiting[delivery.to] += 1
        self._in_hand.add(delivery.id)
        task = asyncio.get_running_loop().create_task(self._delivered(delivery, is_new=is_new))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _delivered(self, delivery: Delivery, *, is_new: bool) -> None:
        try:
            kept = not is_new or await self._outbox.keep(delivery, ahead=LIMITS.delivery_lease)
            if await self._told(delivery, kept=kept) and kept:
                await self._outbox.drop(delivery)
        except Exception as error:  # noqa: BLE001 - nobody waits for this task, so that it says itself what failed
            note_unexpected(error, correlation_id=self._courier.kind)
        finally:
            self._in_hand.discard(delivery.id)
            self._waiting[delivery.to] -= 1
            self._waiting += Counter()  # forgets who has none

    async def _told(self, delivery: Delivery, *, kept: bool) -> bool:
        """Tell it until that is done, or has failed often enough; ``False`` if it is left to another worker."""
        for delay in (*self._courier.delays[delivery.attempts :], None):
            async with self._turn(delivery, kept=kept):
                if kept and not await self._outbox.hold(delivery, ahead=LIMITS.delivery_lease):
                    return False
                if await self._courier.attempt(delivery):
                    return True
            if delay is None or (self._ends and not kept):
                self._courier.given_up(delivery)
                return True
            delivery = replace(delivery, attempts=delivery.attempts + 1)
            if kept and not await self._outbox.hold(delivery, ahead=delay + LIMITS.delivery_margin):
                return False
            await self._paused(delay)
            if kept and self._ends:
                return False
        return True

    @asynccontextmanager
    async def _turn(self, delivery: Delivery, *, kept: bool) -> AsyncIterator[None]:
        """Wait until fewer than ``each`` are being told to the same; it is held on meanwhile (``take_over``)."""
        if kept:
            self._queueing[delivery.id] = delivery
        try:
            await self._telling[delivery.to].acquire()
        finally:
            self._queueing.pop(delivery.id, None)
        try:
            yield
        finally:
            self._telling[delivery.to].release()

    async def _paused(self, delay: timedelta) -> None:
        """Wait for ``delay``, or until this worker ends."""
        if self._ends:
            return
        pause = asyncio.get_running_loop().create_task(self._paused_for(delay))
        self._pauses.add(pause)
        try:
            await asyncio.wait((pause,))
        finally:
            pause.cancel()
            self._pauses.discard(pause)

    async def _paused_for(self, delay: timedelta) -> None:
        await self._pause(delay)


class PostOffice:
    """All deliveries of one worker; ``outbox`` returns where those of a kind are kept for a time."""

    def __init__(self, outbox: Callable[[str, timedelta], Outbox]) -> None:
        self._outbox = outbox
        self._deliveries: list[Deliveries] = []

    def opened(self, courier: Courier, *, life: timedelta, pause: Pause = system_pause) -> Deliveries:
        """Return the deliveries of ``courier``, none of which is worth telling after ``life``."""
        deliveries = Deliveries(courier, self._outbox(courier.kind, life), pause=pause)
        self._deliveries.append(deliveries)
        return deliveries

    @property
    def waiting(self) -> dict[str, int]:
        """How many wait here to be told, by the name of their kind."""
        return {one.kind: one.waiting.total() for one in self._deliveries}

    async def watch(self) -> None:
        """Look again and again for what workers that ended left, until cancelled."""
        while True:
            await asyncio.sleep(LIMITS.delivery_look.total_seconds())
            for deliveries in self._deliveries:
                await deliveries.take_over()

    async def close(self) -> None:
        """End all of them, within one bound."""
        await asyncio.gather(*(deliveries.close() for deliveries in self._deliveries))
