"""Status: has the credential been revoked or suspended since it was issued? Step V6.

Decides from the status snapshot alone and never fetches, because that would tell the issuer who is being verified
(architecture D6). No statement is not a good statement: what cannot be established is INDETERMINATE, never accepted and
never called revoked (Token Status List, section 8.3). A credential that refers to several lists has to be good in all.

Checks ``tsl.1`` to ``tsl.9`` are the checklist of status lists. Point 1, that nothing is asked about a credential that
is not good itself, holds because this step comes after V5; what it checks is the reference. Points 2 and 5 were made
when the list was taken up and hold for whatever is held; of point 2 it is left that an SD-JWT VC is answered by a JWT.
"""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final, NamedTuple, Protocol

from idbridge.crypto.x509 import VerifiedPath
from idbridge.errors import StatusError
from idbridge.model.check import Check, CheckPoint, Result, Step
from idbridge.model.credential import StatusReference
from idbridge.model.region import Format
from idbridge.model.trust import TrustService
from idbridge.reasons import Indication, reason
from idbridge.status.crl import CrlFinding, CrlState, crl_status
from idbridge.status.references import Named, Reference, Unread, read_references
from idbridge.status.signers import UNAUTHORISED, still_vouches
from idbridge.status.snapshot import StatusSnapshot
from idbridge.status.status_list import Mechanism, StatusList, Vouched
from idbridge.trust.snapshot import TrustSnapshot

STATUS: Final = CheckPoint("status.1", Step.V6, "architecture section 4")
CERTIFICATES: Final = CheckPoint("status.2", Step.V6, "RFC 5280 section 6.3")

_TSL = "Token Status List section"
REFERENCE: Final = CheckPoint("tsl.1", Step.V6, f"{_TSL} 6; 8.3")
TYPE: Final = CheckPoint("tsl.2", Step.V6, f"{_TSL} 5.1; 5.2; SD-JWT VC section 2.2.2.2; RFC 8725 section 3.11")
SIGNER: Final = CheckPoint("tsl.3", Step.V6, f"{_TSL} 11.3; architecture D1")
TIME: Final = CheckPoint("tsl.4", Step.V6, f"{_TSL} 5.1; 13.7")
PACKING: Final = CheckPoint("tsl.5", Step.V6, f"{_TSL} 4.1; idbridge limits")
INDEX: Final = CheckPoint("tsl.6", Step.V6, f"{_TSL} 8.3")
VALUE: Final = CheckPoint("tsl.7", Step.V6, f"{_TSL} 7.1")
HELD: Final = CheckPoint("tsl.8", Step.V6, f"{_TSL} 8.3; architecture D6")
BITSTRING: Final = CheckPoint("tsl.9", Step.V6, "Bitstring Status List v1.0 section 3.2")
POINTS: Final = (REFERENCE, TYPE, SIGNER, TIME, PACKING, INDEX, VALUE, HELD, BITSTRING)
# What is looked at before what: a point that refuses leaves those after it open.
_ORDER: Final = (REFERENCE, HELD, TYPE, PACKING, SIGNER, TIME, BITSTRING, INDEX, VALUE)


class StatusState(StrEnum):
    """What is known. ``NONE``: the issuer offers no status, so its word at issue stands until expiry."""

    NONE = "none"
    VALID = "valid"
    UNAVAILABLE = "unavailable"
    SUSPENDED = "suspended"
    REVOKED = "revoked"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class StatusFinding:
    """The state found and how old that knowledge is; ``as_of`` is ``None`` where nothing was looked up.

    ``signers`` are those on whose word a status is good.
    """

    state: StatusState
    as_of: datetime | None = None
    signers: tuple[Vouched, ...] = field(default=(), compare=False, repr=False)


class Referring(Protocol):
    """What a status is looked up of: a verified credential, or what is kept of one."""

    @property
    def format(self) -> Format:
        """Its format."""
        ...

    @property
    def service(self) -> TrustService:
        """The service that vouches for it."""
        ...

    @property
    def status_reference(self) -> StatusReference | None:
        """Where its status is, as found; ``None`` if nowhere."""
        ...


class _Statement(NamedTuple):
    """What one list says at one index: refused at ``point`` with ``code``, or good where that is ``None``."""

    state: StatusState
    as_of: datetime | None = None
    point: CheckPoint | None = None
    code: str = ""
    note: str = ""
    signer: Vouched | None = None

    @property
    def failed(self) -> bool:
        """Tell whether the list says that the credential is not good, rather than nothing."""
        return self.point is not None and reason(self.code).indication is Indication.FAILED


_NO_STATUS: Final = ((STATUS.passed,), StatusFinding(StatusState.NONE))
_UNAVAILABLE: Final = StatusFinding(StatusState.UNAVAILABLE)
_NOT_MADE: Final = "an earlier check of the status refused"
_NOT_W3C: Final = BITSTRING.skipped("the list is no W3C Bitstring")
_GOOD: Final = (STATUS.passed, *(point.passed for point in POINTS[:-1]))
_ALL_GOOD: Final = {False: (*_GOOD, _NOT_W3C), True: (*_GOOD, BITSTRING.passed)}
# Of a Token Status List by value, of a W3C Bitstring by purpose, where any value but zero says it.
_VALUES: Final = {1: (StatusState.REVOKED, "status.revoked"), 2: (StatusState.SUSPENDED, "status.suspended")}
_PURPOSES: Final = {"revocation": _VALUES[1], "suspension": _VALUES[2]}
_UNKNOWN_VALUE: Final = (StatusState.OTHER, "status.reserved_value")


def check_status(
    credential: Referring,
    snapshot: StatusSnapshot,
    *,
    trust: TrustSnapshot,
    path: VerifiedPath | None,
    at: datetime,
) -> tuple[tuple[Check, ...], StatusFinding]:
    """Return whether ``credential`` is still good, as far as ``snapshot`` knows ``at`` an instant.

    ``trust`` says who may speak of status; ``path`` is that of the certificates under which the credential was signed,
    if there are any. A revocation that is known always counts, whatever else is not known; that none is known counts
    only if the state's list demands to know. That current CRLs call the certificates good is told as a check of its
    own, and is no status of the credential.
    """
    demanded, silent, good = bool(credential.service.profile.crl), False, False
    if path is not None and (snapshot.crls or demanded):
        certificates = crl_status(path, snapshot, at=at)
        if certificates.state is CrlState.REVOKED:
            return _revoked(certificates)
        silent = demanded and certificates.state is CrlState.UNKNOWN
        good = certificates.state is CrlState.GOOD and certificates.as_of is not None
    referred = _NO_STATUS if credential.status_reference is None else _referred(credential, snapshot, trust, at)
    if silent:
        return _beside_silence(snapshot, *referred)
    return ((CERTIFICATES.passed, *referred[0]), referred[1]) if good else referred


def _beside_silence(
    snapshot: StatusSnapshot, checks: tuple[Check, ...], finding: StatusFinding
) -> tuple[tuple[Check, ...], StatusFinding]:
    """Return that a demanded CRL says nothing, and what the credential's own status says if that is no."""
    note = f"status snapshot {snapshot.id} holds no current CRL of an authority on the path"
    unknown = CERTIFICATES.refused("status.unavailable", note)
    if any(check.result is Result.FAILED for check in checks):
        return (unknown, *checks), finding
    return (unknown,), _UNAVAILABLE


def _revoked(found: CrlFinding) -> tuple[tuple[Check, ...], StatusFinding]:
    why = f"a certificate of the path is revoked since {found.revocation.since:%Y-%m-%d}" if found.revocation else ""
    finding = StatusFinding(StatusState.REVOKED, found.as_of)
    return (CERTIFICATES.refused("issuer.certificate_revoked", why),), finding


def _referred(
    credential: Referring, snapshot: StatusSnapshot, trust: TrustSnapshot, at: datetime
) -> tuple[tuple[Check, ...], StatusFinding]:
    """Return what all mechanisms named say: the first that says no, else what is broken, else the first silent one."""
    try:
        references = read_references(credential.status_reference)
    except StatusError as refusal:
        return _told(_Statement(StatusState.UNAVAILABLE, None, REFERENCE, refusal.code, refusal.detail))
    statements = [_stated(reference, credential, snapshot, trust, at) for reference in references]
    refused = [one for one in statements if one.point is not None]
    if refused:
        return _told(max(refused, key=lambda one: (one.failed, one.state is not StatusState.UNAVAILABLE)))
    oldest = min(one.as_of for one in statements if one.as_of is not None)
    w3c = any(isinstance(one, Reference) and one.mechanism is Mechanism.BITSTRING for one in references)
    signers = tuple(one.signer for one in statements if one.signer is not None)
    return _ALL_GOOD[w3c], StatusFinding(StatusState.VALID, oldest, signers)


def _told(statement: _Statement) -> tuple[tuple[Check, ...], StatusFinding]:
    """Return the checks of a statement that is refused: those before it passed, those after it not made."""
    refused = statement.point or HELD
    reached = _ORDER.index(refused)
    checks = tuple(
        point.refused(statement.code, statement.note)
        if point is refused
        else point.passed
        if _ORDER.index(point) < reached and point is not BITSTRING
        else point.skipped(_NOT_MADE)
        for point in POINTS
    )
    return checks, StatusFinding(statement.state, statement.as_of)


def _stated(
    reference: Named, credential: Referring, snapshot: StatusSnapshot, trust: TrustSnapshot, at: datetime
) -> _Statement:
    if isinstance(reference, Unread):
        return _silent(REFERENCE, reference.code, reference.detail)
    place = (credential.service.member_state, reference.address)
    held = snapshot.lists.get(place)
    if held is None:
        if snapshot.is_of_another_state(place):
            return _silent(SIGNER, UNAUTHORISED, "the list is that of another state")
        return _silent(HELD, "status.unavailable", f"status snapshot {snapshot.id} holds no list of that address")
    if not _is_vouched_for(held, snapshot, trust, at):
        return _silent(SIGNER, UNAUTHORISED, "whoever signed the list may no longer speak for its address")
    if not held.is_current(at):
        return _silent(TIME, "status.list_stale", f"status snapshot {snapshot.id} holds a list that is out of date")
    unfit = _unfit(held, reference, credential.format)
    if unfit is not None:
        return unfit
    try:
        value = held.value(reference.index, size=held.bits or reference.size)
    except StatusError as refusal:
        return _silent(INDEX, refusal.code, refusal.detail)
    if value == 0:
        return _Statement(StatusState.VALID, held.issued_at, signer=held.signer)
    meanings = {value: _PURPOSES.get(reference.purpose, _UNKNOWN_VALUE)} if reference.purpose else _VALUES
    found, code = meanings.get(value, _UNKNOWN_VALUE)
    return _Statement(found, held.issued_at, VALUE, code)


def _unfit(held: StatusList, reference: Reference, kind: Format) -> _Statement | None:
    """Return that the list is of another kind than the one that answers the reference; ``None`` if it is of that."""
    if held.mechanism is not reference.mechanism:
        return _silent(BITSTRING, "status.list_invalid", "a list of another kind than the credential refers to")
    if held.mechanism is Mechanism.BITSTRING and reference.purpose not in held.purposes:
        return _silent(BITSTRING, "status.list_invalid", "a list for another purpose than the credential refers to")
    if held.binary and kind is Format.SD_JWT_VC:
        return _silent(TYPE, "status.list_invalid", "the list of an SD-JWT VC is a JWT")
    return None


def _silent(point: CheckPoint, code: str, note: str) -> _Statement:
    return _Statement(StatusState.UNAVAILABLE, None, point, code, note)


def _is_vouched_for(held: StatusList, snapshot: StatusSnapshot, trust: TrustSnapshot, at: datetime) -> bool:
    """Tell whether the signer of a list may still speak: listed, in force, and its certificates not revoked."""
    services = still_vouches(held, trust, at=at)
    path = held.signer.path
    demanded = any(service.profile.crl for service in services)
    if not services or path is None or not (snapshot.crls or demanded):
        return bool(services)
    found = crl_status(path, snapshot, at=at).state
    return found is CrlState.GOOD or (found is CrlState.UNKNOWN and not demanded)
