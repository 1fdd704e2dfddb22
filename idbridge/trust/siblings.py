"""Siblings: the other listed keys of a login service, each judged on its own; part of step V3.

A provider may sign a userinfo response with another key than the ID token beside it. That a service is good says
nothing of each of its keys: one of them may be denied, or have ended where the state lists it in another role. So each
is judged as the key of the token is, at the same instant. Keys that were only fetched are no siblings: no list names
them. Clauses: ETSI TS 119 602 (service status and history); OpenID Connect Core 1.0, section 10.1.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Final, NamedTuple

from idbridge.model.keys import PublicKey
from idbridge.model.region import Format, MemberState
from idbridge.model.trust import TrustService
from idbridge.trust.history import ENDED, severity_at
from idbridge.trust.snapshot import TrustSnapshot


class Sibling(NamedTuple):
    """A key that the same service lists, and the code with which what it signs is refused; ``None`` if it is good."""

    key: PublicKey
    refused: str | None


class JudgedBy(NamedTuple):
    """What siblings were judged by: services whose status counted, and when denials lapse that were looked at."""

    services: tuple[TrustService, ...]
    lapses: tuple[datetime, ...]


NO_SIBLINGS: Final[tuple[Sibling, ...]] = ()
_BY_NOTHING: Final = JudgedBy((), ())


def siblings_of(
    snapshot: TrustSnapshot, service: TrustService, *, beside: PublicKey, at: datetime
) -> tuple[tuple[Sibling, ...], JudgedBy]:
    """Return the keys of ``service`` other than ``beside``, each judged at ``at``, and what they were judged by.

    Only a login service has any: nothing but a userinfo response is ever signed by one.
    """
    others = [key for key in service.keys if key.thumbprint != beside.thumbprint]
    if not others or Format.ID_TOKEN not in service.profile.formats:
        return NO_SIBLINGS, _BY_NOTHING
    siblings: list[Sibling] = []
    services: list[TrustService] = []
    lapses: list[datetime] = []
    for key in others:
        listing = listing_of(snapshot, (key.thumbprint,), state=service.member_state)
        lapse = snapshot.denied.until(service.member_state, services=listing, keys=(key.thumbprint,))
        worst = max((severity_at(one, at) for one in listing), default=0)
        denied = lapse is not None and at < lapse
        siblings.append(Sibling(key, "issuer.denied" if denied else ENDED.get(worst)))
        services += listing
        lapses += [] if lapse is None else [lapse]
    return tuple(siblings), JudgedBy(tuple(services), tuple(lapses))


def listing_of(snapshot: TrustSnapshot, thumbprints: Iterable[str], *, state: MemberState) -> tuple[TrustService, ...]:
    """Return every service of ``state`` that lists one of these keys."""
    return tuple(
        service
        for thumbprint in thumbprints
        for service in snapshot.by_thumbprint(thumbprint)
        if service.member_state is state
    )
