"""Queries: what a relying party asked of a wallet, parsed. Made in ``presentation/dcql.py`` only.

A value of these types is well formed: every id is unique and every reference leads somewhere. Clause: OpenID4VP 1.0,
section 6.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from idbridge.model.region import Format

PathStep = str | int | None
ClaimPath = tuple[PathStep, ...]
Value = tuple[type, str | int | bool]  # with its type, because `true` equals 1 in Python and not in JSON

AKI: Final = "aki"
ETSI_LIST: Final = "etsi_tl"
FEDERATION: Final = "openid_federation"


class Authority(NamedTuple):
    """Who vouches for an issuer, in the terms of one mechanism: a key identifier, a list or an entity."""

    type: str
    value: str


@dataclass(frozen=True, slots=True)
class ClaimQuery:
    """One claim that is asked for; ``values`` are those that will do, any if there are none."""

    id: str | None
    path: ClaimPath
    values: frozenset[Value] = frozenset()


@dataclass(frozen=True, slots=True)
class CredentialQuery:
    """One credential that is asked for.

    ``types`` are alternatives: the credential has every type of at least one of them; without any, its type does not
    matter. ``authorities`` likewise: one of them vouches for it. ``claim_sets`` are places in ``claims``; without any,
    all claims are asked for.
    """

    id: str
    format: str
    multiple: bool
    types: tuple[frozenset[str], ...]
    authorities: frozenset[Authority]
    holder_binding: bool
    claims: tuple[ClaimQuery, ...]
    claim_sets: tuple[tuple[int, ...], ...]


@dataclass(frozen=True, slots=True)
class CredentialSet:
    """Which credentials will do together: all those of one of ``options``, by id."""

    options: tuple[frozenset[str], ...]
    required: bool


@dataclass(frozen=True, slots=True)
class Query:
    """A DCQL query: credentials, in the order in which they were asked for, and the sets that will do."""

    credentials: tuple[CredentialQuery, ...]
    sets: tuple[CredentialSet, ...] = ()
    by_id: Mapping[str, CredentialQuery] = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "by_id", {one.id: one for one in self.credentials})


@dataclass(frozen=True, slots=True)
class Transaction:
    """One transaction that a holder is asked to authorise, as the text that was sent to the wallet.

    ``credentials`` are the ids of those that may authorise it; one of them does. ``algorithms`` are the digest
    algorithms that were offered, none if the wallet had no choice.
    """

    text: str = field(repr=False)
    type: str
    credentials: frozenset[str]
    algorithms: frozenset[str] = frozenset()


class Disclosed(NamedTuple):
    """What a verified credential shows, in its own terms and not in regional ones.

    ``types`` are those that count: ``vct`` and listed others, the document type, or the ``type`` of a W3C credential.
    ``claims`` of an mdoc stand by namespace and element. ``transactions`` are the texts of those that its holder
    authorised with it.
    """

    types: frozenset[str]
    claims: Mapping[str, Any]
    transactions: frozenset[str] = frozenset()

    def __repr__(self) -> str:
        """Name the type alone: a ``repr`` ends in logs, and what this holds is about a person."""
        return f"{type(self).__name__}(...)"


class Shown(NamedTuple):
    """What a query is held against: what a verified credential discloses, who holds it, and who vouches for it."""

    format: Format | str
    types: frozenset[str]
    claims: Mapping[str, Any]
    bound: bool
    authorities: frozenset[Authority] = frozenset()

    def __repr__(self) -> str:
        """Name the type alone: a ``repr`` ends in logs, and what this holds is about a person."""
        return f"{type(self).__name__}(...)"


class ArrayWithGaps(list[Any]):
    """An array of which the holder withheld elements: what is left, and at which index each stood when signed.

    Without it a holder could move an element to another index by withholding those before it.
    """

    __slots__ = ("indices",)

    def __init__(self, elements: list[Any], indices: tuple[int, ...]) -> None:
        super().__init__(elements)
        self.indices = indices
