"""Codes of one pretend issuer for the tests of QR credentials: its listing, and whatever it may be made to sign."""

import json
import zlib
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from idbridge.codec import base45, base64std, base64url, cbor, jcs
from idbridge.codec.cbor import Tagged
from idbridge.credential.protocol import Reading
from idbridge.credential.qr import QR
from idbridge.crypto import cose, signature
from idbridge.crypto.jws import HeaderCache
from idbridge.crypto.signer import FileSigner
from idbridge.errors import Refusal
from idbridge.model.check import Check, Refused
from idbridge.model.credential import VerifiedCredential
from idbridge.model.qr_profile import ListedQr, QrProfile, QrStep
from idbridge.model.region import AssuranceLevel, Format, MemberState, ServiceType
from idbridge.model.request import VerifyRequest
from idbridge.model.trust import ClaimMap, HolderBindingRule, LadderRung, TrustService
from idbridge.trust import qr_listing
from idbridge.trust.resolver import ResolvedKey
from tests.credential.kit import ABSENT, NOON, NOW, YEAR, changed, key, request, service, sign, signer

ISSUER = "https://card.la.example"
CLAIM169: Mapping[str, Any] = {
    "steps": ["base45", "zlib"],
    "container": "cwt",
    "issuer": {"claim": "1", "names": "issuer"},
    "dates": {"169.8": "compact"},
    "level": "card",
}
PHILID: Mapping[str, Any] = {
    "steps": [],
    "container": "json",
    "issuer": {"claim": "Issuer", "names": "text", "text": "PSA"},
    "json": {"signature": "signature", "algorithm": "alg", "signed": "indented"},
    "issued": "DateIssued",
    "maximumAgeDays": 3650,
    "dates": {"DateIssued": "day-month-year", "subject.DOB": "month-day-year"},
}
JWS: Mapping[str, Any] = {
    "prefix": "https://check.la.example/?c=",
    "steps": [],
    "container": "jws",
}
MAP169 = ClaimMap(claims={"birthdate": "169.8", "nationality": "169.13"}, display="169.4", subject="169.1", acr="acr")
PERSON: Mapping[Any, Any] = {1: "LA-0042", 4: "Bounmy Phommachanh", 8: "19870314", 13: "LA"}
IDENTITY: Mapping[str, Any] = {
    "DateIssued": "24 July 2026",
    "Issuer": "PSA",
    "subject": {"lName": "Dimalanta", "fName": "Luisa", "mName": "Ramona", "DOB": "January 01, 1990", "PCN": "0000-1"},
    "alg": "EDDSA",
}


def profile(base: Mapping[str, Any] = CLAIM169, **changes: Any) -> QrProfile:
    """A profile as a list says it, with changes."""
    return qr_listing.read(changed(base, changes))


def listed(
    one: QrProfile | None = None, *, binding: HolderBindingRule = HolderBindingRule.NONE, claims: ClaimMap = MAP169
) -> TrustService:
    """The issuer as its state lists it."""
    base = service(Format.ID_TOKEN)
    rules = replace(
        base.profile,
        formats=frozenset({Format.QR}),
        algorithms=frozenset({"ES256", "Ed25519"}),
        credential_types=frozenset(),
        ladder=(LadderRung("card", AssuranceLevel.A2, AssuranceLevel.A2),),
        claim_map=claims,
        holder_binding=binding,
        qr=one or profile(),
    )
    return replace(base, member_state=MemberState.LA, service_type=ServiceType.PID, issuer=ISSUER, profile=rules)


def cwt_claims(**changes: Any) -> dict[Any, Any]:
    """The claims of a CWT in force; changes name keys as ``k4``."""
    claims = {1: ISSUER, 4: NOW + YEAR, 6: NOW - 86_400, 169: dict(PERSON)}
    edits = {int(name[1:]) if name[0] == "k" else int(name[1:]) * -1: value for name, value in changes.items()}
    return changed(claims, edits)


def sign1(
    payload: Any,
    *,
    by: FileSigner | None = None,
    protected: Mapping[Any, Any] | None = None,
    unprotected: Mapping[Any, Any] | None = None,
    tag: bool = True,
) -> bytes:
    """A COSE_Sign1 over ``payload``."""
    by = by or signer()
    head = {1: {"ES256": -7, "Ed25519": -8}[by.algorithm], 4: by.kid.encode()} if protected is None else protected
    spelled = cbor.encode(dict(head))
    octets = payload if isinstance(payload, bytes) else cbor.encode(payload)
    made = by.sign(cose.signature_octets(protected=spelled, payload=octets))
    parts = [spelled, dict(unprotected or {}), octets, made]
    return cbor.encode(Tagged(18, parts) if tag else parts)


def layered(octets: bytes, steps: tuple[QrStep, ...], prefix: str = "") -> str:
    """The text of a code with these layers."""
    if QrStep.ZLIB in steps:
        octets = zlib.compress(octets)
    if QrStep.BASE45 in steps:
        return prefix + base45.encode(octets)
    return prefix + (base64url.encode(octets) if QrStep.BASE64URL in steps else octets.decode())


def claim169(*, by: FileSigner | None = None, tagged: bool = False, **changes: Any) -> str:
    """A code under MOSIP's claim 169."""
    octets = sign1(cwt_claims(**changes), by=by)
    return layered((b"\xd8\x3d" if tagged else b"") + octets, (QrStep.BASE45, QrStep.ZLIB))


def philid(*, by: FileSigner | None = None, form: str = "indented", **changes: Any) -> str:
    """A code that is a JSON object with its signature inside."""
    by = by or signer("issuer", "Ed25519")
    members = changed(IDENTITY, changes)
    signed = json.dumps(members, indent=2).encode() if form == "indented" else jcs.canonicalize(members)
    return json.dumps({**members, "signature": base64std.encode(by.sign(signed))}, ensure_ascii=False)


def compact(*, by: FileSigner | None = None, header: Mapping[str, Any] | None = None, **changes: Any) -> str:
    """A code that is a compact JWS behind an address."""
    by = by or signer()
    claims = {"iss": ISSUER, "iat": NOW - 60, "exp": NOW + YEAR, "id": "LA-0042", "name": "Bounmy"}
    jws = sign(changed({"alg": by.algorithm, "kid": by.kid}, header or {}), changed(claims, changes), by)
    return str(JWS["prefix"]) + jws


def reading(*services: TrustService) -> Reading:
    """What V2 reads with when these services are listed."""
    found = {
        ListedQr(one.profile.qr.envelope, one.issuer, one.member_state): None for one in services if one.profile.qr
    }
    ordered = sorted(found, key=lambda one: -len(one.envelope.prefix))
    return Reading(HeaderCache(16), tuple(ordered))


def verify(
    text: str,
    by: TrustService | None = None,
    *,
    others: tuple[TrustService, ...] = (),
    asked: VerifyRequest | None = None,
    at: datetime = NOON,
    name: str = "issuer",
) -> VerifiedCredential:
    """Steps V2, V4 and V5 of ``text``, with a key of the service ``by`` that fits the algorithm."""
    by = by or listed()
    (unverified,) = QR.open(text, reading(by, *others))
    algorithm = unverified.message.header.algorithm
    resolved = ResolvedKey(by, key(name, "Ed25519" if algorithm in ("EdDSA", "Ed25519") else "ES256"), at)
    signed = signature.verify(
        unverified.message,
        claims=unverified.unverified_claims,
        key=resolved.key,
        algorithms=by.profile.algorithms,
    )
    return QR.account(signed, unverified, resolved=resolved, request=asked or request(None), at=at)


def code(text: str, *arguments: Any, **named: Any) -> str | None:
    """The code with which ``text`` is refused in whichever step, ``None`` if it is accepted."""
    try:
        verify(text, *arguments, **named)
    except (Refused, Refusal) as refusal:
        return refusal.code
    return None


def refused(text: str, *arguments: Any, **named: Any) -> dict[str, Check]:
    """The checks by id with which ``text`` is refused in V5."""
    try:
        verify(text, *arguments, **named)
    except Refused as refusal:
        return {check.id: check for check in refusal.checks}
    raise AssertionError("it was accepted")


__all__ = ["ABSENT"]
