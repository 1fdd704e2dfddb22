"""The distribution of the pretend region: its documents in the roles that carry them, and a tree to publish them to."""

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from types import MappingProxyType
from typing import Final

from idbridge.crypto.keys import parse_jwk
from idbridge.errors import ConfigurationError
from idbridge.model.region import Environment, MemberState
from idbridge.sandbox.keys import Keys
from idbridge.sandbox.publication import Published
from idbridge.sandbox.role_keys import RoleKeys
from idbridge.trust import deny_list, files, profile
from idbridge.trust.tuf import entry, roles, writing
from idbridge.trust.tuf.client import METADATA
from idbridge.trust.tuf.publisher import Change, Publisher
from idbridge.trust.tuf.repository import TufRepository
from idbridge.trust.tuf.tree import Head, PublishedTree
from idbridge.trust.tuf.writing import Issue

TREE: Final = "tree"
ROOT_FILE: Final = "root.json"
PUBLISHER: Final = "publisher"
_PRIVATE_FOLDER: Final = 0o700


def documents(published: Published, *, purposes_version: int) -> dict[str, bytes]:
    """Return the arrangements and the register by their paths in the tree."""
    found = {
        f"arrangements/{name}/{number}.json": octets
        for name, versions in published.arrangements.items()
        for number, octets in enumerate(versions, start=1)
    }
    return found | {f"purposes/{purposes_version}.json": published.purposes}


def state_role(
    state: MemberState,
    octets: bytes,
    *,
    keys: Keys,
    issue: Issue,
) -> bytes:
    """Return the signed role of ``state`` that lists the list in ``octets``."""
    signer = keys.lists[state]
    listed = profile.parse(
        octets, state=state, environment=issue.environment, keys=(parse_jwk(signer.public_jwk),), distribution="tuf"
    )
    named = entry.entry_for(listed, keys=(dict(signer.public_jwk),))
    payload = writing.state_role(issue, state, octets=octets, entry=named)
    return writing.signed(payload, keys.roles.signing(state.value))


def change(
    head: Head | None,
    published: Published,
    *,
    purposes_version: int,
    keys: Keys,
    environment: Environment,
    at: datetime,
) -> Change:
    """Return what of ``published`` is not in sight yet, and what is in sight for half of its life; at first, all."""
    made = _Change(head, keys=keys, environment=environment, at=at)
    for state, compact in published.lists.items():
        octets = compact.encode("ascii")
        issue = made.issue(state.value, {roles.list_path(state): octets})
        if issue is not None:
            made.take(state.value, state_role(state, octets, keys=keys, issue=issue), {roles.list_path(state): octets})
    made.carry(roles.AGREEMENTS, documents(published, purposes_version=purposes_version))
    if head is None:
        made.carry(roles.DENY, _no_denials(environment))
        made.delegate()
    made.renew(roles.DENY)
    made.renew(roles.TARGETS)
    return Change(MappingProxyType(made.roles), MappingProxyType(made.targets), made.roots())


def _no_denials(environment: Environment) -> dict[str, bytes]:
    return {roles.DENY_LIST: deny_list.written((), number=1, environment=environment)}


class _Change:
    """A change in the making: each role that is new, other than before, or past half of its life."""

    def __init__(self, head: Head | None, *, keys: Keys, environment: Environment, at: datetime) -> None:
        self._head = head
        self._keys = keys
        self._environment = environment
        self._at = at
        self.roles: dict[str, bytes] = {}
        self.targets: dict[str, bytes] = {}

    def issue(self, role: str, offered: Mapping[str, bytes]) -> Issue | None:
        """Return the issue in which ``role`` lists ``offered``; ``None`` if it does so and is good for long enough."""
        listed = self._head.targets_of(role) if self._head is not None else None
        if self._head is None or listed is None:
            return Issue(self._environment, 1, self._at)
        held = {path: target.hashes.get("sha256") for path, target in listed.targets.items()}
        same = held == {path: writing.digest(octets) for path, octets in offered.items()}
        if same and not self._is_ageing(role, listed.expires):
            return None
        return Issue(self._environment, self._head.roles[role].version + 1, self._at)

    def _is_ageing(self, role: str, expires: datetime) -> bool:
        return expires - self._at < roles.terms(role).usual / 2

    def take(self, role: str, octets: bytes, targets: Mapping[str, bytes]) -> None:
        """Take up a role that is signed, with the files that it lists."""
        self.roles[role] = octets
        self.targets |= targets

    def carry(self, role: str, offered: Mapping[str, bytes]) -> None:
        """Let a carrier list ``offered``."""
        issue = self.issue(role, offered)
        if issue is not None:
            signers = self._keys.roles.signing(role)
            self.take(role, writing.signed(writing.carrier(issue, role, files=offered), signers), offered)

    def delegate(self) -> None:
        """Let the top level delegate to everybody."""
        issue = Issue(self._environment, 1, self._at)
        payload = writing.targets(issue, delegations=self._keys.roles.delegations(), handovers={})
        self.take(roles.TARGETS, writing.signed(payload, self._keys.roles.signing(roles.TARGETS)), {})

    def renew(self, role: str) -> None:
        """Let a role that is past half of its life say the same again."""
        payload = self._head.targets_of(role) if self._head is not None else None
        if payload is None or not self._is_ageing(role, payload.expires):
            return
        issue = Issue(self._environment, payload.version + 1, self._at)
        payload.version, payload.expires = issue.version, issue.expires(role)
        payload.unrecognized_fields = issue.members()
        self.take(role, writing.signed(payload, self._keys.roles.signing(role)), {})

    def roots(self) -> tuple[bytes, ...]:
        """Return the first root, or one that follows when the newest is past half of its life."""
        number = len(self._head.roots) if self._head is not None else 0
        if self._head is not None and not self._is_ageing(roles.ROOT, self._head.root_expires):
            return ()
        group = self._keys.roles.group
        root = writing.root(
            Issue(self._environment, number + 1, self._at),
            region=group(roles.ROOT),
            targets=group(roles.TARGETS),
            online=group(roles.TIMESTAMP),
        )
        return (writing.signed(root, self._keys.roles.signing(roles.ROOT)),)


def publisher(directory: Path, *, role_keys: RoleKeys, environment: Environment) -> Publisher:
    """Return the publisher of the tree below ``directory``, whose memory is begun with the tree.

    Raises:
        ConfigurationError: The tree is there and its publisher's memory is not.
    """
    return Publisher(
        PublishedTree(directory / TREE),
        online=role_keys.online_signer,
        root_file=directory / ROOT_FILE,
        state_directory=directory / PUBLISHER,
        environment=environment,
    )


def publish(
    directory: Path,
    published: Published,
    *,
    purposes_version: int,
    keys: Keys,
    environment: Environment,
    at: datetime,
) -> None:
    """Bring ``published`` into sight in the tree below ``directory``, with the pinned root beside it.

    Raises:
        ConfigurationError: A file cannot be written, or what is there is not in order.
        TrustError: What is to be published would be refused.
    """
    tree = PublishedTree(directory / TREE)
    head = tree.head() if tree.is_begun() else None
    wanted = change(
        head,
        published,
        purposes_version=purposes_version,
        keys=keys,
        environment=environment,
        at=at,
    )
    if head is None:
        _begin(directory, root=wanted.roots[0])
    publisher(directory, role_keys=keys.roles, environment=environment).publish(wanted, at=at)


def _begin(directory: Path, *, root: bytes) -> None:
    try:
        (directory / TREE / METADATA).mkdir(parents=True, exist_ok=True)
        (directory / PUBLISHER).mkdir(exist_ok=True, mode=_PRIVATE_FOLDER)
    except OSError as unwritable:
        raise ConfigurationError("the folders of the distribution cannot be made") from unwritable
    files.write(directory, ROOT_FILE, root)
    memory = TufRepository(PublishedTree(directory / TREE).reader, directory / ROOT_FILE, directory / PUBLISHER)
    memory.initialise()
