"""What another node's assertion rests on, held against the verifier's own trust lists: three more checks of step V5.

A node is believed in what it saw, never in who may issue: the origin has to stand in the lists that this verifier
holds, as it would if its credential were shown here. The node may hold an older list, or may lie. Made once
``assertion_in`` refused nothing, each only if the one before it passed:

================  ==============================================================  =====================================
check             passes if                                                       else
================  ==============================================================  =====================================
``assertion.18``  the list of ``origin.state`` is held and up to date              ``trust.stale``, ``not_configured``,
                                                                                  ``unreachable``, ``refused``
``assertion.19``  it lists ``origin.issuer``                                       ``issuer.unknown``
                  and no other state does                                         ``recognition.assertion_malformed``
                  nor as an issuer of the other environment                       ``recognition.environment_mismatch``
                  for this type of service and this format                        ``issuer.service_not_listed``
                  with the key, if the assertion names one                        ``jose.kid_unknown``
                  and for this algorithm                                          ``jose.alg_not_allowed``
``assertion.20``  that service has begun and has not ended, nor has its key,       ``issuer.not_yet_granted``,
                                                                                  ``withdrawn``, ``compromised``
                  and no denial of service, key or state is in force              ``issuer.denied``
================  ==============================================================  =====================================

A superseded service passes. When its key signed is for the node to judge, which saw the instant: ``origin.issued_at``
is cut to the day. An assertion names no type of credential either, so none is compared. Clauses: architecture section
1 and D1; ETSI TS 119 602. Reasons: ``docs/adr/0008-assertion-origin.md``.
"""

from datetime import datetime, timedelta
from typing import Final

from idbridge.errors import CredentialError, IssuerError, JoseError, RecognitionError, Refusal, TrustError
from idbridge.model.check import Check, CheckPoint, Refused, Step, decisive
from idbridge.model.credential import AssertionOrigin, VerifiedCredential
from idbridge.model.trust import TrustService
from idbridge.trust.history import ENDED, severity_at
from idbridge.trust.snapshot import NO_TIME, TrustSnapshot

HELD: Final = CheckPoint("assertion.18", Step.V5, "ETSI TS 119 602 NextUpdate")
LISTED: Final = CheckPoint("assertion.19", Step.V5, "architecture section 1")
IN_FORCE: Final = CheckPoint("assertion.20", Step.V5, "ETSI TS 119 602 service history")
_PASSED: Final = (HELD.passed, LISTED.passed, IN_FORCE.passed)
_UNMADE: Final = "an earlier check of the origin refused"
_DENIED: Final = "a denial is in force"
_RESTS_ON: Final = "what the assertion rests on"


def check_origin(
    credential: VerifiedCredential, trust: TrustSnapshot, *, at: datetime, grace: timedelta = NO_TIME
) -> tuple[Check, ...]:
    """Return the three checks of what ``credential`` rests on, all passed; none if it rests on nothing.

    ``grace`` is by how much the list of the origin's state may be out of date; the caller knows whether it is.

    Raises:
        Refused: With the checks of ``credential`` and these three, one of them refused.
    """
    if credential.origin is None:
        return ()
    checks = _checks(credential.origin, trust, at=at, grace=grace)
    if decisive(checks) is not None:
        raise Refused(*credential.checks, *checks)
    return checks


def _checks(origin: AssertionOrigin, trust: TrustSnapshot, *, at: datetime, grace: timedelta) -> tuple[Check, ...]:
    try:  # whatever its list says, and whether it is up to date or not
        _require_not_denied(origin, trust, at=at)
    except IssuerError as refusal:
        return HELD.skipped(_DENIED), LISTED.skipped(_DENIED), IN_FORCE.refused(refusal.code, _RESTS_ON)
    try:
        trust.require_current(origin.member_state, at=at, grace=grace)
    except TrustError as refusal:
        return HELD.refused(refusal.code), LISTED.skipped(_UNMADE), IN_FORCE.skipped(_UNMADE)
    try:
        services = _listed(origin, trust)
    except Refusal as refusal:
        return HELD.passed, LISTED.refused(refusal.code, refusal.detail), IN_FORCE.skipped(_UNMADE)
    try:
        _require_in_force(services, origin, trust, at=at)
    except IssuerError as refusal:
        return HELD.passed, LISTED.passed, IN_FORCE.refused(refusal.code, refusal.detail)
    return _PASSED


def _require_not_denied(origin: AssertionOrigin, trust: TrustSnapshot, *, at: datetime) -> None:
    """Return unless state, service or key of the origin is denied, by the names that the assertion gives them.

    A denial counts wherever the state lists the key, as in step V3. Of a key that the assertion does not name, any of
    the service's may have been the one.

    Raises:
        IssuerError: ``issuer.denied``.
    """
    if not trust.denied:
        return
    named = tuple(one for one in trust.by_issuer(origin.issuer) if one.service_type.value == origin.service_type)
    if origin.key_thumbprint is None:
        trust.require_not_denied(origin.member_state, services=named, keys=_keys_of(named, trust), at=at)
        return
    listing = (one for one in trust.by_thumbprint(origin.key_thumbprint) if one.member_state is origin.member_state)
    trust.require_not_denied(origin.member_state, services=(*named, *listing), keys=(origin.key_thumbprint,), at=at)


def _listed(origin: AssertionOrigin, trust: TrustSnapshot) -> tuple[TrustService, ...]:
    """Return the services that can have made what the assertion rests on, at least one.

    Raises:
        IssuerError, JoseError, CredentialError, RecognitionError: There is none: ``assertion.19`` above.
    """
    services = trust.by_issuer(origin.issuer)
    if not services and trust.other_environment(origin.issuer):
        raise RecognitionError("recognition.environment_mismatch")
    if not services:
        raise IssuerError("issuer.unknown", _RESTS_ON)
    if services[0].member_state is not origin.member_state:
        raise CredentialError("recognition.assertion_malformed", "another state than `origin/state` lists the issuer")
    fitting = tuple(service for service in services if _fits(service, origin))
    if not fitting:
        raise IssuerError("issuer.service_not_listed", _RESTS_ON)
    named = tuple(service for service in fitting if _lists_key(service, origin.key_thumbprint))
    if not named:
        raise JoseError("jose.kid_unknown", "the origin is not listed with the key that the assertion rests on")
    allowed = tuple(service for service in named if origin.algorithm in service.profile.algorithms)
    if not allowed:
        raise JoseError("jose.alg_not_allowed", "the origin is not listed for `origin/alg`")
    return allowed


def _fits(service: TrustService, origin: AssertionOrigin) -> bool:
    return service.service_type.value == origin.service_type and origin.format in service.profile.formats


def _lists_key(service: TrustService, thumbprint: str | None) -> bool:
    """Tell whether ``service`` lists the key; where the assertion names none, it lists a certificate for it."""
    if thumbprint is None:
        return bool(service.anchors)
    return any(key.thumbprint == thumbprint for key in service.keys)


def _require_in_force(
    services: tuple[TrustService, ...], origin: AssertionOrigin, trust: TrustSnapshot, *, at: datetime
) -> None:
    """Return if one of ``services`` is granted or superseded at ``at``.

    An end counts wherever the state lists the key, as in step V3. Of a key that the assertion does not name, one
    service in force is enough: which certificate led to it, only the node saw.

    Raises:
        IssuerError: ``issuer.not_yet_granted``, ``issuer.withdrawn`` or ``issuer.compromised``.
    """
    state = origin.member_state
    listing = trust.by_thumbprint(origin.key_thumbprint) if origin.key_thumbprint is not None else ()
    ends = [severity_at(service, at) for service in listing if service.member_state is state]
    started = [severity_at(service, at) for service in services if service.status_at(at) is not None]
    worst = max([*ends, min(started, default=0)])
    if worst in ENDED:
        raise IssuerError(ENDED[worst], _RESTS_ON)
    if not started:
        raise IssuerError("issuer.not_yet_granted", _RESTS_ON)


def _keys_of(services: tuple[TrustService, ...], trust: TrustSnapshot) -> tuple[str, ...]:
    states = {service.member_state for service in services}
    entries = (entry for state in states for entry in trust.lists[state].entries)
    return tuple(key.thumbprint for entry in entries if entry.service in services for key in entry.keys)
