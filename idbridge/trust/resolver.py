"""Step V3: which listed key a credential has to verify with, and whether its service is trusted at the instant.

Decides from the snapshot alone; what a credential says of its own key (``kid``, ``x5c``) only chooses among what its
issuer's state lists: keys, certificates, and, for a login service with a listed key set, the keys that were fetched
from there ahead of time. Those come second, need a ``kid``, and share the fate of their service (``polled``). Clauses:
ETSI TS 119 602 (service status and history); SD-JWT VC section 2.5; OpenID Connect Core 1.0 section 10.1 for ``kid``.

The issuer of a W3C credential may be called by a DID that spells out a key. Nobody is trusted for that: the name only
leads to the services that list the key, as a ``kid`` would.

Answers are kept with the interval in which they hold, so that the same issuer costs one look-up and two comparisons.
Refusals are not kept: anybody can cause one, and an unknown ``kid`` has no end.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from idbridge.crypto.certificate_origin import unverified_origin
from idbridge.crypto.did_key import is_called, is_did, key_of
from idbridge.crypto.keys import public_key_from_certificate
from idbridge.crypto.x509 import VerifiedPath, validity_changes
from idbridge.errors import InputError, IssuerError, JoseError, RecognitionError, TrustError
from idbridge.limits import LIMITS
from idbridge.model.credential import UnverifiedCredential
from idbridge.model.evidence import ProvenTime
from idbridge.model.keys import PublicKey
from idbridge.model.qr_profile import QrEnvelope
from idbridge.model.region import Format
from idbridge.model.trust import NO_POLLED_KEYS, Polled, TrustService
from idbridge.trust.certified import certifying
from idbridge.trust.ended import Evidence, proven_older
from idbridge.trust.extension import TYPED_FORMATS
from idbridge.trust.history import changes_of, severity_at
from idbridge.trust.polled import named_by, refusal_of
from idbridge.trust.siblings import NO_SIBLINGS, Sibling, listing_of, siblings_of
from idbridge.trust.snapshot import NO_TIME, TrustSnapshot

_BY_DID: Final = frozenset({Format.JWT_VC_JSON, Format.VC_JWT, Format.VC_SD_JWT})


@dataclass(frozen=True, slots=True)
class ResolvedKey:
    """The key to verify with, the service that lists it, and the path by which ``x5c`` leads there, if it does.

    ``until`` is when the answer ends: the next announced status, the list's next update, a certificate's end, or that
    of a fetched key set. ``siblings`` are the other listed keys of a login service, each judged as this one was.
    ``proven`` is set exactly if the service has ended, and it is shown that the credential is older than that.
    """

    service: TrustService
    key: PublicKey
    until: datetime
    path: VerifiedPath | None = None
    siblings: tuple[Sibling, ...] = NO_SIBLINGS
    proven: ProvenTime | None = None

    def judged_at(self, at: datetime) -> datetime:
        """Return the instant at which a credential counts as signed that does not say when: the latest possible."""
        return at if self.proven is None else self.proven.at


@dataclass(frozen=True, slots=True)
class _Answer:
    """A resolved key and the half-open interval in which a new search would find the very same.

    It ends with the next change of any status or certificate that the search looked at, which may be long before the
    key's own ``until``: what is remembered must never show in a decision.
    """

    since: datetime
    until: datetime
    resolved: ResolvedKey


class _Found(NamedTuple):
    """A key that fits the credential, whatever the status of its service."""

    service: TrustService
    key: PublicKey
    path: VerifiedPath | None = None
    polled_until: datetime | None = None


_Question = tuple[
    str | None, Format, str | None, str | bytes | None, str, tuple[int, ...], QrEnvelope | None, str | None
]


class KeyResolver:
    """Answers V3 from one snapshot; bounded memory, no lock, no I/O."""

    def __init__(
        self,
        snapshot: TrustSnapshot,
        *,
        polled: Polled = NO_POLLED_KEYS,
        max_entries: int = LIMITS.path_cache_entries,
    ) -> None:
        self._snapshot = snapshot
        self._polled = polled
        self._max_entries = max_entries
        self._answers: dict[_Question, _Answer] = {}

    def resolve(
        self,
        *,
        unverified: UnverifiedCredential,
        credential_type: str | None,
        at: datetime,
        grace: timedelta = NO_TIME,
        signer: str | None = None,
        evidence: Evidence | None = None,
    ) -> ResolvedKey:
        """Return the one listed key that ``unverified`` has to verify with at ``at``.

        ``credential_type`` is the ``vct`` or its like, ``None`` for formats that have no type. A superseded service
        passes: whether the credential is old enough is judged in V5. ``grace`` is by how much the list may be out of
        date; what is found in one that is out of date is not remembered. ``signer`` stands for a ``kid`` that is
        missing: the thumbprint of the key to take, if it is one of those that fit. ``evidence`` may save what ended.

        Raises:
            IssuerError: ``issuer.unknown``, ``issuer.denied``, ``issuer.service_not_listed``,
                ``issuer.not_yet_granted``, ``issuer.withdrawn``, ``issuer.compromised``, ``issuer.chain_untrusted``,
                ``issuer.certificate_expired``, ``issuer.certificate_profile``, ``issuer.certificate_name_mismatch``.
            JoseError: ``jose.kid_missing`` or ``jose.kid_unknown``.
            RecognitionError: ``recognition.environment_mismatch``: known to be of the other environment.
            TrustError: ``trust.stale``, ``trust.not_configured``, ``trust.unreachable`` or ``trust.refused``: the list
                that would tell is out of date or not held.
            Refusal, Refused: What ``evidence`` raises.
        """
        if grace:
            found = self._resolve(unverified, credential_type, at, grace=grace, signer=signer, evidence=evidence)
            return found.resolved
        header = unverified.message.header
        certificates = header.certificates
        # The lengths make the digest unambiguous: no other certificates have these octets in these parts.
        name = hashlib.sha256(b"".join(certificates)).digest() if certificates else header.kid
        lengths = tuple(map(len, certificates))
        question = (
            unverified.unverified_issuer, unverified.format, credential_type, name, header.algorithm, lengths,
            unverified.presented if unverified.format is Format.QR else None, signer,
        )  # fmt: skip
        known = self._answers.get(question)
        if known is not None and known.since <= at < known.until:
            return known.resolved
        answer = self._resolve(unverified, credential_type, at, signer=signer, evidence=evidence)
        self._keep(question, answer)
        return answer.resolved

    def _keep(self, question: _Question, answer: _Answer) -> None:
        """Keep ``answer``, unless it is proved of one credential alone. When there is no room it starts afresh."""
        if answer.resolved.proven is not None:
            return
        if len(self._answers) >= self._max_entries:
            self._answers.clear()
        self._answers[question] = answer

    def _resolve(
        self,
        unverified: UnverifiedCredential,
        credential_type: str | None,
        at: datetime,
        *,
        grace: timedelta = NO_TIME,
        signer: str | None,
        evidence: Evidence | None = None,
    ) -> _Answer:
        issuer = unverified.unverified_issuer
        if issuer is None:
            services = self._certified(unverified, at=at)
        else:
            did = unverified.format in _BY_DID and is_did(issuer)
            services = self._spelled_out(issuer, at=at) if did else self._listed(issuer, at=at)
        self._snapshot.require_not_denied(services[0].member_state, at=at)
        try:
            self._snapshot.require_current(services[0].member_state, at=at, grace=grace)
        except TrustError:
            self._refuse_denied(services, unverified, credential_type, at=at, signer=signer)
            raise
        next_update = self._snapshot.stale_from(services[0].member_state) + grace
        fitting = tuple(service for service in services if _fits(service, unverified.format, credential_type))
        if not fitting:
            raise IssuerError("issuer.service_not_listed")
        certified = bool(unverified.message.header.certificates)
        found = _of_envelope(self._find(fitting, unverified, at, signer=signer), unverified)
        anchors = (anchor for service in fitting for anchor in service.anchors) if certified else ()
        changes = tuple(validity_changes((*unverified.message.header.certificates, *anchors)))
        changes += tuple(one.polled_until for one in found if one.polled_until is not None)
        return self._judged(found, next_update=next_update, changes=changes, at=at, evidence=evidence)

    def _refuse_denied(
        self,
        services: tuple[TrustService, ...],
        unverified: UnverifiedCredential,
        credential_type: str | None,
        *,
        at: datetime,
        signer: str | None,
    ) -> None:
        """Refuse what is denied although the list is out of date: of the rest, nothing can be said.

        Raises:
            IssuerError: ``issuer.denied``.
        """
        if not self._snapshot.denied:
            return
        fitting = tuple(service for service in services if _fits(service, unverified.format, credential_type))
        try:
            found = self._find(fitting, unverified, at, signer=signer)
        except (IssuerError, JoseError):
            return
        self._require_not_denied(found, at=at)

    def _require_not_denied(
        self, found: tuple[_Found, ...], *, at: datetime
    ) -> tuple[tuple[TrustService, ...], datetime | None]:
        """Return every service that lists what was ``found``, and when the last denial of any of it lapsed.

        Raises:
            IssuerError: ``issuer.denied``.
        """
        state, thumbprints = found[0].service.member_state, _thumbprints(found)
        # A polled key stands in no list: its service is asked for by name, so that no end or denial passes it by.
        polled = (one.service for one in found if one.polled_until is not None)
        both = (*listing_of(self._snapshot, thumbprints, state=state), *polled)
        listing = tuple({service.service_id: service for service in both}.values())
        return listing, self._snapshot.require_not_denied(state, services=listing, keys=thumbprints, at=at)

    def _listed(self, issuer: str, *, at: datetime) -> tuple[TrustService, ...]:
        """Return the services of ``issuer``, at least one, all of one state."""
        services = self._snapshot.by_issuer(issuer)
        if services:
            return services
        if self._snapshot.other_environment(issuer):
            raise RecognitionError("recognition.environment_mismatch")
        state = self._snapshot.orphaned(issuer)
        if state is not None:
            self._snapshot.require_not_denied(state, at=at)
            self._snapshot.require_current(state, at=at)
        raise IssuerError("issuer.unknown")

    def _spelled_out(self, did: str, *, at: datetime) -> tuple[TrustService, ...]:
        """Return the services that list the key that ``did`` spells out, all of one state.

        Raises:
            IssuerError: ``issuer.unknown``: no state lists it, or two do. ``issuer.denied``.
            TrustError: No state lists it, and a list in which it could stand is lost.
        """
        try:
            thumbprint = key_of(did).thumbprint
        except InputError:
            raise IssuerError("issuer.unknown", "the DID spells out no key") from None
        services = self._snapshot.by_thumbprint(thumbprint)
        if not services:
            self._snapshot.require_none_lost(thumbprint, at=at)
        if len({service.member_state for service in services}) != 1:
            raise IssuerError("issuer.unknown", "no one state lists the key that this DID spells out")
        return services

    def _certified(self, unverified: UnverifiedCredential, *, at: datetime) -> tuple[TrustService, ...]:
        """Return the services to whose certificates those of the credential say that they lead, all of one state.

        For a format that names no issuer. It is the state that the leaf names; ``_path`` compares the country again.

        Raises:
            IssuerError: ``issuer.missing``, ``issuer.unknown`` or ``issuer.certificate_profile``; ``issuer.denied``.
            TrustError: The list of that state is not held.
        """
        certificates = unverified.message.header.certificates
        if not certificates:
            raise IssuerError("issuer.missing", "neither an issuer nor certificates are named")
        leaf, last = unverified_origin(certificates[0]), unverified_origin(certificates[-1])
        hints = (leaf.key_identifier, last.key_identifier, last.authority_key_identifier)
        named = {
            service.service_id: service
            for hint in hints
            if hint is not None
            for service in self._snapshot.by_ski(hint)
            if service.member_state.value == leaf.country
        }
        if not named:
            for state in self._snapshot.states_without_list:
                if state.value == leaf.country:
                    self._snapshot.require_not_denied(state, at=at)
                    self._snapshot.require_current(state, at=at)
            raise IssuerError("issuer.unknown", "no state lists an authority of these certificates as its own")
        return tuple(named.values())

    def _find(
        self,
        services: tuple[TrustService, ...],
        unverified: UnverifiedCredential,
        at: datetime,
        *,
        signer: str | None,
    ) -> tuple[_Found, ...]:
        """Return the key with which the credential has to verify, for each service that has it; all name one key."""
        if unverified.message.header.certificates:
            return tuple(_Found(one, path.leaf_key, path) for one, path in certifying(services, unverified, at=at))
        try:
            return _by_kid(services, unverified, signer=signer)
        except (IssuerError, JoseError) as unlisted:
            kid = unverified.message.header.kid
            named = tuple(
                _Found(service, key, None, until)
                for service, key, until in named_by(kid, services, self._polled, at=at, signer=signer)
            )
            if len({one.key.thumbprint for one in named}) != 1:
                raise refusal_of(kid, services, unlisted) from unlisted
            return named

    def _judged(
        self,
        found: tuple[_Found, ...],
        *,
        next_update: datetime,
        changes: tuple[datetime, ...],
        at: datetime,
        evidence: Evidence | None,
    ) -> _Answer:
        """Return the answer among ``found``, which all name one key, by the status that counts.

        ``changes`` are the instants at which something else may be found.

        A denial or an end counts wherever the state lists the key, or an authority on the path to it. Of what has not
        ended, granted comes before superseded: the state says of the same key that it is in use. What has ended counts
        as of the instant by which the credential is proved to have been there; a denial has no such instant.
        """
        listing, lapsed = self._require_not_denied(found, at=at)
        proven = proven_older(listing, evidence, at=at)
        counted = at if proven is None else proven.at
        started = [one for one in found if one.service.status_at(counted) is not None]
        if not started:
            raise IssuerError("issuer.not_yet_granted")
        chosen = min(started, key=lambda one: severity_at(one.service, counted))
        siblings, judged_by = siblings_of(self._snapshot, chosen.service, beside=chosen.key, at=at)
        statuses = [change for service in (*listing, *judged_by.services) for change in changes_of(service)]
        changes = (*changes, *judged_by.lapses)
        if lapsed is not None:
            changes = (*changes, lapsed)
        until = min([next_update, *(change for change in statuses if change > at)])
        since = max(change for change in (*statuses, *changes) if change <= at)
        same_until = min([until, *(change for change in changes if change > at)])
        if chosen.path is not None:
            until = min(until, chosen.path.not_after)
        if chosen.polled_until is not None:
            until = min(until, chosen.polled_until)
        resolved = ResolvedKey(chosen.service, chosen.key, until, chosen.path, siblings, proven)
        return _Answer(since, same_until, resolved)


def _thumbprints(found: tuple[_Found, ...]) -> frozenset[str]:
    """Return the thumbprints of the key found and of every authority on a path to it."""
    authorities = (
        public_key_from_certificate(der).thumbprint
        for one in found
        if one.path is not None
        for der in one.path.chain[1:]
    )
    return frozenset((*(one.key.thumbprint for one in found), *authorities))


def _fits(service: TrustService, format_: Format, credential_type: str | None) -> bool:
    """Tell whether ``service`` is listed for this format and, where the format has types, for this type."""
    if format_ not in service.profile.formats:
        return False
    return format_ not in TYPED_FORMATS or credential_type in service.profile.credential_types


def _of_envelope(found: tuple[_Found, ...], unverified: UnverifiedCredential) -> tuple[_Found, ...]:
    """Return of what was ``found`` for a code what lists the envelope in which it was read; if nothing does, all."""
    if unverified.format is not Format.QR:
        return found
    listed = ((one, one.service.profile.qr) for one in found)
    return tuple(one for one, qr in listed if qr is not None and qr.envelope == unverified.presented) or found


def _by_kid(
    services: tuple[TrustService, ...], unverified: UnverifiedCredential, *, signer: str | None
) -> tuple[_Found, ...]:
    """Return the listed key that ``kid`` names; without ``kid``, the only one that fits, or that ``signer`` is."""
    header = unverified.message.header
    listed = tuple(_Found(service, key) for service in services for key in service.keys)
    if not listed:
        raise IssuerError("issuer.chain_untrusted", "certificates are listed, and the credential brings none")
    if header.kid is not None:
        named = tuple(one for one in listed if is_called(one.key, header.kid))
        if not named:
            raise JoseError("jose.kid_unknown")
        return named
    fitting = tuple(one for one in listed if header.algorithm in one.key.algorithms)
    if not fitting:
        raise JoseError("jose.alg_key_mismatch", "no listed key fits the algorithm")
    if signer is not None:
        fitting = tuple(one for one in fitting if one.key.thumbprint == signer)
    if len({one.key.thumbprint for one in fitting}) != 1:
        raise JoseError("jose.kid_missing")
    return fitting
