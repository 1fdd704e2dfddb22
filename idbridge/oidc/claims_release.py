"""What of the verified claims is released where: never more than was asked for, and nothing where a demand is not met.

Decides from what was recognised and minimised already (``assertion.decision``), which this only narrows (architecture
D4). A demand on the verification that is not met leaves out the whole entry, one on a claim that claim; an entry that
is left without claims is left out. Not asked for is not released. Clauses: OpenID Identity Assurance 1.0, sections 5.7
and 6; the modules ``EKYC...`` of the OpenID conformance suite.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from idbridge.model.time import parse_instant
from idbridge.oidc.claims_request import ClaimRequest, ClaimsRequest, VerifiedClaimsRequest

TRUST_FRAMEWORK = "trust_framework"
Released = dict[str, Any] | list[dict[str, Any]]


def for_id_token(request: ClaimsRequest, recognised: Mapping[str, Any], *, at: datetime) -> Released | None:
    """Return the ``verified_claims`` of the ID token, ``None`` for none; ``recognised`` are those of the decision."""
    return _released(request.verified_in_id_token, recognised, at=at)


def for_userinfo(request: ClaimsRequest, recognised: Mapping[str, Any], *, at: datetime) -> Released | None:
    """Return the ``verified_claims`` of the userinfo response, ``None`` for none."""
    return _released(request.verified_in_userinfo, recognised, at=at)


def _released(
    asked: tuple[VerifiedClaimsRequest, ...], recognised: Mapping[str, Any], *, at: datetime
) -> Released | None:
    """Return an object where one entry is left, an array where several are."""
    found = [one for request in asked if (one := _entry(request, recognised, at=at)) is not None]
    if len(found) > 1:
        return found
    return found[0] if found else None


def _entry(request: VerifiedClaimsRequest, recognised: Mapping[str, Any], *, at: datetime) -> dict[str, Any] | None:
    verification, claims = recognised["verification"], recognised["claims"]
    if request.constrained:  # evidence and processes: none is stated here, so no demand on them is met
        return None
    if not all(_met(asked, verification, name, at=at) for name, asked in request.verification.items()):
        return None
    left = {
        name: claims[name] for name, asked in request.claims.items() if name in claims and _fits(asked, claims[name])
    }
    if not left:
        return None
    stated = {name: verification[name] for name in request.verification if name in verification}
    return {"verification": {TRUST_FRAMEWORK: verification[TRUST_FRAMEWORK], **stated}, "claims": left}


def _met(asked: ClaimRequest, verification: Mapping[str, Any], name: str, *, at: datetime) -> bool:
    """Tell whether a demand on one element of the verification is met; what demands nothing always is."""
    if asked.values is None and asked.max_age is None:
        return True
    return name in verification and _fits(asked, verification[name]) and _young(asked, verification[name], at=at)


def _fits(asked: ClaimRequest, value: Any) -> bool:
    """Tell whether ``value`` will do; with its type, because ``true`` equals 1 in Python and not in JSON."""
    return asked.values is None or (type(value), value) in asked.values


def _young(asked: ClaimRequest, value: Any, *, at: datetime) -> bool:
    if asked.max_age is None:
        return True
    try:
        return at - parse_instant(value) <= asked.max_age
    except (ValueError, TypeError):
        return False
