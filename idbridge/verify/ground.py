"""Ground: what a verdict on a login rests on, so that it can be asked again without the login (V3, V6 and V7).

Between a login and what is signed of it a person reads a page. What was denied, ended, revoked or repealed meanwhile
counts, and worse counts. The token itself is not kept for that: who signed it, by which rules, and how it was
recognised is enough. Whatever else was checked, such as signature, audience and nonce, cannot change.

Decides that a login which was accepted still stands where its state lists the keys as before, by the very same rules,
neither ended nor denied, where its status is known to be good, and where the arrangement says the very same of it. What
says anything else of it, better or worse, is refused, with the reason that it gives or else as older than the rules of
now: then the person logs in again. Clauses: ETSI TS 119 602 (service status and history); architecture D2 and D6.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum
from typing import Any, Final, NamedTuple

from idbridge.codec import jcs
from idbridge.credential.verified import signed_while_granted
from idbridge.errors import IssuerError, JoseError, RecognitionError, Refusal
from idbridge.model.check import CheckPoint, Step, decisive
from idbridge.model.credential import StatusClaims, StatusReference
from idbridge.model.region import AssuranceLevel, Format, MemberState, ServiceType
from idbridge.model.trust import TrustService
from idbridge.recognition.standing import Standing, standing
from idbridge.status.check import check_status
from idbridge.status.snapshot import StatusSnapshot
from idbridge.trust.history import ENDED, severity_at
from idbridge.trust.siblings import listing_of
from idbridge.trust.snapshot import TrustSnapshot
from idbridge.verify.report import Report
from idbridge.verify.verifier import observers

GRANTED: Final = CheckPoint("ground.1", Step.V3, "architecture D1")
CHANGED: Final = "time.too_old"  # made before the rules that are in force
_NO_LOGIN: Final = "policy.assertion_not_available"
_MEMBERS: Final = frozenset({
    "state", "issuer", "service_type", "rules", "keys", "listed", "issued_at", "status", "by", "purpose", "recognised",
    "proven", "level", "demanded",
})  # fmt: skip
_NOT_COMPARED: Final = frozenset({"valid_from", "valid_until"})  # when it is said, and not what


@dataclass(frozen=True, slots=True)
class Ground:
    """What one accepted login rests on. Made by ``ground_of``, and read back by ``kept_ground``, only.

    ``keys`` are the thumbprints of every key that may have signed part of it; those among them that are ``listed`` are
    named by the list itself. ``rules`` and ``recognised`` are digests of what list and arrangement said of it. The
    level ``proven`` counted as ``level``, where ``demanded`` was the least that the relying party or its request asked.
    """

    state: MemberState
    issuer: str
    service_type: ServiceType
    rules: str
    keys: frozenset[str]
    listed: frozenset[str]
    issued_at: datetime | None
    status: StatusReference | None = field(repr=False)
    by: MemberState
    purpose: str
    recognised: str
    proven: AssuranceLevel
    level: AssuranceLevel
    demanded: AssuranceLevel

    def document(self) -> dict[str, Any]:
        """Return it as JSON values, to be kept sealed beside what was decided."""
        return {
            "state": self.state.value,
            "issuer": self.issuer,
            "service_type": self.service_type.value,
            "rules": self.rules,
            "keys": sorted(self.keys),
            "listed": sorted(self.listed),
            "issued_at": self.issued_at.timestamp() if self.issued_at is not None else None,
            "status": dict(self.status) if isinstance(self.status, Mapping) else self.status,
            "by": self.by.value,
            "purpose": self.purpose,
            "recognised": self.recognised,
            "proven": self.proven.name,
            "level": self.level.name,
            "demanded": self.demanded.name,
        }

    def require_stands(self, trust: TrustSnapshot, statuses: StatusSnapshot, *, at: datetime) -> None:
        """Return if the login still stands by ``trust`` and ``statuses`` at ``at``, and exactly as before.

        Raises:
            IssuerError, JoseError, RecognitionError, StatusError, TrustError: As a verification would say it now.
            Refusal: ``time.too_old``: list or arrangement say something else of it than before, and refuse nothing.
        """
        service = self._vouching(trust, at=at)
        referring = _Referring(Format.ID_TOKEN, service, self.status)
        checks, _ = check_status(referring, statuses, trust=trust, path=None, at=at)
        worst = decisive(checks)
        if worst is not None and worst.reason is not None:
            raise Refusal(worst.reason.code, "the status of the login")
        said = _standing(trust, self, at=at)
        if said.code is not None:
            raise RecognitionError(said.code)
        if said.levels[self.proven] < max(said.minimum_level, self.demanded):
            raise RecognitionError("recognition.loa_too_low", "the login counts for less than is demanded")
        if _told(said) != self.recognised:
            raise Refusal(CHANGED, "the login is recognised in another way than when it was decided")

    def _vouching(self, trust: TrustSnapshot, *, at: datetime) -> TrustService:
        """Return the service that vouches for the keys now, by the same rules as then."""
        own = [one for one in trust.by_issuer(self.issuer) if one.member_state is self.state]
        own = [one for one in own if one.service_type is self.service_type]
        listing = (*listing_of(trust, self.keys, state=self.state), *(() if self.listed else own))
        trust.require_not_denied(self.state, services=(*listing, *own), keys=self.keys, at=at)
        trust.require_current(self.state, at=at)
        worst = max((severity_at(one, at) for one in listing), default=0)
        if worst in ENDED:
            raise IssuerError(ENDED[worst])
        if not own:
            raise IssuerError("issuer.service_not_listed")
        vouching = [one for one in own if self._is_listed_by(one, trust)]
        if not vouching:
            raise JoseError("jose.kid_unknown", "the list does not name the key any more")
        same = next((one for one in vouching if _digest(one.profile) == self.rules), None)
        if same is None:
            raise Refusal(CHANGED, "the list says something else of the provider than when the login was decided")
        granted = signed_while_granted(GRANTED, service=same, issued_at=self.issued_at, at=at)
        if granted.reason is not None:
            raise IssuerError(granted.reason.code)
        return same

    def _is_listed_by(self, service: TrustService, trust: TrustSnapshot) -> bool:
        return all(service in trust.by_thumbprint(key) for key in self.listed)


class _Referring(NamedTuple):
    """What a status is looked up of."""

    format: Format
    service: TrustService
    status_reference: StatusReference | None

    def __repr__(self) -> str:
        """Name the type alone: an index in a status list names one person's login."""
        return f"{type(self).__name__}(...)"


class _Kind(NamedTuple):
    """What an arrangement is asked about."""

    state: MemberState
    service_type: ServiceType
    by: MemberState
    purpose: str


def ground_of(report: Report) -> Ground:
    """Return what ``report`` rests on, which accepted one login.

    Raises:
        Refusal: ``policy.assertion_not_available``: it accepted none, or something else than a login.
    """
    identity, resolved = report.passed_identity, report.findings.resolved
    if identity is None or resolved is None or report.findings.others or resolved.path is not None:
        raise Refusal(_NO_LOGIN, "a login rests on one token of a provider, which is accepted")
    credential = identity.credential
    if credential.format is not Format.ID_TOKEN or isinstance(credential.status_reference, StatusClaims):
        raise Refusal(_NO_LOGIN, "a login rests on an ID token")
    service, trust, asked = resolved.service, report.trust, report.request
    beside = resolved.siblings if asked.userinfo is not None else ()
    keys = frozenset((credential.key_thumbprint, *(one.key.thumbprint for one in beside if one.refused is None)))
    kind = _Kind(service.member_state, service.service_type, identity.by, identity.purpose)
    return Ground(
        state=service.member_state,
        issuer=service.issuer,
        service_type=service.service_type,
        rules=_digest(service.profile),
        keys=keys,
        listed=frozenset(key for key in keys if service in trust.by_thumbprint(key)),
        issued_at=credential.issued_at,
        status=credential.status_reference,
        by=identity.by,
        purpose=identity.purpose,
        recognised=_told(_standing(trust, kind, at=report.at)),
        proven=credential.level,
        level=identity.level,
        demanded=max(asked.relying_party.minimum_level, asked.expected.minimum_level or AssuranceLevel.A0),
    )


def kept_ground(document: Mapping[str, Any]) -> Ground:
    """Return the ground of which ``Ground.document`` made ``document``.

    Raises:
        KeyError, TypeError, ValueError: It is none, or that of another version.
    """
    if document.keys() != _MEMBERS:
        raise ValueError("a ground of another shape")
    keys, listed = frozenset(document["keys"]), frozenset(document["listed"])
    issued_at, status = document["issued_at"], document["status"]
    texts = (document["issuer"], document["rules"], document["purpose"], document["recognised"], *keys, *listed)
    if any(type(text) is not str for text in texts) or not listed <= keys or not keys:
        raise TypeError("a ground of another shape")
    if type(issued_at) not in (float, type(None)) or type(status) not in (dict, list, type(None)):
        raise TypeError("a ground of another shape")
    return Ground(
        state=MemberState(document["state"]),
        issuer=document["issuer"],
        service_type=ServiceType(document["service_type"]),
        rules=document["rules"],
        keys=keys,
        listed=listed,
        issued_at=datetime.fromtimestamp(issued_at, UTC) if issued_at is not None else None,
        status=status,
        by=MemberState(document["by"]),
        purpose=document["purpose"],
        recognised=document["recognised"],
        proven=AssuranceLevel[document["proven"]],
        level=AssuranceLevel[document["level"]],
        demanded=AssuranceLevel[document["demanded"]],
    )


def _standing(trust: TrustSnapshot, kind: _Kind | Ground, *, at: datetime) -> Standing:
    return standing(
        trust.arrangements,
        trust.purposes,
        observers=observers(trust),
        by=kind.by,
        origin=kind.state,
        service_type=kind.service_type,
        format=Format.ID_TOKEN,
        purpose=kind.purpose,
        at=at,
    )


def _told(said: Standing) -> str:
    return _digest({name.name: getattr(said, name.name) for name in fields(said) if name.name not in _NOT_COMPARED})


def _digest(value: Any) -> str:
    """Return the SHA-256 (hex) of what ``value`` and all that it is made of say."""
    return hashlib.sha256(jcs.canonicalize(_plain(value))).hexdigest()


def _plain(value: Any) -> Any:
    """Return ``value`` as JSON values: two are equal as such only if they are equal."""
    if is_dataclass(value) and not isinstance(value, type):
        return {one.name: _plain(getattr(value, one.name)) for one in fields(value)}
    if isinstance(value, Mapping):
        return {str(_plain(name)): _plain(member) for name, member in value.items()}
    if isinstance(value, frozenset):
        return sorted((_plain(member) for member in value), key=jcs.canonicalize)
    if isinstance(value, tuple):
        return [_plain(member) for member in value]
    if isinstance(value, Enum):
        return str(value.value)
    if isinstance(value, timedelta):
        return value.total_seconds()
    if value is None or isinstance(value, str | int):
        return value
    raise TypeError(f"no rule of a list or arrangement is a {type(value).__name__}")
