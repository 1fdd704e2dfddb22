"""Signers of status lists: may this key speak for this address, and may it still? Point 3 of the checklist.

A status list counts only if a service of type *revocation* signed it that the credential's own state lists, in force,
for that very address (``statusLists`` of its entry). What a list brings along as its key (``kid``, ``x5c``) chooses
among what is listed and vouches for nothing: a list that is its own witness is no witness. Asked when a list is taken
up, and again whenever it is relied on, because a service may have ended or been denied since. Clauses: Token Status
List section 11.3; architecture D1.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from idbridge.crypto import signature
from idbridge.crypto.keys import public_key_from_certificate
from idbridge.crypto.x509 import VerifiedPath, names_issuer, verify_path
from idbridge.errors import IssuerError, JoseError, StatusError
from idbridge.model.credential import UnverifiedJws, UnverifiedSign1
from idbridge.model.keys import PublicKey
from idbridge.model.region import MemberState, ServiceType
from idbridge.model.trust import ServiceStatus, TrustService
from idbridge.status.status_list import Place, StatusList, Vouched
from idbridge.trust.history import ENDED, severity_at
from idbridge.trust.snapshot import TrustSnapshot

UNAUTHORISED = "status.signer_unauthorised"
Message = UnverifiedJws | UnverifiedSign1


def services_for(trust: TrustSnapshot, place: Place) -> tuple[TrustService, ...]:
    """Return the services that the state of ``place`` lists for its address, whatever their status."""
    return tuple(service for service in trust.services_of(place[0]) if _is_for(service, place))


def places_of(trust: TrustSnapshot) -> tuple[Place, ...]:
    """Return every address that a revocation service of ``trust`` names, each once for each state, in a fixed order."""
    return tuple(
        sorted({
            (state, address)
            for state in trust.lists
            for service in trust.services_of(state)
            if service.service_type is ServiceType.REVOCATION
            for address in service.profile.status_lists
        })
    )  # fmt: skip


def verified_signer(
    message: Message, claims: Mapping[str, Any], trust: TrustSnapshot, place: Place, *, at: datetime
) -> Vouched:
    """Return who signed ``message``, a list for ``place``, if that service may speak for it ``at`` an instant.

    ``claims`` are what was read from the message's payload.

    Raises:
        StatusError: ``status.signer_unauthorised``, or ``status.list_invalid`` for a signature that does not verify.
    """
    refusals = [StatusError(UNAUTHORISED, "the state lists no revocation service for this address")]
    for service in services_for(trust, place):
        try:
            key, path = _key(service, message, at)
            _require_in_force(service, key, path, trust, at=at)
            _verify(message, claims, key, service.profile.algorithms)
        except StatusError as refusal:
            refusals.append(refusal)
        else:
            return Vouched(service.issuer, key.thumbprint, path)
    raise refusals[-1]


def verified_with(message: Message, claims: Mapping[str, Any], key: PublicKey) -> Vouched:
    """Return that ``key``, which the caller trusts for a reason of its own, signed ``message``.

    Raises:
        StatusError: ``status.list_invalid`` or ``status.signer_unauthorised``.
    """
    _verify(message, claims, key, key.algorithms)
    return Vouched("", key.thumbprint)


def still_vouches(held: StatusList, trust: TrustSnapshot, *, at: datetime) -> tuple[TrustService, ...]:
    """Return the services by which the signer of ``held`` may still speak for its address; none if it may not."""
    signer = held.signer
    named = trust.by_issuer(signer.issuer)
    listed = tuple(service for service in named if _is_for(service, held.place) and _lists(service, signer))
    signed_at = min(held.issued_at, at)
    if not listed or not _in_force(
        listed, signer.thumbprint, signer.path, trust, held.place[0], signed_at=signed_at, at=at
    ):
        return ()
    return listed


def _is_for(service: TrustService, place: Place) -> bool:
    state, address = place
    return (
        service.service_type is ServiceType.REVOCATION
        and service.member_state is state
        and address in service.profile.status_lists
    )


def _lists(service: TrustService, signer: Vouched) -> bool:
    if signer.path is None:
        return any(key.thumbprint == signer.thumbprint for key in service.keys)
    return signer.path.chain[-1] in service.anchors


def _key(service: TrustService, message: Message, at: datetime) -> tuple[PublicKey, VerifiedPath | None]:
    """Return the key of ``service`` that ``message`` names, with the path to it if certificates lead there."""
    header = message.header
    if header.certificates:
        if not service.anchors:
            raise StatusError(UNAUTHORISED, "the state lists keys for this service, and no certificate")
        path = _path(service, header.certificates, at)
        return path.leaf_key, path
    named = [
        key
        for key in service.keys
        if (header.algorithm in key.algorithms if header.kid is None else header.kid == (key.kid or key.thumbprint))
    ]
    if len(named) != 1:
        raise StatusError(UNAUTHORISED, "the list names none of the service's keys, or not clearly one")
    return named[0], None


def _path(service: TrustService, certificates: tuple[bytes, ...], at: datetime) -> VerifiedPath:
    """Return the path to a certificate of ``service``.

    Below an authority that certifies others too, a leaf that names whom it is for names this service: else each of
    them could speak for the others' lists. One that names nobody, as those of mdocs do not, is told by the leaf rule.
    """
    try:
        path = verify_path(certificates, anchors=service.anchors, at=at, rule=service.profile.leaf_rule)
    except IssuerError as refusal:
        raise StatusError(UNAUTHORISED, f"the certificates of the list: {refusal.detail or refusal.code}") from refusal
    if path.country is not None and path.country.upper() != service.member_state.value:
        raise StatusError(UNAUTHORISED, "the certificate of the list is of another state")
    named = len(path.chain) > 1 and (path.uris or path.dns_names)
    if named and not names_issuer(path, service.issuer):
        raise StatusError(UNAUTHORISED, "the certificate of the list names another service")
    return path


def _require_in_force(
    service: TrustService, key: PublicKey, path: VerifiedPath | None, trust: TrustSnapshot, *, at: datetime
) -> None:
    if not _in_force((service,), key.thumbprint, path, trust, service.member_state, signed_at=at, at=at):
        raise StatusError(UNAUTHORISED, "the revocation service is not in force")


def _in_force(
    services: tuple[TrustService, ...],
    thumbprint: str,
    path: VerifiedPath | None,
    trust: TrustSnapshot,
    state: MemberState,
    *,
    signed_at: datetime,
    at: datetime,
) -> bool:
    """Tell whether nothing that is listed with the key, or with an authority above it, has ended or is denied.

    One of ``services`` has to be granted, or superseded for no fault after it signed (architecture D1).
    """
    if path is not None and path.not_after < at:
        return False
    thumbprints = (thumbprint, *_authorities(path))
    listing = (*services, *_listing(thumbprints, trust, state))
    if any(severity_at(service, at) in ENDED for service in listing):
        return False
    try:
        trust.require_not_denied(state, services=listing, keys=thumbprints, at=at)
    except IssuerError:
        return False
    return any(_was_granted(service, signed_at) for service in services)


def _was_granted(service: TrustService, instant: datetime) -> bool:
    period = service.status_at(instant)
    return period is not None and period.status is ServiceStatus.GRANTED


def _authorities(path: VerifiedPath | None) -> tuple[str, ...]:
    if path is None:
        return ()
    return tuple(public_key_from_certificate(der).thumbprint for der in path.chain[1:])


def _listing(thumbprints: Iterable[str], trust: TrustSnapshot, state: MemberState) -> tuple[TrustService, ...]:
    return tuple(
        service
        for thumbprint in thumbprints
        for service in trust.by_thumbprint(thumbprint)
        if service.member_state is state
    )


def _verify(message: Message, claims: Mapping[str, Any], key: PublicKey, algorithms: frozenset[str]) -> None:
    try:
        signature.verify(message, claims=claims, key=key, algorithms=algorithms)
    except JoseError as refusal:
        code = "status.list_invalid" if refusal.code == "jose.signature_invalid" else UNAUTHORISED
        raise StatusError(code, refusal.detail or "the signature of the list does not verify") from refusal
