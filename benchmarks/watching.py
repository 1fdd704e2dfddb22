"""What it costs a request to be watched: its verdict counted, its answer counted, its place among those in work."""

from datetime import datetime
from typing import Final

from benchmarks.corpus import Corpus
from benchmarks.harness import Subject
from idbridge.model.randomness import SystemRandomness
from idbridge.verify.verifier import Verifier
from idbridge_gateway.admission import Admission, rank_of
from idbridge_gateway.api.verify import VERIFY_PATH
from idbridge_gateway.metrics.figures import Figures

VERDICT: Final = "a verdict counted"
ANSWER: Final = "an answer counted, with how long it took"
PLACE: Final = "a place among those in work, taken and left"
TARGETS: Final = {VERDICT: 0.02, ANSWER: 0.02, PLACE: 0.02}  # 0.06 together, of 1.3 for the cheapest verdict
_TIMES: Final = 20_000
_OK: Final = 200
_SECONDS: Final = 0.0007


class _Room:
    is_full = False


def watching(corpus: Corpus, verifier: Verifier, *, at: datetime) -> tuple[Subject, ...]:
    """Return what is done at every request besides verifying."""
    (question,) = corpus.id_tokens(1, algorithm="ES256")
    report = verifier.verify(question.request, at=at)
    figures = Figures()
    admission = Admission(disk=_Room(), randomness=SystemRandomness(), note=figures.shed)

    def verdicts() -> None:
        for _ in range(_TIMES):
            figures.note(report)

    def answers() -> None:
        for _ in range(_TIMES):
            figures.answered(VERIFY_PATH, _OK, seconds=_SECONDS)

    def places() -> None:
        for _ in range(_TIMES):
            turn = admission.enter(rank_of(VERIFY_PATH, is_front=True), waited=_SECONDS)
            turn.belongs_to("th-bank")
            turn.leave()

    named = ((VERDICT, verdicts), (ANSWER, answers), (PLACE, places))
    return tuple(Subject(name, _TIMES, turn) for name, turn in named)
