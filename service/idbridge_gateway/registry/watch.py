"""The watch on the registry: look again and again whether it changed, and exchange what is in force whole.

Nothing that goes wrong here changes what is in force: a registry that is out of reach leaves the last registrations,
and ``/readyz`` and the journal say so. One registration that cannot be read serves nobody, and holds up no other.
"""

import asyncio
from collections.abc import Hashable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from idbridge.errors import FetchError, IdBridgeError
from idbridge.limits import LIMITS
from idbridge.model.randomness import Randomness
from idbridge.model.region import Environment
from idbridge_gateway.journal import JOURNAL, note_unexpected
from idbridge_gateway.registration import read_registrations
from idbridge_gateway.registry.in_force import RegistryInForce
from idbridge_gateway.registry.record import Registration
from idbridge_gateway.watch import FileMarks, Pace

PACE: Final = Pace(LIMITS.registry_look)
_UNEXPECTED: Final = "system.internal"


@dataclass(frozen=True, slots=True)
class Edition:
    """All registrations as they were at one ``revision``; of ``unreadable`` ones there is only the id."""

    revision: Hashable
    registrations: tuple[Registration, ...]
    unreadable: tuple[str, ...] = ()


class RegistrySource(Protocol):
    """Where registrations are kept."""

    async def read_changed(self, seen: Hashable) -> Edition | None:
        """Return the present edition; ``None`` if it is still that of the revision ``seen``.

        Raises:
            ConfigurationError: What is kept there is of no use to this node.
            FetchError: It cannot be reached.
        """
        ...


class FileSource:
    """The registration file of a node."""

    def __init__(self, path: Path, *, environment: Environment) -> None:
        self._path = path
        self._environment = environment
        self._marks = FileMarks(path)

    async def read_changed(self, seen: Hashable) -> Edition | None:
        """Return what the file holds, if it was written since.

        Raises:
            ConfigurationError: It is missing, or holds no registrations for this node.
        """
        return await asyncio.to_thread(self._read_changed, seen)

    def read(self) -> Edition:
        """Return what the file holds now.

        Raises:
            ConfigurationError: It is missing, or holds no registrations for this node.
        """
        marks = self._marks.read()
        return Edition(marks, read_registrations(self._path, environment=self._environment))

    def _read_changed(self, seen: Hashable) -> Edition | None:
        return None if self._marks.read() == seen else self.read()


class RegistryWatch:
    """Keeps ``registry`` as ``source`` says."""

    def __init__(self, source: RegistrySource, registry: RegistryInForce, *, seen: Hashable) -> None:
        self._source = source
        self._registry = registry
        self._seen = seen
        self._unreadable: tuple[str, ...] = ()
        self._looking = asyncio.Lock()

    async def watch(self, *, pace: Pace, randomness: Randomness) -> None:
        """Look again and again, until cancelled."""
        while True:
            await asyncio.sleep(pace.seconds(randomness))
            await self.look()

    async def look(self) -> None:
        """Look once, after whoever looks already: what was read first must not come into force last."""
        async with self._looking:
            await self._look()

    async def _look(self) -> None:
        try:
            edition = await within_bound(self._source, self._seen)
            if edition is not None:
                _require_no_older(edition.revision, self._seen)
                self._registry.exchange(edition.registrations)
                self._seen = edition.revision
                note_unreadable(edition, known=self._unreadable)
                self._unreadable = edition.unreadable
            if self._registry.trouble:
                JOURNAL.info("the registry is looked at again")
            self._registry.looked()
        except (IdBridgeError, TimeoutError) as error:
            self._note_trouble(str(error) if isinstance(error, IdBridgeError) else "it does not answer in time")
        except Exception as error:  # noqa: BLE001 - what is in force stays in force, whatever happened
            if self._note_trouble(_UNEXPECTED):
                note_unexpected(error, correlation_id="registry")

    def _note_trouble(self, trouble: str) -> bool:
        """Say what went wrong, once, however often it goes wrong in the same way; tell whether it is news."""
        is_news = trouble != self._registry.trouble
        self._registry.trouble = trouble
        if is_news:
            JOURNAL.error("the registry could not be looked at, and the last registrations stay: %s", trouble)
        return is_news


def _require_no_older(revision: Hashable, seen: Hashable) -> None:
    """Return if a database does not know less than was seen of it, as one does that took over from another too early.

    Raises:
        FetchError: Its revision is lower: who was switched off since is on again there. A file has no order.
    """
    if isinstance(revision, int) and isinstance(seen, int) and revision < seen:
        raise FetchError(f"the database is at revision {revision}, and was at {seen}: it lost changes")


async def within_bound(source: RegistrySource, seen: Hashable) -> Edition | None:
    """Return what ``source`` says, within the bound of a look.

    Raises:
        ConfigurationError, FetchError: As ``source`` does.
        TimeoutError: It took too long.
    """
    async with asyncio.timeout(LIMITS.registry_wait.total_seconds()):
        return await source.read_changed(seen)


def note_unreadable(edition: Edition, *, known: tuple[str, ...] = ()) -> None:
    """Say which registrations serve nobody because they cannot be read, but for those that are ``known``."""
    for party_id in edition.unreadable:
        if party_id not in known:
            JOURNAL.error("the registration of %s cannot be read; it serves nobody", party_id)
