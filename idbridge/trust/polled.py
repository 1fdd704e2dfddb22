"""Polled keys: which key that a login service published itself a header names, and until when that counts.

A state may list where a login service publishes its keys (``keySet``). They were fetched ahead of time, never by a
verification, and come second: a key that the list names itself is taken first. Decides nothing about the service.
Clause: OpenID Connect Core 1.0 section 10.1.1.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime

from idbridge.errors import IssuerError, JoseError
from idbridge.model.keys import PublicKey
from idbridge.model.trust import Polled, TrustService


def named_by(
    kid: str | None, services: Iterable[TrustService], polled: Polled, *, at: datetime, signer: str | None = None
) -> Iterator[tuple[TrustService, PublicKey, datetime]]:
    """Yield the keys that ``kid`` names in the sets of ``services``, with the end of what was fetched.

    Without ``kid`` there is none: a set changes under way, so that the only fitting key of now says nothing of then.
    Whoever was handed the token by the provider a moment ago may tell which key did sign it (``signer``).
    """
    for service in services:
        address = service.profile.key_set
        asked = kid is not None or signer is not None
        held = polled.get((service.member_state, address)) if address is not None and asked else None
        if held is not None and at < held.until:
            yield from ((service, key, held.until) for key in held.keys if _is_named(key, kid, signer=signer))


def refusal_of(
    kid: str | None, services: Iterable[TrustService], unlisted: IssuerError | JoseError
) -> IssuerError | JoseError:
    """Return why a key that is not listed is not known: where there is a key set, the set may only be late."""
    if kid is None or all(service.profile.key_set is None for service in services):
        return unlisted
    return JoseError("jose.kid_unknown", "the header's `kid` is neither listed nor in the key set as fetched last")


def _is_named(key: PublicKey, kid: str | None, *, signer: str | None) -> bool:
    return key.kid == kid if kid is not None else key.thumbprint == signer
