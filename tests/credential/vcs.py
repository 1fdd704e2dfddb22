"""W3C credentials of the pretend provider, and presentations of them: whatever anybody may be made to sign."""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from idbridge.codec import base64url
from idbridge.credential.envelope import FORMATS, open_credential
from idbridge.credential.protocol import Reading
from idbridge.crypto import signature
from idbridge.crypto.did_key import did_jwk
from idbridge.crypto.jws import HeaderCache
from idbridge.crypto.signer import FileSigner
from idbridge.errors import Refusal
from idbridge.model.check import Check, Refused
from idbridge.model.credential import VerifiedCredential
from idbridge.model.region import Format
from idbridge.model.request import VerifyRequest
from idbridge.model.trust import ClaimMap, HolderBindingRule, NamePart, TrustService
from idbridge.trust.resolver import ResolvedKey
from tests.credential.kit import (
    AUDIENCE,
    ISSUER,
    NONCE,
    NOON,
    NOW,
    YEAR,
    changed,
    digest,
    disclosure,
    kb,
    key,
    request,
    service,
    sign,
    signer,
)

V1 = "https://www.w3.org/2018/credentials/v1"
V2 = "https://www.w3.org/ns/credentials/v2"
TYPE = "SampleIdentity"
SUBJECT = {
    "given_name": "ธนพร",
    "family_name": "ศรีสุข",
    "birthdate": "1994-08-29",
    "number": "0000000000011",
    "level": "3",
}
CLAIM_MAP = ClaimMap(
    claims={"birthdate": "$.credentialSubject.birthdate"},
    name_parts=(
        NamePart("given", "$.credentialSubject.given_name"),
        NamePart("family", "$.credentialSubject.family_name"),
    ),
    subject="$.credentialSubject.number",
    acr="$.credentialSubject.level",
)
VALID = {"validFrom": "2026-10-25T12:00:00Z", "validUntil": "2027-11-24T12:00:00Z"}


def holder_did(name: str = "holder") -> str:
    """The key of somebody's wallet as a DID."""
    return did_jwk(key(name))  # type: ignore[arg-type] # of the kit's own making


def listed(kind: Format, **changes: Any) -> TrustService:
    """The provider as its state lists it for W3C credentials."""
    changes = {"claim_map": CLAIM_MAP, "binding": HolderBindingRule.OPTIONAL, **changes}
    one = service(kind, **changes)
    return replace(one, profile=replace(one.profile, credential_types=frozenset({TYPE})))


def document(**changes: Any) -> dict[str, Any]:
    """A credential of version 2.0."""
    return changed(
        {
            "@context": [V2],
            "type": ["VerifiableCredential", TYPE],
            "id": "urn:uuid:1",
            "issuer": ISSUER,
            **VALID,
            "credentialSubject": {"id": holder_did(), **SUBJECT},
        },
        changes,
    )


def vc_jwt(*, header: Mapping[str, Any] | None = None, by: FileSigner | None = None, **changes: Any) -> str:
    """A credential of version 2.0 as JWT."""
    by = by or signer()
    base = {"alg": by.algorithm, "typ": "vc+jwt", "cty": "vc", "kid": by.kid}
    return sign(changed(base, header or {}), document(**{"iat": NOW - 600, **changes}), by)


def jwt_vc(
    *,
    header: Mapping[str, Any] | None = None,
    by: FileSigner | None = None,
    vc: Mapping[str, Any] | None = None,
    **changes: Any,
) -> str:
    """A credential of version 1.1 as JWT; ``vc`` are changes to the credential in it, others to the claims around."""
    by = by or signer()
    base = {"alg": by.algorithm, "typ": "JWT", "kid": by.kid}
    held = {"@context": [V1], "type": ["VerifiableCredential", TYPE], "credentialSubject": SUBJECT}
    claims = {
        "iss": ISSUER,
        "sub": holder_did(),
        "jti": "urn:uuid:1",
        "nbf": NOW - 30 * 86_400,
        "exp": NOW + YEAR,
        "vc": changed(held, vc or {}),
    }
    return sign(changed(base, header or {}), changed(claims, changes), by)


def vc_sd_jwt(
    *extra: str,
    hidden: Mapping[str, Any] | None = None,
    shown: Any = None,
    header: Mapping[str, Any] | None = None,
    by: FileSigner | None = None,
    **changes: Any,
) -> str:
    """A credential of version 2.0 as SD-JWT, of whose subject the members ``hidden`` are disclosable."""
    by = by or signer()
    hidden = {"birthdate": SUBJECT["birthdate"]} if hidden is None else hidden
    texts = {name: disclosure(name, value, salt=f"salt of {name}") for name, value in hidden.items()}
    plain = {name: value for name, value in SUBJECT.items() if name not in hidden}
    subject = {"id": holder_did(), **plain}
    if texts:
        subject["_sd"] = [digest(text) for text in texts.values()]  # type: ignore[assignment] # as it is signed
    base = {"alg": by.algorithm, "typ": "vc+sd-jwt", "kid": by.kid}
    payload = document(**{"credentialSubject": subject, "_sd_alg": "sha-256", **changes})
    chosen = [text for name, text in texts.items() if shown is None or name in shown]
    return "~".join((sign(changed(base, header or {}), payload, by), *chosen, *extra, ""))


def bound(text: str, **changes: Any) -> str:
    """An SD-JWT with a key binding."""
    return text + kb(text, **changes)


def envelope(text: str, **changes: Any) -> dict[str, Any]:
    """A credential as a presentation of version 2.0 holds it."""
    kind = "vc+sd-jwt" if "~" in text else "vc+jwt"
    base = {"@context": V2, "type": "EnvelopedVerifiableCredential", "id": f"data:application/{kind},{text}"}
    return changed(base, changes)


def vp_jwt(*held: Any, header: Mapping[str, Any] | None = None, by: FileSigner | None = None, **changes: Any) -> str:
    """A presentation of version 2.0, made five seconds ago."""
    by = by or signer("holder")
    claims = {
        "@context": [V2],
        "type": "VerifiablePresentation",
        "verifiableCredential": [one if isinstance(one, dict) else envelope(one) for one in held],
        "holder": holder_did(),
        "iat": NOW - 5,
        "aud": AUDIENCE,
        "nonce": NONCE,
    }
    return sign(changed({"alg": by.algorithm, "typ": "vp+jwt"}, header or {}), changed(claims, changes), by)


def jwt_vp(
    *held: Any,
    header: Mapping[str, Any] | None = None,
    by: FileSigner | None = None,
    vp: Mapping[str, Any] | None = None,
    **changes: Any,
) -> str:
    """A presentation of version 1.1, made five seconds ago."""
    by = by or signer("holder")
    document = {"@context": [V1], "type": ["VerifiablePresentation"], "verifiableCredential": list(held)}
    claims = {
        "iss": holder_did(),
        "iat": NOW - 5,
        "aud": AUDIENCE,
        "nonce": NONCE,
        "vp": changed(document, vp or {}),
    }
    return sign(changed({"alg": by.algorithm, "typ": "JWT"}, header or {}), changed(claims, changes), by)


def verify_all(
    text: str,
    asked: VerifyRequest | None = None,
    *,
    at: datetime = NOON,
    by: str = "issuer",
    **listing: Any,
) -> list[VerifiedCredential]:
    """Steps V2, V4 and V5 of each credential in ``text``, with the provider's key."""
    asked = replace(asked or request(None), credential=text)
    verified = []
    for unverified in open_credential(text, None, Reading(HeaderCache(16))):
        one = listed(unverified.format, **listing)
        resolved = ResolvedKey(one, key(by), at)
        form = FORMATS[unverified.format]
        assert form.credential_type(unverified) is not None
        signed = signature.verify(
            unverified.message,
            claims=unverified.unverified_claims,
            key=resolved.key,
            algorithms=one.profile.algorithms,
        )
        verified.append(form.account(signed, unverified, resolved=resolved, request=asked, at=at))
    return verified


def verify(text: str, *arguments: Any, **named: Any) -> VerifiedCredential:
    """The one credential of ``text``, verified."""
    (credential,) = verify_all(text, *arguments, **named)
    return credential


def code(text: str, *arguments: Any, **named: Any) -> str | None:
    """The code with which ``text`` is refused in whichever step, ``None`` if it is accepted."""
    try:
        verify_all(text, *arguments, **named)
    except (Refused, Refusal) as refusal:
        return refusal.code
    return None


def refused(text: str, *arguments: Any, **named: Any) -> dict[str, Check]:
    """The checks by id with which ``text`` is refused in V5."""
    try:
        verify_all(text, *arguments, **named)
    except Refused as refusal:
        return {check.id: check for check in refusal.checks}
    raise AssertionError("it was accepted")


def payload_of(text: str) -> dict[str, Any]:
    """The claims of a JWT."""
    claims: dict[str, Any] = json.loads(base64url.decode(text.split(".")[1]))
    return claims
