"""What the story says of a step that refused, or that was never reached, for each of the nine."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, NamedTuple

from idbridge.model.check import Result, Step


class Words(NamedTuple):
    """Three sentences: for a step that refused, one that cannot tell, and one that was never reached."""

    refused: str
    unknown: str
    skipped: str = "Not reached: an earlier step refused."

    def of(self, result: Result) -> str:
        """Return the sentence for what came of the step."""
        return {Result.FAILED: self.refused, Result.INDETERMINATE: self.unknown}.get(result, self.skipped)


WORDS: Final[Mapping[Step, Words]] = MappingProxyType(
    {
        Step.V2: Words(
            "It cannot be taken apart as any format that is served here.",
            "Whether it can be taken apart cannot be told now.",
            "It was not looked at: the question itself was refused.",
        ),
        Step.V3: Words(
            "No service that a state lists, and that is trusted now, vouches for it.",
            "Whether a listed service vouches for it cannot be told now.",
        ),
        Step.V4: Words("The listed key did not sign what was shown.", "Whether it is signed cannot be told now."),
        Step.V5: Words(
            "It is genuinely signed, and breaks a rule that has to hold for every one of its kind.",
            "It is genuinely signed, and whether all rules hold cannot be told now.",
        ),
        Step.V6: Words("It was cancelled, or its issuer was.", "Whether it was cancelled cannot be told now."),
        Step.V7: Words(
            "It is genuine, and does not count here for this purpose.",
            "It is genuine, and whether it counts here cannot be told now.",
        ),
        Step.V8: Words(
            "The asker demands more than was shown, or may not ask so.",
            "Whether the asker's demands are met cannot be told now.",
            "Nothing was recognised of which the asker could demand anything.",
        ),
    }
)
