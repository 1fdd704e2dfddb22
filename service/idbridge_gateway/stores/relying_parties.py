"""Who may ask: the registrations of one node, and which of them a presented API key belongs to.

A key reads ``idb_test_<id>_<secret>`` in the sandbox and ``idb_live_...`` in live. Only its SHA-256 digest is stored:
the secret has 256 random bits, so that a slow hash would protect nothing and cost every request. Comparison takes the
same time whether the id is known or not, and whichever of a party's keys it is.
"""

import hashlib
import hmac
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from idbridge.errors import ConfigurationError, RequestError
from idbridge.model.region import Environment
from idbridge.model.request import RelyingParty

KEY_PREFIXES: Final[Mapping[Environment, str]] = MappingProxyType({
    Environment.SANDBOX: "idb_test_",
    Environment.LIVE: "idb_live_",
})  # fmt: skip
ID: Final = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?", re.ASCII)

_KEY_OCTETS: Final = 256  # longer than any key that was ever handed out
_NOBODY: Final = ("0" * 64,)


@dataclass(frozen=True, slots=True)
class RelyingParties:
    """The registrations of one node, all of one environment; made by ``of``."""

    environment: Environment
    by_id: Mapping[str, RelyingParty]

    @classmethod
    def of(cls, parties: Iterable[RelyingParty], *, environment: Environment) -> "RelyingParties":
        """Return the registry of ``parties``.

        Raises:
            ConfigurationError: An id stands twice or has another form, or one is of another environment.
        """
        by_id: dict[str, RelyingParty] = {}
        for party in parties:
            if ID.fullmatch(party.id) is None or party.id in by_id:
                raise ConfigurationError("a relying party has an id of its own, of lower case letters, digits and `-`")
            if party.environment is not environment:
                raise ConfigurationError(
                    f"relying party {party.id} is registered for another environment than the node"
                )
            by_id[party.id] = party
        return cls(environment, MappingProxyType(by_id))

    def authenticate(self, authorization: bytes | None) -> RelyingParty:
        """Return the relying party whose key ``authorization`` (the header field) presents.

        Raises:
            RequestError: ``policy.unauthenticated`` for anything but a key of ours, ``policy.relying_party_disabled``
                for the right key of a party that is switched off.
        """
        presented = authorization or b""
        scheme, _, key = presented[:_KEY_OCTETS].partition(b" ")
        prefix = KEY_PREFIXES[self.environment].encode()
        party = self.by_id.get(key[len(prefix) :].partition(b"_")[0].decode("latin-1"))
        digest = hashlib.sha256(key).hexdigest()
        known = _one_of(digest, party.api_key_digests if party is not None and party.api_key_digests else _NOBODY)
        fitting = scheme.lower() == b"bearer" and key.startswith(prefix) and len(presented) <= _KEY_OCTETS
        if not (known and fitting) or party is None:
            raise RequestError("policy.unauthenticated")
        if not party.enabled:
            raise RequestError("policy.relying_party_disabled")
        return party


def _one_of(digest: str, listed: tuple[str, ...]) -> bool:
    """Tell whether ``digest`` is listed, looking at every one of them."""
    found = False
    for candidate in listed:
        found |= hmac.compare_digest(digest, candidate)
    return found
