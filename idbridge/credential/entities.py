"""A legal person as a provider names it in claims of its own: who it is, and what the sender may do for it.

Decides whether the set that the list describes is complete. If any of it is there, all of it has to be (eIDAS, minimum
data sets): a register of the closed table that the state speaks for, a number of its form, a good standing, the name
where the list names one, and every further claim that the list demands. A credential of the legal person itself names
no person; it acts for itself. The same is asked of the register and number of a mandate in one statement. Whether the
power is in force and serves a purpose, step V7 decides.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from idbridge.credential.validity import instant
from idbridge.limits import LIMITS
from idbridge.model.check import Check, CheckPoint, Step
from idbridge.model.credential import Mandate, PersonName
from idbridge.model.entities import is_of
from idbridge.model.region import MemberState
from idbridge.model.time import parse_instant
from idbridge.model.trust import EntityMap, EntitySubject

ENTITY: Final = CheckPoint("entity.1", Step.V5, "eIDAS SAML attribute profile, minimum data sets; ETSI TS 119 602")
_NAME: Final = "name"
_MAX_POWERS: Final = 32
_FOREIGN: Final = "the number is not one of a register that its state speaks for"
_NOBODY: Final = ENTITY.skipped("no legal person is named: the person acts for themself")


def named_entity(
    claims: Mapping[str, Any],
    entity_map: EntityMap,
    *,
    state: MemberState,
    regional: Mapping[str, Any],
    name: Callable[[], PersonName | None],
    hides: bool = False,
) -> tuple[Check, Mandate | None]:
    """Return whether ``claims`` name a legal person as ``entity_map`` says, and for whom the sender may act.

    ``claims`` are flat, ``regional`` the same by regional name; ``name`` reads the name of the person. ``hides`` tells
    whether the holder may have withheld a claim: a power whose end may be withheld has no end that could be believed.
    """
    itself = entity_map.subject is EntitySubject.ITSELF
    if not itself and not _says_something(claims, entity_map):
        return _NOBODY, None
    value, scheme = _text(claims, entity_map.identifier), _scheme(claims, entity_map)
    if value is None:
        return ENTITY.refused("mandate.incomplete", "the number of the legal person is missing"), None
    if scheme is None or not is_of(scheme, value, vouched_by=state):
        return ENTITY.refused("mandate.entity_invalid", _FOREIGN), None
    if entity_map.status is not None and _text(claims, entity_map.status) not in entity_map.in_force:
        return ENTITY.refused("mandate.entity_invalid", "the register does not call it active"), None
    legal_name = _text(claims, entity_map.name)
    if entity_map.name is not None and legal_name is None:
        return ENTITY.refused("mandate.incomplete", "the name of the legal person is missing"), None
    missing = [one for one in sorted(entity_map.complete) if (name() is None if one == _NAME else one not in regional)]
    if missing:
        return ENTITY.refused("mandate.incomplete", f"the set lacks {', '.join(missing)}"), None
    power = _power(claims, entity_map)
    if not itself and not power:
        return ENTITY.refused("mandate.incomplete", "what the representative may do is missing"), None
    if hides and entity_map.until is not None and entity_map.until not in claims:
        return ENTITY.refused("mandate.incomplete", "the end of the power may have been withheld"), None
    try:
        until = _until(claims, entity_map)
    except ValueError:
        return ENTITY.refused("mandate.incomplete", "the end of the power cannot be read"), None
    return ENTITY.passed, Mandate(scheme, value, legal_name, power, None, until, itself=itself)


def of_its_state(mandate: Mandate, *, state: MemberState) -> Check:
    """Judge whether a mandate in one statement names its company by a register that ``state`` speaks for."""
    if is_of(mandate.entity_scheme, mandate.entity_value, vouched_by=state):
        return ENTITY.passed
    return ENTITY.refused("mandate.entity_invalid", _FOREIGN)


def _says_something(claims: Mapping[str, Any], entity_map: EntityMap) -> bool:
    """Tell whether any claim of a legal person is there with anything in it."""
    return any(claims.get(one) not in (None, "") for one in entity_map.sources)


def _text(claims: Mapping[str, Any], name: str | None) -> str | None:
    value = claims.get(name) if name is not None else None
    return value if type(value) is str and _is_text(value) else None


def _is_text(value: Any) -> bool:
    return type(value) is str and 0 < len(value) <= LIMITS.identifier_characters and not value.isspace()


def _scheme(claims: Mapping[str, Any], entity_map: EntityMap) -> str | None:
    if entity_map.scheme_claim is None:
        return entity_map.scheme
    word = claims.get(entity_map.scheme_claim)
    return entity_map.schemes.get(word) if type(word) is str else None


def _power(claims: Mapping[str, Any], entity_map: EntityMap) -> frozenset[str]:
    """Return what the representative may do; nothing if it cannot be read in full."""
    if entity_map.power_claim is None:
        return entity_map.power
    stated = claims.get(entity_map.power_claim)
    words = [stated] if type(stated) is str else stated
    readable = isinstance(words, list) and 0 < len(words) <= _MAX_POWERS and all(map(_is_text, words))
    return frozenset(words) if readable and isinstance(words, list) else frozenset()


def _until(claims: Mapping[str, Any], entity_map: EntityMap) -> datetime | None:
    """Return the end of the power: a time as tokens write it, or an instant as signed documents do.

    Raises:
        ValueError: It is there and neither.
    """
    if entity_map.until is None or entity_map.until not in claims:
        return None
    stated = claims[entity_map.until]
    found = instant(claims, entity_map.until) if type(stated) is int else parse_instant(str(stated)).astimezone(UTC)
    if found is None:
        raise ValueError("no instant")
    return found
