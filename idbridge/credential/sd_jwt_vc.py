"""SD-JWT VCs: the nineteen points of the checklist, each of them a check ``sd-jwt.1`` to ``sd-jwt.19``.

Decides whether a presentation is a credential of a listed type, complete and unambiguous, in force now, and held by
who shows it (``key_binding``). Nothing is ever fetched: ``vct`` counts as a name that the list names too, and what its
type says is checked where the node holds the document (``type_metadata``). Clauses: RFC 9901, section 7.1; SD-JWT VC,
sections 2.2 to 2.4.

Whose key signed and by which algorithm was decided in V2 to V4; the checks of those steps are listed here as passed,
because nothing arrives in V5 without having passed them.
"""

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final

from idbridge.credential import key_binding, sd_jwt
from idbridge.credential.key_binding import Bound, judge_key_binding, parse_unverified_key_binding
from idbridge.credential.protocol import Reading
from idbridge.credential.sd_jwt import ProcessedClaims, SdJwtFault
from idbridge.credential.status_claims import referred_status
from idbridge.credential.type_metadata import judge_type
from idbridge.credential.unverified import parse_unverified_jwt
from idbridge.credential.validity import in_window, instant, times_are_whole
from idbridge.credential.verified import signed_while_granted, verified_by_claim_map
from idbridge.crypto.jws import HeaderRules
from idbridge.errors import CredentialError, InputError
from idbridge.limits import LIMITS
from idbridge.model.check import Check, CheckPoint, Refused, Result, Step
from idbridge.model.credential import PresentedSdJwt, SignedClaims, UnverifiedCredential, VerifiedCredential
from idbridge.model.query import Disclosed
from idbridge.model.region import Format
from idbridge.model.request import VerifyRequest
from idbridge.trust.resolver import ResolvedKey

# The profile. Header: `alg` and `typ` are required, `kid`, `x5c` and `cty` are optional; `crit`, `b64`, `jku`, `x5u`
# and `jwk` are forbidden; every other member is ignored and nothing can come to depend on it.
HEADER: Final = HeaderRules(types=frozenset({"dc+sd-jwt"}), allow_x5c=True)
REQUIRED: Final = frozenset({"iss", "vct", "exp"})
OPTIONAL: Final = frozenset(
    {"sub", "iat", "nbf", "aud", "cnf", "status", "credentialStatus", "aka_vcts", "vct#integrity"}
)
# In plain sight, whole and in part: SD-JWT VC, section 2.2.2.2, and what a holder could withhold to show the credential
# to somebody else (`aud`), or once it is revoked (`credentialStatus`). The type is explicit, so no claim is forbidden.
PLAIN: Final = frozenset(
    {"iss", "nbf", "exp", "aud", "cnf", "vct", "vct#integrity", "aka_vcts", "status", "credentialStatus"}
)

_RFC = "RFC 9901 section"
_VC = "SD-JWT VC section"
SHAPE: Final = CheckPoint("sd-jwt.1", Step.V2, f"{_RFC} 4; idbridge limits")
TYPE: Final = CheckPoint("sd-jwt.2", Step.V2, f"{_VC} 2.2.1")
ALGORITHM: Final = CheckPoint("sd-jwt.3", Step.V4, f"{_RFC} 7.1 (2a); RFC 8725 section 3.1")
ISSUER_KEY: Final = CheckPoint("sd-jwt.4", Step.V3, f"{_VC} 2.5; ETSI TS 119 602 service history")
SIGNATURE: Final = CheckPoint("sd-jwt.5", Step.V4, f"{_RFC} 7.1 (2b)")
DIGEST_ALGORITHM: Final = CheckPoint("sd-jwt.6", Step.V5, f"{_RFC} 4.1.1")
DISCLOSURE: Final = CheckPoint("sd-jwt.7", Step.V5, f"{_RFC} 4.2; 7.1 (3)")
RESERVED_NAME: Final = CheckPoint("sd-jwt.8", Step.V5, f"{_RFC} 7.1 (3)")
COLLISION: Final = CheckPoint("sd-jwt.9", Step.V5, f"{_RFC} 7.1 (3)")
RECURSION: Final = CheckPoint("sd-jwt.10", Step.V5, f"{_RFC} 7.1 (3)")
DIGEST_ONCE: Final = CheckPoint("sd-jwt.11", Step.V5, f"{_RFC} 7.1 (4)")
REFERENCED: Final = CheckPoint("sd-jwt.12", Step.V5, f"{_RFC} 7.1 (5)")
PLAIN_SIGHT: Final = CheckPoint("sd-jwt.13", Step.V5, f"{_VC} 2.2.2.2")
CREDENTIAL_TYPE: Final = CheckPoint("sd-jwt.14", Step.V5, f"{_VC} 2.2.2.1")
TIME: Final = CheckPoint("sd-jwt.15", Step.V5, f"{_RFC} 7.1 (6); RFC 7519 section 4.1")
NOTHING_DISCLOSABLE: Final = CheckPoint("sd-jwt.16", Step.V5, f"{_VC} 2.2.2.4")
STATUS: Final = CheckPoint("sd-jwt.17", Step.V5, f"{_VC} 2.2.2.2; Token Status List section 6")
TYPE_METADATA: Final = CheckPoint("sd-jwt.18", Step.V5, f"{_VC} 6")
NO_RETRIEVAL: Final = CheckPoint("sd-jwt.19", Step.V2, f"{_VC} 8; architecture D6")
POINTS: Final = (
    SHAPE, TYPE, ALGORITHM, ISSUER_KEY, SIGNATURE, DIGEST_ALGORITHM, DISCLOSURE, RESERVED_NAME, COLLISION, RECURSION,
    DIGEST_ONCE, REFERENCED, PLAIN_SIGHT, CREDENTIAL_TYPE, TIME, NOTHING_DISCLOSABLE, STATUS, TYPE_METADATA,
    NO_RETRIEVAL,
)  # fmt: skip

_TIMES: Final = ("exp", "nbf", "iat")
_PROFILE: Final = REQUIRED | OPTIONAL
_MAX_COUNTED: Final = 64
_NO_TYPES: Final[frozenset[str]] = frozenset()
_OPENED: Final = (SHAPE.passed, TYPE.passed, ALGORITHM.passed)


def _counted(count: int) -> Check:
    note = f"{count} claims that the listing does not name were counted and not read" if count else ""
    return Check(RECURSION.id, RECURSION.step, Result.PASSED, RECURSION.clause, None, note)


_RECURSION_PASSED: Final = tuple(_counted(count) for count in range(_MAX_COUNTED + 1))

_EARLY: Final[Mapping[str, CheckPoint]] = MappingProxyType({
    "input.malformed": SHAPE,
    "input.too_large": SHAPE,
    "jose.typ_mismatch": TYPE,
    "jose.alg_none": ALGORITHM,
    "jose.alg_not_allowed": ALGORITHM,
    "jose.alg_key_mismatch": ALGORITHM,
    "jose.crit_unsupported": ALGORITHM,
    "jose.header_forbidden": NO_RETRIEVAL,
    "jose.signature_invalid": SIGNATURE,
    "sd_jwt.vct_invalid": CREDENTIAL_TYPE,
    "jose.kid_missing": ISSUER_KEY,
    "jose.kid_unknown": ISSUER_KEY,
    "trust.stale": ISSUER_KEY,
    "recognition.environment_mismatch": ISSUER_KEY,
})  # fmt: skip


class SdJwtVcFormat:
    """SD-JWT VCs behind the protocol of all formats."""

    format: Final = Format.SD_JWT_VC

    def open(self, text: str, reading: Reading) -> tuple[UnverifiedCredential, ...]:
        """Take a presentation apart; step V2.

        Raises:
            InputError, JoseError, IssuerError: As for ``parse_unverified_jwt``.
            CredentialError: ``sd_jwt.vct_invalid``.
        """
        headers = reading.headers
        parts = sd_jwt.split(text)
        unverified = parse_unverified_jwt(
            parts.issuer_jwt,
            Format.SD_JWT_VC,
            rules=HEADER,
            headers=headers,
            presented=PresentedSdJwt(
                parts.disclosures,
                parts.key_binding,
                parts.bound,
                parse_unverified_key_binding(parts.key_binding, headers),
                reading.types,
            ),
        )
        if not _is_identifier(unverified.unverified_claims.get("vct")):
            raise CredentialError("sd_jwt.vct_invalid")
        return (unverified,)

    def credential_type(self, unverified: UnverifiedCredential) -> str | None:
        """Return the ``vct`` that a service must be listed for."""
        return str(unverified.unverified_claims["vct"])

    def early(self, code: str) -> CheckPoint | None:
        """Return the check that a refusal with ``code`` in V2 to V4 belongs to."""
        return _EARLY.get(code, ISSUER_KEY if code.startswith("issuer.") else None)

    def account(
        self,
        signed: SignedClaims,
        unverified: UnverifiedCredential,
        *,
        resolved: ResolvedKey,
        request: VerifyRequest,
        at: datetime,
    ) -> VerifiedCredential:
        """Make the nineteen checks, and those of the key binding; step V5.

        Raises:
            Refused: With all of them, at least one refused. What cannot be judged, because the disclosures have no
                unambiguous place, is listed as not made.
        """
        service = resolved.service
        presented: PresentedSdJwt = unverified.presented
        processed = _processed(signed, unverified, whole=service.profile.claim_map.whole)
        claims = processed.claims
        now, leeway = at.timestamp(), service.profile.leeway.total_seconds()
        issued_at = instant(claims, "iat")
        in_force = signed_while_granted(ISSUER_KEY, service=service, issued_at=issued_at, at=resolved.judged_at(at))
        binding = judge_key_binding(
            presented.key_binding,
            presented.key_binding_jws,
            Bound(claims, processed.algorithm, presented.sd_jwt, signed.key, service, request, now),
        )
        checks = (
            *_OPENED,
            in_force,
            SIGNATURE.passed,
            *_UNAMBIGUOUS,
            _RECURSION_PASSED[min(len(claims.keys() - _PROFILE - service.profile.claim_map.sources), _MAX_COUNTED)],
            *_COMPLETE,
            _type(claims, listed=service.profile.credential_types),
            _time(claims, request=request, now=now, leeway=leeway),
            NOTHING_DISCLOSABLE.passed,
            _status(claims),
            _metadata(claims, signed, presented, hides=processed.hides),
            NO_RETRIEVAL.passed,
            *binding.checks,
        )
        return verified_by_claim_map(
            Format.SD_JWT_VC,
            claims,
            signed=signed,
            service=service,
            holder=binding.holder,
            issued_at=issued_at,
            expires_at=instant(claims, "exp"),
            authenticated_at=None,
            status_reference=referred_status(claims),
            checks=checks,
            in_force=in_force,
            one_time=binding.one_time,
            hides=processed.hides_within if service.profile.claim_map.paths else processed.hides,
            disclosed=Disclosed(_types(claims, listed=service.profile.credential_types), claims, binding.transactions),
        )


SD_JWT_VC: Final = SdJwtVcFormat()
_UNAMBIGUOUS: Final = tuple(point.passed for point in (DIGEST_ALGORITHM, DISCLOSURE, RESERVED_NAME, COLLISION))
_COMPLETE: Final = tuple(point.passed for point in (DIGEST_ONCE, REFERENCED, PLAIN_SIGHT))


def _processed(signed: SignedClaims, unverified: UnverifiedCredential, *, whole: str | None) -> ProcessedClaims:
    """Return the claims with every disclosure in place (sd-jwt.6 to 13 and 16).

    ``whole`` is the claim that is disclosed in one piece or not at all: in it stands the mandate, as the listing says.

    Raises:
        Refused: The processing stopped; what comes after it was not judged.
    """
    try:
        return sd_jwt.process(signed.claims, unverified.presented.disclosures, plain=PLAIN, whole=whole)
    except SdJwtFault as fault:
        refused = POINTS[fault.rule - 1].refused(fault.code, fault.detail)
    except InputError as refusal:
        refused = RECURSION.refused(refusal.code, refusal.detail)
    why = f"{refused.id} refused, so the claims are not known"
    passed = {SHAPE, TYPE, ALGORITHM, SIGNATURE, NO_RETRIEVAL}
    raise Refused(
        *(
            refused if point.id == refused.id else point.passed if point in passed else point.skipped(why)
            for point in (*POINTS, *key_binding.POINTS)
        )
    )


def _is_identifier(value: Any) -> bool:
    return isinstance(value, str) and 0 < len(value) <= LIMITS.identifier_characters


def _type(claims: Mapping[str, Any], *, listed: frozenset[str]) -> Check:
    """Judge ``vct`` and ``aka_vcts`` (sd-jwt.14); only ``vct`` is looked up in the list."""
    vct = claims.get("vct")
    if vct not in listed:
        return CREDENTIAL_TYPE.refused("issuer.service_not_listed")
    if "aka_vcts" not in claims:
        return CREDENTIAL_TYPE.passed
    others = claims["aka_vcts"]
    if not isinstance(others, list) or not others or not all(map(_is_identifier, others)):
        return CREDENTIAL_TYPE.refused("sd_jwt.vct_invalid", "`aka_vcts` is an array of at least one type")
    if vct in others or len(set(others)) != len(others):
        return CREDENTIAL_TYPE.refused("sd_jwt.vct_invalid", "`aka_vcts` names each other type once")
    return CREDENTIAL_TYPE.passed


def _types(claims: Mapping[str, Any], *, listed: frozenset[str]) -> frozenset[str]:
    """Return the types that a query may ask for: ``vct``, and of ``aka_vcts`` those that the list names too."""
    others = claims.get("aka_vcts")
    named = frozenset(one for one in others if isinstance(one, str)) if type(others) is list else _NO_TYPES
    return (named & listed) | {claims["vct"]}


def _time(claims: Mapping[str, Any], *, request: VerifyRequest, now: float, leeway: float) -> Check:
    """Judge validity and audience of the credential itself (sd-jwt.15)."""
    if "exp" not in claims:
        return TIME.refused("time.claim_missing", "a credential has `exp`")
    if not times_are_whole(claims, _TIMES):
        return TIME.refused("time.claim_malformed")
    if "aud" in claims and not is_for_us(claims["aud"], request=request):
        return TIME.refused("holder.audience_mismatch", "the issuer made it for another audience")
    return in_window(TIME, claims, now=now, leeway=leeway)


def is_for_us(stated: Any, *, request: VerifyRequest) -> bool:
    """Tell whether the issuer's own ``aud`` names the relying party or this node (RFC 7519, section 4.1.3)."""
    audiences = [stated] if isinstance(stated, str) else stated
    if not isinstance(audiences, list) or not all(isinstance(entry, str) for entry in audiences):
        return False
    return not (request.relying_party.audiences | request.node_audiences).isdisjoint(audiences)


def _status(claims: Mapping[str, Any]) -> Check:
    """Judge the form of ``status`` (sd-jwt.17); what it says, step V6 looks up."""
    if "status" in claims and not (isinstance(claims["status"], dict) and claims["status"]):
        return STATUS.refused("status.unavailable", "`status` names no mechanism")
    return STATUS.passed


def _metadata(claims: Mapping[str, Any], signed: SignedClaims, presented: PresentedSdJwt, *, hides: bool) -> Check:
    """Judge what the type says (sd-jwt.18), by the document that is held of it, if any."""
    document = presented.types.get(claims["vct"])
    return judge_type(TYPE_METADATA, claims, signed.claims, document=document, hides=hides)
