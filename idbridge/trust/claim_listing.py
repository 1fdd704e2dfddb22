"""How a state's list names the claims of a service: read strictly into a ``ClaimMap``.

Decides whether what is said of claims is complete and makes sense together. Everything in which a scheme differs from
its neighbours stands here as data from a closed set: claims inside others (``$.entityInfo.CPEntID``), texts that hold
several values (``s=...,u=...``), a missing level, and where a legal person is named. Nothing here is code per state.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from idbridge.limits import LIMITS
from idbridge.model.entities import SCHEMES
from idbridge.model.trust import PATH, ClaimMap, EntityMap, EntitySubject, IdentifierPersistence, NamePart
from idbridge.trust import members
from idbridge.trust.errors import violation

_CLAIMS: Final = frozenset({"subject", "persistence", "acr", "nameParts", "map"})
_OPTIONAL: Final = frozenset({"mandate", "display", "displayLatin", "entity", "keyValues", "acrAbsent"})
_NAME_KINDS: Final = frozenset({"given", "family", "patronymic", "middle", "single"})
_ENTITY: Final = frozenset({"subject", "identifier"})
_ENTITY_OPTIONAL: Final = frozenset({
    "scheme", "schemeClaim", "schemes", "name", "status", "inForce", "power", "powerClaim", "until", "complete",
})  # fmt: skip
# eIDAS: what is said of a representative is returned with the legal person, and can never be asked for.
RESERVED: Final = ("representative_", "represents")


def claim_map(value: Any) -> ClaimMap:
    """Return what the member ``claims`` of a service says.

    Raises:
        TrustError: ``trust.profile_violation``.
    """
    read = members.table(value, required=_CLAIMS, optional=_OPTIONAL, where="claims")
    if type(read["map"]) is not dict or type(read["nameParts"]) is not list:
        raise violation("map is an object and nameParts a list")
    if "mandate" in read and "entity" in read:
        raise violation("claims name a mandate or an entity, not both")
    if read.get("acrAbsent", "lowest") != "lowest":
        raise violation("acrAbsent is not known here")
    entity = _entity(read["entity"]) if "entity" in read else None
    named = bool(read["nameParts"]) or "display" in read
    if named and entity is not None and entity.subject is EntitySubject.ITSELF:
        raise violation("a legal person itself has no name of a person")
    return ClaimMap(
        claims=MappingProxyType({_regional(name): _claim(own, where="a claim") for name, own in read["map"].items()}),
        name_parts=tuple(_name_part(part) for part in read["nameParts"]),
        display=_optional(read, "display"),
        display_latin=_optional(read, "displayLatin"),
        subject=_claim(read["subject"], where="subject"),
        persistence=members.word(read["persistence"], IdentifierPersistence, where="persistence"),
        acr=_claim(read["acr"], where="acr"),
        mandate=_optional(read, "mandate"),
        entity=entity,
        key_values=_texts(read, "keyValues"),
        lowest_without_acr="acrAbsent" in read,
    )


def _regional(name: Any) -> str:
    regional = members.text(name, where="a claim")
    if regional.startswith(RESERVED):
        raise violation("what is said of a representative is no claim that could be asked for")
    return regional


def _claim(value: Any, *, where: str) -> str:
    """Return the name of a claim, or the path to one: two names at least, none of them empty."""
    name = members.text(value, where=where)
    if name.startswith(PATH):
        steps = name.removeprefix(PATH).split(".")
        if not 1 < len(steps) <= LIMITS.claim_path_steps or not all(steps):
            raise violation(f"{where} is no path to a claim inside another")
    return name


def _name_part(value: Any) -> NamePart:
    read = members.table(
        value, required=frozenset({"kind", "native"}), optional=frozenset({"latin"}), where="a part of a name"
    )
    kind = members.text(read["kind"], where="kind")
    if kind not in _NAME_KINDS:
        raise violation("a part of a name of an unknown kind")
    return NamePart(kind, _claim(read["native"], where="native"), _optional(read, "latin"))


def _optional(read: Mapping[str, Any], name: str) -> str | None:
    return _claim(read[name], where=name) if name in read else None


def _texts(read: Mapping[str, Any], name: str) -> frozenset[str]:
    if name not in read:
        return frozenset()
    return frozenset(members.array(read[name], lambda one: members.text(one, where=name), where=name))


def _entity(value: Any) -> EntityMap:
    read = members.table(value, required=_ENTITY, optional=_ENTITY_OPTIONAL, where="entity")
    schemes = read.get("schemes", {})
    if type(schemes) is not dict:
        raise violation("schemes is not an object")
    entity = EntityMap(
        subject=members.word(read["subject"], EntitySubject, where="the subject of entity"),
        identifier=_claim(read["identifier"], where="identifier"),
        scheme=_scheme(read["scheme"]) if "scheme" in read else None,
        scheme_claim=_optional(read, "schemeClaim"),
        schemes=MappingProxyType({members.text(word, where="schemes"): _scheme(one) for word, one in schemes.items()}),
        name=_optional(read, "name"),
        status=_optional(read, "status"),
        in_force=_texts(read, "inForce"),
        power=_texts(read, "power"),
        power_claim=_optional(read, "powerClaim"),
        until=_optional(read, "until"),
        complete=_texts(read, "complete"),
    )
    _require_whole(entity)
    return entity


def _scheme(value: Any) -> str:
    scheme = members.text(value, where="scheme")
    if scheme not in SCHEMES:
        raise violation("a register of legal persons that is not in the closed table")
    return scheme


def _require_whole(entity: EntityMap) -> None:
    """Refuse an entity map of which one half is missing."""
    if (entity.scheme is None) is (entity.scheme_claim is None) or (entity.scheme_claim is None) is bool(
        entity.schemes
    ):
        raise violation("entity names its register, or the claim that does and what its words mean")
    if (entity.status is None) is bool(entity.in_force):
        raise violation("entity names the claim of its standing and the words that are good, or neither")
    powers = (bool(entity.power), entity.power_claim is not None)
    if powers.count(True) != (1 if entity.subject is EntitySubject.REPRESENTATIVE else 0):
        raise violation("a representative has one source of power, and a legal person itself needs none")
