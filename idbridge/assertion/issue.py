"""Issue: turn one PASSED report into an assertion that the relying party's own systems understand.

Decides whether an assertion may be made at all, and writes it. What it says was decided before: nothing here raises a
level, adds a claim or lengthens a validity. An assertion is made from PASSED alone, never from INDETERMINATE, FAILED, a
historical report or another assertion (architecture D3, D4 and section 1), and never outlives what it rests on.

No member that could identify a person is equal in the assertions of two sectors (architecture D9): the subject is
pairwise, ``jti`` and the salt of the source's digest are random, there is no holder key, and the source's own times are
cut to a grain that many people share.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from idbridge.assertion.node import Node
from idbridge.assertion.pseudonym import PairwiseKey, pairwise
from idbridge.codec import base64url, jcs, length_prefixed
from idbridge.crypto.jws import sign_compact
from idbridge.crypto.signer import Signer
from idbridge.errors import Refusal
from idbridge.limits import LIMITS
from idbridge.model import assertion as members
from idbridge.model.credential import RecognisedIdentity, VerifiedCredential
from idbridge.model.randomness import Randomness
from idbridge.model.region import AssuranceLevel, Format
from idbridge.model.time import instant_text
from idbridge.verify.report import Report
from idbridge.verify.represents import mandate_document

IDENTIFIER_OCTETS: Final = 16
SALT_OCTETS: Final = 32
_EXPIRY_GRAIN: Final = timedelta(minutes=1)
_EPOCH: Final = datetime.fromtimestamp(0, UTC)


@dataclass(frozen=True, slots=True)
class Assertion:
    """A signed assertion, ready to be released. Made in this module only."""

    jwt: str = field(repr=False)
    jti: str
    expires_at: datetime


def issue(
    report: Report,
    *,
    audience: str,
    node: Node,
    signer: Signer,
    pairwise_key: PairwiseKey,
    report_id: str,
    at: datetime,
    randomness: Randomness,
) -> Assertion:
    """Return the assertion of ``node`` for ``audience`` that rests on ``report``.

    Raises:
        Refusal: ``policy.assertion_not_available`` if the report does not allow one, if what it rests on ends
            within the minute, or if the assertion would be too long for another node to read;
            ``policy.audience_not_registered`` if the relying party is not registered for ``audience``.
    """
    identity = _entitled(report, audience=audience, node=node, at=at)
    expires_at = _expiry(report, identity, at=at)
    jti = base64url.encode(randomness.octets(IDENTIFIER_OCTETS))
    party = report.request.relying_party
    claims = {
        "iss": node.issuer,
        "sub": _subject(identity, key=pairwise_key, sector=party.sector, transaction=report_id),
        "aud": audience,
        "iat": int(at.timestamp()),
        "nbf": int(at.timestamp()),
        "exp": int(expires_at.timestamp()),
        "jti": jti,
        "txn": report_id,
        "environment": node.environment.value,
        **_levels(identity),
        "verified_claims": _verified_claims(report, identity),
        "origin": _origin(identity.credential, text=report.request.credential, salt=randomness.octets(SALT_OCTETS)),
        "trust_snapshot": report.trust.id,
        "status_snapshot": report.statuses.id,
        "policy": {"id": party.id, "version": party.policy_version},
        "purpose": {"code": identity.purpose, "text": report.request.purpose_text},
        "represents": mandate_document(identity.mandate),
        "report_id": report_id,
        "log": None,
        "recognition": {
            "by": identity.by.value,
            "arrangement": identity.arrangement,
            "version": identity.arrangement_version,
        },
        "holder": {"bound": identity.credential.holder.bound, "method": identity.credential.holder.method.value},
    }
    header = {"alg": signer.algorithm, "kid": signer.kid, "typ": members.TYPE}
    jwt = sign_compact(header, jcs.canonicalize(claims), signer)
    if len(jwt) > LIMITS.token_bytes:
        raise Refusal("policy.assertion_not_available", "the released claims are too long for an assertion")
    return Assertion(jwt=jwt, jti=jti, expires_at=expires_at)


def _entitled(report: Report, *, audience: str, node: Node, at: datetime) -> RecognisedIdentity:
    """Return the identity that ``report`` recognised, if an assertion may be made from it now."""
    identity = report.passed_identity
    if not report.accepted or identity is None:
        raise _not_available("an assertion rests on a report that passed at the present instant")
    if identity.credential.format is Format.ASSERTION or identity.credential.origin is not None:
        raise _not_available("an assertion never rests on another assertion")
    if not timedelta(0) <= at - report.at <= LIMITS.idempotency_window:
        raise _not_available("the report is not of this moment")
    party = report.request.relying_party
    if not node.environment is party.environment is identity.credential.environment:
        raise _not_available("the node, the relying party and the credential are of two environments")
    if audience not in party.audiences:
        raise Refusal("policy.audience_not_registered")
    return identity


def _not_available(detail: str) -> Refusal:
    return Refusal("policy.assertion_not_available", detail)


def _floor(instant: datetime, grain: timedelta) -> datetime:
    """Return ``instant`` cut down to a multiple of ``grain``: never later than it was."""
    return instant - (instant - _EPOCH) % grain


def _expiry(report: Report, identity: RecognisedIdentity, *, at: datetime) -> datetime:
    """Return the end of the assertion: five minutes, or the end of what it rests on cut to the minute, if sooner.

    Cut, because the exact second at which a credential or a mandate ends is as good as a name.
    """
    latest = _floor(at, timedelta(seconds=1)) + LIMITS.assertion_lifetime
    expires_at = min([latest, *(_floor(end, _EXPIRY_GRAIN) for end in _ends(report, identity))])
    if expires_at <= at:
        raise _not_available("what the assertion would rest on ends within the minute")
    return expires_at


def _ends(report: Report, identity: RecognisedIdentity) -> Iterator[datetime]:
    """Yield when anything that the assertion rests on ends, as far as it is known now."""
    resolved = report.findings.resolved
    if resolved is None:
        raise _not_available("the report names no listed service")
    yield resolved.until
    for one in (identity, *report.findings.presented.kin):  # claims of each of them may be in it
        if one.credential.expires_at is not None:
            yield one.credential.expires_at
    if identity.mandate is not None and identity.mandate.valid_until is not None:
        yield identity.mandate.valid_until


def _subject(identity: RecognisedIdentity, *, key: PairwiseKey, sector: str, transaction: str) -> str:
    service = identity.credential.service
    subject = identity.credential.subject
    if subject is None:
        raise _not_available("the presentation does not disclose who the person is at the provider")
    return pairwise(
        key,
        home_state=service.member_state,
        provider=service.issuer,
        subject=subject,
        sector=sector,
        persistence=service.profile.claim_map.persistence,
        transaction=transaction,
    )


def _axes(identity: RecognisedIdentity) -> tuple[AssuranceLevel, AssuranceLevel, AssuranceLevel]:
    """Return level, identity and authentication as recognised.

    A level that the arrangement lowered leaves nothing above it on either axis; otherwise the weaker axis is the level.
    """
    credential = identity.credential
    level = min(identity.level, credential.level)
    if level < credential.level:
        return level, level, level
    return level, credential.identity, credential.authentication


def _levels(identity: RecognisedIdentity) -> dict[str, Any]:
    level, proofing, authentication = _axes(identity)
    return {
        "acr": members.LEVEL_URIS[level],
        "assurance": {"loa": str(level), "identity": str(proofing), "authentication": str(authentication)},
        "acr_national": identity.credential.national_level,
        "loa_mapping": {"framework": members.MAPPING_FRAMEWORK, "rule": identity.mapping},
    }


def _verified_claims(report: Report, identity: RecognisedIdentity) -> dict[str, Any]:
    return {
        "verification": {
            "trust_framework": members.TRUST_FRAMEWORK,
            "assurance_level": str(_axes(identity)[0]),
            "time": instant_text(_floor(report.at, timedelta(seconds=1))),
        },
        "claims": report.released()[0],
    }


def _origin(credential: VerifiedCredential, *, text: str, salt: bytes) -> dict[str, Any]:
    """Return where the source came from. Whoever holds the source can check its digest; nobody else learns anything."""
    service = credential.service
    digest = hashlib.sha256(length_prefixed.encode(salt, text)).digest()
    listed = any(key.thumbprint == credential.key_thumbprint for key in service.keys)
    return {
        "state": service.member_state.value,
        "issuer": service.issuer,
        "format": credential.format.value,
        "service_type": service.service_type.value,
        "token_digest": base64url.encode(digest),
        "token_salt": base64url.encode(salt),
        "alg": credential.algorithm,
        # A certified key that no list names may be used for a handful of people; then it stays here.
        "key_thumbprint": credential.key_thumbprint if listed else None,
        "issued_at": _coarse(credential.issued_at, members.ISSUED_AT_GRAIN),
        "auth_time": _coarse(credential.authenticated_at, members.AUTH_TIME_GRAIN),
    }


def _coarse(instant: datetime | None, grain: timedelta) -> int | None:
    return None if instant is None else int(_floor(instant, grain).timestamp())
