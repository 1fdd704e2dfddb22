"""What this node knows of revocation: fetched beside the requests, on a timer and after each new trust snapshot.

CRLs, status lists and the key sets of login services alike. Decides nothing about any of them
(``idbridge.status.rounds`` does); keeps the order in which its outcome counts: the floors
are on disk first, then the octets, and only then the new status snapshot is exchanged whole. A verification never waits
for this, and never causes it: the source would learn who is being verified. A login at a provider, which knows of it
anyway, may bring the key set of that provider (``take_key_set``).
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

from idbridge.clock import Clock
from idbridge.errors import ConfigurationError, FetchError, IdBridgeError
from idbridge.limits import LIMITS
from idbridge.model.randomness import Randomness
from idbridge.model.region import Environment
from idbridge.net.guarded import GuardedClient
from idbridge.net.source import Source
from idbridge.status import archive
from idbridge.status.key_sets import demanded_sets, take_up_sets
from idbridge.status.mapped import FOLDER, MappedOctets
from idbridge.status.prefetch import Fetched, Place
from idbridge.status.rounds import Held, Round, fetch_all, take_up_all
from idbridge.status.snapshot import StatusSnapshot
from idbridge.trust import crl_floors, floors, memory
from idbridge.trust.crl_floors import CrlFloors
from idbridge.trust.snapshot import TrustSnapshot
from idbridge.trust.store import SnapshotStore
from idbridge.trust.stored import StoredSnapshot
from idbridge_gateway.bell import Bell
from idbridge_gateway.journal import JOURNAL, note_unexpected
from idbridge_gateway.node import TrustInForce
from idbridge_gateway.settings import is_loopback
from idbridge_gateway.watch import Pace


class ListedHosts:
    """Fetches from the host of each address and from no other; the addresses are those that signed lists name."""

    def __init__(self, environment: Environment) -> None:
        self._environment = environment

    def fetch(self, url: str, *, max_bytes: int) -> bytes:
        """Return the document at ``url``, at most ``max_bytes`` octets long.

        Raises:
            FetchError: The address is none that may be fetched from, or the document is unreachable or too long.
        """
        try:
            parts = urlsplit(url)
            near = self._environment is Environment.SANDBOX and is_loopback(parts.hostname or "")
            client = GuardedClient(
                frozenset({parts.netloc.lower()}), self._environment, allow_loopback=near, ceiling=LIMITS.crl_bytes
            )
        except (ConfigurationError, ValueError) as strange:
            raise FetchError("not the address of a host") from strange
        return client.fetch(url, max_bytes=max_bytes)


class Revocations:
    """What a node holds of revocation, in memory and below its state directory."""

    def __init__(
        self,
        state_directory: Path,
        environment: Environment,
        *,
        source: Source,
        clock: Clock,
        retention: timedelta,
    ) -> None:
        self._state_directory = state_directory
        self._environment = environment
        self._source = source
        self._clock = clock
        self._retention = retention
        self._store = SnapshotStore(state_directory / crl_floors.STORE)
        self._octets = MappedOctets(state_directory / FOLDER)
        self._held = Held()

    def restored(self, snapshot: TrustSnapshot) -> StatusSnapshot:
        """Return what this node knew when it ended, as far as ``snapshot`` still asks for it. Nothing is fetched.

        Octets that are damaged are left out and told: the floors remember, and what is not known is not good.

        Raises:
            ConfigurationError: The floors are missing or not in order.
        """
        written = crl_floors.read(self._state_directory, self._environment)
        try:
            stored = self._store.current()
            held = Held() if stored is None else self._read(stored, snapshot, floors=written)
        except ConfigurationError as damaged:
            JOURNAL.error("what was held of revocation is not used: %s", damaged)
            held = Held()
        self._held = held.still_asked_for(snapshot, at=self._clock.now())
        return self._held.snapshot()

    def _read(self, stored: StoredSnapshot, snapshot: TrustSnapshot, *, floors: CrlFloors) -> Held:
        return archive.read_everything(
            stored, snapshot, environment=self._environment, floors=floors, keep=self._octets.keep
        )

    def refreshed(self, snapshot: TrustSnapshot) -> Round:
        """Fetch what the lists of ``snapshot`` demand, and return what is known then; it is on disk by now.

        Raises:
            ConfigurationError: The state directory is not in order or cannot be written to; what was held is held.
        """
        fetched = fetch_all(self._source, snapshot)
        at = self._clock.now()
        with memory.locked(self._state_directory):
            written = crl_floors.read(self._state_directory, self._environment)
            taken = take_up_all(fetched, snapshot, held=self._held, floors=written, keep=self._octets.keep, at=at)
            if taken.floors != written:
                crl_floors.write(self._state_directory, taken.floors)
            self._hold(taken.held, taken.statuses, at=at)
        return taken

    def with_key_set(self, snapshot: TrustSnapshot, place: Place, octets: bytes) -> StatusSnapshot:
        """Return what is known once ``octets`` are the key set of ``place``, if they are one; it is on disk by now.

        Raises:
            ConfigurationError: The state directory is not in order or cannot be written to; what was held is held.
        """
        demands = demanded_sets(snapshot)
        fetched = Fetched({one: octets for one in demands if one.place == place}, ())
        at = self._clock.now()
        with memory.locked(self._state_directory):
            taken = take_up_sets(fetched, demands, held=self._held.key_sets, environment=snapshot.environment, at=at)
            held = replace(self._held, key_sets=taken.held)
            statuses = held.snapshot()
            self._hold(held, statuses, at=at)
        return statuses

    def _hold(self, held: Held, statuses: StatusSnapshot, *, at: datetime) -> None:
        if held and held != self._held:
            about = archive.about_everything(held, statuses, environment=self._environment)
            self._store.keep(archive.everything(held), about, at=at)
        self._held = held

    def tidy(self) -> None:
        """Let go what was long not in force and is held by nobody; no other worker is writing meanwhile."""
        with memory.locked(self._state_directory):
            self._store.prune(frozenset(), at=self._clock.now(), older_than=self._retention)
            self._octets.tidy(one.listed.octets for one in self._held.lists)


class Prefetch:
    """Refreshes ``revocations`` again and again, and exchanges what is known of revocation in ``trust``."""

    def __init__(self, revocations: Revocations, *, trust: TrustInForce, bell: Bell) -> None:
        self._revocations = revocations
        self._trust = trust
        self._bell = bell
        self._hurry = asyncio.Event()
        self._trouble = ""

    async def take_key_set(self, place: Place, octets: bytes) -> None:
        """Let ``octets`` be what is known of the key set of ``place``, if they are one: a login needed it at once.

        Raises:
            ConfigurationError: What is known cannot be kept.
        """
        snapshot = self._trust.in_force.snapshot
        self._trust.exchange_status(await asyncio.to_thread(self._revocations.with_key_set, snapshot, place, octets))

    def hurry(self) -> None:
        """Let the next round begin now: other lists are in force, and may demand other revocation lists."""
        self._hurry.set()

    async def watch(self, *, pace: Pace, randomness: Randomness) -> None:
        """Look at once, and then again and again, until cancelled."""
        while True:
            self._hurry.clear()
            await self.look()
            with suppress(TimeoutError):
                async with asyncio.timeout(pace.seconds(randomness)):
                    await self._hurry.wait()

    async def look(self) -> None:
        """Look once. Fetching and checking is done beside the loop, so that requests go on."""
        try:
            snapshot = self._trust.in_force.snapshot
            taken = await asyncio.to_thread(self._revocations.refreshed, snapshot)
            self._trouble = ""
            changed = self._trust.exchange_status(taken.statuses)
            await asyncio.to_thread(self._bell.lists_refused, taken.refused)
            if changed:
                JOURNAL.info("status snapshot in force: %s", taken.statuses.id)
                await asyncio.to_thread(self._revocations.tidy)
        except IdBridgeError as error:
            self._note_trouble(error)
        except Exception as error:  # noqa: BLE001 - what is in force stays in force, whatever happened
            note_unexpected(error, correlation_id="prefetch")

    def _note_trouble(self, error: IdBridgeError) -> None:
        """Say what went wrong, once, however often it goes wrong in the same way."""
        if error.code != self._trouble:
            self._trouble = error.code
            JOURNAL.error("revocation lists not taken: %s", error.code)


def begin_memory(state_directory: Path, environment: Environment, *, begin: Callable[[], None]) -> None:
    """Begin a node's memory with ``begin``; of a node that is older than the file of revocation, that file alone.

    Raises:
        ConfigurationError: There is nothing to begin, or it cannot be written.
    """
    if not (state_directory / floors.FILE).exists():
        begin()
        return
    with memory.locked(state_directory):
        crl_floors.initialise(state_directory, environment)
