"""Trees in which no list is published: what stands there, stands there, or is taken away."""

from collections.abc import Callable
from dataclasses import dataclass, field

from idbridge.sandbox.drill import finding
from idbridge.sandbox.drill.arena import SG, Scene
from idbridge.sandbox.drill.finding import Finding
from idbridge.sandbox.drill.making import NO_EDITS, Edits, Signers, Stamp, as_signed, listing_role, properly, write_over
from idbridge.sandbox.drill.publication import as_held, looked, unspoiled
from idbridge.trust.snapshot import TrustSnapshot


@dataclass(frozen=True, slots=True)
class Standing:
    """A node that looks at a tree which it has seen; ``begun`` and ``spoiled`` are as for a publication."""

    begun: Callable[[Scene], TrustSnapshot] = as_held
    spoiled: Callable[[Scene], None] = unspoiled

    def struck(self, scene: Scene) -> Finding:
        """Let the node look."""
        before = self.begun(scene)
        self.spoiled(scene)
        return looked(scene, before, took=lambda after: finding.same(before, after))


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """Singapore's role lists nothing any more: the state withdraws its whole list."""

    signers: Signers = properly
    edits: Edits = field(default_factory=lambda: NO_EDITS)
    stamped: Stamp = as_signed

    def struck(self, scene: Scene) -> Finding:
        """Publish that, and let the node look."""
        self.published(scene)
        return looked(scene, scene.arena.held, took=lambda after: SG not in after.lists)

    def published(self, scene: Scene) -> None:
        """Write the role, and a snapshot and timestamp over it."""
        head = scene.head()
        write_over(scene, head, {SG.value: listing_role(scene, head, SG.value, files={}, how=self)}, how=self)
