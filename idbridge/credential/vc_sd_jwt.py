"""W3C credentials of version 2.0 as SD-JWT (``vc+sd-jwt``): the claim set is the credential, less what is withheld.

Decides which disclosures may be there; ``sd_jwt`` puts them in their places and ``vc_account`` accounts for the whole.
What is needed to judge a credential stands in plain sight, so that no holder decides by what it is judged. Where a list
says that such credentials speak of a mandate or of a legal person, the subject is in plain sight, and a mandate beside
it is shown whole or not at all. Clauses: VC-JOSE-COSE, section 3.2; RFC 9901, section 7.
"""

from datetime import datetime
from typing import Final

from idbridge.credential import key_binding, sd_jwt, vc_holder, vc_points
from idbridge.credential.key_binding import judge_key_binding, parse_unverified_key_binding
from idbridge.credential.protocol import Reading
from idbridge.credential.sd_jwt import ProcessedClaims, SdJwtFault
from idbridge.credential.unverified import unverified_message
from idbridge.credential.vc_account import Bound, PresentedVc, Told, account_vc, held_by
from idbridge.credential.vc_document import type_of
from idbridge.credential.vc_jwt import CONTENT, named_issuer, secured
from idbridge.credential.vc_model import CONTEXT, STATUS, SUBJECT, Version
from idbridge.crypto.jws import HeaderRules
from idbridge.errors import InputError, JoseError
from idbridge.model.check import Check, CheckPoint, Refused
from idbridge.model.credential import PresentedSdJwt, SignedClaims, UnverifiedCredential, VerifiedCredential
from idbridge.model.region import Format
from idbridge.model.request import VerifyRequest
from idbridge.model.trust import ClaimMap
from idbridge.trust.resolver import ResolvedKey

# The profile. Header: as for `vc+jwt`.
HEADER: Final = HeaderRules(types=frozenset({"vc+sd-jwt"}), allow_x5c=True)
# In plain sight, whole and in part: VC-JOSE-COSE section 3.2.1 names some as examples of what verification needs; here
# these are all members that say from whom, of which kind, until when and for whom the credential is.
PLAIN: Final = frozenset({
    CONTEXT, "type", "id", "issuer", "validFrom", "validUntil", STATUS, "credentialSchema", "relatedResource",
    "termsOfUse", "proof", "holder", "iss", "sub", "jti", "aud", "exp", "nbf", "iat", "cnf", "status", "vc", "vp",
})  # fmt: skip
_EARLIER: Final = (
    vc_points.SHAPE, vc_points.MEDIA_TYPE, vc_points.ALGORITHM, vc_points.ISSUER, vc_points.SIGNATURE,
    vc_points.ONE_PROOF,
)  # fmt: skip
_ALONE: Final = "its key binding is judged instead"


class VcSdJwtFormat:
    """W3C credentials of version 2.0 as SD-JWT behind the protocol of all formats."""

    format: Final = Format.VC_SD_JWT

    def open(self, text: str, reading: Reading) -> tuple[UnverifiedCredential, ...]:
        """Take a credential apart, with its disclosures and its key binding; step V2.

        Raises:
            InputError, JoseError: As for ``secured``; ``jose.typ_mismatch`` for an SD-JWT VC of old drafts.
            IssuerError, CredentialError, InputError: As for ``named_issuer``.
        """
        parts = sd_jwt.split(text)
        jws, claims = secured(parts.issuer_jwt, HEADER, reading.headers, content=CONTENT)
        if CONTEXT not in claims and "vct" in claims:
            raise JoseError("jose.typ_mismatch", "an SD-JWT VC is of the type dc+sd-jwt")
        issuer = named_issuer(claims)
        shown = PresentedSdJwt(
            parts.disclosures,
            parts.key_binding,
            parts.bound,
            parse_unverified_key_binding(parts.key_binding, reading.headers),
        )
        return (unverified_message(self.format, jws, claims, issuer=issuer, presented=PresentedVc(sd_jwt=shown)),)

    def credential_type(self, unverified: UnverifiedCredential) -> str | None:
        """Return the types that a service must be listed for, together."""
        return type_of(unverified.unverified_claims)

    def early(self, code: str) -> CheckPoint | None:
        """Return the check that a refusal with ``code`` in V2 to V4 belongs to."""
        return vc_points.early(code)

    def account(
        self,
        signed: SignedClaims,
        unverified: UnverifiedCredential,
        *,
        resolved: ResolvedKey,
        request: VerifyRequest,
        at: datetime,
    ) -> VerifiedCredential:
        """Make the checks of the checklist, and those of the key binding where the credential came alone; step V5.

        Raises:
            Refused: With all of them, at least one refused. What cannot be judged, because the disclosures have no
                unambiguous place, is listed as not made.
        """
        presented: PresentedVc = unverified.presented
        shown = presented.sd_jwt or PresentedSdJwt()
        processed = _processed(signed, shown, resolved.service.profile.claim_map)
        claims = processed.claims
        told = Told(Version.V2, claims, claims, vc_points.DISCLOSURE.passed, hides=processed.hides_within)
        if presented.presentation is not None:
            bound = held_by(told, presented.presentation, signed=signed, resolved=resolved, request=request, at=at)
        else:
            bound = _bound(told, shown, processed.algorithm, signed, resolved, request, at)
        return account_vc(self.format, told, bound, signed=signed, resolved=resolved, request=request, at=at)


VC_SD_JWT: Final = VcSdJwtFormat()


def _processed(signed: SignedClaims, shown: PresentedSdJwt, claim_map: ClaimMap) -> ProcessedClaims:
    """Return the claims with every disclosure in place (vc.16).

    Raises:
        Refused: The processing stopped; what comes after it was not judged.
    """
    speaks = claim_map.mandate is not None or claim_map.entity is not None
    plain = PLAIN | {SUBJECT} if speaks else PLAIN
    try:
        return sd_jwt.process(signed.claims, shown.disclosures, plain=plain, whole=claim_map.whole)
    except (SdJwtFault, InputError) as fault:
        refused = vc_points.DISCLOSURE.refused(fault.code, fault.detail)
    why = f"{refused.id} refused, so the claims are not known"
    raise Refused(
        *(
            refused if point is vc_points.DISCLOSURE else point.passed if point in _EARLIER else point.skipped(why)
            for point in (*vc_points.POINTS, *key_binding.POINTS)
        )
    )


def _bound(
    told: Told,
    shown: PresentedSdJwt,
    algorithm: str,
    signed: SignedClaims,
    resolved: ResolvedKey,
    request: VerifyRequest,
    at: datetime,
) -> Bound:
    """Return what the key binding of a credential that came alone proves (kb.1 to kb.11)."""
    claims = {name: value for name, value in told.claims.items() if name != "cnf"}
    named = vc_holder.confirmed_jwk(vc_points.HOLDER_KEY, told.claims, told.subject)
    if not isinstance(named, Check):  # else kb.3 finds no key
        claims["cnf"] = {"jwk": named}
    verdict = judge_key_binding(
        shown.key_binding,
        shown.key_binding_jws,
        key_binding.Bound(claims, algorithm, shown.sd_jwt, signed.key, resolved.service, request, at.timestamp()),
    )
    checks = (*vc_holder.without(_ALONE, needed=vc_points.NEEDED.skipped(_ALONE)), *verdict.checks)
    return Bound(checks, verdict.holder, verdict.one_time, verdict.transactions)
