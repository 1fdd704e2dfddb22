"""Mandates: may this person act for that legal person, for this purpose, at this instant? (architecture D2)

Judges what the credential's source states of the mandate and asks no company register.

====================  =======================================================  ==========================
check                 passes if                                                else
====================  =======================================================  ==========================
``recognition.12``    there is a mandate, if the purpose or the request needs  ``mandate.missing``
``recognition.13``    the mandate is in force                                  ``mandate.expired``
``recognition.14``    it contains every scope that the purpose names           ``mandate.out_of_scope``
``recognition.15``    it is for the legal person that the request expects      ``mandate.entity_mismatch``
====================  =======================================================  ==========================
"""

from datetime import datetime
from typing import Final

from idbridge.model.check import Check, CheckPoint, Result, Step
from idbridge.model.credential import Mandate
from idbridge.recognition.purpose import Purpose, PurposeSubject

_CLAUSE = "architecture D2"
PRESENT: Final = CheckPoint("recognition.12", Step.V7, _CLAUSE)
IN_FORCE: Final = CheckPoint("recognition.13", Step.V7, _CLAUSE)
SCOPE: Final = CheckPoint("recognition.14", Step.V7, _CLAUSE)
ENTITY: Final = CheckPoint("recognition.15", Step.V7, _CLAUSE)
_NATURAL: Final = PurposeSubject.NATURAL
_POINTS = (PRESENT, IN_FORCE, SCOPE, ENTITY)


def _all_skipped(why: str) -> tuple[Check, ...]:
    return tuple(point.skipped(why) for point in _POINTS)


_OWN_BEHALF = _all_skipped("the person acts for themself")
_WITHOUT_MANDATE = tuple(point.skipped("there is no mandate to judge") for point in (IN_FORCE, SCOPE, ENTITY))
_UNKNOWN_PURPOSE = _all_skipped("the purpose is not in the register")
_ELSEWHERE = Check(
    PRESENT.id, PRESENT.step, Result.PASSED, PRESENT.clause, None, "another credential of the same person states it"
)
_ANY_ENTITY = ENTITY.skipped("the request expects no particular legal person")


def represented(mandate: Mandate | None, purpose: Purpose) -> Mandate | None:
    """Return the mandate that counts for ``purpose``: none where the purpose is for natural persons only."""
    return None if purpose.subject is _NATURAL else mandate


def mandate_checks(
    mandate: Mandate | None,
    *,
    purpose: Purpose | None,
    expected_entity: tuple[str, str] | None,
    at: datetime,
    elsewhere: bool = False,
) -> tuple[Check, ...]:
    """Return the checks of the mandate, always the same four in the same order.

    ``expected_entity`` is the (scheme, value) of the legal person whom the relying party deals with. ``elsewhere``
    tells that another credential of the same person states the mandate, and not this one.
    """
    if purpose is None:
        return _UNKNOWN_PURPOSE
    if purpose.subject is _NATURAL:
        own = expected_entity is None and not (mandate is not None and mandate.itself)
        return _OWN_BEHALF if own else _not_for_legal_persons()
    if mandate is None:
        optional = purpose.subject is PurposeSubject.ANY and expected_entity is None
        return _OWN_BEHALF if optional else (PRESENT.refused("mandate.missing"), *_WITHOUT_MANDATE)
    return (
        _ELSEWHERE if elsewhere else PRESENT.passed,
        IN_FORCE.passed if _in_force(mandate, at=at) else IN_FORCE.refused("mandate.expired"),
        SCOPE.passed if mandate.itself or purpose.mandate_scope <= mandate.scope else _out_of_scope(purpose),
        _entity(mandate, expected=expected_entity),
    )


def _not_for_legal_persons() -> tuple[Check, ...]:
    """Refuse to speak for a legal person under a purpose that is for natural persons."""
    why = "the purpose is for natural persons"
    refused = SCOPE.refused("mandate.out_of_scope", "the purpose is for natural persons and names no legal person")
    return PRESENT.skipped(why), IN_FORCE.skipped(why), refused, ENTITY.skipped(why)


def _in_force(mandate: Mandate, *, at: datetime) -> bool:
    started = mandate.valid_from is None or mandate.valid_from <= at
    return started and (mandate.valid_until is None or at < mandate.valid_until)


def _out_of_scope(purpose: Purpose) -> Check:
    return SCOPE.refused(
        "mandate.out_of_scope", f"the purpose needs the scope {', '.join(sorted(purpose.mandate_scope))}"
    )


def _entity(mandate: Mandate, *, expected: tuple[str, str] | None) -> Check:
    if expected is None:
        return _ANY_ENTITY
    if expected == (mandate.entity_scheme, mandate.entity_value):
        return ENTITY.passed
    return ENTITY.refused("mandate.entity_mismatch")
