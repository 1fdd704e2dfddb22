"""QR credentials: the fourteen points of a code whose form is data of a signed list, checks ``qr.1`` to ``qr.14``.

Decides whether a scanned code is a credential of a listed service, unambiguous, and in force now. How it is taken
apart, and what its claims are called, the profile says that the state lists (``model/qr_profile``). That a listed key
signed it, in a listed algorithm, that it is within the bounds and not out of date, no profile can waive. The service
that lists the key has to list the very envelope in which the code was read: none counts under another's profile.

Whoever has a copy of a code can show it: it is a bearer credential always, whatever is in it.

Whose key signed and by which algorithm was decided in V2 to V4; the checks of those steps are listed here as passed,
because nothing arrives in V5 without having passed them.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any, Final

from idbridge.credential.key_binding import UNANSWERED, expects_holder
from idbridge.credential.protocol import Reading
from idbridge.credential.qr_claims import times, with_dates
from idbridge.credential.qr_selection import choose
from idbridge.credential.unverified import unverified_message
from idbridge.credential.validity import in_window
from idbridge.credential.verified import refuse_unless_passed, signed_while_granted, verified_by_claim_map
from idbridge.errors import CredentialError
from idbridge.model.check import Check, CheckPoint, Refused, Step
from idbridge.model.credential import (
    HolderBinding,
    HolderMethod,
    SignedClaims,
    UnverifiedCredential,
    VerifiedCredential,
)
from idbridge.model.qr_profile import QrContainer, QrProfile
from idbridge.model.region import Format
from idbridge.model.request import VerifyRequest
from idbridge.model.trust import HolderBindingRule, TrustService
from idbridge.trust.resolver import ResolvedKey

PROFILE: Final = CheckPoint("qr.1", Step.V2, "architecture D2, QR profile")
ENVELOPE: Final = CheckPoint("qr.2", Step.V2, "RFC 9285; RFC 1950; idbridge limits")
MESSAGE: Final = CheckPoint("qr.3", Step.V2, "RFC 9052 section 3; RFC 7515 section 4")
CLAIMS: Final = CheckPoint("qr.4", Step.V2, "RFC 8392 section 3; RFC 8259 section 4")
ISSUER: Final = CheckPoint("qr.5", Step.V3, "RFC 8392 section 3.1.1; ETSI TS 119 602")
KEY: Final = CheckPoint("qr.6", Step.V3, "RFC 9052 section 3.1, kid; RFC 7515 section 4.1.4")
ALGORITHM: Final = CheckPoint("qr.7", Step.V4, "RFC 9053 section 2; RFC 8725 section 3.1")
SIGNATURE: Final = CheckPoint("qr.8", Step.V4, "RFC 9052 section 4.4; RFC 7515 section 5.2")
OWN_PROFILE: Final = CheckPoint("qr.9", Step.V5, "architecture D2, QR profile")
KIND: Final = CheckPoint("qr.10", Step.V5, "RFC 8725 sections 3.11 and 3.12")
TIME: Final = CheckPoint("qr.11", Step.V5, "RFC 8392 section 3.1; RFC 7519 section 4.1")
STATUS: Final = CheckPoint("qr.12", Step.V5, "Token Status List section 6")
HOLDER: Final = CheckPoint("qr.13", Step.V5, "architecture D2, holder binding")
IN_FORCE: Final = CheckPoint("qr.14", Step.V5, "ETSI TS 119 602 service history")
POINTS: Final = (
    PROFILE, ENVELOPE, MESSAGE, CLAIMS, ISSUER, KEY, ALGORITHM, SIGNATURE, OWN_PROFILE, KIND, TIME, STATUS, HOLDER,
    IN_FORCE,
)  # fmt: skip

# What only tokens and credentials of another kind carry, or what is made for one reader: an audience, a nonce, a type
# of another format, and the health certificates of the European Union and others (claim -260). A list cannot loosen it
# by calling a CWT, or the claims of a token, something else: the same holds for all that is in CBOR, and in JSON.
_IN_CBOR: Final = frozenset({"3", "10", "65533", "-260"})
_IN_JSON: Final = frozenset({
    "aud", "azp", "nonce", "at_hash", "auth_time", "events", "vct", "vc", "vp", "_sd", "_sd_alg", "sd_hash",
    "transaction_data_hashes", "scope", "client_id", "token_use", "@context", "credentialSubject", "credentialStatus",
    "status_list",
})  # fmt: skip
FORBIDDEN: Final[Mapping[QrContainer, frozenset[str]]] = MappingProxyType({
    QrContainer.CWT: _IN_CBOR,
    QrContainer.COSE_SIGN1: _IN_CBOR,
    QrContainer.JWS: _IN_JSON,
    QrContainer.JSON: _IN_JSON,
})  # fmt: skip
# Where the content itself says where a status is looked up, whatever a profile says.
_STATUS: Final[Mapping[QrContainer, str]] = MappingProxyType({
    QrContainer.CWT: "65535",
    QrContainer.COSE_SIGN1: "65535",
    QrContainer.JWS: "status",
    QrContainer.JSON: "status",
})  # fmt: skip
_BEARER: Final = HolderBinding(HolderMethod.NONE)
_ANYBODY: Final = HOLDER.skipped("whoever has a copy of a code can show it")
_SIGNED: Final = tuple(
    point.passed for point in (PROFILE, ENVELOPE, MESSAGE, CLAIMS, ISSUER, KEY, ALGORITHM, SIGNATURE)
)

_EARLY: Final[Mapping[str, CheckPoint]] = MappingProxyType({
    "qr.profile_unknown": PROFILE,
    "qr.envelope_malformed": ENVELOPE,
    "input.too_large": ENVELOPE,
    "input.malformed": MESSAGE,
    "qr.claims_malformed": CLAIMS,
    "jose.alg_none": ALGORITHM,
    "jose.alg_not_allowed": ALGORITHM,
    "jose.alg_key_mismatch": ALGORITHM,
    "jose.crit_unsupported": MESSAGE,
    "jose.header_forbidden": MESSAGE,
    "jose.typ_mismatch": MESSAGE,
    "jose.kid_missing": KEY,
    "jose.kid_unknown": KEY,
    "jose.signature_invalid": SIGNATURE,
    "trust.stale": ISSUER,
    "recognition.environment_mismatch": ISSUER,
})  # fmt: skip


class QrFormat:
    """QR credentials behind the protocol of all formats."""

    format: Final = Format.QR

    def open(self, text: str, reading: Reading) -> tuple[UnverifiedCredential, ...]:
        """Take a scanned text apart in the one listed envelope that it is in; step V2.

        Raises:
            Refusal: As for ``qr_selection.choose``, each under the check that it belongs to.
        """
        chosen = choose(text, reading.qr, reading.headers, lost=reading.lost)
        return (
            unverified_message(
                Format.QR,
                chosen.opened.message,
                chosen.opened.claims,
                issuer=chosen.listed.issuer,
                presented=chosen.listed.envelope,
            ),
        )

    def credential_type(self, unverified: UnverifiedCredential) -> str | None:  # noqa: ARG002 - the protocol's
        """Return ``None``: a code has no type, its profile is compared instead."""
        return None

    def early(self, code: str) -> CheckPoint | None:
        """Return the check that a refusal with ``code`` in V2 to V4 belongs to."""
        return _EARLY.get(code, ISSUER if code.startswith("issuer.") else None)

    def account(
        self,
        signed: SignedClaims,
        unverified: UnverifiedCredential,
        *,
        resolved: ResolvedKey,
        request: VerifyRequest,
        at: datetime,
    ) -> VerifiedCredential:
        """Make the fourteen checks; step V5.

        Raises:
            Refused: With all of them, at least one of them refused.
        """
        service = resolved.service
        profile = _own_profile(service, unverified)
        claims = signed.claims
        stated, time = _times(claims, profile, service=service, at=at)
        issued_at = datetime.fromtimestamp(stated["iat"], UTC) if "iat" in stated else None
        in_force = signed_while_granted(IN_FORCE, service=service, issued_at=issued_at, at=resolved.judged_at(at))
        reference, status = _status(claims, profile)
        checks = (
            *_SIGNED,
            OWN_PROFILE.passed,
            _kind(claims, profile),
            time,
            status,
            _holder(service, request),
            in_force,
        )
        refuse_unless_passed(checks)
        return verified_by_claim_map(
            Format.QR,
            _regional(claims, profile, acr=service.profile.claim_map.acr),
            signed=signed,
            service=service,
            holder=_BEARER,
            issued_at=issued_at,
            expires_at=_ends(stated, profile),
            authenticated_at=None,
            status_reference=reference,
            checks=checks,
            in_force=in_force,
        )


QR: Final = QrFormat()


def _own_profile(service: TrustService, unverified: UnverifiedCredential) -> QrProfile:
    """Return the profile of the service whose key signed (qr.9): of the envelope in which the code was read.

    Raises:
        Refused: It lists another, or none; nothing of the claims was judged.
    """
    profile = service.profile.qr
    if profile is not None and profile.envelope == unverified.presented:
        return profile
    refused = OWN_PROFILE.refused("issuer.service_not_listed", "the key that signed is listed for other codes")
    later = tuple(point.skipped("the code is read by another profile") for point in POINTS[len(_SIGNED) + 1 :])
    raise Refused(*_SIGNED, refused, *later)


def _kind(claims: Mapping[str, Any], profile: QrProfile) -> Check:
    """Refuse what is a credential of another kind, or made for one reader (qr.10)."""
    found = FORBIDDEN[profile.envelope.container].intersection(claims)
    return KIND.refused("qr.kind_mismatch", f"the claim `{min(found)}` is no code's") if found else KIND.passed


def _times(
    claims: Mapping[str, Any], profile: QrProfile, *, service: TrustService, at: datetime
) -> tuple[Mapping[str, int], Check]:
    """Return the times of the code, and whether it is good now (qr.11); it always ends."""
    try:
        stated = times(claims, profile)
    except CredentialError as refusal:
        return {}, TIME.refused(refusal.code, refusal.detail)
    now, leeway = at.timestamp(), service.profile.leeway.total_seconds()
    age = profile.maximum_age
    if "exp" not in stated and (age is None or "iat" not in stated):
        return stated, TIME.refused("time.claim_missing", "nothing says when the code ends")
    if age is not None and "iat" in stated and now >= stated["iat"] + age.total_seconds() + leeway:
        return stated, TIME.refused("time.too_old")
    return stated, in_window(TIME, stated, now=now, leeway=leeway)


def _ends(stated: Mapping[str, int], profile: QrProfile) -> datetime:
    """Return when a code that is good now ends; one of the two is there."""
    ends = [datetime.fromtimestamp(stated["exp"], UTC)] if "exp" in stated else []
    if profile.maximum_age is not None and "iat" in stated:
        ends.append(datetime.fromtimestamp(stated["iat"], UTC) + profile.maximum_age)
    return min(ends)


def _status(claims: Mapping[str, Any], profile: QrProfile) -> tuple[Mapping[str, Any] | None, Check]:
    """Return where the status is looked up in V6, and whether that has a form (qr.12)."""
    own = _STATUS[profile.envelope.container]
    found = [claims[name] for name in (own, profile.status) if name is not None and name in claims]
    if profile.status is not None and profile.status not in claims:
        return None, STATUS.refused("status.unavailable", "the profile names a status, and the code lacks it")
    if any(type(one) is not dict or not one or one != found[0] for one in found):
        return None, STATUS.refused("status.unavailable", "the status names no one mechanism")
    return (found[0] if found else None), STATUS.passed


def _holder(service: TrustService, request: VerifyRequest) -> Check:
    """Judge whether a copy that anybody could show is enough (qr.13): for the request and for the listing."""
    if expects_holder(request):
        return HOLDER.refused("holder.binding_missing", UNANSWERED)
    if service.profile.holder_binding is HolderBindingRule.REQUIRED:
        return HOLDER.refused("holder.binding_missing")
    return _ANYBODY


def _regional(claims: Mapping[str, Any], profile: QrProfile, *, acr: str) -> Mapping[str, Any]:
    """Return the claims with dates as the region writes them, and the level of all codes that state none."""
    read = with_dates(claims, profile) if profile.dates else claims
    if profile.level is None or acr in read:
        return read
    return {**read, acr: profile.level}
