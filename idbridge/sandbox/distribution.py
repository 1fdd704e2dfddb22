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
    """Return what of ``published`` is not in sight yet, signed by whoever has to; at first, everything."""
    role_files: dict[str, bytes] = {}
    targets: dict[str, bytes] = {}
    for state, compact in published.lists.items():
        octets, path = compact.encode("ascii"), roles.list_path(state)
        issue = _following(head, state.value, {path: octets}, environment=environment, at=at)
        if issue is not None:
            role_files[state.value] = state_role(state, octets, keys=keys, issue=issue)
            targets[path] = octets
    carried = documents(published, purposes_version=purposes_version)
    issue = _following(head, roles.AGREEMENTS, carried, environment=environment, at=at)
    if issue is not None:
        payload = writing.carrier(issue, roles.AGREEMENTS, files=carried)
        role_files[roles.AGREEMENTS] = writing.signed(payload, keys.roles.signing(roles.AGREEMENTS))
        targets |= carried
    if head is not None:
        return Change(MappingProxyType(role_files), MappingProxyType(targets))
    first = Issue(environment, 1, at)
    empty = {roles.DENY_LIST: deny_list.written((), number=1, environment=environment)}
    role_files[roles.DENY] = writing.signed(
        writing.carrier(first, roles.DENY, files=empty), keys.roles.signing(roles.DENY)
    )
    role_files[roles.TARGETS] = writing.signed(
        writing.targets(first, delegations=keys.roles.delegations(), handovers={}), keys.roles.signing(roles.TARGETS)
    )
    root = writing.root(
        first,
        region=keys.roles.group(roles.ROOT),
        targets=keys.roles.group(roles.TARGETS),
        online=keys.roles.group(roles.TIMESTAMP),
    )
    return Change(
        MappingProxyType(role_files),
        MappingProxyType({**targets, **empty}),
        (writing.signed(root, keys.roles.signing(roles.ROOT)),),
    )


def _following(
    head: Head | None, role: str, offered: Mapping[str, bytes], *, environment: Environment, at: datetime
) -> Issue | None:
    """Return the issue in which ``offered`` is published; ``None`` if the role lists just that already."""
    if head is None or role not in head.roles:
        return Issue(environment, 1, at)
    listed = head.targets_of(role)
    held = {path: target.hashes.get("sha256") for path, target in (listed.targets if listed else {}).items()}
    if held == {path: writing.digest(octets) for path, octets in offered.items()}:
        return None
    return Issue(environment, head.roles[role].version + 1, at)


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
