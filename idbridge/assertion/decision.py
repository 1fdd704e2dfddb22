"""Decide: what a node asserts about one PASSED report, before it is written in any form.

Decides whether anything may be asserted at all, and what. It says what was decided before: nothing here raises a
level, adds a claim or lengthens a validity. An assertion is made from PASSED alone, never from INDETERMINATE, FAILED, a
historical report or another assertion (architecture D3, D4 and section 1), and never outlives what it rests on.

A JWT (``issue``) and the claims of a login (``login``) are two ways to write one decision; neither adds to it.

No member that could identify a person is equal in the assertions of two sectors (architecture D9): the subject is
pairwise, the salt of the source's digest is random, there is no holder key, and the source's own times are cut to a
grain that many people share.
"""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Any, Final

from idbridge.assertion.node import Node
from idbridge.assertion.pseudonym import PairwiseKey, Whose, former_pairwise, pairwise
from idbridge.codec import base64url, length_prefixed
from idbridge.errors import Refusal
from idbridge.limits import LIMITS
from idbridge.model import assertion as members
from idbridge.model.credential import RecognisedIdentity, VerifiedCredential
from idbridge.model.randomness import Randomness
from idbridge.model.region import AssuranceLevel, Format
from idbridge.model.time import instant_text
from idbridge.verify.report import Report
from idbridge.verify.represents import mandate_document

SALT_OCTETS: Final = 32
_EXPIRY_GRAIN: Final = timedelta(minutes=1)
_CORE: Final = frozenset({
    "environment", "acr", "assurance", "acr_national", "loa_mapping", "verified_claims", "origin", "trust_snapshot",
    "status_snapshot", "policy", "purpose", "represents", "report_id", "log", "recognition", "holder",
})  # fmt: skip
_SOMETIMES: Final = frozenset({members.ACT, members.PROFILE, members.FORMER_SUBJECT})
_TYPES: Final[Mapping[str, type]] = MappingProxyType({
    "issuer": str, "subject": str, "audience": str, "transaction": str, "decided_at": float, "expires_at": float,
    "core": dict,
})  # fmt: skip
_KEPT: Final = _TYPES.keys() | {"authenticated_at"}
_EPOCH: Final = datetime.fromtimestamp(0, UTC)


@dataclass(frozen=True, slots=True)
class Decision:
    """What a node asserts, to whom, and until when at the latest. Made here, and read back by ``kept``, only.

    ``core`` are the members that every form of it carries, equal in all of them: JSON values under the names of
    ``model.assertion``. ``authenticated_at`` is when the person logged in as the provider stated it, ``None`` if it did
    not: to the second it is for an ID token whose client has to count from it, and for nothing else.
    """

    issuer: str
    subject: str = field(repr=False)
    audience: str
    transaction: str
    decided_at: datetime
    expires_at: datetime
    core: Mapping[str, Any] = field(repr=False)
    authenticated_at: datetime | None = field(repr=False)

    def lowered_to(self, level: AssuranceLevel) -> "Decision":
        """Return the decision with nothing in it above ``level``, on any axis and in any word; never with more.

        The word of the provider and the rule that counted it are those of the level that is not stated, so they go.
        """
        if members.LEVELS_BY_URI[self.core["acr"]] <= level:
            return self
        text = str(level)
        verified: dict[str, Any] = self.core["verified_claims"]
        changed = {
            "acr": members.LEVEL_URIS[level],
            "assurance": dict.fromkeys(self.core["assurance"], text),
            "acr_national": None,
            "loa_mapping": {**self.core["loa_mapping"], "rule": f"no more than {text} is stated here"},
            "verified_claims": {**verified, "verification": {**verified["verification"], "assurance_level": text}},
        }
        return replace(self, core=MappingProxyType({**self.core, **changed}))

    def capped(self, level: AssuranceLevel, *, profile: str) -> "Decision":
        """Return the decision as a client of ``profile`` may have it: not above ``level``, and with that said in it."""
        lowered = self.lowered_to(level)
        return replace(self, core=MappingProxyType({**lowered.core, members.PROFILE: profile}))

    def narrowed_to(self, claims: frozenset[str]) -> "Decision":
        """Return the decision with those of its claims alone that are among ``claims``; never with any other."""
        verified: dict[str, Any] = self.core["verified_claims"]
        left = {name: value for name, value in verified["claims"].items() if name in claims}
        return replace(self, core=MappingProxyType({**self.core, "verified_claims": {**verified, "claims": left}}))

    def acted_by(self, actor: "Decision") -> "Decision":
        """Return the decision with ``actor`` as who acts for its subject: no higher, and no longer, than either.

        Whether they may act, ``acting`` decides. Of the actor it tells who they are here, at which level, and where
        that comes from (``act`` of RFC 8693 section 4.1).
        """
        act = {
            "sub": actor.subject,
            "acr": actor.core["acr"],
            "origin": {name: actor.core["origin"][name] for name in ("state", "issuer")},
            "represents": actor.core["represents"],
        }
        lowered = self.lowered_to(members.LEVELS_BY_URI[actor.core["acr"]])
        return Decision(
            issuer=self.issuer,
            subject=self.subject,
            audience=self.audience,
            transaction=self.transaction,
            decided_at=self.decided_at,
            expires_at=min(self.expires_at, actor.expires_at),
            core=MappingProxyType({**lowered.core, members.ACT: act}),
            authenticated_at=self.authenticated_at,
        )

    def document(self) -> dict[str, Any]:
        """Return the decision as JSON values, to be kept sealed between a login and the tokens that are made of it."""
        return {
            "issuer": self.issuer,
            "subject": self.subject,
            "audience": self.audience,
            "transaction": self.transaction,
            "decided_at": self.decided_at.timestamp(),
            "expires_at": self.expires_at.timestamp(),
            "core": dict(self.core),
            "authenticated_at": self.authenticated_at.timestamp() if self.authenticated_at is not None else None,
        }


def kept_decision(document: Mapping[str, Any]) -> Decision:
    """Return the decision of which ``Decision.document`` made ``document``; nothing is decided again.

    Raises:
        KeyError, TypeError, ValueError: It is none, or that of another version which decided in another shape.
    """
    authenticated, core = document["authenticated_at"], document["core"]
    if not _CORE <= core.keys() <= _CORE | _SOMETIMES or core["acr"] not in members.LEVELS_BY_URI:
        raise ValueError("a decision of another shape")
    if document.keys() != _KEPT or any(type(document[name]) is not kind for name, kind in _TYPES.items()):
        raise TypeError("a decision of another shape")
    if type(authenticated) not in (float, type(None)):
        raise TypeError("a decision of another shape")
    return Decision(
        issuer=document["issuer"],
        subject=document["subject"],
        audience=document["audience"],
        transaction=document["transaction"],
        decided_at=datetime.fromtimestamp(document["decided_at"], UTC),
        expires_at=datetime.fromtimestamp(document["expires_at"], UTC),
        core=MappingProxyType(dict(core)),
        authenticated_at=datetime.fromtimestamp(authenticated, UTC) if authenticated is not None else None,
    )


def decide(
    report: Report,
    *,
    audience: str,
    node: Node,
    pairwise_key: PairwiseKey,
    report_id: str,
    at: datetime,
    randomness: Randomness,
) -> Decision:
    """Return what ``node`` asserts to ``audience`` from ``report``.

    Raises:
        Refusal: ``policy.assertion_not_available`` if the report does not allow an assertion, or if what it rests on
            ends within the minute; ``policy.audience_not_registered`` if the relying party is not registered for
            ``audience``.
    """
    identity = _entitled(report, audience=audience, node=node, at=at)
    expires_at = _expiry(report, identity, at=at)
    party = report.request.relying_party
    core = {
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
        "log": node.log,
        "recognition": {
            "by": identity.by.value,
            "arrangement": identity.arrangement,
            "version": identity.arrangement_version,
        },
        "holder": {"bound": identity.credential.holder.bound, "method": identity.credential.holder.method.value},
    }
    whose = _whose(identity, sector=party.sector, transaction=report_id)
    former = former_pairwise(pairwise_key, whose, at=at)
    if former is not None:
        core[members.FORMER_SUBJECT] = former
    return Decision(
        issuer=node.issuer,
        subject=pairwise(pairwise_key, whose),
        audience=audience,
        transaction=report_id,
        decided_at=at,
        expires_at=expires_at,
        core=MappingProxyType(core),
        authenticated_at=identity.credential.authenticated_at,
    )


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


def _whose(identity: RecognisedIdentity, *, sector: str, transaction: str) -> Whose:
    service = identity.credential.service
    subject = identity.credential.subject
    if subject is None:
        raise _not_available("the presentation does not disclose who the person is at the provider")
    return Whose(
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
