"""The members of another node's assertion, read strictly: none unknown, none missing, nothing guessed.

Knows no trust and no time; ``assertion_in`` says what the members are worth. Each function raises ``CredentialError``
with ``recognition.assertion_malformed``, or as it says. Clause: architecture section 1; names: ``model/assertion``.
"""

from collections.abc import Mapping
from datetime import datetime
from enum import Enum
from typing import Any, Final, TypeVar

from idbridge.errors import CredentialError
from idbridge.limits import LIMITS
from idbridge.model import assertion as members
from idbridge.model.credential import (
    AssertionOrigin,
    HolderBinding,
    HolderMethod,
    Mandate,
    NamePartValue,
    PersonName,
)
from idbridge.model.entities import is_of
from idbridge.model.region import AssuranceLevel, Format, MemberState, ServiceType
from idbridge.model.time import parse_instant
from idbridge.model.trust import EntitySubject

Word = TypeVar("Word", bound=Enum)
NAME_CLAIM: Final = "name"
_LEVELS: Final[Mapping[str, AssuranceLevel]] = {level.name: level for level in AssuranceLevel}
_STATES: Final[Mapping[str, MemberState]] = {state.value: state for state in MemberState}
_NAME_PARTS_MAX: Final = 16


def malformed(detail: str) -> CredentialError:
    """Return the one error that a badly made assertion causes, with what is wrong in it."""
    return CredentialError("recognition.assertion_malformed", detail)


def exactly(value: Any, names: frozenset[str], *, where: str) -> Mapping[str, Any]:
    """Return ``value`` if it is an object with exactly the members ``names``; what is unknown is not repeated."""
    if not isinstance(value, Mapping):
        raise malformed(f"`{where}` is not an object")
    missing = names - value.keys()
    if missing:
        raise malformed(f"`{where}` lacks {', '.join(sorted(missing))}")
    if len(value) != len(names):
        raise malformed(f"`{where}` has a member that is not known")
    return value


def text(value: Any, *, where: str) -> str:
    """Return ``value`` if it is a string that says something and has an ordinary length."""
    if not isinstance(value, str) or not value.strip() or len(value) > LIMITS.identifier_characters:
        raise malformed(f"`{where}` is not a text")
    return value


def optional_text(value: Any, *, where: str) -> str | None:
    """Return ``value`` if it is ``null`` or a text."""
    return None if value is None else text(value, where=where)


def version(value: Any, *, where: str) -> int:
    """Return ``value`` if it is a positive whole number; ``true`` is none."""
    if type(value) is not int or value < 1:
        raise malformed(f"`{where}` is not a version number")
    return value


def word(value: Any, vocabulary: type[Word], *, where: str) -> Word:
    """Return ``value`` as a member of a closed vocabulary."""
    if not isinstance(value, str):
        raise malformed(f"`{where}` is not a word")
    try:
        return vocabulary(value)
    except ValueError:
        raise malformed(f"`{where}` is not a known word") from None


def level(value: Any, *, where: str) -> AssuranceLevel:
    """Return the assurance level that ``value`` names."""
    found = _LEVELS.get(value) if isinstance(value, str) else None
    if found is None:
        raise malformed(f"`{where}` is not an assurance level")
    return found


def assurance(claims: Mapping[str, Any]) -> tuple[AssuranceLevel, AssuranceLevel]:
    """Return the axes of identity proofing and authentication; all places that name the level must agree."""
    stated = exactly(claims["assurance"], members.ASSURANCE, where="assurance")
    proofing = level(stated["identity"], where="assurance/identity")
    authentication = level(stated["authentication"], where="assurance/authentication")
    named = level(stated["loa"], where="assurance/loa")
    if named is not min(proofing, authentication):
        raise malformed("`assurance/loa` is not the weaker of the two axes")
    if claims["acr"] != members.LEVEL_URIS[named]:
        raise malformed("`acr` and `assurance/loa` name two levels")
    optional_text(claims["acr_national"], where="acr_national")
    mapping = exactly(claims["loa_mapping"], members.LOA_MAPPING, where="loa_mapping")
    if mapping["framework"] != members.MAPPING_FRAMEWORK:
        raise malformed("`loa_mapping/framework` is not known")
    text(mapping["rule"], where="loa_mapping/rule")
    return proofing, authentication


def verified_claims(claims: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the released claims, ``name`` among them; ``person_name`` reads it."""
    both = exactly(claims["verified_claims"], members.VERIFIED_CLAIMS, where="verified_claims")
    verification = exactly(both["verification"], members.VERIFICATION, where="verification")
    if verification["trust_framework"] != members.TRUST_FRAMEWORK:
        raise malformed("`trust_framework` is not known")
    stated = claims["assurance"]
    if not isinstance(stated, Mapping) or verification["assurance_level"] != stated.get("loa"):
        raise malformed("`verification/assurance_level` and `assurance/loa` name two levels")
    instant(verification["time"], where="verification/time")
    released = both["claims"]
    if not isinstance(released, Mapping) or len(released) > LIMITS.requested_claims or not all(released):
        raise malformed("`verified_claims/claims` is not an object of ordinary size")
    person_name(released)
    return released


def instant(value: Any, *, where: str) -> datetime:
    """Return ``value`` as a UTC instant."""
    try:
        return parse_instant(text(value, where=where))
    except ValueError:
        raise malformed(f"`{where}` is not an instant") from None


def person_name(released: Mapping[str, Any]) -> PersonName | None:
    """Return the released name, part by part as the origin stated it; ``None`` if no name was released."""
    if NAME_CLAIM not in released:
        return None
    stated = exactly(released[NAME_CLAIM], members.NAME, where="name")
    parts = stated["parts"]
    if not isinstance(parts, list) or not len(parts) <= _NAME_PARTS_MAX:
        raise malformed("`name/parts` is not a list of ordinary length")
    return PersonName(
        display=text(stated["display"], where="name/display"),
        native=text(stated["native"], where="name/native"),
        latin=optional_text(stated["latin"], where="name/latin"),
        parts=tuple(_name_part(part) for part in parts),
    )


def _name_part(value: Any) -> NamePartValue:
    stated = exactly(value, members.NAME_PART, where="name/parts")
    return NamePartValue(
        kind=text(stated["kind"], where="name/parts/kind"),
        native=text(stated["native"], where="name/parts/native"),
        latin=optional_text(stated["latin"], where="name/parts/latin"),
    )


def represents(claims: Mapping[str, Any]) -> Mandate | None:
    """Return whom the person represents, ``None`` if they act for themself.

    Raises:
        CredentialError: Also ``mandate.entity_invalid``: the state of the origin speaks for no such register.
    """
    if claims["represents"] is None:
        return None
    named = claims["represents"]
    itself = isinstance(named, Mapping) and named.get("acting") == EntitySubject.ITSELF.value
    stated = exactly(named, members.REPRESENTS | ({"acting"} if itself else frozenset()), where="represents")
    entity = exactly(stated["entity"], members.ENTITY, where="represents/entity")
    scheme = text(entity["scheme"], where="represents/entity/scheme")
    number = text(entity["value"], where="represents/entity/value")
    state = _origin_state(claims)
    if state is not None and not is_of(scheme, number, vouched_by=state):
        raise CredentialError("mandate.entity_invalid", "the number is not one of a register that its state speaks for")
    scope = stated["scope"]
    if not isinstance(scope, list) or len(scope) > LIMITS.requested_claims:
        raise malformed("`represents/scope` is not a list of ordinary length")
    start, end = stated["valid_from"], stated["valid_until"]
    return Mandate(
        entity_scheme=scheme,
        entity_value=number,
        entity_name=optional_text(stated["name"], where="represents/name"),
        scope=frozenset(text(entry, where="represents/scope") for entry in scope),
        valid_from=None if start is None else instant(start, where="represents/valid_from"),
        valid_until=None if end is None else instant(end, where="represents/valid_until"),
        itself=itself,
    )


def _origin_state(claims: Mapping[str, Any]) -> MemberState | None:
    """Return the state whose provider the node relied on; ``None`` where ``origin`` says that it is none."""
    stated = claims["origin"]
    named = stated.get("state") if isinstance(stated, Mapping) else None
    return _STATES.get(named) if isinstance(named, str) else None


def holder(claims: Mapping[str, Any]) -> HolderBinding:
    """Return how the sender proved possession at the node, as that node states it."""
    stated = exactly(claims["holder"], members.HOLDER, where="holder")
    binding = HolderBinding(word(stated["method"], HolderMethod, where="holder/method"))
    if stated["bound"] is not binding.bound:
        raise malformed("`holder/bound` and `holder/method` contradict each other")
    return binding


def origin(claims: Mapping[str, Any]) -> AssertionOrigin:
    """Return what the assertion rests on. Whether that may be another assertion is not decided here."""
    proofing, authentication = assurance(claims)
    stated = exactly(claims["origin"], members.ORIGIN, where="origin")
    for name in ("token_digest", "token_salt"):
        text(stated[name], where=f"origin/{name}")
    for name in ("issued_at", "auth_time"):
        if stated[name] is not None and type(stated[name]) is not int:
            raise malformed(f"`origin/{name}` is not a whole number of seconds")
    asked = exactly(claims["purpose"], members.PURPOSE, where="purpose")
    optional_text(asked["text"], where="purpose/text")
    return AssertionOrigin(
        member_state=word(stated["state"], MemberState, where="origin/state"),
        issuer=text(stated["issuer"], where="origin/issuer"),
        format=word(stated["format"], Format, where="origin/format"),
        service_type=word(stated["service_type"], ServiceType, where="origin/service_type").value,
        algorithm=text(stated["alg"], where="origin/alg"),
        key_thumbprint=optional_text(stated["key_thumbprint"], where="origin/key_thumbprint"),
        level=min(proofing, authentication),
        identity=proofing,
        authentication=authentication,
        purpose=text(asked["code"], where="purpose/code"),
    )


def _subjects(claims: Mapping[str, Any]) -> None:
    """Read the subject, and the former one where the node tells it."""
    for name in {"sub", members.FORMER_SUBJECT} & claims.keys():
        if len(text(claims[name], where=name)) > LIMITS.subject_characters:
            raise malformed(f"`{name}` is too long")
    if claims["sub"] == claims.get(members.FORMER_SUBJECT):
        raise malformed(f"`{members.FORMER_SUBJECT}` and `sub` are one name")


def references(claims: Mapping[str, Any]) -> None:
    """Read the subject and the members that name the decision behind the assertion, which are for disputes."""
    _subjects(claims)
    for name in ("jti", "txn", "report_id", "trust_snapshot", "status_snapshot"):
        text(claims[name], where=name)
    if claims["txn"] != claims["report_id"]:
        raise malformed("`txn` and `report_id` name two reports")
    policy = exactly(claims["policy"], members.POLICY, where="policy")
    text(policy["id"], where="policy/id")
    version(policy["version"], where="policy/version")
    decided = exactly(claims["recognition"], members.RECOGNITION, where="recognition")
    word(decided["by"], MemberState, where="recognition/by")
    arrangement = optional_text(decided["arrangement"], where="recognition/arrangement")
    if (arrangement is None) is not (decided["version"] is None):
        raise malformed("`recognition` names an arrangement without version, or a version without arrangement")
    if decided["version"] is not None:
        version(decided["version"], where="recognition/version")
    if claims["log"] is not None:
        text(claims["log"], where="log")
