"""Trees in which nothing new is published: what stands there, stands there, or something is done to it."""

from collections.abc import Callable
from dataclasses import dataclass

from idbridge.sandbox.drill import finding
from idbridge.sandbox.drill.arena import Scene
from idbridge.sandbox.drill.finding import Finding
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
