"""API keys and client secrets: made here, told once, and kept as digests."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any, Final

from idbridge.codec import base64url
from idbridge.limits import LIMITS
from idbridge.model.randomness import Randomness
from idbridge.model.region import Environment
from idbridge.oidc.client import EndingSecret, OidcClient
from idbridge_gateway.registry.client_form import ENDING_SECRET, SECRET_DIGEST, ending_document, needs_secret
from idbridge_gateway.registry.members import refused
from idbridge_gateway.registry.record import ApiKey, Registration
from idbridge_gateway.stores.relying_parties import KEY_PREFIXES

SECRET_OCTETS: Final = 32
_SHOWN: Final = 4
_CLIENTS: Final = "oidc_clients"
_MADE_HERE: Final = frozenset({SECRET_DIGEST, ENDING_SECRET})


@dataclass(frozen=True, slots=True)
class NewSecret:
    """A secret that is told once; ``digest`` (SHA-256, lower case hex) is what is kept of it."""

    text: str = field(repr=False)

    @property
    def digest(self) -> str:
        """The SHA-256 of the secret."""
        return hashlib.sha256(self.text.encode("ascii")).hexdigest()


def new_secret(randomness: Randomness) -> NewSecret:
    """Return a client secret of 256 random bits."""
    return NewSecret(base64url.encode(randomness.octets(SECRET_OCTETS)))


def new_api_key(
    party: str, *, environment: Environment, randomness: Randomness, at: datetime
) -> tuple[NewSecret, ApiKey]:
    """Return an API key for ``party`` and what is kept of it."""
    secret = NewSecret(f"{KEY_PREFIXES[environment]}{party}_{new_secret(randomness).text}")
    return secret, ApiKey(secret.digest, secret.text[-_SHOWN:], at.replace(microsecond=0))


def with_new_key(registration: Registration, key: ApiKey, *, at: datetime, overlap: timedelta) -> Registration:
    """Return ``registration`` with ``key``; those that it had end after ``overlap``, or earlier as they would anyway.

    Keys that have ended are left out, so that they do not count.

    Raises:
        RequestError: ``input.request_malformed``: the overlap is negative or too long, or there would be too many keys.
    """
    if not timedelta(0) <= overlap <= LIMITS.api_key_overlap:
        raise refused(f"an old key stays good for 0 to {LIMITS.api_key_overlap.days} days")
    end = at.replace(microsecond=0) + overlap
    ending = (
        old if old.expires_at and old.expires_at < end else replace(old, expires_at=end)
        for old in _good(registration, at)
    )
    kept = tuple(old for old in ending if old.is_good(at))
    if len(kept) >= LIMITS.api_keys:
        raise refused(f"a relying party has at most {LIMITS.api_keys} API keys; wait for one to end, or end them now")
    return replace(registration, api_keys=(*kept, key))


def with_new_secret(
    registration: Registration, client_id: str, secret: NewSecret, *, at: datetime, overlap: timedelta
) -> Registration:
    """Return ``registration`` with ``secret`` for one client; the one that it had ends after ``overlap``.

    There are never more than two: one that was ending already ends now.

    Raises:
        RequestError: ``input.request_malformed``: the overlap is negative or too long, or there is no such client, or
            none with a secret.
    """
    if not timedelta(0) <= overlap <= LIMITS.api_key_overlap:
        raise refused(f"an old secret stays good for 0 to {LIMITS.api_key_overlap.days} days")
    held = next((client for client in registration.clients if client.id == client_id), None)
    if held is None or held.secret_digest is None:
        raise refused("the relying party has no client of this id with a secret")
    ending = EndingSecret(held.secret_digest, at.replace(microsecond=0) + overlap) if overlap else None
    made = replace(held, secret_digest=secret.digest, ending_secret=ending)
    return replace(registration, clients=tuple(made if one is held else one for one in registration.clients))


def _good(registration: Registration, at: datetime) -> tuple[ApiKey, ...]:
    return tuple(key for key in registration.api_keys if key.is_good(at))


def with_secrets(
    entry: Any, randomness: Randomness, *, held: Registration | None = None
) -> tuple[Any, Mapping[str, str]]:
    """Return the document ``entry`` in which every client that needs a secret has one, and those that are new, by id.

    A client that ``held`` has keeps the secret that it has: what is shown of a registration does not say it.

    Raises:
        RequestError: ``input.request_malformed``: ``entry`` brings the digest of a secret along. Secrets are made here,
            because nobody can tell from a digest whether what is behind it was random.
    """
    clients = entry.get(_CLIENTS) if isinstance(entry, dict) else None
    if not isinstance(clients, list):
        return entry, MappingProxyType({})
    known = {} if held is None else {client.id: client for client in held.clients}
    told: dict[str, str] = {}
    completed = [_with_secret(client, known, told, randomness) for client in clients]
    return {**entry, _CLIENTS: completed}, MappingProxyType(told)


def _with_secret(client: Any, known: Mapping[str, OidcClient], told: dict[str, str], randomness: Randomness) -> Any:
    if not isinstance(client, dict):
        return client
    if brought := sorted(_MADE_HERE.intersection(client)):
        raise refused(f"`{brought[0]}` of a client is kept and never taken: secrets are made here, and told once")
    if not isinstance(client.get("id"), str) or not needs_secret(client):
        return client
    held = known.get(client["id"])
    if held is None or held.secret_digest is None:
        secret = new_secret(randomness)
        told[client["id"]] = secret.text
        return {**client, SECRET_DIGEST: secret.digest}
    ending = {} if held.ending_secret is None else {ENDING_SECRET: ending_document(held.ending_secret)}
    return {**client, SECRET_DIGEST: held.secret_digest, **ending}
