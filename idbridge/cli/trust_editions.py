"""Editions by name: a file with a signed list or a proposal of one, ``SG`` for the list held, ``SG@7`` for one kept.

Every edition that a command looks at is signed by a key that this node knows for the state; nothing else is shown.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Final

from idbridge.cli.exits import Exit
from idbridge.cli.material import absent, open_snapshot
from idbridge.cli.output import Failure
from idbridge.errors import FetchError, InputError
from idbridge.limits import LIMITS
from idbridge.model.keys import PublicKey
from idbridge.model.region import Environment, MemberState
from idbridge.sandbox.distribution import ROOT_FILE, TREE
from idbridge.trust import files, pins
from idbridge.trust.operator import history
from idbridge.trust.operator.history import Edition, Found, Keys, Unread
from idbridge.trust.profile import TrustList
from idbridge.trust.store import SnapshotStore
from idbridge.trust.stored import StoredSnapshot
from idbridge.trust.tuf import proposal

PINS: Final = "pins.json"
STORE: Final = "store"  # below a node's state directory, where distribution by TUF keeps snapshots
_NAME: Final = re.compile(r"([A-Za-z]{2})(?:@([1-9]\d{0,15}))?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Known:
    """What this machine knows of lists: in which environment, by which keys, and the snapshots that it keeps."""

    environment: Environment
    keys: Keys
    snapshots: tuple[StoredSnapshot, ...]


def known(region: Path) -> Known:
    """Return what this machine knows of lists.

    Raises:
        Failure: There is nothing from which it could know a key.
        ConfigurationError: Its files are not in order.
    """
    if not region.is_dir():
        raise absent(region)
    if (region / ROOT_FILE).is_file():
        open_snapshot(region)  # whose keys count is known once the distribution was taken up
    snapshots = tuple(_snapshots(region))
    environments = {Environment(stored.about["environment"]) for stored in snapshots}
    keys = [history.keys_in(stored) for stored in snapshots]
    if (region / PINS).is_file():
        pinned = pins.parse(files.read_own(region, PINS, max_bytes=LIMITS.pins_bytes))
        environments.add(pinned.environment)
        keys.append(pinned.keys)
    if len(environments) != 1:
        hint = "a node has `pins.json`, or has taken up a distribution with `idbridge trust fetch`"
        raise Failure(f"the keys of the lists' signers are not known in `{region}`", hint=hint)
    return Known(environments.pop(), _joined(keys), snapshots)


def _snapshots(region: Path) -> Iterator[StoredSnapshot]:
    """Yield the snapshots that the nodes of this machine keep."""
    for folder in (region / "state", *sorted((region / "nodes").glob("*/state"))):
        if (folder / STORE).is_dir():
            store = SnapshotStore(folder / STORE)
            yield from map(store.named, store.ids())


def _joined(keys: list[Keys]) -> Keys:
    found: dict[MemberState, dict[str, PublicKey]] = {}
    for one in keys:
        for state, held in one.items():
            found.setdefault(state, {}).update((key.thumbprint, key) for key in held)
    return MappingProxyType({state: tuple(held.values()) for state, held in found.items()})


def edition(region: Path, name: str) -> TrustList:
    """Return the edition that ``name`` names.

    Raises:
        Failure: There is none of this name, or the file cannot be read.
        TrustError: It is not signed by a key that is known here, or is no list.
    """
    named = _NAME.fullmatch(name)
    if named is None or Path(name).exists():
        there = known(region)
        return history.read_list(read_signed_list(name), keys=there.keys, environment=there.environment)
    try:
        state = MemberState(named[1].upper())
    except ValueError:
        hint = f"a file, or one of {', '.join(sorted(MemberState))}, with `@7` for an edition that is kept"
        raise Failure(f"`{name}` names no list", hint=hint, exit_code=Exit.USAGE) from None
    return _held(region, state) if named[2] is None else _kept(region, state, int(named[2]))


def _held(region: Path, state: MemberState) -> TrustList:
    snapshot = open_snapshot(region)
    snapshot.provenance(state)  # says why there is none
    return snapshot.lists[state]


def _kept(region: Path, state: MemberState, sequence: int) -> TrustList:
    found, _ = editions(region, state)
    fitting = [one.listed for one in found if one.listed.provenance.sequence == sequence]
    if len(fitting) != 1:
        hint = f"`idbridge trust history {state}` shows which are"
        raise Failure(f"edition {sequence} of the list of {state} is not kept, or not the only one", hint=hint)
    return fitting[0]


def editions(
    region: Path, state: MemberState, *, tree: Path | None = None
) -> tuple[tuple[Edition, ...], tuple[Unread, ...]]:
    """Return every edition of a state's list that is held or kept on this machine, or in a published ``tree``.

    Raises:
        Failure: There is nothing from which a key of a list could be known.
        ConfigurationError: Files are not in order.
    """
    there = known(region)
    kept = (found for stored in there.snapshots for found in history.kept_in(stored, state))
    places = [region / "trust" / "lists" / f"{state}.jws"]
    published = published_tree(region, tree)
    if published is not None:
        places += sorted((published / "targets" / "lists" / state.value).glob("*.jws"))
    loose = (Found(place.name, read_signed_list(str(place))) for place in places if place.is_file())
    return history.editions((*kept, *loose), state=state, keys=there.keys, environment=there.environment)


def published_tree(region: Path, tree: Path | None) -> Path | None:
    """Return the folder with a published tree: the one that was named, or that of a pretend region; else ``None``."""
    own = region / TREE
    return tree if tree is not None or not own.is_dir() else own


def read_signed_list(name: str) -> bytes:
    """Return the signed list in a file, without the line break that editors add; a proposal carries one along.

    Raises:
        Failure: It cannot be read, is larger than any list, or is a proposal of something else.
        TrustError: It is a proposal that is not in its form.
    """
    path = Path(name)
    travels = path.name.endswith(proposal.SUFFIX)
    try:
        octets = files.read(
            path.parent, path.name, max_bytes=LIMITS.proposal_bytes if travels else LIMITS.trust_list_bytes
        )
    except (FetchError, InputError) as unreadable:
        raise Failure(f"`{name}` cannot be read as a signed list: {unreadable}") from unreadable
    return _proposed(octets, name) if travels else octets.strip(b"\r\n")


def _proposed(octets: bytes, name: str) -> bytes:
    found = proposal.parse(octets)
    lists = [target for path, target in found.targets.items() if path.startswith("lists/")]
    if len(lists) != 1:
        raise Failure(f"`{name}` proposes no list, but {found.act} for {found.role}", exit_code=Exit.USAGE)
    return lists[0]
