"""Mdocs: the sixteen points of the checklist, each of them a check ``mdoc.1`` to ``mdoc.16``.

Decides whether a document is of a listed type, made by a certified signer in its time and for its country, with every
presented element covered by a digest, in force now, and shown by the device that the issuer named (``device_auth``).
Elements are claims under ``namespace/element``, as the issuer's list has to name them: an element's own name is not
unique, and which of two is shown, the holder chooses. Dates are texts, octets are base64url, and what the device signed
of its own is never a claim. Clauses: ISO 18013-5, 9.1 and 9.3; OpenID4VP 1.0, B.2; HAIP 1.0, 5.3.1.

Whose key signed and by which algorithm was decided in V2 to V4; the checks of those steps are listed here as passed,
because nothing arrives in V5 without having passed them.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any, Final

from idbridge.codec import base64url
from idbridge.codec.cbor import Tagged
from idbridge.credential.device_auth import AUTHORISED, DEVICE, SESSION, DeviceVerdict, Presenting, judge_device
from idbridge.credential.mdoc_document import PresentedMdoc, parse_unverified_mdoc
from idbridge.credential.mdoc_items import Items
from idbridge.credential.mso import Mso, judge_items, parse_unverified_mso, read_mso
from idbridge.credential.one_time import nonce_once
from idbridge.credential.protocol import Reading
from idbridge.credential.unverified import unverified_message
from idbridge.credential.verified import signed_while_granted, verified_by_claim_map
from idbridge.crypto import cose
from idbridge.crypto.iso_mdoc import IsoProfile
from idbridge.errors import CredentialError, JoseError
from idbridge.model.check import Check, CheckPoint, Refused, Result, Step
from idbridge.model.credential import (
    HolderBinding,
    HolderMethod,
    OneTimeValue,
    SignedClaims,
    UnverifiedCredential,
    VerifiedCredential,
)
from idbridge.model.query import Disclosed
from idbridge.model.region import Format
from idbridge.model.request import VerifyRequest
from idbridge.trust.resolver import ResolvedKey

_ISO = "ISO 18013-5 section"
SHAPE: Final = CheckPoint("mdoc.1", Step.V2, f"{_ISO} 8.3.2.1; RFC 8949 section 5; idbridge limits")
RESPONSE: Final = CheckPoint("mdoc.2", Step.V2, f"{_ISO} 8.3.2.1.2.3")
HEADERS: Final = CheckPoint("mdoc.3", Step.V2, f"{_ISO} 9.1.2.4; RFC 9360 section 2")
CERTIFICATES: Final = CheckPoint("mdoc.4", Step.V3, f"{_ISO} 9.3.1 (1) and B.1; ETSI TS 119 602 service history")
ALGORITHM: Final = CheckPoint("mdoc.5", Step.V4, f"{_ISO} 9.1.2.4; RFC 9053 section 2.1")
SIGNATURE: Final = CheckPoint("mdoc.6", Step.V4, f"{_ISO} 9.3.1 (2); RFC 9052 section 4.4")
SECURITY_OBJECT: Final = CheckPoint("mdoc.7", Step.V5, f"{_ISO} 9.1.2.4")
DIGESTS: Final = CheckPoint("mdoc.8", Step.V5, f"{_ISO} 9.3.1 (3)")
DOCUMENT_TYPE: Final = CheckPoint("mdoc.9", Step.V5, f"{_ISO} 9.3.1 (4)")
TIME: Final = CheckPoint("mdoc.10", Step.V5, f"{_ISO} 9.3.1 (5)")
COUNTRY: Final = CheckPoint("mdoc.11", Step.V5, f"{_ISO} 9.3.1 (6)")
STATUS: Final = CheckPoint("mdoc.14", Step.V5, "Token Status List section 6.3")
ONE_DOCUMENT: Final = CheckPoint("mdoc.16", Step.V2, "HAIP 1.0 section 5.3.1")
POINTS: Final = (
    SHAPE, RESPONSE, HEADERS, CERTIFICATES, ALGORITHM, SIGNATURE, SECURITY_OBJECT, DIGESTS, DOCUMENT_TYPE, TIME,
    COUNTRY, DEVICE, AUTHORISED, STATUS, SESSION, ONE_DOCUMENT,
)  # fmt: skip

SEPARATOR: Final = "/"
_ISSUING_COUNTRY: Final = "issuing_country"
_ISSUING_JURISDICTION: Final = "issuing_jurisdiction"
_EARLIER: Final = frozenset({SHAPE, RESPONSE, HEADERS, CERTIFICATES, ALGORITHM, SIGNATURE, ONE_DOCUMENT})
_BEARER: Final = HolderBinding(HolderMethod.NONE)
_NO_RESPONSE: Final = RESPONSE.skipped("what the issuer signed came alone, in no response")
_NO_TYPE_OUTSIDE: Final = DOCUMENT_TYPE.skipped("what the issuer signed came alone, and names its type once")

_EARLY: Final[Mapping[str, CheckPoint]] = MappingProxyType({
    "input.malformed": SHAPE,
    "input.too_large": SHAPE,
    "mdoc.response_status": RESPONSE,
    "mdoc.several_documents": ONE_DOCUMENT,
    "mdoc.mso_invalid": SECURITY_OBJECT,
    "mdoc.device_auth_invalid": DEVICE,
    "jose.header_forbidden": HEADERS,
    "jose.crit_unsupported": HEADERS,
    "jose.alg_not_allowed": ALGORITHM,
    "jose.alg_key_mismatch": ALGORITHM,
    "jose.signature_invalid": SIGNATURE,
    "trust.stale": CERTIFICATES,
    "recognition.environment_mismatch": CERTIFICATES,
})  # fmt: skip


class MdocFormat:
    """Mdocs behind the protocol of all formats."""

    format: Final = Format.MDOC

    def open(self, text: str, reading: Reading) -> tuple[UnverifiedCredential, ...]:  # noqa: ARG002 - has no JOSE header
        """Take a response, or an IssuerSigned alone, apart; step V2.

        Raises:
            InputError, CredentialError, JoseError: As for ``parse_unverified_mdoc`` and ``parse_unverified_mso``.
            JoseError: ``jose.header_forbidden``: there are no certificates, or the algorithm is not protected.
        """
        presented = parse_unverified_mdoc(base64url.decode(text))
        message = cose.take_apart(presented.issuer_auth)
        if not message.header.certificates:
            raise JoseError("jose.header_forbidden", "an mdoc names its signer by `x5chain` alone")
        claims = parse_unverified_mso(message.payload)
        return (unverified_message(Format.MDOC, message, claims, issuer=None, presented=presented),)

    def credential_type(self, unverified: UnverifiedCredential) -> str | None:
        """Return the document type, as the issuer signed it, that a service must be listed for."""
        return str(unverified.unverified_claims["docType"])

    def early(self, code: str) -> CheckPoint | None:
        """Return the check that a refusal with ``code`` in V2 to V4 belongs to."""
        return _EARLY.get(code, CERTIFICATES if code.startswith("issuer.") else None)

    def account(
        self,
        signed: SignedClaims,
        unverified: UnverifiedCredential,
        *,
        resolved: ResolvedKey,
        request: VerifyRequest,
        at: datetime,
    ) -> VerifiedCredential:
        """Make the sixteen checks; step V5.

        Raises:
            Refused: With all of them, at least one refused.
        """
        presented: PresentedMdoc = unverified.presented
        service = resolved.service
        mso = _security_object(signed, responded=presented.doc_type is not None)
        profile = resolved.path.iso if resolved.path is not None else None
        certified = _certified(profile)
        in_force = signed_while_granted(CERTIFICATES, service=service, issued_at=mso.signed, at=resolved.judged_at(at))
        doc_type = mso.doc_type if presented.doc_type is None else presented.doc_type
        binding = service.profile.holder_binding
        verdict = judge_device(presented.device, Presenting(mso, doc_type, signed.key, binding, request))
        fault = judge_items(mso, presented.name_spaces)
        checks = (
            SHAPE.passed,
            _NO_RESPONSE if presented.doc_type is None else _response(presented.absent),
            HEADERS.passed,
            certified if certified is not None else in_force,
            ALGORITHM.passed,
            SIGNATURE.passed,
            SECURITY_OBJECT.passed,
            DIGESTS.passed if fault is None else DIGESTS.refused(*fault),
            _document_type(presented.doc_type, signed=mso.doc_type),
            judge_times(mso, profile, at=at, leeway=service.profile.leeway),
            _country(presented.name_spaces, profile),
            verdict.device,
            verdict.authorised,
            _status(signed.claims),
            verdict.session,
            ONE_DOCUMENT.passed,
        )
        status = signed.claims.get("status")
        elements = _elements(presented.name_spaces)
        return verified_by_claim_map(
            Format.MDOC,
            _national(elements),
            signed=signed,
            service=service,
            holder=_BEARER if verdict.key_thumbprint is None else HolderBinding(verdict.method, verdict.key_thumbprint),
            issued_at=mso.signed,
            expires_at=mso.valid_until,
            authenticated_at=None,
            status_reference=status if isinstance(status, Mapping) else None,
            checks=checks,
            in_force=in_force,
            one_time=_one_time(verdict, request, resolved=resolved, until=mso.valid_until),
            hides=_hides(mso, presented.name_spaces),
            disclosed=Disclosed(frozenset({mso.doc_type}), elements),
        )


MDOC: Final = MdocFormat()


def _security_object(signed: SignedClaims, *, responded: bool) -> Mso:
    """Return the security object (mdoc.7); ``responded`` tells whether it came in a response.

    Raises:
        Refused: It is none; what depends on it was not judged.
    """
    try:
        return read_mso(signed.claims)
    except CredentialError as fault:
        point = SECURITY_OBJECT if fault.code == "mdoc.mso_invalid" else TIME
        refused = point.refused(fault.code, fault.detail)
    why = f"{refused.id} refused, so the security object is not known"
    made = _EARLIER if responded else _EARLIER - {RESPONSE}
    raise Refused(
        *(
            refused if point.id == refused.id else point.passed if point in made else point.skipped(why)
            for point in POINTS
        )
    )


def _certified(profile: IsoProfile | None) -> Check | None:
    """Return the refusal of a path that does not keep the profile of mdocs (mdoc.4), ``None`` if it does."""
    if profile is None:
        return CERTIFICATES.refused("issuer.chain_untrusted", "the key of a document signer is certified")
    return CERTIFICATES.refused("issuer.certificate_profile", profile.fault) if profile.fault is not None else None


def _document_type(outside: str | None, *, signed: str) -> Check:
    """Judge whether the response calls the document what the issuer signed (mdoc.9)."""
    if outside is None:
        return _NO_TYPE_OUTSIDE
    return DOCUMENT_TYPE.passed if outside == signed else DOCUMENT_TYPE.refused("mdoc.doc_type_mismatch")


def _response(count: int) -> Check:
    """Return that the response is whole (mdoc.2), with the number of what the wallet says that it left out."""
    if not count:
        return RESPONSE.passed
    note = f"the wallet says that it did not return {count} of what it was asked for"
    return Check(RESPONSE.id, RESPONSE.step, Result.PASSED, RESPONSE.clause, None, note)


def judge_times(mso: Mso, profile: IsoProfile | None, *, at: datetime, leeway: timedelta) -> Check:
    """Judge when the security object was signed, and for how long it is good (mdoc.10)."""
    if not mso.signed <= mso.valid_from < mso.valid_until:
        return TIME.refused("time.claim_malformed", "it ends before it begins, or begins before it was signed")
    if profile is None or not profile.not_before <= mso.signed <= profile.not_after:
        return TIME.refused("mdoc.signed_outside_certificate")
    # Differences, and no sums: an instant near the last that a date can name has none after it.
    if at - mso.valid_until >= leeway:
        return TIME.refused("time.expired")
    if mso.signed - at > leeway:
        return TIME.refused("time.issued_in_future")
    return TIME.refused("time.not_yet_valid") if mso.valid_from - at > leeway else TIME.passed


def _country(name_spaces: Mapping[str, Items], profile: IsoProfile | None) -> Check:
    """Judge whether the elements name the country, and the province if any, of the document signer (mdoc.11)."""
    country, province = (profile.country, profile.province) if profile is not None else (None, None)
    for items in name_spaces.values():
        for identifier, value in zip(items.identifiers, items.values, strict=True):
            if identifier == _ISSUING_COUNTRY and value != country:
                return COUNTRY.refused("mdoc.country_mismatch", "the certificate is of another country")
            if identifier == _ISSUING_JURISDICTION and province is not None and value != province:
                return COUNTRY.refused("mdoc.country_mismatch", "the certificate is of another province")
    return COUNTRY.passed


def _status(members: Mapping[str, Any]) -> Check:
    """Judge the form of ``status`` (mdoc.14); what it says, step V6 looks up."""
    if "status" in members and not (isinstance(members["status"], dict) and members["status"]):
        return STATUS.refused("status.unavailable", "`status` names no mechanism")
    return STATUS.passed


def _one_time(
    verdict: DeviceVerdict, request: VerifyRequest, *, resolved: ResolvedKey, until: datetime
) -> tuple[OneTimeValue, ...]:
    """Return the nonce, if the device answered to it, kept for as long as the document is good.

    A device does not say when it answered, so nothing else ends before the document does.
    """
    if verdict.device is not DEVICE.passed or verdict.session is not SESSION.passed:
        return ()
    end = until.timestamp() + resolved.service.profile.leeway.total_seconds()
    return (nonce_once(request, issuer=resolved.service.issuer, until=end),)


def _hides(mso: Mso, name_spaces: Mapping[str, Items]) -> bool:
    """Tell whether the holder may have withheld an element: there are digests that no item was shown for."""
    return sum(map(len, mso.digests.values())) > sum(len(items.octets) for items in name_spaces.values())


def _elements(name_spaces: Mapping[str, Items]) -> dict[str, dict[str, Any]]:
    """Return the elements by namespace and own name, as JSON has them."""
    return {
        name_space: dict(zip(items.identifiers, map(_plain, items.values), strict=True))
        for name_space, items in name_spaces.items()
    }


def _national(elements: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Return the elements as claims; one whose own name holds the separator has no name that is its alone."""
    return {
        f"{name_space}{SEPARATOR}{identifier}": value
        for name_space, named in elements.items()
        for identifier, value in named.items()
        if SEPARATOR not in identifier
    }


def _plain(value: Any) -> Any:
    """Return a value as JSON has it: dates as texts, octets in base64url; ``None`` for what JSON cannot say."""
    kind = type(value)
    if kind is str:  # nearly all are
        return value
    if kind is bytes:
        return base64url.encode(value)
    if kind is Tagged:
        return value.value if type(value.value) is str else None
    if kind is list:
        return [_plain(one) for one in value]
    if kind is dict:
        return {name: _plain(one) for name, one in value.items()} if all(type(name) is str for name in value) else None
    return value
