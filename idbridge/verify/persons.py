"""Persons: are two verified credentials of one person, of two, or can nobody tell?

Decides by what states signed. One person: the same holder key, proved for both, or the same identifier at the same
provider, by the same claim. Two persons: another identifier there, another date of birth, names that have no form in
common, or a legal person beside a natural one. A name and a birthdate in common prove nothing: many people share them.
See ``docs/adr/0012-one-person.md``.
"""

import re
import unicodedata
from typing import Final

from idbridge.model.credential import Mandate, VerifiedCredential
from idbridge.model.trust import IdentifierPersistence
from idbridge.verify.minimise import BIRTHDATE

SUBJECTS: Final = "one provider calls them by two identifiers"
BIRTHDATES: Final = "their dates of birth differ"
NAMES: Final = "their names differ"
ENTITIES: Final = "one is of a legal person itself, and the other is not of the same one"
_LASTING: Final = IdentifierPersistence.LASTING
_PART_OF_DATE: Final = re.compile(r"[0-9]{4}(?:-[0-9]{2})?")


def same_person(one: VerifiedCredential, other: VerifiedCredential) -> bool:
    """Tell whether both are shown to be of one person."""
    if contradict(one, other) is not None:
        return False
    return _same_holder(one, other) or (
        _same_namespace(one, other) and one.subject is not None and one.subject == other.subject
    )


def contradict(one: VerifiedCredential, other: VerifiedCredential) -> str | None:
    """Return in what they contradict each other, without a value; ``None`` if in nothing that both show."""
    if _two_entities(one.mandate, other.mandate):
        return ENTITIES
    if _same_namespace(one, other) and None not in (one.subject, other.subject) and one.subject != other.subject:
        return SUBJECTS
    if not _may_be_one_day(one.claims.get(BIRTHDATE), other.claims.get(BIRTHDATE)):
        return BIRTHDATES
    forms, others = _forms(one), _forms(other)
    return NAMES if forms and others and forms.isdisjoint(others) else None


def represent_two(one: VerifiedCredential, other: VerifiedCredential) -> bool:
    """Tell whether both name a legal person, and not the same one; one person may act for many."""
    first, second = one.mandate, other.mandate
    return first is not None and second is not None and entity_of(first) != entity_of(second)


def entity_of(mandate: Mandate) -> tuple[str, str]:
    """Return the register and the number in it of the legal person that ``mandate`` names."""
    return mandate.entity_scheme, mandate.entity_value


def _two_entities(one: Mandate | None, other: Mandate | None) -> bool:
    """Tell whether one is of a legal person itself and the other of anybody else: whoever acts for it is not it."""
    first = one is not None and one.itself
    second = other is not None and other.itself
    if one is None or other is None or first is not second:
        return first is not second
    return first and entity_of(one) != entity_of(other)


def _same_holder(one: VerifiedCredential, other: VerifiedCredential) -> bool:
    """Tell whether the same key was proved for both; of a key that was not, the thumbprint counts for nothing."""
    key = one.holder.key_thumbprint
    return key is not None and one.holder.bound and other.holder.bound and key == other.holder.key_thumbprint


def _same_namespace(one: VerifiedCredential, other: VerifiedCredential) -> bool:
    """Tell whether the subjects of both are identifiers of one provider, of one kind: else they compare with nothing.

    A provider may number people as customers by one claim and as staff by another. Which kind it is, the listing says
    by the claim's name, and only the very same name is the same kind. A transient identifier is made anew each time:
    two of one person differ, and two that are equal may be of two sessions.
    """
    first, second = one.service, other.service
    listed, others = first.profile.claim_map, second.profile.claim_map
    return (
        first.member_state is second.member_state
        and first.issuer == second.issuer
        and listed.subject == others.subject
        and listed.persistence is others.persistence is _LASTING
    )


def _may_be_one_day(one: object, other: object) -> bool:
    """Tell whether two dates of birth may be one; a year, or a year and month, leaves the rest open."""
    if not isinstance(one, str) or not isinstance(other, str):
        return True
    shorter, longer = sorted((one, other), key=len)
    open_ended = _PART_OF_DATE.fullmatch(shorter) is not None
    return longer == shorter or (open_ended and longer.startswith(f"{shorter}-"))


def _forms(credential: VerifiedCredential) -> frozenset[str]:
    """Return the forms of the name, apart from case, spaces and composition of characters."""
    name = credential.name
    if name is None:
        return frozenset()
    found = (name.display, name.native, name.latin)
    return frozenset(" ".join(unicodedata.normalize("NFKC", one).casefold().split()) for one in found if one)
