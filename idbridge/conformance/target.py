"""Targets: what is put to the test. One method answers a case; what a target does not do, it declares."""

from dataclasses import dataclass
from typing import Final, Protocol

from idbridge.conformance.answer import Observation
from idbridge.conformance.case import ConformanceCase
from idbridge.conformance.declaration import DECLARABLE_AREAS, DECLARABLE_TAGS, STATE
from idbridge.conformance.profiles import Profile

ALL: Final = "*"
_ABOUT: Final = {"released": "IDB-POL-010", "level": "IDB-POL-011"}
"""Requirements that nobody proves who does not tell that member of the state."""


@dataclass(frozen=True, slots=True)
class Description:
    """What a target says of itself.

    ``not_implemented`` is what it does not claim: cases, requirements, and those tags and areas (such as ``IDB-MDOC``)
    that ``declaration`` lets anybody declare. ``pinned`` is the SHA-256 of the pins under which what it made is
    verified, empty where nobody pinned any for it.
    """

    name: str
    version: str
    not_implemented: frozenset[str] = frozenset()
    pinned: str = ""

    @property
    def untold(self) -> frozenset[str]:
        """The members of the state that are not compared, because the target declares not to tell them."""
        marks = (one.partition(".") for one in self.not_implemented)
        return frozenset(member or ALL for name, _, member in marks if name == STATE)

    def silent_about(self, case: ConformanceCase) -> frozenset[str]:
        """Return which members of the state after ``case`` the target declares not to tell."""
        members = frozenset(case.state or ())
        return members if ALL in self.untold else members & self.untold

    def declines(self, case: ConformanceCase) -> bool:
        """Tell whether ``case`` is about something that the target declared not to do.

        What a consumer of trust lists proves is what it holds afterwards: who does not tell that proves nothing.
        """
        if case.profile is Profile.TRUST_LIST_CONSUMER and self.silent_about(case):
            return True
        areas = {requirement.rpartition("-")[0] for requirement in case.requirements} & DECLARABLE_AREAS
        unproved = {about for member, about in _ABOUT.items() if self.untold & {member, ALL}}
        declared = self.not_implemented | unproved
        return not declared.isdisjoint({case.id, *case.requirements, *areas, *DECLARABLE_TAGS.intersection(case.tags)})


class Target(Protocol):
    """Whatever answers cases. It decides nothing about being right."""

    def describe(self) -> Description:
        """Return what the target says of itself.

        Raises:
            ConfigurationError: It cannot be reached or started, or what it says is not in order.
        """
        ...

    def answer(self, case: ConformanceCase) -> Observation:
        """Put ``case`` to the target. Whatever it does instead of answering comes back as a fault, not as an error."""
        ...
