"""Publications past the publisher: the region's next one, good, or bad in one named detail.

What the state writes, how its list is signed, what its role says of it, what the region signs over that, what the
mirror makes of it and in which state the node is are different things, and each can be attacked alone. Our own
publisher would refuse most of it; the attacker does not use it.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from idbridge.codec import base64url, jcs
from idbridge.crypto.keys import parse_jwk, thumbprint
from idbridge.crypto.signer import FileSigner
from idbridge.errors import IdBridgeError, InputError
from idbridge.model.region import Environment
from idbridge.sandbox.draft import Draft, Seal, sealed
from idbridge.sandbox.drill import finding
from idbridge.sandbox.drill.arena import HOUR, SG, Scene
from idbridge.sandbox.drill.finding import Finding
from idbridge.sandbox.drill.making import (
    NO_EDITS,
    Edits,
    Signers,
    Stamp,
    as_signed,
    listing_role,
    next_version,
    properly,
    write_over,
    write_target,
)
from idbridge.sandbox.publication import public_material
from idbridge.sandbox.sources import Table, double_issuers
from idbridge.trust import jades
from idbridge.trust.publish import lote_from_source
from idbridge.trust.snapshot import TrustSnapshot
from idbridge.trust.tuf import roles
from idbridge.trust.tuf.client import Tree
from idbridge.trust.tuf.entry import ListEntry

Custom = dict[str, Any]
HELD_SEQUENCE: Final = 2
LIST_LIFE: Final = timedelta(days=90)
NO_TIME: Final = timedelta(0)


def as_it_was(value: Any) -> Any:
    """Change nothing."""
    return value


def unspoiled(_scene: Scene) -> None:
    """Change nothing."""


def own_key(scene: Scene) -> FileSigner:
    """Return the key with which Singapore signs its lists."""
    return scene.region.keys.lists[SG]


def as_held(scene: Scene) -> TrustSnapshot:
    """Leave the node as it is, and return what it holds."""
    return scene.arena.held


@dataclass(frozen=True, slots=True)
class Offered:
    """A list as its state hands it over: the signed octets, the digest of what they say, and what its role says."""

    octets: bytes
    content: str
    custom: Custom


@dataclass(frozen=True, slots=True)
class Publication:
    """Singapore's next list in the region's next publication, put into the tree past the publisher.

    Of the list: ``ahead`` is how many editions it runs ahead, ``issued`` when it was issued, counted from now, and
    ``life`` how long it is good; ``written`` changes the source document, ``built`` the list, ``list_key`` says which
    key signs and ``seal`` how. Of the metadata: ``pinned`` is the list key that the role names, ``named`` changes the
    entry, and the rest is as ``How`` says; with ``top`` the officers sign the top level anew. ``spoiled`` is what
    happens to the tree afterwards, ``begun`` what happened to the node before, ``clock`` by how much its clock is off.
    """

    ahead: int = 1
    issued: timedelta = -HOUR / 2
    life: timedelta = LIST_LIFE
    environment: Environment = Environment.SANDBOX
    written: Callable[[Table], Table] = as_it_was
    built: Callable[[dict[str, Any]], dict[str, Any]] = as_it_was
    list_key: Callable[[Scene], FileSigner] = own_key
    seal: Seal = sealed
    pinned: Callable[[Scene], FileSigner] = own_key
    named: Callable[[Custom], Custom] = as_it_was
    top: bool = False
    edits: Edits = field(default_factory=lambda: NO_EDITS)
    signers: Signers = properly
    stamped: Stamp = as_signed
    spoiled: Callable[[Scene], None] = unspoiled
    begun: Callable[[Scene], TrustSnapshot] = as_held
    clock: timedelta = NO_TIME

    def struck(self, scene: Scene) -> Finding:
        """Publish, and let the node look."""
        before = self.begun(scene)
        offered = self.published(scene)
        self.spoiled(scene)
        return looked(scene, before, took=lambda after: in_force(offered, after), clock=self.clock)

    def published(self, scene: Scene) -> Offered:
        """Write the list, its role, and a snapshot and timestamp over them; return the list."""
        offered, head, path = self.offered(scene), scene.head(), roles.list_path(SG)
        files = {path: offered.octets}
        new = {SG.value: listing_role(scene, head, SG.value, files=files, custom=offered.custom, how=self)}
        if self.top:
            new[roles.TARGETS] = next_version(scene, head, roles.TARGETS, how=self)
        write_target(scene, path, offered.octets)
        write_over(scene, head, new, how=self)
        return offered

    def offered(self, scene: Scene) -> Offered:
        """Return the list with its entry."""
        issued_at = scene.at + self.issued
        sequence = HELD_SEQUENCE + self.ahead
        source = scene.region.sources.lists[SG]
        lote = lote_from_source(
            self.written(source),
            environment=self.environment,
            sequence=sequence,
            issued_at=issued_at,
            next_update=issued_at + self.life,
            material=public_material(scene.region.keys).__getitem__,
            other_environment_issuers=double_issuers(scene.region.environment, source),
        )
        octets = self.seal(self._draft(scene, jcs.canonicalize(self.built(lote)), at=issued_at)).encode()
        pinned, first = (parse_jwk(key.public_jwk) for key in (self.pinned(scene), own_key(scene)))
        retired = () if pinned.thumbprint == first.thumbprint else (first,)
        entry = ListEntry(sequence, _content(octets), pinned.thumbprint, (pinned,), retired)
        return Offered(octets, entry.digest, self.named(entry.custom()))

    def _draft(self, scene: Scene, payload: bytes, *, at: datetime) -> Draft:
        signer = self.list_key(scene)
        header = {
            "alg": signer.algorithm,
            "typ": jades.TYPE,
            "kid": thumbprint(signer.public_jwk),
            "iat": int(at.timestamp()),
        }
        return Draft(header, payload, signer, scene.region.keys.maker)


def _content(octets: bytes) -> str:
    """Return the digest of the payload; of all the octets, if there is none to be found."""
    try:
        payload = base64url.decode(octets.split(b".")[1].decode("ascii"))
    except (InputError, IndexError, UnicodeDecodeError):
        payload = octets
    return hashlib.sha256(payload).hexdigest()


def in_force(offered: Offered, after: TrustSnapshot) -> bool:
    """Tell whether the list of Singapore that is in force is the one on offer."""
    return SG in after.lists and after.lists[SG].content == offered.content


def looked(
    scene: Scene,
    before: TrustSnapshot,
    *,
    took: Callable[[TrustSnapshot], bool],
    clock: timedelta = NO_TIME,
    tree: Tree | None = None,
) -> Finding:
    """Let the node look at the tree, and return what came of it; ``took`` tells whether the offer is in force.

    ``clock`` is by how much the node's clock is off, ``tree`` where it looks, if not at the folder of the scene.
    """
    kept, node, at = scene.current(), scene.node(tree), scene.at + clock
    try:
        after = node.load(at=at)
    except IdBridgeError as refusal:
        return finding.stopped(refusal, unchanged=scene.current() == kept, at=scene.at)
    return finding.of_node(before, after, lambda: node.load(at=at), took=took(after), at=scene.at)
