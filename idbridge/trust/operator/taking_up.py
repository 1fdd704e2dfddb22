"""The online role at work: takes proposals that are ready, has both locks look at them, publishes and records them.

Decides which proposals may go out: signed by enough keys, by somebody else than the proposer, and acceptable to every
node. One that is refused is put aside under its code and holds up nothing else. An act that travelled with a proposal
is written to the records of the tree when the proposal is published. Clause: architecture D1, D8.
"""

import tempfile
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from idbridge.crypto.keys import thumbprint
from idbridge.crypto.signer import Signer
from idbridge.errors import ConfigurationError, FetchError, IdBridgeError, InputError, TrustError
from idbridge.limits import LIMITS
from idbridge.model.region import Environment, MemberState
from idbridge.trust import files
from idbridge.trust.operator import deny_queue, published
from idbridge.trust.operator.published import Published
from idbridge.trust.operator.recording import Recording, make_folder
from idbridge.trust.tuf import proposal, roles, writing
from idbridge.trust.tuf.client import METADATA
from idbridge.trust.tuf.errors import mismatched, refusing_surprises
from idbridge.trust.tuf.keys import MetadataSigner
from idbridge.trust.tuf.proposal import Proposal
from idbridge.trust.tuf.publisher import Change, Publication, Publisher
from idbridge.trust.tuf.quorum import quorum_of
from idbridge.trust.tuf.repository import TufRepository
from idbridge.trust.tuf.tree import PublishedTree

NOT_READY: Final = "trust.threshold_missing"
_PRIVATE_FOLDER: Final = 0o700
_UNRECORDED, _DENIALS, _LAST = range(3)  # the order of a round

_LaidDown = tuple[str, Proposal | IdBridgeError]


@dataclass(frozen=True, slots=True)
class Refused:
    """A proposal that was put aside or left, with the code and the reason; ``denial`` if it is about the deny list."""

    name: str
    code: str
    detail: str
    denial: bool = False


@dataclass(frozen=True, slots=True)
class Round:
    """One round of the online role: what was published, put aside, and left for more signatures."""

    publication: Publication
    published: tuple[str, ...]
    refused: tuple[Refused, ...]
    waiting: tuple[Refused, ...]


@dataclass(frozen=True, slots=True)
class Places:
    """Where the online role works: the tree, the pinned root, and a memory of its own."""

    tree: Path
    root_file: Path
    state_directory: Path


class _EarlyError(TrustError):
    """A proposal that follows another one, which is not there yet."""

    def __init__(self, detail: str) -> None:
        super().__init__("trust.snapshot_mismatch", detail)


class OnlineRole:
    """The online role with its key."""

    def __init__(self, places: Places, online: Signer) -> None:
        self._places = places
        self._online = online
        self._tree = PublishedTree(places.tree)
        self._recording = Recording(self._tree, online)

    def standing(self, proposals: Sequence[Proposal] = ()) -> Published:
        """Return what stands in the tree; in an empty one, what the ``proposals`` of root and top level begin.

        Raises:
            ConfigurationError: The tree is empty and no root is proposed, or the pinned root cannot be read.
            TrustError, FetchError: What stands is not in order.
        """
        if self._tree.is_begun():
            return published.read(self._tree.reader, _pinned(self._places.root_file))
        by_role = {one.role: one for one in proposals}
        root = by_role.get(roles.ROOT)
        if root is None:
            raise ConfigurationError("nothing was published here, and no root is proposed to begin with")
        return published.proposed(root, by_role.get(roles.TARGETS))

    def publish(self, proposals: Sequence[Proposal], *, at: datetime, dry_run: bool = False) -> Publication:
        """Publish ``proposals`` together, if each is ready and what they make together is accepted.

        Raises:
            TrustError: ``trust.threshold_missing``: one is not ready; else the code for which it would be refused.
            ConfigurationError, FetchError: The tree, its records or the memory are not in order, the key is not the
                online key, or what was published could not be recorded.
        """
        if len({one.role for one in proposals}) != len(proposals):
            raise mismatched("two proposals are about one role; only one of them can follow what stands now")
        before = self.standing(proposals)
        done = self._require_ready(proposals, before)
        self._require_online(proposals, before)
        self._recording.require_possible()
        for one in proposals:
            if one.role == roles.DENY:
                deny_queue.require_next(before, one)
        publication = self._publisher(proposals).publish(_change(proposals), at=at, dry_run=dry_run)
        if not dry_run:
            self._record_or_keep(proposals, done, at=at)
        return publication

    def begin(self, proposals: Sequence[Proposal], *, at: datetime, dry_run: bool = False) -> Publication:
        """Publish the first ``proposals`` to an empty folder, and begin the pinned root and the memory with them.

        Raises:
            ConfigurationError: Something is there already, or a folder cannot be made.
            TrustError: As ``publish``.
        """
        if self._tree.is_begun():
            raise ConfigurationError("something was published here already; leave out `--initialise`")
        before = self.standing(proposals)
        self._require_ready(proposals, before)
        self._require_online(proposals, before)
        root = writing.octets_of(next(one for one in proposals if one.role == roles.ROOT).file.metadata)
        if dry_run:
            with tempfile.TemporaryDirectory() as folder:
                trial = Places(Path(folder) / "tree", Path(folder) / "root.json", Path(folder) / "state")
                return OnlineRole(trial, self._online).begin(proposals, at=at)
        make_folder(self._places.tree / METADATA)
        if self._places.root_file.exists():
            if _pinned(self._places.root_file) != root:
                raise ConfigurationError(f"`{self._places.root_file}` is another root than the one proposed")
        else:
            files.write(self._places.root_file.parent, self._places.root_file.name, root)
        self.remember()
        return self.publish(proposals, at=at)

    def remember(self) -> None:
        """Begin the memory of this machine, if it has none yet.

        Raises:
            ConfigurationError: It cannot be written, or the pinned root is not in order.
        """
        make_folder(self._places.state_directory, mode=_PRIVATE_FOLDER)
        if not any(self._places.state_directory.iterdir()):
            TufRepository(self._tree.reader, self._places.root_file, self._places.state_directory).initialise()

    def round(self, *, at: datetime) -> Round:
        """Publish what was laid down and is ready, denials first, and sign a fresh timestamp in any case.

        What a crash left behind after it was published is recorded and taken away. A fault of this machine costs no
        proposal its place: it is left, under that code.

        Raises:
            ConfigurationError, FetchError, TrustError: What stands is not in order; nothing was signed then.
        """
        before = self.standing()  # asked once alone: no proposal is put aside for a fault of what stands
        out: list[str] = []
        refused: list[tuple[Refused, Proposal | IdBridgeError]] = []
        waiting: list[Refused] = []
        publication: Publication | None = None
        left = _in_turn(self._laid_down(), before)
        seen: set[str] = set()
        turns: Counter[MemberState] = Counter()
        while left:
            name, found = left.pop(0)
            seen.add(name)
            by = _denied_by(found, before)
            try:
                with refusing_surprises(name):
                    _require_turn(by, turns)
                    publication = self._taken_up(found, before, at=at) or publication
                    self._tree.take_away(name)
                    out.append(name)
            except IdBridgeError as refusal:
                told = Refused(name, refusal.code, str(refusal), denial=_is_denial(found))
                if isinstance(refusal, _EarlyError | ConfigurationError) or refusal.code == NOT_READY:
                    waiting.append(told)
                else:
                    refused.append((told, found))
            if _follows(found, before):
                # What was tried may be published, and then it is another's turn.
                stood, before = before, self.standing()
                if before.version(roles.DENY) > stood.version(roles.DENY):
                    turns.update(by)
                left = _in_turn([one for one in self._laid_down() if one[0] not in seen], before)  # or came meanwhile
        if publication is None:
            self._require_online((), before)
            publication = self._publisher(()).refresh(at=at)
        early = [one for one in refused if _is_held_up(one[1], before, waiting)]
        aside = [self._put_aside(told, found, before) for told, found in refused if (told, found) not in early]
        waiting += [told for told, _ in early]
        return Round(publication, tuple(out), tuple(one for one in aside if one is not None), tuple(waiting))

    def _put_aside(self, refused: Refused, found: Proposal | IdBridgeError, after: Published) -> Refused | None:
        """Put a refused proposal aside; if that fails it is refused again in every round, and says so.

        A denial that came too late and lacks nothing of what stands ``after`` the round is done: it is taken away, and
        nothing is said of it.
        """
        done = isinstance(found, Proposal) and deny_queue.is_overtaken(after, found)
        try:
            self._tree.take_away(refused.name, refused=None if done else refused.code)
        except ConfigurationError:
            return replace(refused, detail=f"{refused.detail}; it cannot be moved and stays where it is")
        return None if done else refused

    def _taken_up(self, found: Proposal | IdBridgeError, before: Published, *, at: datetime) -> Publication | None:
        """Publish one proposal; ``None`` if it stands already, and a crash kept it from being taken away.

        Raises:
            TrustError: As ``publish``; it is about a version that does not come next.
        """
        if isinstance(found, IdBridgeError):
            raise found
        version = before.version(found.role)
        if _stands(found, before):
            self._recording.record_once(found, before, at=at)
            return None
        if found.file.version > version + 1 and found.role == roles.DENY:
            # Those before it had their turn in this round. Only a key on call could build it anew.
            raise mismatched(f"version {found.file.version} of deny was built on one that is not published; deny anew")
        if found.file.version > version + 1:
            raise _EarlyError(f"version {found.file.version} of {found.role} has to wait for the one before it")
        if found.file.version <= version:
            raise mismatched(f"version {found.file.version} of {found.role} comes too late; propose it anew")
        return self.publish((found,), at=at)

    def _laid_down(self) -> list[_LaidDown]:
        """Return what was laid down by name, or why it cannot be read."""
        return [
            (name, _read(name, octets)) for name, octets in self._tree.incoming() if name.endswith(deny_queue.SUFFIXES)
        ]

    def _require_online(self, proposals: Sequence[Proposal], before: Published) -> None:
        """Return if our key is the one that the root names for the online role, be it a new root.

        Raises:
            ConfigurationError: It is another one.
        """
        root = next((one.file.signed for one in proposals if one.role == roles.ROOT), before.root)
        if thumbprint(self._online.public_jwk) not in quorum_of(root, roles.TIMESTAMP).keys:
            raise ConfigurationError("this is not the online key: the root names another one for the online role")

    def _require_ready(self, proposals: Sequence[Proposal], before: Published) -> dict[str, list[dict[str, Any]]]:
        """Return what was done to each proposal, if every one of them is ready; new keys count at once."""
        by_role = {one.role: one for one in proposals}
        root, top = by_role.get(roles.ROOT), by_role.get(roles.TARGETS)
        after = before
        if root is not None and before.began:
            after = replace(after, root=root.file.signed)
        if top is not None:
            after = replace(after, top=top.file.signed)
        done: dict[str, list[dict[str, Any]]] = {}
        for one in proposals:
            if one.environment is not before.environment:
                raise TrustError("trust.environment_mismatch")
            source = before if one.role == roles.ROOT else after
            voters = source.voters(one.role, proposed=one.file.signed)
            proposal.progress(one, voters=voters).require_ready(one.role)
            done[one.role] = [act.document() for act in proposal.acts_of(one, voters=voters)]
        return done

    def _publisher(self, proposals: Sequence[Proposal]) -> Publisher:
        return Publisher(
            self._tree,
            online=MetadataSigner(self._online, state=None),
            root_file=self._places.root_file,
            state_directory=self._places.state_directory,
            environment=self._environment(proposals),
        )

    def _environment(self, proposals: Sequence[Proposal]) -> Environment:
        return self.standing(proposals).environment

    def _record_or_keep(
        self, proposals: Sequence[Proposal], done: dict[str, list[dict[str, Any]]], *, at: datetime
    ) -> None:
        """Record what was published; if that fails, lay it down, so that the next round records it.

        Raises:
            ConfigurationError: It failed.
        """
        try:
            self._recording.record(proposals, done, at=at)
        except IdBridgeError as unrecorded:
            for one in proposals:
                with suppress(ConfigurationError):  # that it was published is what has to be said
                    self._tree.lay_down(one.name, one.octets())
            raise ConfigurationError(f"published, not recorded ({unrecorded}); refresh to record it") from unrecorded


def _read(name: str, octets: bytes) -> Proposal | IdBridgeError:
    try:
        with refusing_surprises(name):
            return proposal.parse(octets)
    except IdBridgeError as refusal:
        return refusal


def _in_turn(laid_down: Sequence[_LaidDown], before: Published) -> list[_LaidDown]:
    """Return what was laid down in the order in which it is taken up.

    First what stands already and lacks its record, while the keys that signed it are those that stand; then denials,
    each in its turn; and of one role the older version. What a file says decides that. Its name, which is whatever
    somebody called it, decides only where nothing else does.
    """

    def turn(one: _LaidDown) -> tuple[int, tuple[int, bool, int], str]:
        name, found = one
        if not isinstance(found, Proposal):
            return _LAST, (0, False, 0), name
        if _stands(found, before):
            return _UNRECORDED, (found.file.version, False, 0), name
        if found.role == roles.DENY:
            return _DENIALS, deny_queue.turn(before, found), name
        return _LAST, (found.file.version, False, 0), name

    return sorted(laid_down, key=turn)


def _is_denial(found: Proposal | IdBridgeError) -> bool:
    return isinstance(found, Proposal) and found.role == roles.DENY


def _denied_by(found: Proposal | IdBridgeError, before: Published) -> frozenset[MemberState]:
    """Return the states that signed ``found``, if it is a denial."""
    if not isinstance(found, Proposal) or found.role != roles.DENY:
        return frozenset()
    return deny_queue.states(before, found)


def _require_turn(by: frozenset[MemberState], turns: Counter[MemberState]) -> None:
    """Return if a state that signed a denial may bring in one more in this round.

    One key on call could lay down thousands, and what arrives meanwhile would be built on a version long gone.

    Raises:
        ConfigurationError: It waits for the next round.
    """
    if by and all(turns[state] >= deny_queue.MOST_OF_ONE_STATE for state in by):
        raise ConfigurationError("its state brought in several denials in this round; the others wait for the next one")


def _follows(found: Proposal | IdBridgeError, before: Published) -> bool:
    return isinstance(found, Proposal) and found.file.version == before.version(found.role) + 1


def _is_held_up(found: Proposal | IdBridgeError, before: Published, waiting: Sequence[Refused]) -> bool:
    """Tell whether ``found`` is a denial that follows others which a fault of this machine left where they are."""
    if not isinstance(found, Proposal) or found.role != roles.DENY:
        return False
    left = any(one.denial and one.code == ConfigurationError.code for one in waiting)
    return left and found.file.version > before.version(roles.DENY) + 1


def _stands(found: Proposal, before: Published) -> bool:
    """Tell whether the very version that ``found`` proposes is published already."""
    if found.role == roles.ROOT:
        return bool(before.root == found.file.signed)
    if found.role == roles.TARGETS:
        return bool(before.top == found.file.signed)
    return found.role in before.roles and before.roles[found.role].payload == found.file.payload


def _change(proposals: Sequence[Proposal]) -> Change:
    octets = {one.role: writing.octets_of(one.file.metadata) for one in proposals}
    targets = {path: found for one in proposals for path, found in one.targets.items()}
    roots = tuple(octets.pop(role) for role in (roles.ROOT,) if role in octets)
    return Change(MappingProxyType(octets), MappingProxyType(targets), roots)


def _pinned(place: Path) -> bytes:
    try:
        return files.read_own(place.parent, place.name, max_bytes=LIMITS.metadata_bytes)
    except (FetchError, InputError) as unreadable:
        raise ConfigurationError(f"the pinned root `{place}` cannot be read") from unreadable
