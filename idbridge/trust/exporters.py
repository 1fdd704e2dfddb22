"""What is held, for others to read: a state's list without its signature, or the keys of its services.

Decides nothing; it gives out only what this node itself relies on at the instant. An export is a copy for whoever reads
no signed list: it proves nothing, and whoever gets it has to confirm it by another way.
"""

import hashlib
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from idbridge.codec import base64std, base64url, strict_json
from idbridge.crypto.keys import public_key_from_certificate
from idbridge.errors import InputError, IssuerError, TrustError
from idbridge.limits import LIMITS
from idbridge.model.keys import PublicKey
from idbridge.model.region import MemberState
from idbridge.model.trust import ServiceStatus, TrustService
from idbridge.trust.errors import violation
from idbridge.trust.profile import TrustList
from idbridge.trust.snapshot import TrustSnapshot

_PARTS = 3


def plain_lote(signed: bytes, *, held: TrustList) -> bytes:
    """Return the list of ETSI TS 119 602 within ``signed``, the compact JWS that was accepted as ``held``.

    Raises:
        TrustError: ``trust.snapshot_mismatch``: it is another edition than the one that is held.
    """
    if hashlib.sha256(signed).hexdigest() != held.provenance.digest:
        raise TrustError("trust.snapshot_mismatch", "these are not the octets of the list that is held")
    parts = signed.split(b".")
    try:
        payload = base64url.decode(parts[1].decode("ascii")) if len(parts) == _PARTS else b""
        strict_json.parse_object(payload, max_bytes=LIMITS.trust_list_bytes)
    except (InputError, UnicodeDecodeError):
        raise violation("the list that is held is no compact JWS") from None
    return payload


def key_set(snapshot: TrustSnapshot, state: MemberState, *, at: datetime) -> dict[str, Any]:
    """Return the keys of all services of ``state`` that are granted ``at`` an instant, as a JWK set (RFC 7517).

    A key that a certificate brings has the certificate in ``x5c``. A key of several services stands there once.

    Raises:
        TrustError: The list is not held or not up to date, as for ``TrustSnapshot.require_current``.
        IssuerError: ``issuer.service_not_listed``: no service is granted; an empty set would say that all is well.
    """
    snapshot.require_current(state, at=at)
    keys: dict[str, dict[str, Any]] = {}
    for service in snapshot.services_of(state):
        period = service.status_at(at)
        if period is not None and period.status is ServiceStatus.GRANTED and not service.observer:
            for name, jwk in _keys(service):
                keys.setdefault(name, jwk)
    if not keys:
        raise IssuerError("issuer.service_not_listed", f"{state} has no service that is granted at this instant")
    return {"keys": list(keys.values())}


def _keys(service: TrustService) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the keys of a service by what tells them apart: the key, and the certificate around it."""
    for key in service.keys:
        yield key.thumbprint, _jwk(key)
    for der in service.anchors:
        key = public_key_from_certificate(der)
        yield hashlib.sha256(der).hexdigest(), {**_jwk(key), "x5c": [base64std.encode(der)]}


def _jwk(key: PublicKey) -> dict[str, Any]:
    return {**key.jwk, "kid": key.kid or key.thumbprint, "use": "sig"}
