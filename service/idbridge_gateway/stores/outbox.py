"""What is yet to be told to somebody outside, kept beside the process that tells it, so that another can go on.

Decides who goes on with a delivery: whoever holds it, until a time by which it wanted to have gone on itself. Knows
nothing of what is told. A store that does not answer stops no delivery; it only makes it as mortal as its process.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Delivery:
    """One thing to tell ``to`` somebody: under an ``id`` that stays the same; ``attempts`` were made before."""

    id: str
    to: str
    body: str = field(repr=False)
    attempts: int = 0


class Outbox(Protocol):
    """Where deliveries of one kind are kept. No method raises; what the store did not take is in the journal."""

    @property
    def survives(self) -> bool:
        """Whether what is kept outlives this process."""
        ...

    async def keep(self, delivery: Delivery, *, ahead: timedelta) -> bool:
        """Keep a new delivery, held by this process for the time ``ahead``; tell whether it is kept."""
        ...

    async def hold(self, delivery: Delivery, *, ahead: timedelta) -> bool:
        """Keep how far it has come, and hold it for the time ``ahead``; tell whether it is not another's by now."""
        ...

    async def drop(self, delivery: Delivery) -> None:
        """Forget a delivery that this process holds."""
        ...

    async def renew(self, deliveries: Sequence[Delivery], *, ahead: timedelta) -> None:
        """Hold for the time ``ahead`` what of ``deliveries`` is still this process's; how far each came is kept."""
        ...

    async def claim(self, *, most: int, ahead: timedelta, waiting: Mapping[str, int]) -> Sequence[Delivery]:
        """Return what nobody holds any more, and hold it for the time ``ahead``.

        ``waiting`` says how many there are here already by whom they are for; nobody gets more than ``most``.
        """
        ...


class NoOutbox:
    """The outbox of a node that is one process: it keeps nothing."""

    survives = False

    async def keep(self, delivery: Delivery, *, ahead: timedelta) -> bool:  # noqa: ARG002 - the protocol's signature
        """Keep nothing."""
        return False

    async def hold(self, delivery: Delivery, *, ahead: timedelta) -> bool:  # noqa: ARG002 - as above
        """Tell that it is no other's."""
        return True

    async def drop(self, delivery: Delivery) -> None:
        """Do nothing."""

    async def renew(self, deliveries: Sequence[Delivery], *, ahead: timedelta) -> None:
        """Do nothing."""

    async def claim(self, *, most: int, ahead: timedelta, waiting: Mapping[str, int]) -> Sequence[Delivery]:  # noqa: ARG002 - as above
        """Return nothing."""
        return ()
