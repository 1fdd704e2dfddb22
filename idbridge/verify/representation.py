"""Representation: whom the person of a presentation represents, if another of its credentials says so. Part of step V7.

A wallet may show who somebody is with one credential and for whom they act with another. Decides from which of them the
mandate counts for one that states none: from one that was recognised, and is shown to be of the very same person
(``persons``). Where that is not shown the credential is judged without a mandate, as it would be alone. What a legal
person says of itself is never anybody's mandate, and of mandates for two legal persons none is lent: which one counts,
nobody said. See ``docs/adr/0012-one-person.md``.
"""

from idbridge.model.credential import RecognisedIdentity
from idbridge.verify.findings import Judged
from idbridge.verify.persons import entity_of, same_person

Lender = RecognisedIdentity | None


def lenders(judged: tuple[Judged, ...]) -> tuple[Lender, ...]:
    """Return for each credential the other one whose mandate counts for it, ``None`` where its own or none does."""
    found = tuple(one for each in judged if (one := _representative(each)) is not None)
    entities = {entity_of(one.mandate) for one in found if one.mandate is not None}
    if len(entities) != 1:
        return (None,) * len(judged)
    return tuple(_lender(each, found) for each in judged)


def counts(lent: Judged, lender: RecognisedIdentity, *, first: bool) -> bool:
    """Tell whether ``lent``, judged with the mandate of ``lender``, counts.

    The report is at the level of the ``first`` credential, and no mandate stands under a level that it did not reach.
    """
    recognised = lent.findings.recognised
    return not first or recognised is None or lender.level >= recognised.level


def is_lent(recognised: RecognisedIdentity) -> bool:
    """Tell whether the mandate is one that another credential states."""
    return recognised.mandate is not None and recognised.credential.mandate is None


def _representative(judged: Judged) -> Lender:
    """Return who was recognised as acting for a legal person, ``None`` for everybody else."""
    recognised = judged.findings.recognised
    mandate = recognised.mandate if recognised is not None else None
    return recognised if mandate is not None and not mandate.itself else None


def _lender(judged: Judged, found: tuple[RecognisedIdentity, ...]) -> Lender:
    credential = judged.findings.credential
    if credential is None or credential.mandate is not None:
        return None
    return next((one for one in found if same_person(one.credential, credential)), None)
