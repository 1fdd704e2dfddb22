"""A state that lists a revocation service, and the status lists that this service, or somebody else, signs."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import cache
from typing import Any, Final

from idbridge.crypto.signer import FileSigner, generate
from idbridge.model.region import MemberState
from idbridge.status import issue
from idbridge.status.issue import Making
from idbridge.status.lists import verify_status_list
from idbridge.status.packing import packed, packed_bitstring
from idbridge.status.status_list import StatusList
from idbridge.trust.snapshot import TrustSnapshot, snapshot_of
from tests.trust.editions import DAY, HOUR, NOON, Table, edition, service, trusted

SG, TH = MemberState.SG, MemberState.TH
ISSUER: Final = "https://status.sg.example"
ONE, TWO, THREE = (f"{ISSUER}/{number}" for number in (1, 2, 3))
KEY: Final = generate("ES256", "status-1")
THIEF: Final = generate("ES256", "status-1")
VALUES: Final = (0, 1, 2, 3, 0, 0, 0, 0)
MADE: Final = NOON - HOUR


def revocation(name: str = "revocation", /, **changes: Any) -> Table:
    """A service of revocation; ``changes`` replace members of its source."""
    return service(
        name,
        **{
            "type": "revocation",
            "issuer": ISSUER,
            "formats": [],
            "ladder": [],
            "keys": (KEY,),
            "status_lists": [ONE, TWO, THREE],
            **changes,
        },
    )


def snapshot(*services: Table, **changes: Any) -> TrustSnapshot:
    """A snapshot with the list of Singapore: ``services``, or its one revocation service with ``changes``."""
    return snapshot_of(trusted(edition(7, *(services or (revocation(**changes),)))))


@cache
def trust() -> TrustSnapshot:
    """The snapshot in which all is well."""
    return snapshot()


def making(address: str = ONE, *, made: datetime = MADE, life: timedelta = DAY, ttl: timedelta | None = None) -> Making:
    """What a list says of itself."""
    return Making(address, made, life, ttl)


def jwt(
    values: tuple[int, ...] = VALUES,
    *,
    bits: int = 2,
    by: FileSigner = KEY,
    claims: Mapping[str, Any] | None = None,
    of: Making | None = None,
) -> bytes:
    """A Token Status List as a JWT; ``claims`` replace some, ``None`` takes one away."""
    made = of or making()
    said = {**issue.claims_of(made, packed(values, bits), bits), **(claims or {})}
    return issue.sign_jwt({name: value for name, value in said.items() if value is not None}, made, by)


def cwt(values: tuple[int, ...] = VALUES, *, bits: int = 2, by: FileSigner = KEY, of: Making | None = None) -> bytes:
    """The same as a CWT."""
    made = of or making()
    return issue.sign_cwt(issue.claims_of(made, packed(values, bits), bits), made, by)


def bitstring(
    set_: frozenset[int] = frozenset({1}),
    *,
    entries: int = 131_072,
    purpose: str = "revocation",
    by: FileSigner = KEY,
    changes: Mapping[str, Any] | None = None,
    subject: Mapping[str, Any] | None = None,
    of: Making | None = None,
) -> bytes:
    """A W3C Bitstring Status List with the indices ``set_``; ``changes`` replace members, ``None`` takes one away."""
    made = of or making()
    octets = packed_bitstring(int(index in set_) for index in range(entries))
    document = issue.bitstring_of(made, octets, issuer=ISSUER, purpose=purpose)
    document |= {"credentialSubject": {**document["credentialSubject"], **(subject or {})}}
    document = {name: value for name, value in {**document, **(changes or {})}.items() if value is not None}
    return issue.sign_bitstring(document, made, by)


def altered(octets: bytes) -> bytes:
    """A JWT with another character in the middle of its signature, whichever was there."""
    place = -20
    return octets[:place] + (b"B" if octets[place : place + 1] == b"A" else b"A") + octets[place + 1 :]


def taken(octets: bytes, *, address: str = ONE, over: TrustSnapshot | None = None, at: datetime = NOON) -> StatusList:
    """The list as a node that fetched it takes it up."""
    return verify_status_list(octets, (SG, address), trust=over or trust(), fetched_at=at)
