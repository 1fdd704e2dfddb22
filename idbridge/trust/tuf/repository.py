"""Where a node gets its trust material from when it is distributed by TUF: two locks, then everything swapped in.

Carries octets and decides nothing of its own. One process at a time, under a lock: the first lock works on a copy of
its cache, the second judges what it left, what is accepted is written down (floors first, then the snapshot, then
which one is in force), and only then is it used and the cache replaced. What goes wrong leaves in force what was held.
"""

import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from types import MappingProxyType
from typing import Final

from idbridge.errors import ConfigurationError, FetchError, InputError, TrustError
from idbridge.limits import LIMITS
from idbridge.model.region import Environment, MemberState
from idbridge.trust import crl_floors, files, floors, memory
from idbridge.trust.floors import Floors
from idbridge.trust.freshness import RegionalFreshness
from idbridge.trust.repository import not_its_own
from idbridge.trust.snapshot import RefusedOffer, TrustSnapshot, snapshot_of
from idbridge.trust.store import SnapshotStore
from idbridge.trust.tuf import archive, client, mirror, roles
from idbridge.trust.tuf import floors as distribution_floors
from idbridge.trust.tuf.acceptance import Accepted, accept
from idbridge.trust.tuf.archive import Held
from idbridge.trust.tuf.client import Tree
from idbridge.trust.tuf.floors import DistributionFloors
from idbridge.trust.tuf.metadata import LIBRARY_ERRORS, parse_unverified
from idbridge.trust.tuf.second_lock import Fetched, RegionalView, examine

CACHE: Final = "tuf"
STORE: Final = "store"
REGION: Final = "region"  # the subject of a refusal that is about the top of the tree
_WORK: Final = ".tuf-"
_NOBODY: Final[Mapping[MemberState, str]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Look:
    """What a look at the distribution found, judged and not yet written down."""

    view: RegionalView
    accepted: Accepted
    fetched: Fetched


class TufRepository:
    """Trust material from a TUF tree, with the pinned root in a file and a node's memory in a directory of its own."""

    def __init__(self, tree: Tree, root_file: Path, state_directory: Path) -> None:
        self._tree = tree
        self._root_file = root_file
        self._state_directory = state_directory
        self._store = SnapshotStore(state_directory / STORE)
        self._held: Held | None = None
        self._held_id: str | None = None  # under which what is held is kept; another process may have moved on
        self._whole_snapshot: TrustSnapshot | None = None  # of the last look that refused nothing
        self._timestamp = b""
        self._tree_accepted = mirror.NOTHING

    @property
    def accepted_tree(self) -> Mapping[str, bytes]:
        """The tree as both locks last let it through, by path; empty until something was accepted from elsewhere."""
        return self._tree_accepted

    @property
    def store(self) -> SnapshotStore:
        """Every state of affairs that this node took up, by id."""
        return self._store

    def initialise(self) -> None:
        """Begin a node's memory, which knows of nothing yet. Once, and on purpose.

        Raises:
            ConfigurationError: There is one already, the root is not in order, or a directory is missing.
        """
        environment = self._environment(self._root())
        with memory.locked(self._state_directory):
            distribution_floors.initialise(self._state_directory, environment)
            floors.initialise(self._state_directory, environment)
            crl_floors.initialise(self._state_directory, environment)
            (self._state_directory / STORE).mkdir(mode=0o700, exist_ok=True)

    def load(self, *, at: datetime) -> TrustSnapshot:
        """Return what is trusted at ``at``: of what is offered, and where that fails, of what is held.

        Raises:
            ConfigurationError: The root, the floors or the store are missing or not in order.
            TrustError: ``trust.clock_behind``; or nothing is held, and what is offered is not accepted.
        """
        with memory.locked(self._state_directory):
            return self._loaded(at=at, reanchor=_NOBODY)

    def reanchored(self, reanchor: Mapping[MemberState, str], *, at: datetime) -> TrustSnapshot:
        """Return what is trusted once new keys are accepted that no earlier ones countersigned.

        ``reanchor`` names for a state the digest of the key set that its operator confirmed by another way.

        Raises:
            ConfigurationError, TrustError: As ``load``; ``trust.reanchored``: other keys than those are on offer.
        """
        with memory.locked(self._state_directory):
            return self._loaded(at=at, reanchor=reanchor)

    def look(self, candidate: Tree, *, at: datetime) -> Look:
        """Return what both locks let through of ``candidate`` at ``at``, before it is published; write nothing.

        Raises:
            ConfigurationError, TrustError: As ``load``, without recourse to what is held.
        """
        with memory.locked(self._state_directory), self._workplace() as cache:
            bootstrap = self._root()
            written, distribution = self._floors(bootstrap, at=at)
            held = self._holding(written)
            fetched = self._fetched(candidate, bootstrap, held, cache=cache, at=at)
            return self._judged(fetched, bootstrap, written, distribution, held, at=at, reanchor=_NOBODY)

    def _loaded(self, *, at: datetime, reanchor: Mapping[MemberState, str]) -> TrustSnapshot:
        bootstrap = self._root()
        written, distribution = self._floors(bootstrap, at=at)
        held = self._holding(written)
        with self._workplace() as cache:
            try:
                fetched = self._fetched(self._tree, bootstrap, held, cache=cache, at=at)
                if self._whole_snapshot is not None and fetched.timestamp == self._timestamp:
                    return self._whole_snapshot
                look = self._judged(fetched, bootstrap, written, distribution, held, at=at, reanchor=reanchor)
            except TrustError as refusal:
                if held is None or reanchor:
                    raise
                return self._unrefreshed(held, written, refusal)
            return self._taken(look, written, cache=cache)

    @staticmethod
    def _fetched(tree: Tree, bootstrap: bytes, held: Held | None, *, cache: Path, at: datetime) -> Fetched:
        """Return what the first lock lets through of ``tree``; nothing outside ``cache`` is written."""
        known = held.octets.values() if held is not None else ()
        return client.refresh(tree, cache=cache, bootstrap=bootstrap, held=client.by_digest(known), at=at)

    def _judged(
        self,
        fetched: Fetched,
        bootstrap: bytes,
        written: Floors,
        distribution: DistributionFloors,
        held: Held | None,
        *,
        at: datetime,
        reanchor: Mapping[MemberState, str],
    ) -> Look:
        """Return what the second lock lets through, and what follows from it; nothing is written."""
        view = examine(fetched, bootstrap=bootstrap, floors=distribution, at=at)
        if reanchor:
            view = self._confirmed(fetched, view, distribution, bootstrap=bootstrap, at=at, reanchor=reanchor)
        trusted = held.trusted if held is not None else None
        return Look(view, accept(view, trusted, floors=written, at=at), fetched)

    def _confirmed(
        self,
        fetched: Fetched,
        view: RegionalView,
        distribution: DistributionFloors,
        *,
        bootstrap: bytes,
        at: datetime,
        reanchor: Mapping[MemberState, str],
    ) -> RegionalView:
        """Return the view in which the key sets are accepted that an operator confirmed, and no others."""
        for state, digest in reanchor.items():
            quorum = view.quorums.get(state.value)
            if quorum is None or quorum.digest != digest:
                raise TrustError("trust.reanchored", f"other keys of {state} are on offer than those confirmed")
        kept = {state: held for state, held in distribution.key_sets.items() if state not in reanchor}
        return examine(
            fetched, bootstrap=bootstrap, floors=replace(distribution, key_sets=MappingProxyType(kept)), at=at
        )

    def _taken(self, look: Look, written: Floors, *, cache: Path) -> TrustSnapshot:
        """Write down what ``look`` found, floors first, and put it in force."""
        accepted, before = look.accepted, self._held
        trusted = accepted.trusted
        absent = {state: code for state, code in accepted.absent.items() if state not in trusted.lists}
        regional = self._freshness(look)
        snapshot = snapshot_of(trusted, states_without_list=absent, refused=self._refused(look), regional=regional)
        vouching = archive.grown(before.vouching if before is not None else {}, trusted)
        held = Held(trusted, self._octets(look), regional, absent, vouching)
        prepared = self._store.prepare(held.octets, archive.about(held, snapshot))
        distribution_floors.write(self._state_directory, look.view.floors)
        grown = floors.of(trusted)
        if grown != written:
            floors.write(self._state_directory, grown)
        prepared.commit(at=look.view.signed_at)
        self._replace_cache(cache)
        self._held, self._held_id, self._timestamp = held, prepared.id, look.fetched.timestamp
        self._whole_snapshot = snapshot if not snapshot.refused else None
        self._tree_accepted = mirror.tree_of(look.fetched, without=look.view.refused)
        return snapshot

    def _freshness(self, look: Look) -> RegionalFreshness:
        """Return how fresh the region is: as the last whole distribution, where newer is known and cannot be had."""
        view, before = look.view, self._held.regional if self._held is not None else None
        whole = look.accepted.whole or before is None
        signed_at = view.signed_at if whole or before is None else min(view.signed_at, before.signed_at)
        expires = view.expires if whole or before is None else min(view.expires, before.expires)
        until = {state: role.expires for state, role in view.states.items()}
        if before is not None:
            for state in look.accepted.absent:
                until[state] = min(before.expires, before.states_until.get(state, before.expires))
        return RegionalFreshness(
            signed_at=signed_at,
            expires=expires,
            root_version=view.versions[roles.ROOT],
            timestamp_version=view.versions[roles.TIMESTAMP],
            snapshot_version=view.versions[roles.SNAPSHOT],
            snapshot_digest=view.snapshot_digest,
            states_until=MappingProxyType({state: end for state, end in until.items() if state not in view.withdrawn}),
        )

    def _unrefreshed(self, held: Held, written: Floors, refusal: TrustError) -> TrustSnapshot:
        """Return the snapshot of what is held, with the refusal of what was offered.

        The denials are those of the floors: another process of this node may have taken up newer ones.
        """
        return snapshot_of(
            replace(held.trusted, denials=written.denials),
            states_without_list=held.absent,
            refused=(RefusedOffer(REGION, refusal.code, refusal.detail),),
            regional=held.regional,
        )

    def _refused(self, look: Look) -> tuple[RefusedOffer, ...]:
        carriers = (look.view.agreements, look.view.deny)
        faulty = (
            RefusedOffer(path, refusal.code, refusal.detail)
            for carried in carriers
            if carried is not None
            for path, refusal in carried.faulty.items()
        )
        known = {offer.subject for offer in look.accepted.refused}
        added = (offer for offer in faulty if offer.subject not in known)
        return (*look.accepted.refused, *not_its_own(look.accepted.trusted), *added)

    def _octets(self, look: Look) -> Mapping[str, bytes]:
        """Return what is to be kept: of each list and document the octets that are held now, and of nothing else."""
        before = self._held.octets if self._held is not None else {}
        trusted, view = look.accepted.trusted, look.view
        kept = {"regional/timestamp.json": look.fetched.timestamp}
        for state, listed in trusted.lists.items():
            path = roles.list_path(state)
            offers = [view.states[state].octets] if state in view.states else []
            known = client.by_digest([*offers, *([before[path]] if path in before else [])])
            if listed.provenance.digest in known:
                kept[path] = known[listed.provenance.digest]
        offered = view.agreements.files if view.agreements is not None else {}
        for path, digest in archive.documents_of(trusted).items():
            for documents in (before, offered):
                if path in documents and archive.is_document(documents[path], digest):
                    kept[path] = documents[path]
                    break
        return MappingProxyType(kept)

    def _holding(self, written: Floors) -> Held | None:
        """Return what is held: in memory, else on disk as far as it stands on the floors.

        What is kept and damaged counts as nothing held: the floors and the denials in them stand for it.
        """
        try:
            kept = self._store.current_id()
            if self._held is not None and kept == self._held_id:
                return self._held
            stored = self._store.current()
            if stored is not None:
                self._held = archive.read(stored, environment=written.environment, floors=written)
                self._held_id, self._whole_snapshot = stored.id, None
        except ConfigurationError:
            return self._held
        return self._held

    def _floors(self, bootstrap: bytes, *, at: datetime) -> tuple[Floors, DistributionFloors]:
        environment = self._environment(bootstrap)
        written = floors.read(self._state_directory, environment)
        distribution = distribution_floors.read(self._state_directory, environment)
        latest = max((one for one in (distribution.signed_at, written.latest_issue) if one is not None), default=None)
        if latest is not None and at + LIMITS.list_issue_skew < latest:
            raise TrustError("trust.clock_behind")
        return written, distribution

    def _root(self) -> bytes:
        try:
            return files.read_own(self._root_file.parent, self._root_file.name, max_bytes=LIMITS.metadata_bytes)
        except (FetchError, InputError) as unreadable:
            raise ConfigurationError("the pinned root cannot be read") from unreadable

    @staticmethod
    def _environment(bootstrap: bytes) -> Environment:
        try:
            return Environment(parse_unverified(bootstrap).unrecognized_fields[roles.ENVIRONMENT])
        except LIBRARY_ERRORS as broken:
            raise ConfigurationError("the pinned root is not in order") from broken

    @contextmanager
    def _workplace(self) -> Iterator[Path]:
        """Give a copy of the library's cache, and remove what is left of it; also what an earlier crash left."""
        try:
            for leftover in self._state_directory.glob(f"{_WORK}*"):
                shutil.rmtree(leftover, ignore_errors=True)
            work = Path(tempfile.mkdtemp(prefix=_WORK, dir=self._state_directory))
            client.copy_cache(self._state_directory / CACHE, work / CACHE)
        except OSError as unwritable:
            raise ConfigurationError("the state directory cannot be written to") from unwritable
        try:
            yield work / CACHE
        finally:
            shutil.rmtree(work, ignore_errors=True)

    def _replace_cache(self, cache: Path) -> None:
        """Put the copy in the place of the cache. Losing it costs a download; the floors remember."""
        place = self._state_directory / CACHE
        try:
            if place.is_dir():
                place.rename(cache.parent / "before")
            cache.rename(place)
        except OSError as unwritable:
            raise ConfigurationError("the cache of the distribution cannot be written") from unwritable
