"""Certificates of a credential: to which listed services they lead, and whether the leaf is of the issuer and state.

Part of step V3. Of several attempts that failed, the one that got furthest is told. Clauses: RFC 5280 section 6; SD-JWT
VC section 2.5.
"""

from datetime import datetime
from types import MappingProxyType
from typing import Final

from idbridge.crypto.x509 import VerifiedPath, names_issuer, verify_path
from idbridge.errors import IssuerError
from idbridge.model.credential import UnverifiedCredential
from idbridge.model.trust import TrustService

# Refusals of a path, by how far it got: of several attempts, the one that got furthest tells most.
_PROGRESS: Final = MappingProxyType({
    "issuer.certificate_expired": 1,
    "issuer.certificate_profile": 2,
    "issuer.certificate_name_mismatch": 3,
})  # fmt: skip


def certifying(
    services: tuple[TrustService, ...], unverified: UnverifiedCredential, *, at: datetime
) -> tuple[tuple[TrustService, VerifiedPath], ...]:
    """Return each of ``services`` to whose certificates ``x5c`` leads, with the path, at least one.

    Raises:
        IssuerError: ``issuer.chain_untrusted``, ``issuer.certificate_expired``, ``issuer.certificate_profile`` or
            ``issuer.certificate_name_mismatch``: it leads to none.
    """
    found: list[tuple[TrustService, VerifiedPath]] = []
    refusals = [IssuerError("issuer.chain_untrusted")]
    for service in services:
        if service.anchors:
            try:
                path = _path(service, unverified, at)
            except IssuerError as refusal:
                refusals.append(refusal)
            else:
                found.append((service, path))
    if not found:
        raise max(refusals, key=lambda refusal: _PROGRESS.get(refusal.code, 0))
    return tuple(found)


def _path(service: TrustService, unverified: UnverifiedCredential, at: datetime) -> VerifiedPath:
    """Return the path to a certificate of ``service``, if its leaf is of this issuer and of this state."""
    path = verify_path(
        unverified.message.header.certificates, anchors=service.anchors, at=at, rule=service.profile.leaf_rule
    )
    if path.country is not None and path.country.upper() != service.member_state.value:
        raise IssuerError("issuer.certificate_profile", "the certificate is of another state")
    if unverified.unverified_issuer is not None and not names_issuer(path, service.issuer):
        raise IssuerError("issuer.certificate_name_mismatch")
    return path
