"""Acts of the trust-list consumer's own cases, beyond the drill: what a node makes of a tree over time.

Each is done to a scene of the drill, with the drill's own means, and is found out in the drill's way.
"""

import shutil
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any, Final

from idbridge.crypto.keys import thumbprint
from idbridge.model.region import Environment
from idbridge.model.time import instant_text, parse_instant
from idbridge.sandbox.distribution import TREE
from idbridge.sandbox.drill import finding
from idbridge.sandbox.drill.arena import HOUR, Scene
from idbridge.sandbox.drill.denying import (
    HELD_NUMBER,
    OfficersOnCall,
    denial,
    holding,
    known_denial,
    mirror_gone,
)
from idbridge.sandbox.drill.finding import Finding
from idbridge.sandbox.drill.making import (
    NO_EDITS,
    Edits,
    Signers,
    Stamp,
    as_signed,
    listing_role,
    properly,
    write_over,
    write_target,
)
from idbridge.sandbox.drill.publication import NO_TIME, Publication, as_held, in_force, looked, unspoiled
from idbridge.sandbox.drill.rotation import Rotation
from idbridge.trust import deny_list
from idbridge.trust.deny_entry import key_target
from idbridge.trust.snapshot import TrustSnapshot
from idbridge.trust.tuf import roles

Doing = Callable[[Scene], object]
_HALF: Final = HOUR / 2


@dataclass(frozen=True, slots=True)
class Standing:
    """A tree that nobody publishes to, looked at ``clock`` after the attack's instant.

    ``begun`` is what happened to the node before, ``spoiled`` what to the tree since.
    """

    clock: timedelta = NO_TIME
    begun: Callable[[Scene], TrustSnapshot] = as_held
    spoiled: Doing = unspoiled

    def struck(self, scene: Scene) -> Finding:
        """Let the node look."""
        before = self.begun(scene)
        self.spoiled(scene)
        return looked(scene, before, took=lambda after: finding.same(before, after), clock=self.clock)


@dataclass(frozen=True, slots=True)
class Recovery:
    """A node that was shown something bad half an hour ago, and now Singapore's next list, good.

    ``shown`` is what was bad, ``mended`` what was done about it before the good list was published.
    """

    shown: Doing
    mended: Doing = unspoiled

    def struck(self, scene: Scene) -> Finding:
        """Let the node look twice."""
        earlier = replace(scene, at=scene.at - _HALF)
        self.shown(earlier)
        before = earlier.node().load(at=earlier.at)
        self.mended(scene)
        offered = Publication(issued=-_HALF / 2).published(scene)
        return looked(scene, before, took=lambda after: in_force(offered, after))


@dataclass(frozen=True, slots=True)
class Denied:
    """A denial of the key of Singapore's login by the officers on call of ``by``, ``age`` ago, taken up an hour ago.

    ``spoiled`` is what happened to the tree since; then the node looks at it again.
    """

    by: OfficersOnCall
    age: timedelta = HOUR
    spoiled: Doing = unspoiled

    def struck(self, scene: Scene) -> Finding:
        """Deny, and let the node look again."""
        target = key_target(thumbprint(scene.region.signer("sg-login").public_jwk))
        before = holding(scene, denial(scene, target, self.by, at=scene.at - self.age))
        self.spoiled(scene)
        return looked(scene, before, took=lambda after: finding.same(before, after))


@dataclass(frozen=True, slots=True)
class DenyListOf:
    """The next deny list, with the denial that a node holds, which says of itself that it is of ``environment``."""

    environment: Environment = Environment.SANDBOX
    edits: Edits = field(default_factory=lambda: NO_EDITS)
    signers: Signers = properly
    stamped: Stamp = as_signed

    def struck(self, scene: Scene) -> Finding:
        """Publish it, and let the node look."""
        known = known_denial(scene)
        before = holding(scene, known)
        octets = deny_list.written([known], number=HELD_NUMBER + 1, environment=self.environment)
        head, files = scene.head(), {roles.DENY_LIST: octets}
        role = listing_role(scene, head, roles.DENY, files=files, how=self)
        write_target(scene, roles.DENY_LIST, octets)
        write_over(scene, head, {roles.DENY: role}, how=self)
        return looked(scene, before, took=lambda after: after.denials.number == HELD_NUMBER + 1)


def published(publication: Publication) -> Doing:
    """Return what publishes, and then spoils what was published as the publication says."""

    def done(scene: Scene) -> None:
        publication.published(scene)
        publication.spoiled(scene)

    return done


def tree_of_before(scene: Scene) -> None:
    """Put the tree in place that the node saw first; every file of it is genuine."""
    shutil.rmtree(scene.tree, ignore_errors=True)
    shutil.copytree(scene.arena.folder / TREE, scene.tree, symlinks=True)


def took_up_next_list(scene: Scene) -> TrustSnapshot:
    """Let the node take up Singapore's next list, half an hour before the attack."""
    earlier = replace(scene, at=scene.at - _HALF)
    Publication(issued=-_HALF / 2).published(earlier)
    return earlier.node().load(at=earlier.at)


def took_up_new_online_key(scene: Scene) -> TrustSnapshot:
    """Let the node take up a root with another online key, half an hour before the attack."""
    earlier = replace(scene, at=scene.at - _HALF)
    Rotation(length=1).published(earlier)
    return earlier.node().load(at=earlier.at)


def old_online_key_goes_on(scene: Scene) -> None:
    """Sign the next snapshot and timestamp with the online key that the newest root names no more."""
    write_over(scene, scene.head(), {}, how=Publication())


def newest_root_gone(scene: Scene) -> None:
    """Take the second root out of the tree, and sign on with the online key of the first."""
    (scene.tree / "metadata" / "2.root.json").unlink()
    old_online_key_goes_on(scene)


def tree_gone(scene: Scene) -> None:
    """Take the tree away."""
    mirror_gone(scene)


def issued_tomorrow(payload: dict[str, Any]) -> dict[str, Any]:
    """Date a denial to the day after."""
    issued = parse_instant(payload["issued_at"]) + timedelta(days=1)
    return {**payload, "issued_at": instant_text(issued)}
