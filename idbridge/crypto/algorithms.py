"""The closed table of signature algorithms (RFC 7518 section 3, RFC 8037, RFC 9864).

Decides which algorithm names exist here, and which kind of key each needs. Nothing symmetric can be constructed:
there is no key type for it, so an HMAC over public key octets has no way in (RFC 8725 section 3.1).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final, NoReturn

from idbridge.errors import JoseError


class KeyType(StrEnum):
    """The ``kty`` values that a key may have. There is no ``oct``."""

    EC = "EC"
    OKP = "OKP"
    RSA = "RSA"


@dataclass(frozen=True, slots=True)
class Algorithm:
    """One signature algorithm: its name, the keys that it fits and the length of its signature.

    ``curve`` and ``signature_octets`` are ``None`` for RSA, where the key decides. ``aliases`` are other JOSE names
    of the very same algorithm.

    Raises:
        ValueError: A curve is missing, or given where there is none.
    """

    name: str
    key_type: KeyType
    curve: str | None
    signature_octets: int | None
    aliases: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if (self.key_type is KeyType.RSA) is not (self.curve is None):
            raise ValueError("an algorithm has a curve unless it is RSA")


_TABLE: Final = (
    Algorithm("ES256", KeyType.EC, "P-256", 64),
    Algorithm("ES384", KeyType.EC, "P-384", 96),
    Algorithm("ES512", KeyType.EC, "P-521", 132),
    Algorithm("Ed25519", KeyType.OKP, "Ed25519", 64, aliases=("EdDSA",)),  # RFC 9864 names what RFC 8037 left open
    Algorithm("PS256", KeyType.RSA, None, None),
    Algorithm("RS256", KeyType.RSA, None, None),
)

ALGORITHMS: Final[Mapping[str, Algorithm]] = MappingProxyType(
    {name: algorithm for algorithm in _TABLE for name in (algorithm.name, *algorithm.aliases)}
)


def find(name: str) -> Algorithm:
    """Return the algorithm that a header calls ``name``; names are compared exactly.

    Raises:
        JoseError: ``jose.alg_none`` for ``none`` in any case, ``jose.alg_not_allowed`` for all else not in the table.
    """
    found = ALGORITHMS.get(name)
    return found if found is not None else _refuse(name)


def permitted(algorithm: str, allowed: frozenset[str]) -> bool:
    """Tell whether ``allowed`` holds ``algorithm`` under its own name or an alias."""
    if algorithm in allowed:
        return True
    known = ALGORITHMS.get(algorithm)
    return known is not None and not allowed.isdisjoint((known.name, *known.aliases))


def _refuse(name: str) -> NoReturn:
    if name.strip().casefold() == "none":
        raise JoseError("jose.alg_none")
    raise JoseError("jose.alg_not_allowed", "the algorithm is not in the closed table")
