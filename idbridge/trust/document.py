"""A trust snapshot as JSON values: which lists and services are relied on. For the API and the command line.

Everything is given as dates, nothing as "now", so that the documents depend on the snapshot alone.
"""

import hashlib
from datetime import datetime
from typing import Any, Final

from idbridge.model.denial import DenyEntry
from idbridge.model.region import MemberState
from idbridge.model.time import instant_text
from idbridge.model.trust import ListProvenance, StatusPeriod, TrustService
from idbridge.trust.snapshot import TrustSnapshot

_EDITION: Final = ("tier", "sequence", "digest", "issued_at", "next_update", "signer", "distribution")


def distribution(snapshot: TrustSnapshot) -> dict[str, Any]:
    """Return how the lists came here and how fresh that is, with the ids of the denials that were not lifted.

    What has no meaning in plain distribution is ``None``.
    """
    regional = snapshot.regional
    denials = [{"id": row["id"], "lapses_at": row["lapses_at"]} for row in denial_rows(snapshot)]
    if regional is None:
        return {"mode": "plain", "root_version": None, "timestamp": None, "snapshot": None, "denials": denials}
    return {
        "mode": "tuf",
        "root_version": regional.root_version,
        "timestamp": {
            "version": regional.timestamp_version,
            "signed_at": instant_text(regional.signed_at),
            "expires": instant_text(regional.expires),
        },
        "snapshot": {"version": regional.snapshot_version, "digest": regional.snapshot_digest},
        "denials": denials,
    }


def state_rows(snapshot: TrustSnapshot) -> list[dict[str, Any]]:
    """Return all eleven states, listed or not, with the edition of each list and its number of services."""
    return [
        {**list_row(snapshot, state), "services": len(snapshot.services_of(state))} for state in sorted(MemberState)
    ]


def list_row(snapshot: TrustSnapshot, state: MemberState) -> dict[str, Any]:
    """Return the edition of a state's list, or the code of the reason why there is none, and what of it is denied."""
    listed = state in snapshot.lists
    code = None if listed else snapshot.states_without_list[state]
    edition = _edition(snapshot.provenance(state)) if listed else dict.fromkeys(_EDITION)
    denials = [row for row in denial_rows(snapshot) if row["state"] == state.value]
    return {"state": state.value, "listed": listed, "code": code, **edition, "denials": denials}


def denial_rows(snapshot: TrustSnapshot) -> list[dict[str, Any]]:
    """Return every denial that was not lifted; it is in force until it lapses, if it ever does."""
    return [_denial_row(entry, snapshot.denials.lapses_at(entry)) for entry in snapshot.denials.standing()]


def _denial_row(entry: DenyEntry, lapse: datetime | None) -> dict[str, Any]:
    target = entry.target
    return {
        "id": entry.id,
        "state": entry.state.value,
        "target": target.kind.value,
        "thumbprint": target.thumbprint,
        "issuer": target.issuer,
        "type": target.service_type.value if target.service_type is not None else None,
        "reason": entry.reason.value,
        "since": instant_text(entry.since),
        "issued_at": instant_text(entry.issued_at),
        "by": sorted(state.value for state in entry.by),
        "lapses_at": instant_text(lapse) if lapse is not None else None,
    }


def service_rows(snapshot: TrustSnapshot, state: MemberState) -> list[dict[str, Any]]:
    """Return the services that a state lists, each with its keys, levels and whole history."""
    return [service_row(service) for service in snapshot.services_of(state)]


def service_row(service: TrustService) -> dict[str, Any]:
    """Return one listed service."""
    profile = service.profile
    return {
        "service_id": service.service_id,
        "provider": service.provider,
        "name": service.name,
        "type": service.service_type.value,
        "issuer": service.issuer,
        "formats": sorted(form.value for form in profile.formats),
        "algorithms": sorted(profile.algorithms),
        "credential_types": sorted(profile.credential_types),
        "holder_binding": profile.holder_binding.value,
        "leeway_s": int(profile.leeway.total_seconds()),
        "keys": [{"kid": key.kid, "thumbprint": key.thumbprint} for key in service.keys],
        "anchors": [hashlib.sha256(anchor).hexdigest() for anchor in service.anchors],
        "levels": [
            {"national": rung.national, "identity": str(rung.identity), "authentication": str(rung.authentication)}
            for rung in profile.ladder
        ],
        "history": [_period(period) for period in service.history],
    }


def _edition(provenance: ListProvenance) -> dict[str, Any]:
    return {
        "tier": provenance.tier.value,
        "sequence": provenance.sequence,
        "digest": provenance.digest,
        "issued_at": instant_text(provenance.issued_at),
        "next_update": instant_text(provenance.next_update),
        "signer": provenance.signer,
        "distribution": provenance.distribution,
    }


def _period(period: StatusPeriod) -> dict[str, Any]:
    until = period.validity.end
    return {
        "status": period.status.value,
        "from": instant_text(period.validity.start),
        "until": instant_text(until) if until is not None else None,
    }
