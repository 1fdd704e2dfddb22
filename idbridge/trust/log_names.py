"""Logs and witnesses as lists name them: services of two types of their own, whose keys sign notes.

Decides whether an entry can be one: plain Ed25519 keys, for the address that makes the name under which they sign.
Readers that do not know the types lose nothing else of a list. Clauses: C2SP tlog-checkpoint (the origin is an address
without its scheme), tlog-cosignature; ETSI TS 119 602.
"""

from typing import Final

from idbridge.model.region import ServiceType
from idbridge.model.trust import ServiceProfile
from idbridge.tlog import note
from idbridge.trust.errors import violation

ALGORITHM: Final = "Ed25519"
_SIGNING_NOTES: Final = frozenset({ServiceType.LOG, ServiceType.WITNESS})
_SCHEME: Final = "https://"


def origin_of(issuer: str) -> str:
    """Return the name under which the service of ``issuer`` signs notes: the origin of a log, the name of a witness."""
    return issuer.removeprefix(_SCHEME)


def issuer_of(origin: str) -> str:
    """Return the issuer under which a list names the service that signs as ``origin``."""
    return f"{_SCHEME}{origin}"


def require_listable(service_type: ServiceType, profile: ServiceProfile, *, issuer: str, certified: bool) -> None:
    """Return if a service of this type may be listed so, or signs no notes.

    Raises:
        TrustError: ``trust.profile_violation``: it signs notes, and has certificates, another algorithm, or a name that
            no note allows.
    """
    if service_type not in _SIGNING_NOTES:
        return
    if certified or profile.algorithms != {ALGORITHM}:
        raise violation("a log or witness is listed by plain keys, all for Ed25519")
    if not note.is_name(origin_of(issuer)):
        raise violation("the address of a log or witness cannot be a name in notes")
