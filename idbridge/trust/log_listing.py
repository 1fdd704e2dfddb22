"""Whose word on time counts: the logs and witnesses that a trust snapshot lists, judged at an instant.

Decides which keys may have signed for a log when its checkpoint was cosigned, and which cosignatures on it count: those
of other states, by keys that were granted when they say to have signed and have not ended since. Whoever profits from
an early time is no other state: neither whose log it is, nor whose service signed what the log is to show the age of. A
thief of a witness's key can name any time, so an end of that key voids all that it ever cosigned; an end of a log's key
voids only what was confirmed after it. Clauses: C2SP tlog-cosignature; architecture D1 and D8.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Final, NamedTuple

from idbridge.codec import base64url
from idbridge.errors import EvidenceError, IssuerError, TrustError
from idbridge.limits import LIMITS
from idbridge.model.keys import PublicKey
from idbridge.model.region import MemberState, ServiceType
from idbridge.model.trust import ServiceStatus, TrustService
from idbridge.tlog import note
from idbridge.tlog.checkpoint import Log, Quorum, Witness
from idbridge.tlog.note import Note, NoteKey
from idbridge.trust.history import ENDED, severity_at
from idbridge.trust.log_names import issuer_of, origin_of
from idbridge.trust.siblings import listing_of
from idbridge.trust.snapshot import TrustSnapshot

STATES: Final = 1  # how many states other than the log's have to confirm a time (architecture D1)
_ELSEWHERE: Final = "a log of the other environment"
_KINDS: Final = {ServiceType.LOG: note.ED25519, ServiceType.WITNESS: note.COSIGNATURE}


class _Listed(NamedTuple):
    """A key that signs notes, and the service that lists it."""

    service: TrustService
    public: PublicKey
    key: NoteKey


class Confirmed(NamedTuple):
    """The witnesses whose cosignatures count, and each state with the instant that it named, the earliest first.

    ``keys`` are the thumbprints of the keys of those witnesses.
    """

    quorum: Quorum
    states: tuple[tuple[MemberState, datetime], ...]
    keys: frozenset[str]

    @property
    def at(self) -> datetime:
        """By this instant the tree was there."""
        return self.states[STATES - 1][1]


class ListedWitness(NamedTuple):
    """A key under which a list names a witness: its status, and whether what it cosigns now counts for other states.

    ``status`` is ``None`` before the first one begins; ``stale`` is the code of what is amiss with the list itself.
    """

    witness: Witness
    thumbprint: str
    status: ServiceStatus | None
    stale: str | None
    counts: bool


def state_of_log(snapshot: TrustSnapshot, origin: str, *, at: datetime) -> MemberState:
    """Return the state that lists the log called ``origin``, and whose list is up to date at ``at``.

    Raises:
        EvidenceError: ``time.evidence_unsigned``: no state that takes part lists it.
        TrustError: The list that would tell is out of date or not held.
    """
    services = _logs(snapshot, origin)
    state = services[0].member_state if services else snapshot.orphaned(issuer_of(origin))
    if state is not None:
        snapshot.require_current(state, at=at)
    if not services:
        elsewhere = snapshot.other_environment(issuer_of(origin))
        raise EvidenceError("time.evidence_unsigned", _ELSEWHERE if elsewhere else "no state lists this log")
    return services[0].member_state


def listed_log(snapshot: TrustSnapshot, origin: str, *, signed_at: datetime, at: datetime) -> Log:
    """Return the log called ``origin`` with the keys that were good at ``signed_at``.

    Raises:
        EvidenceError: ``time.evidence_unsigned``: no state lists it, or none of its keys was good then.
        TrustError: The list that would tell is out of date or not held.
    """
    state = state_of_log(snapshot, origin, at=at)
    keys = {one.key: None for one in _good(snapshot, origin, signed_at=signed_at, at=at)}
    if not keys:
        raise EvidenceError("time.evidence_unsigned", "no key of the log was granted when its tree was confirmed")
    return Log(origin, state, tuple(keys))


def keys_of_log(snapshot: TrustSnapshot, origin: str, *, signed_at: datetime, at: datetime) -> frozenset[str]:
    """Return the thumbprints of the keys that ``listed_log`` gives to the log called ``origin``."""
    return frozenset(one.public.thumbprint for one in _good(snapshot, origin, signed_at=signed_at, at=at))


def confirmed(
    signed: Note, snapshot: TrustSnapshot, *, state: MemberState, at: datetime, signed_by: MemberState | None = None
) -> Confirmed:
    """Return whose cosignatures on the checkpoint ``signed`` of a log of ``state`` count at ``at``.

    ``signed_by`` is the state whose service signed what the log is to show the age of, if it is to show that.

    Raises:
        EvidenceError: ``time.evidence_unwitnessed``: none counts; ``time.evidence_unsigned`` or
            ``time.evidence_malformed`` if the line of a listed witness does not verify, or it has signed twice.
        TrustError: One would count, if the list of its state were not out of date.
    """
    concerned = frozenset(one for one in (state, signed_by) if one is not None)
    others = {one.key: one for one in _witnesses(snapshot, other_than=concerned)}
    latest = int((at + LIMITS.clock_leeway).timestamp())
    found: dict[bytes, tuple[_Listed, datetime]] = {}
    stale: TrustError | None = None
    for line in note.signed_by(signed, tuple(others)):
        listed = others[line.key]
        if line.at is None or line.at > latest:
            continue
        instant = datetime.fromtimestamp(line.at, UTC)
        if not _is_good(listed, snapshot, signed_at=instant, at=at):
            continue
        try:
            snapshot.require_current(listed.service.member_state, at=at)
        except TrustError as refusal:
            stale = refusal
            continue
        found.setdefault(line.key.octets, (listed, instant))
    if not found:
        raise stale or EvidenceError("time.evidence_unwitnessed")
    return _counted(tuple(found.values()))


def listed_witnesses(snapshot: TrustSnapshot, *, at: datetime) -> tuple[ListedWitness, ...]:
    """Return every key under which a list names a witness, in the order of states, and whether its word counts."""
    found = []
    for state in sorted(snapshot.lists):
        for service in snapshot.services_of(state):
            if service.service_type is ServiceType.WITNESS:
                found += [_standing(listed, snapshot, at=at) for listed in _keys(service)]
    return tuple(found)


def _standing(listed: _Listed, snapshot: TrustSnapshot, *, at: datetime) -> ListedWitness:
    service = listed.service
    then = service.status_at(at)
    try:
        snapshot.require_current(service.member_state, at=at)
        stale = None
    except TrustError as refusal:
        stale = refusal.code
    good = not service.observer and _is_good(listed, snapshot, signed_at=at, at=at)
    return ListedWitness(
        witness=Witness(service.member_state, listed.key),
        thumbprint=listed.public.thumbprint,
        status=None if then is None else then.status,
        stale=stale,
        counts=good and stale is None,
    )


def _counted(found: tuple[tuple[_Listed, datetime], ...]) -> Confirmed:
    earliest: dict[MemberState, datetime] = {}
    for listed, instant in found:
        state = listed.service.member_state
        earliest[state] = min(instant, earliest.get(state, instant))
    witnesses = tuple(Witness(listed.service.member_state, listed.key) for listed, _ in found)
    return Confirmed(
        Quorum(witnesses, STATES),
        tuple(sorted(earliest.items(), key=lambda item: (item[1], item[0].value))),
        frozenset(listed.public.thumbprint for listed, _ in found),
    )


def _logs(snapshot: TrustSnapshot, origin: str) -> tuple[TrustService, ...]:
    services = snapshot.by_issuer(issuer_of(origin))
    return tuple(one for one in services if one.service_type is ServiceType.LOG and not one.observer)


def _good(snapshot: TrustSnapshot, origin: str, *, signed_at: datetime, at: datetime) -> Iterator[_Listed]:
    """Yield the keys of the log called ``origin`` that were good at ``signed_at``."""
    for service in _logs(snapshot, origin):
        yield from (one for one in _keys(service) if _was_good(one, snapshot, signed_at=signed_at, at=at))


def _witnesses(snapshot: TrustSnapshot, *, other_than: frozenset[MemberState]) -> Iterator[_Listed]:
    """Yield the witnesses of other states than these; a key that one of them lists is its own, whoever lists it too."""
    services = [service for state in other_than for service in snapshot.services_of(state)]
    own = {listed.key.octets for service in services for listed in _keys(service)}
    for state in sorted(snapshot.lists):
        if state in other_than:
            continue
        for service in snapshot.services_of(state):
            if service.service_type is ServiceType.WITNESS and not service.observer:
                yield from (listed for listed in _keys(service) if listed.key.octets not in own)


def _keys(service: TrustService) -> Iterator[_Listed]:
    """Yield the keys with which ``service`` signs notes; of a service of another kind, none."""
    kind = _KINDS.get(service.service_type)
    if kind is None:
        return
    for public in service.keys:
        octets = base64url.decode(public.jwk["x"])
        yield _Listed(service, public, note.note_key(origin_of(service.issuer), kind=kind, octets=octets))


def _is_good(listed: _Listed, snapshot: TrustSnapshot, *, signed_at: datetime, at: datetime) -> bool:
    """Tell whether a witness's word on time counts: granted when it says that it signed, and neither ended nor denied.

    A key that was superseded was retired for no fault, and what it says of the time before that stays good.
    """
    listing = listing_of(snapshot, (listed.public.thumbprint,), state=listed.service.member_state)
    ended = any(severity_at(one, at) in ENDED for one in listing)
    return not ended and _was_good(listed, snapshot, signed_at=signed_at, at=at)


def _was_good(listed: _Listed, snapshot: TrustSnapshot, *, signed_at: datetime, at: datetime) -> bool:
    """Tell whether the key was granted at ``signed_at``, ended nowhere by then, and is not denied at ``at``."""
    state, thumbprint = listed.service.member_state, listed.public.thumbprint
    listing = listing_of(snapshot, (thumbprint,), state=state)
    then = listed.service.status_at(signed_at)
    if then is None or then.status is not ServiceStatus.GRANTED:
        return False
    if any(severity_at(one, signed_at) in ENDED for one in listing):
        return False
    try:
        snapshot.require_not_denied(state, services=listing, keys=(thumbprint,), at=at)
    except IssuerError:
        return False
    return True
