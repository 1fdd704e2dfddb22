"""Policy: what the relying party's registration allows, and what it demands. Step V8.

The registration is the outer bound of every request and the request can only narrow it (architecture D4). Audience,
nonce and age of a presentation are compared in step V5, where they stand; here are the registration and the level.
Registration is checked before any byte of the credential is looked at, so that an unregistered question learns nothing.

=============  ===========================================================  ===================================
check          passes if                                                    else
=============  ===========================================================  ===================================
``policy.1``   the purpose is registered for this relying party             ``policy.purpose_not_registered``
``policy.2``   so is the audience that the request expects, if any          ``policy.audience_not_registered``
``policy.3``   so is the audience of the assertion, if one is asked for     ``policy.audience_not_registered``
``policy.4``   the recognised level reaches what is registered and asked    ``policy.loa_too_low``
``policy.5``   an assertion is asked for and not made from an assertion     ``policy.assertion_not_available``
``policy.6``   what is expected of a login is asked of an ID token          ``policy.expectation_unanswerable``
=============  ===========================================================  ===================================
"""

from typing import Final

from idbridge.errors import ConfigurationError, RequestError
from idbridge.model.check import Check, CheckPoint, Step
from idbridge.model.credential import RecognisedIdentity, VerifiedCredential
from idbridge.model.region import AssuranceLevel, Environment, Format
from idbridge.model.request import RelyingParty, VerifyRequest

_CLAUSE = "architecture D4"
PURPOSE: Final = CheckPoint("policy.1", Step.V8, _CLAUSE)
AUDIENCE: Final = CheckPoint("policy.2", Step.V8, _CLAUSE)
ASSERTION_AUDIENCE: Final = CheckPoint("policy.3", Step.V8, _CLAUSE)
LEVEL: Final = CheckPoint("policy.4", Step.V8, _CLAUSE)
ASSERTION: Final = CheckPoint("policy.5", Step.V8, "architecture section 1")

LOGIN: Final = CheckPoint("policy.6", Step.V8, _CLAUSE)

_NO_AUDIENCE: Final = AUDIENCE.skipped("the request expects no particular audience")
_NO_ASSERTION_AUDIENCE: Final = ASSERTION_AUDIENCE.skipped("no assertion is asked for")
_PLAIN_REGISTRATION: Final = (PURPOSE.passed, _NO_AUDIENCE, _NO_ASSERTION_AUDIENCE)
_NO_ASSERTION: Final = ASSERTION.skipped("no assertion is asked for")
_UNDECIDED_LEVEL: Final = LEVEL.skipped("nothing was recognised")
PASSED_DEMANDS: Final = (LEVEL.passed, _NO_ASSERTION)


def require_entitled(relying_party: RelyingParty, *, environment: Environment) -> None:
    """Return if this registration may ask this node anything at all.

    Raises:
        RequestError: ``policy.relying_party_disabled``.
        ConfigurationError: The registration belongs to another environment; the two never mix.
    """
    if not relying_party.enabled:
        raise RequestError("policy.relying_party_disabled")
    if relying_party.environment is not environment:
        raise ConfigurationError(f"a registration of {relying_party.environment} was used in {environment}")


def check_registration(request: VerifyRequest) -> tuple[Check, ...]:
    """Return the checks of the request against the registration: purpose and audiences."""
    registered = request.purpose in request.relying_party.purposes
    audience = request.expected.audience
    if registered and audience is None and request.assertion_audience is None:
        return _PLAIN_REGISTRATION
    return (
        PURPOSE.passed if registered else _unregistered_purpose(request),
        _NO_AUDIENCE if audience is None else _audience(audience, request=request),
        _assertion_audience(request),
    )


def _unregistered_purpose(request: VerifyRequest) -> Check:
    return PURPOSE.refused(
        "policy.purpose_not_registered", f"registered: {', '.join(sorted(request.relying_party.purposes))}"
    )


def _audience(audience: str, *, request: VerifyRequest) -> Check:
    """Compare an expected audience with every identifier under which this party, or its node, receives anything."""
    party = request.relying_party
    registered = party.audiences.union(request.node_audiences, *party.clients.values())
    return AUDIENCE.passed if audience in registered else _unregistered_audience(AUDIENCE, registered)


def _assertion_audience(request: VerifyRequest) -> Check:
    if request.assertion_audience is None:
        return _NO_ASSERTION_AUDIENCE
    registered = request.relying_party.audiences
    if request.assertion_audience in registered:
        return ASSERTION_AUDIENCE.passed
    return _unregistered_audience(ASSERTION_AUDIENCE, registered)


def _unregistered_audience(point: CheckPoint, registered: frozenset[str]) -> Check:
    return point.refused("policy.audience_not_registered", f"registered: {', '.join(sorted(registered)) or 'none'}")


def check_demands(
    request: VerifyRequest, *, credential: VerifiedCredential, recognised: RecognisedIdentity | None
) -> tuple[Check, ...]:
    """Return the checks of the outcome against registration and request: level, and whether an assertion can be.

    ``recognised`` is ``None`` after a refusal in V7. Because recognition never raises a level, the credential's own
    level then still shows whether the demand could have been met.
    """
    needed = request.relying_party.minimum_level
    asked = request.expected.minimum_level
    if asked is not None and asked > needed:
        needed = asked
    if request.expected.login is not None or request.userinfo is not None:
        answers = credential.format is Format.ID_TOKEN
        login = LOGIN.passed if answers else LOGIN.refused("policy.expectation_unanswerable")
        return _level(needed, credential=credential, recognised=recognised), _assertion(request, credential), login
    if recognised is not None and recognised.level >= needed and request.assertion_audience is None:
        return PASSED_DEMANDS
    return _level(needed, credential=credential, recognised=recognised), _assertion(request, credential)


def _level(needed: AssuranceLevel, *, credential: VerifiedCredential, recognised: RecognisedIdentity | None) -> Check:
    reached = recognised.level if recognised is not None else credential.level
    if reached < needed:
        return LEVEL.refused("policy.loa_too_low", f"needed: {needed}; accepted would have been: {reached} or lower")
    return LEVEL.passed if recognised is not None else _UNDECIDED_LEVEL


def _assertion(request: VerifyRequest, credential: VerifiedCredential) -> Check:
    if request.assertion_audience is None:
        return _NO_ASSERTION
    if credential.format is Format.ASSERTION:
        return ASSERTION.refused("policy.assertion_not_available")
    return ASSERTION.passed
