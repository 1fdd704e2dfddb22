"""The target ``list:DIR`` and ``list:URL``: the suite as a careful consumer of what is published there."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from idbridge.clock import Clock
from idbridge.conformance.answer import Fault, FaultKind, Observation
from idbridge.conformance.case import ConformanceCase
from idbridge.conformance.target import Description
from idbridge.conformance.targets.live import Procedure, observed
from idbridge.conformance.targets.publisher.checks import CHECKS
from idbridge.conformance.targets.publisher.damages import DAMAGES
from idbridge.conformance.targets.publisher.documents import DOCUMENT_DAMAGES
from idbridge.conformance.targets.publisher.finer import FINER
from idbridge.conformance.targets.publisher.publication import Publication, look
from idbridge.conformance.targets.publisher.seen import Consumer
from idbridge.conformance.targets.publisher.succession import SUCCESSION
from idbridge.errors import FetchError, TrustError

PROCEDURES: Final[Mapping[str, Procedure[Consumer]]] = MappingProxyType(
    {**CHECKS, **FINER, **SUCCESSION, **DAMAGES, **DOCUMENT_DAMAGES}
)
TUF: Final = "tuf"  # tags of cases that need a tree, a folder on this machine, an older copy
FOLDER: Final = "folder"
PREVIOUS: Final = "previous"


class PublisherTarget:
    """A publication, looked at once, at the instant of the first case; ``not_implemented`` its publisher declares."""

    def __init__(
        self,
        publication: Publication,
        *,
        clock: Clock,
        name: str = "publication",
        not_implemented: frozenset[str] = frozenset(),
    ) -> None:
        self._declared = not_implemented
        self._publication = publication
        self._clock = clock
        self._name = name
        self._consumer: Consumer | None = None

    def describe(self) -> Description:
        """Return what cannot be asked of it: a plain list has no roles, a remote tree no folder; or it is declared."""
        publication = self._publication
        there = {TUF: publication.root, FOLDER: publication.folder, PREVIOUS: publication.previous}
        missing = frozenset(tag for tag, what in there.items() if what is None)
        return Description(self._name, "tuf" if publication.root is not None else "plain", missing | self._declared)

    def answer(self, case: ConformanceCase) -> Observation:
        """Return what the procedure of ``case`` found."""
        if self._consumer is None:
            try:
                seen = look(self._publication, at=self._clock.now())
            except (FetchError, TrustError) as gone:
                return Observation(Fault(FaultKind.UNREACHABLE, str(gone)))
            if seen.fetched is None and self._publication.root is not None:
                return Observation(Fault(FaultKind.UNREACHABLE, f"there is no tree to look at: {seen.blocked}"))
            self._consumer = Consumer(self._publication, seen)
        return observed(case, self._consumer, PROCEDURES)
