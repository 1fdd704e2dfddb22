"""Damages: what somebody between a publisher and its readers can do without a key, done to a copy of what is published.

A good publication is protected against each of them: whoever reads the damaged copy refuses it, and says why. Each
procedure returns for what it was refused; nothing if it was taken. Nothing is ever written to the publication itself.
"""

import json
from collections.abc import Callable, Mapping
from datetime import timedelta
from types import MappingProxyType
from typing import Any, Final

from idbridge.conformance.targets.live import Finding, Procedure
from idbridge.conformance.targets.publisher.publication import (
    TIMESTAMP_PATH,
    Look,
    Publication,
    fetched,
    look,
)
from idbridge.conformance.targets.publisher.seen import Consumer
from idbridge.conformance.targets.publisher.tree_files import AlteredTree, place_of, some_states
from idbridge.crypto.signer import generate
from idbridge.errors import ConfigurationError, TrustError
from idbridge.limits import LIMITS
from idbridge.model.region import Environment
from idbridge.trust.tuf import roles, writing
from idbridge.trust.tuf.floors import DistributionFloors, VersionFloor
from idbridge.trust.tuf.keys import MetadataSigner
from idbridge.trust.tuf.second_lock import Fetched, examine

Parameters = Mapping[str, Any]
_OTHER_DIGEST: Final = "0" * 64


def file_missing(consumer: Consumer, asked: Parameters) -> Finding | None:
    """Take a file of the tree away."""
    place, subject = place_of(consumer.look, asked["file"])
    return _came_of(consumer, {place: None}, subject)


def file_changed(consumer: Consumer, asked: Parameters) -> Finding | None:
    """Change a file of the tree: what signs a timestamp, which no hash names, or one octet more in anything else."""
    place, subject = place_of(consumer.look, asked["file"])
    octets = consumer.publication.tree.read(place, max_bytes=LIMITS.trust_list_bytes)
    changed = _signed_by_nobody(octets) if asked["file"] == roles.TIMESTAMP else octets + b" "
    return _came_of(consumer, {place: changed}, subject)


def _signed_by_nobody(octets: bytes) -> bytes:
    document = json.loads(octets)
    for one in document["signatures"]:
        one["sig"] = "0" * len(one["sig"])
    return json.dumps(document).encode()


def files_exchanged(consumer: Consumer, _: Parameters) -> Finding | None:
    """Put the list of one state in the place of another's, both genuine."""
    one, other = some_states(consumer.look, 2)
    place, subject = place_of(consumer.look, "list")
    return _came_of(consumer, {place: consumer.look.offers[other]}, subject or f"lists/{one}")


def signatures_missing(consumer: Consumer, asked: Parameters) -> Finding | None:
    """Take signatures away, so that one fewer is left than the role needs; ``role`` is ``root`` or ``timestamp``."""
    publication, role = consumer.publication, asked["role"]
    bootstrap = publication.root or b""
    threshold = json.loads(bootstrap)["signed"]["roles"][role]["threshold"]
    if role == roles.ROOT:
        fewer = _with_signatures(bootstrap, threshold - 1)
        return _refusal(lambda: _examined(fetched(publication.tree, fewer), fewer, consumer), "")
    octets = publication.tree.read(TIMESTAMP_PATH, max_bytes=LIMITS.timestamp_bytes)
    return _came_of(consumer, {TIMESTAMP_PATH: _with_signatures(octets, threshold - 1)}, "")


def _with_signatures(octets: bytes, number: int) -> bytes:
    document = json.loads(octets)
    document["signatures"] = document["signatures"][:number]
    return json.dumps(document).encode()


def other_root(consumer: Consumer, _: Parameters) -> Finding | None:
    """Look at the tree from a root that somebody else made, with keys of their own in every role."""
    environment, at = consumer.look.environment, consumer.look.at
    issue = writing.Issue(environment, 1, at)
    states = tuple(sorted(consumer.look.offers))[: roles.LEAST_STATES]
    made = tuple((state, generate("ES256")) for state in states)
    group = writing.Group(tuple(writing.Holder(key.public_jwk, state) for state, key in made), roles.LEAST_STATES - 1)
    online = writing.Group((writing.Holder(generate("ES256").public_jwk, None),), 1)
    signers = [MetadataSigner(key, state=state) for state, key in made]
    strange = writing.signed(writing.root(issue, region=group, targets=group, online=online), signers)
    return _refusal(lambda: _examined(fetched(consumer.publication.tree, strange), strange, consumer), "")


def other_environment(consumer: Consumer, _: Parameters) -> Finding | None:
    """Read the tree as one of the other environment."""
    got, bootstrap = _got(consumer), consumer.publication.root or b""
    other = Environment.LIVE if consumer.look.environment is Environment.SANDBOX else Environment.SANDBOX
    floors = DistributionFloors(other)
    return _refusal(lambda: examine(got, bootstrap=bootstrap, floors=floors, at=consumer.look.at), "")


def other_instant(consumer: Consumer, asked: Parameters) -> Finding | None:
    """Look at the tree once something is over, or before it was signed; ``when`` names the instant."""
    view = consumer.look.view
    if view is None:
        raise ConfigurationError("the tree was not taken up")
    before = view.signed_at - LIMITS.list_issue_skew - timedelta(seconds=1)
    at = {"timestamp-end": view.dues[roles.TIMESTAMP], "before-timestamp": before}[asked["when"]]
    found = look(consumer.publication, at=at)
    return Finding.of(found.blocked) if found.blocked is not None else None


def floor_above(consumer: Consumer, asked: Parameters) -> Finding | None:
    """Offer the tree to somebody who holds a newer version of ``role``, or another one of the same number."""
    got, bootstrap, role = _got(consumer), consumer.publication.root or b"", asked["role"]
    view = consumer.look.view
    if view is None:
        raise ConfigurationError("the tree was not taken up")
    version = view.versions[role]
    held = VersionFloor(version + 1 if asked["held"] == "newer" else version, _OTHER_DIGEST)
    floors = DistributionFloors(view.environment, online=view.floors.online, roles=MappingProxyType({role: held}))
    return _refusal(lambda: examine(got, bootstrap=bootstrap, floors=floors, at=consumer.look.at), "")


def _examined(got: Fetched, bootstrap: bytes, consumer: Consumer) -> object:
    floors = DistributionFloors(consumer.look.environment)
    return examine(got, bootstrap=bootstrap, floors=floors, at=consumer.look.at)


def _got(consumer: Consumer) -> Fetched:
    if consumer.look.fetched is None:
        raise ConfigurationError("the tree could not be read")
    return consumer.look.fetched


def _came_of(consumer: Consumer, changed: Mapping[str, bytes | None], subject: str) -> Finding | None:
    """Return for what the tree with ``changed`` files is refused: all of it, or what is told under ``subject``."""
    publication = consumer.publication
    altered = Publication(AlteredTree(publication.tree, changed), root=publication.root)
    found = look(altered, at=consumer.look.at)
    return Finding.of(found.blocked) if found.blocked is not None else _about(found, subject)


def _about(found: Look, subject: str) -> Finding | None:
    refused = [one for one in found.refused if one.subject.startswith(subject) or one.subject == roles.AGREEMENTS]
    return Finding(refused[0].code, f"{refused[0].subject}: {refused[0].detail}") if refused else None


def _refusal(attempt: Callable[[], object], about: str) -> Finding | None:
    try:
        attempt()
    except TrustError as refusal:
        return Finding.of(refusal, about)
    return None


DAMAGES: Final[Mapping[str, Procedure[Consumer]]] = MappingProxyType({
    "file-missing": file_missing,
    "file-changed": file_changed,
    "files-exchanged": files_exchanged,
    "signatures-missing": signatures_missing,
    "other-root": other_root,
    "other-environment": other_environment,
    "other-instant": other_instant,
    "floor-above": floor_above,
})  # fmt: skip
