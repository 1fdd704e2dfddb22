"""Trials of the common catalogue, taken into the drill: what they try is done in memory, and told by its answer."""

from dataclasses import dataclass

from idbridge.errors import IdBridgeError
from idbridge.sandbox.drill import finding
from idbridge.sandbox.drill.arena import Scene
from idbridge.sandbox.drill.finding import Finding, ToldBy
from idbridge.sandbox.trial import Attempt


@dataclass(frozen=True, slots=True)
class Tried:
    """An attempt on the whole region."""

    attempt: Attempt

    def struck(self, scene: Scene) -> Finding:
        """Make it."""
        kept = scene.current()
        try:
            self.attempt.made(scene.arena.whole, at=scene.at)
        except IdBridgeError as refusal:
            return finding.answered(refusal, unchanged=scene.current() == kept, told_by=ToldBy.REPORT)
        return finding.accepted(unchanged=True, told_by=ToldBy.REPORT)
