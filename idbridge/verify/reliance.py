"""Reliance: what a verdict rests on, so that it can be disputed (interface page: ``trust``, ``digests``, ``chain``).

Names editions and digests of trust material and nothing else. There is no digest of the credential here: a plain hash
of personal data is personal data (architecture D8).
"""

import hashlib
from datetime import datetime
from typing import Any

from idbridge.model.credential import RecognisedIdentity
from idbridge.model.region import MemberState
from idbridge.model.time import instant_text
from idbridge.model.trust import TrustService
from idbridge.trust.resolver import ResolvedKey
from idbridge.trust.snapshot import TrustSnapshot
from idbridge.verify.time_evidence import evidence_document


def trust_document(snapshot: TrustSnapshot, resolved: ResolvedKey | None, *, at: datetime) -> dict[str, Any] | None:
    """Return the ``trust`` member: the list and the service that step V3 relied on; ``None`` if it found none."""
    if resolved is None:
        return None
    service = resolved.service
    return {
        "list": _list_document(snapshot, service.member_state, at=at),
        "service": _service_document(service, at=at),
        "key": {"thumbprint": resolved.key.thumbprint, "through": "list" if resolved.path is None else "chain"},
        "time_evidence": evidence_document(resolved.proven),
    }


def _list_document(snapshot: TrustSnapshot, state: MemberState, *, at: datetime) -> dict[str, Any]:
    provenance = snapshot.provenance(state)
    return {
        "state": provenance.member_state.value,
        "sequence": provenance.sequence,
        "digest": provenance.digest,
        "issued_at": instant_text(provenance.issued_at),
        "next_update": instant_text(provenance.next_update),
        "freshness": "fresh" if at < snapshot.stale_from(state) else "stale",
        "signer": provenance.signer,
        "tier": provenance.tier.value,
        "distribution": provenance.distribution,
    }


def _service_document(service: TrustService, *, at: datetime) -> dict[str, Any]:
    period = service.status_at(at)
    return {
        "id": service.service_id,
        "type": service.service_type.value,
        "status": period.status.value if period is not None else None,
        "since": instant_text(period.validity.start) if period is not None else None,
    }


def digests_document(snapshot: TrustSnapshot, recognised: RecognisedIdentity | None) -> dict[str, Any]:
    """Return the ``digests`` member: the signed texts besides the list that decided."""
    return {
        "arrangement": _arrangement_digest(snapshot, recognised),
        "purposes": snapshot.purposes.digest or None,
    }


def _arrangement_digest(snapshot: TrustSnapshot, recognised: RecognisedIdentity | None) -> str | None:
    if recognised is None or recognised.arrangement is None or recognised.arrangement_version is None:
        return None
    return snapshot.arrangements.histories[recognised.arrangement].versions[recognised.arrangement_version - 1].digest


def chain_document(resolved: ResolvedKey | None) -> list[dict[str, Any]]:
    """Return the ``chain`` member: each certificate of the path by its digest, leaf first; empty for a listed key."""
    if resolved is None or resolved.path is None:
        return []
    return [{"sha256": hashlib.sha256(certificate).hexdigest()} for certificate in resolved.path.chain]
