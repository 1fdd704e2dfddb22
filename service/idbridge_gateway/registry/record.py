"""A registration: everything that is registered of one relying party, as one value.

Decides whether its parts belong together, and what of it counts at an instant. It does not know where it is kept. Keys
and secrets are here as digests only; of an API key the last four characters are kept too, so that people can tell two
of them apart.
"""

import re
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final

from idbridge.limits import LIMITS
from idbridge.model.entities import has_form
from idbridge.model.request import RelyingParty
from idbridge.oidc.client import OidcClient

_DIGEST: Final = re.compile(r"[0-9a-f]{64}", re.ASCII)
_LAST_FOUR: Final = re.compile(r"[A-Za-z0-9_-]{4}", re.ASCII)


@dataclass(frozen=True, slots=True)
class ApiKey:
    """One API key: its SHA-256 (lower case hex), and from when until when it is good; ``None`` is not bounded.

    Raises:
        ValueError: The digest is none, or an instant is not UTC.
    """

    digest: str = field(repr=False)
    last_four: str | None = None
    created_at: datetime | None = None
    expires_at: datetime | None = None

    def __post_init__(self) -> None:
        if _DIGEST.fullmatch(self.digest) is None:
            raise ValueError("`api_key_digests` are SHA-256 digests in lower case hex, never keys")
        if self.last_four is not None and _LAST_FOUR.fullmatch(self.last_four) is None:
            raise ValueError("`last_four` are the last four characters of an API key")
        for instant in (self.created_at, self.expires_at):
            if instant is not None and instant.utcoffset() != timedelta(0):
                raise ValueError("an API key has UTC instants")

    def is_good(self, at: datetime) -> bool:
        """Tell whether the key has not ended at ``at``."""
        return self.expires_at is None or at < self.expires_at


@dataclass(frozen=True, slots=True)
class RequestLimits:
    """How many requests a minute a relying party may send on average, and how many at once.

    Raises:
        ValueError: One of them is not a number from 1 to the bound.
    """

    per_minute: int
    burst: int

    def __post_init__(self) -> None:
        if not all(1 <= number <= LIMITS.registered_rate for number in (self.per_minute, self.burst)):
            raise ValueError(f"`limits` are whole numbers from 1 to {LIMITS.registered_rate}")


@dataclass(frozen=True, slots=True)
class Company:
    """A legal person, by its number in a public register.

    Raises:
        ValueError: There is no such register, or its numbers have another form.
    """

    scheme: str
    value: str

    def __post_init__(self) -> None:
        if not has_form(self.scheme, self.value):
            raise ValueError("`signs_in_as` is the number of a company as its register writes it")


@dataclass(frozen=True, slots=True)
class Registration:
    """A relying party with its keys, its clients of OpenID Connect, and what is agreed with it.

    ``webhook`` is where it is told of results by their id. ``contact`` and ``withdrawal`` are shown to a person at
    consent: whom to ask, and where to take consent back. ``limits`` say how often it may ask.
    ``signs_in_as`` is the company whose people sign in for it at the node's own pages; ``None`` if nobody does.
    ``version`` counts the changes: whoever changes it says which version they saw. ``relying_party.api_key_digests``
    are those of ``api_keys``, good or ended.

    Raises:
        ValueError: The parts do not belong together, or there are too many of them; the sentence says which.
    """

    relying_party: RelyingParty
    api_keys: tuple[ApiKey, ...] = ()
    clients: tuple[OidcClient, ...] = ()
    limits: RequestLimits | None = None
    webhook: str | None = None
    contact: str | None = None
    withdrawal: str | None = None
    signs_in_as: Company | None = None
    version: int = 1
    created_at: datetime | None = None
    changed_at: datetime | None = None

    def __post_init__(self) -> None:
        digests = tuple(key.digest for key in self.api_keys)
        if len(set(digests)) != len(digests) or len(digests) > LIMITS.api_keys:
            raise ValueError(f"a relying party has at most {LIMITS.api_keys} API keys, none of them twice")
        if len({client.id for client in self.clients}) != len(self.clients) or len(self.clients) > LIMITS.oidc_clients:
            raise ValueError(f"a relying party has at most {LIMITS.oidc_clients} clients, none of them twice")
        for client in self.clients:
            if (client.relying_party, client.environment) != (self.id, self.relying_party.environment):
                raise ValueError("a client is of its own relying party and of the same environment")
        object.__setattr__(self, "relying_party", replace(self.relying_party, api_key_digests=digests))

    @property
    def id(self) -> str:
        """The id of the relying party."""
        return self.relying_party.id

    def party_at(self, at: datetime) -> RelyingParty:
        """Return the relying party as it counts at ``at``: with the keys that are good then.

        What is issued to one of its clients of OpenID Connect is made for that client's id: it is an audience of the
        party, and nobody has to write it twice.
        """
        good = tuple(key.digest for key in self.api_keys if key.is_good(at))
        audiences = self.relying_party.audiences | {client.id for client in self.clients}
        return replace(self.relying_party, api_key_digests=good, audiences=audiences)
