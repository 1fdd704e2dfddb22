"""Recognise: is this verified credential recognised by that state, for this purpose, at which level? Step V7.

Compares one credential with the ``standing`` of its kind. Knows nothing of keys, formats or revocation. The checks,
in the order in which they are made and reported; 2 to 4 are made for another node's assertion only:

===================  ==========================================================  =====================================
check                passes if                                                   else
===================  ==========================================================  =====================================
``recognition.1``    the credential is of this node's environment                ``recognition.environment_mismatch``
``recognition.2``    the assertion rests on a credential, not on an assertion    ``recognition.assertion_chained``
``recognition.3``    the assertion was made for the purpose asked                ``recognition.purpose_not_allowed``
``recognition.4``    the arrangement with the node's state covers assertions     as 5 to 9
``recognition.5``    the origin state is more than an observer                   ``recognition.observer_state``
``recognition.6``    the purpose is in the register                              ``recognition.purpose_not_allowed``
``recognition.7``    an arrangement between the two states is in force           ``recognition.no_arrangement``,
                                                                                 ``not_yet_in_force``, ``suspended``,
                                                                                 ``repealed``
``recognition.8``    it covers the type of service and the format                ``recognition.service_not_covered``
``recognition.9``    it covers the purpose                                       ``recognition.purpose_not_allowed``
``recognition.10``   the holder is bound, or purpose and rule accept a bearer    ``recognition.holder_not_bound``
``recognition.11``   the recognised level reaches purpose's and rule's minimum   ``recognition.loa_too_low``
``recognition.12+``  the mandate serves the purpose: see ``mandate``             ``mandate.*``
===================  ==========================================================  =====================================

Clauses: architecture section 1 (assertions), D2 (arrangements, levels, bearers), D11 (environments).
"""

from datetime import datetime
from typing import Final

from idbridge.model.check import Check, CheckPoint, Refused, Step, decisive
from idbridge.model.credential import AssertionOrigin, Mandate, RecognisedIdentity, VerifiedCredential
from idbridge.model.region import AssuranceLevel, Format, MemberState, ServiceType
from idbridge.recognition.mandate import mandate_checks, represented
from idbridge.recognition.standing import Standing, Standings

_CLAUSE = "architecture D2"
ENVIRONMENT: Final = CheckPoint("recognition.1", Step.V7, "architecture D11")
NOT_CHAINED: Final = CheckPoint("recognition.2", Step.V7, "architecture section 1")
SAME_PURPOSE: Final = CheckPoint("recognition.3", Step.V7, "architecture section 1")
NODE_COVERED: Final = CheckPoint("recognition.4", Step.V7, "architecture section 1")
PARTICIPANT: Final = CheckPoint("recognition.5", Step.V7, "architecture D1")
REGISTERED: Final = CheckPoint("recognition.6", Step.V7, _CLAUSE)
ARRANGED: Final = CheckPoint("recognition.7", Step.V7, _CLAUSE)
SERVICE: Final = CheckPoint("recognition.8", Step.V7, _CLAUSE)
PURPOSE: Final = CheckPoint("recognition.9", Step.V7, _CLAUSE)
HOLDER: Final = CheckPoint("recognition.10", Step.V7, _CLAUSE)
LEVEL: Final = CheckPoint("recognition.11", Step.V7, _CLAUSE)

_STANDING_POINTS = (PARTICIPANT, REGISTERED, ARRANGED, SERVICE, PURPOSE)
_ALL_STAND = tuple(point.passed for point in _STANDING_POINTS)
_DOMESTIC_STAND = (
    PARTICIPANT.passed,
    REGISTERED.passed,
    *(point.skipped("a state needs no arrangement with itself") for point in (ARRANGED, SERVICE, PURPOSE)),
)
_ASSERTION: Final = Format.ASSERTION  # read once: a look-up in an enum costs as much as a check
_SERVICE_TYPES: Final = {entry.value: entry for entry in ServiceType}
_UNKNOWN_PURPOSE: Final = "the purpose is not in the register"
_BEARER_LIMIT: Final = ("the sender did not prove to hold it: anyone with a copy could show it",)


def recognise(
    credential: VerifiedCredential,
    *,
    by: MemberState,
    purpose: str,
    expected_entity: tuple[str, str] | None,
    standings: Standings,
    at: datetime,
    mandate: Mandate | None = None,
) -> RecognisedIdentity:
    """Return ``credential`` as recognised by the state ``by`` for ``purpose`` at the instant ``at``.

    An assertion of another node needs two standings: that node's state for assertions, and the origin state for what
    the assertion rests on. It counts at the lower level of both and for the claims that both release. ``mandate`` is
    what another credential of the same person states, for one that states none itself.

    Raises:
        Refused: With every check made, in the order of the table above.
    """
    own = standings.find(
        by=by,
        origin=credential.service.member_state,
        service_type=credential.service.service_type,
        format=credential.format,
        purpose=purpose,
        at=at,
    )
    environment = _environment(credential, standings=standings)
    origin = credential.origin
    if origin is None and credential.format is not _ASSERTION:
        level = own.levels[credential.level]
        before: tuple[Check, ...] = (environment,)
        return _decided(
            credential, own, own, level=level, before=before, by=by, entity=expected_entity, at=at, lent=mandate
        )
    if origin is None or origin.format is _ASSERTION or credential.format is not _ASSERTION:
        raise Refused(environment, NOT_CHAINED.refused("recognition.assertion_chained"))
    source = standings.find(
        by=by,
        origin=origin.member_state,
        service_type=_SERVICE_TYPES.get(origin.service_type),
        format=origin.format,
        purpose=purpose,
        at=at,
    )
    level = min(own.levels[credential.level], source.levels[origin.level])
    before = (environment, NOT_CHAINED.passed, _same_purpose(origin, purpose), _node_covered(own))
    return _decided(
        credential, source, own, level=level, before=before, by=by, entity=expected_entity, at=at, lent=mandate
    )


def _decided(
    credential: VerifiedCredential,
    source: Standing,
    own: Standing,
    *,
    level: AssuranceLevel,
    before: tuple[Check, ...],
    by: MemberState,
    entity: tuple[str, str] | None,
    at: datetime,
    lent: Mandate | None,
) -> RecognisedIdentity:
    """Make the checks that every credential undergoes and return the identity if none refuses.

    ``source`` is the standing of the credential's origin and ``own`` that of whoever signed it: the same one, unless
    the credential is an assertion.
    """
    purpose = source.purpose
    stated = credential.mandate if lent is None else lent
    checks = (
        *before,
        *_standing_checks(source),
        _holder(credential, source, own),
        _level(level, source, own),
        *mandate_checks(stated, purpose=purpose, expected_entity=entity, at=at, elsewhere=lent is not None),
    )
    if purpose is None or decisive(checks) is not None:  # without a purpose the check of the register has refused
        raise Refused(*checks)
    decided_by = own if source.domestic else source
    # Positional: thirteen arguments by name cost as much as three checks.
    return RecognisedIdentity(
        credential, by, purpose.code, level, _mapping(credential, source, own), decided_by.arrangement,
        decided_by.version, source.claims if source is own else source.claims & own.claims,
        represented(stated, purpose), _limits(credential, level=level), checks, own.grace, source.grace,
    )  # fmt: skip


def _environment(credential: VerifiedCredential, *, standings: Standings) -> Check:
    if credential.environment is standings.environment:
        return ENVIRONMENT.passed
    return ENVIRONMENT.refused("recognition.environment_mismatch")


def _same_purpose(origin: AssertionOrigin, purpose: str) -> Check:
    if origin.purpose == purpose:
        return SAME_PURPOSE.passed
    return SAME_PURPOSE.refused("recognition.purpose_not_allowed", "the assertion was made for another purpose")


def _node_covered(own: Standing) -> Check:
    return NODE_COVERED.passed if own.code is None else NODE_COVERED.refused(own.code)


def _standing_checks(source: Standing) -> tuple[Check, ...]:
    """Return the checks 5 to 9: what ``standing`` decided, told check by check."""
    if source.code is None or source.code == "recognition.loa_too_low":  # the level has a check of its own
        return _DOMESTIC_STAND if source.domestic else _ALL_STAND
    refusing = _refusing_point(source)
    made = _STANDING_POINTS[: _STANDING_POINTS.index(refusing)]
    left = _STANDING_POINTS[len(made) + 1 :]
    return (
        *(point.passed for point in made),
        refusing.refused(source.code),
        *(point.skipped("an earlier check of this step refused") for point in left),
    )


def _refusing_point(source: Standing) -> CheckPoint:
    match source.code:
        case "recognition.observer_state":
            return PARTICIPANT
        case "recognition.service_not_covered":
            return SERVICE
        case "recognition.purpose_not_allowed":
            return PURPOSE if source.purpose is not None else REGISTERED
        case _:
            return ARRANGED


def _holder(credential: VerifiedCredential, source: Standing, own: Standing) -> Check:
    if credential.holder.bound or (source.bearer_allowed and own.bearer_allowed):
        return HOLDER.passed
    if source.purpose is None:
        return HOLDER.skipped(_UNKNOWN_PURPOSE)
    return HOLDER.refused("recognition.holder_not_bound")


def _level(level: AssuranceLevel, source: Standing, own: Standing) -> Check:
    if source.purpose is None:
        return LEVEL.skipped(_UNKNOWN_PURPOSE)
    if level >= source.minimum_level and level >= own.minimum_level:
        return LEVEL.passed
    minimum = max(source.minimum_level, own.minimum_level)
    return LEVEL.refused("recognition.loa_too_low", f"counts as {level} here; at least {minimum} is needed")


def _mapping(credential: VerifiedCredential, source: Standing, own: Standing) -> str:
    """Name the rule that mapped the level, for an assertion both."""
    words = own.mappings[credential.level]
    if credential.origin is None:
        return words
    return f"{source.mappings[credential.origin.level]}; {words}"


def _limits(credential: VerifiedCredential, *, level: AssuranceLevel) -> tuple[str, ...]:
    limits = () if credential.holder.bound else _BEARER_LIMIT
    if level < credential.level:
        return (*limits, f"counts as {level} here, below the {credential.level} it was issued at")
    return limits
