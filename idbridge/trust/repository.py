"""Where a node gets its trust material from, as octets from files.

Decides nothing about trust: it reads octets (``agreements`` reads those of recognition documents), offers them to the
trusted set one by one, writes the floors down and only then lets anything be used. ``Repository`` is the seam behind
which another distribution (TUF) fits.

*Plain* distribution, named so in every report: a directory with ``lists/SG.jws``, ``arrangements/<id>/<version>.json``
and ``purposes/<version>.json``. Lists stand for themselves, so that one bad state never affects the ten others; so
does every arrangement, as ``agreements`` says.
"""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Final, Protocol

from idbridge.errors import ConfigurationError, FetchError, InputError, TrustError
from idbridge.limits import LIMITS
from idbridge.model.region import MemberState
from idbridge.trust import agreements, crl_floors, files, floors, memory, pins
from idbridge.trust.agreements import UNREACHABLE
from idbridge.trust.floors import Floors
from idbridge.trust.pins import Pins
from idbridge.trust.shelf import DirectoryShelf
from idbridge.trust.snapshot import NOT_CONFIGURED, RefusedOffer, TrustSnapshot, snapshot_of
from idbridge.trust.trusted_set import TrustedSet

LISTS: Final = "lists"


class Repository(Protocol):
    """Where trust snapshots come from."""

    def load(self, *, at: datetime) -> TrustSnapshot:
        """Return what is trusted at ``at``, of all that is offered and all that is held.

        Raises:
            ConfigurationError: Local files do not allow a safe answer.
            TrustError: A recognition document that was accepted before is neither offered nor held.
        """
        ...


class PlainRepository:
    """Trust material in a directory, with pinned keys in a file and the floors in a directory of this node's own.

    What was accepted stays in force in this process when a later offer is refused. After a restart nothing is held,
    and the floors alone decide: a state whose offer is refused then has no list.
    """

    def __init__(self, directory: Path, pins_file: Path, state_directory: Path) -> None:
        self._directory = directory
        self._pins_file = pins_file
        self._state_directory = state_directory
        self._held: TrustedSet | None = None

    def initialise(self) -> None:
        """Begin a node's memory: write floors files that know of nothing yet. Once, and on purpose.

        Raises:
            ConfigurationError: There is one already, the pins are not in order, or a directory is missing.
        """
        with memory.locked(self._state_directory):
            environment = self._pins().environment
            floors.initialise(self._state_directory, environment)
            crl_floors.initialise(self._state_directory, environment)

    def load(self, *, at: datetime) -> TrustSnapshot:
        """Return what is trusted at ``at``; the floors are on disk before it is returned.

        Raises:
            ConfigurationError: A directory, the pins or the floors are missing or not in order, or the clock of this
                machine runs behind what was already signed.
            TrustError: ``trust.arrangement_invalid``, ``trust.equivocation``, ``trust.rollback`` or
                ``trust.unreachable``: a recognition document that was accepted before is neither offered nor held, or
                the very first ones cannot be read.
        """
        with memory.locked(self._state_directory):
            pinned = self._pins()
            written = floors.read(self._state_directory, pinned.environment)
            _require_clock(written, at=at)
            trusted = self._from(pinned, written)
            refused: list[RefusedOffer] = []
            absent: dict[MemberState, str] = {}
            for state in MemberState:
                try:
                    trusted = self._offer(trusted, state, at=at)
                except TrustError as refusal:
                    absent[state] = refusal.code
                    if refusal.code != NOT_CONFIGURED:
                        refused.append(RefusedOffer(f"{LISTS}/{state}", refusal.code, refusal.detail))
            trusted, problems = agreements.read(DirectoryShelf(self._directory), trusted)
            grown = floors.of(trusted)
            if grown != written:
                floors.write(self._state_directory, grown)
            self._held = trusted
        return snapshot_of(trusted, states_without_list=absent, refused=(*refused, *not_its_own(trusted), *problems))

    def _pins(self) -> Pins:
        try:
            octets = files.read_own(self._pins_file.parent, self._pins_file.name, max_bytes=LIMITS.pins_bytes)
            return pins.parse(octets)
        except (FetchError, InputError) as unreadable:
            raise ConfigurationError("the pins file cannot be read") from unreadable

    def _from(self, pinned: Pins, written: Floors) -> TrustedSet:
        """Return the set to start from: what is held, as far as its key is still pinned and no newer was accepted."""
        trusted = TrustedSet(
            pinned.environment,
            pinned.keys,
            floors=written.states,
            arrangement_floors=written.arrangements,
            purposes_floor=written.purposes,
            denials=written.denials,
        )
        return trusted.holding(self._held) if self._held is not None else trusted

    def _offer(self, trusted: TrustedSet, state: MemberState, *, at: datetime) -> TrustedSet:
        """Offer the list of ``state`` to ``trusted``.

        Raises:
            TrustError: It is not accepted, or there is none.
        """
        if state not in trusted.pins:
            raise TrustError(NOT_CONFIGURED)
        try:
            octets = files.read(self._directory / LISTS, f"{state}.jws", max_bytes=LIMITS.trust_list_bytes)
        except files.AbsentError:
            files.names(self._directory / LISTS)  # a missing folder is no missing list
            raise TrustError(UNREACHABLE if state in trusted.floors else NOT_CONFIGURED) from None
        except FetchError as unreadable:
            raise TrustError(UNREACHABLE) from unreadable
        except InputError as oversized:
            raise TrustError("trust.profile_violation", oversized.detail) from oversized
        return trusted.with_list(octets, state=state, at=at)


def not_its_own(trusted: TrustedSet) -> Iterator[RefusedOffer]:
    """Name the issuers that a state lists and is not trusted for, because another state lists them too."""
    for state in sorted(trusted.lists):
        for issuer, why in sorted({(entry.issuer, entry.untrusted) for entry in trusted.lists[state].not_its_own}):
            yield RefusedOffer(f"{LISTS}/{state}", "trust.territory_mismatch", f"{why}: {issuer}")


def _require_clock(written: Floors, *, at: datetime) -> None:
    """Refuse to go on with a clock that was set back: it would bring back whatever has expired since."""
    latest = written.latest_issue
    if latest is not None and at + LIMITS.list_issue_skew < latest:
        raise ConfigurationError("the clock of this machine runs behind a list that was accepted before")
