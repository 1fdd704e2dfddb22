"""Status lists of the pretend region: what its revocation services serve, and what a node knows that fetched it.

Each list calls most of its entries good, and a few by index otherwise, so that a case can be about each of them. What a
service names and does not serve (``LATER``) stands for a host that is down. Clauses: Token Status List section 4;
Bitstring Status List v1.0 section 3.1.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any, Final

from idbridge.clock import Clock
from idbridge.errors import FetchError
from idbridge.limits import LIMITS
from idbridge.sandbox.region import Region
from idbridge.sandbox.services import Service
from idbridge.status import issue
from idbridge.status.issue import Making
from idbridge.status.packing import packed, packed_bitstring
from idbridge.status.rounds import Held, fetch_all, take_up_all
from idbridge.status.snapshot import StatusSnapshot
from idbridge.trust.crl_floors import CrlFloors
from idbridge.trust.snapshot import TrustSnapshot

GOOD, REVOKED, SUSPENDED, OWN_VALUE = 0, 1, 2, 3  # an index says here what its value is
TOKENS, BITSTRING, LATER = "tokens", "bitstring", "later"
SG: Final = "https://sandbox.status.sg.example"
TH: Final = "https://sandbox.status.th.example"
ENTRIES: Final = 4096
BITS: Final = 2
_SERVICES: Final = ("sg-revocation", "th-revocation")
_LIFE: Final = timedelta(days=2)


def reference(index: int, address: str = f"{SG}/{TOKENS}") -> dict[str, Any]:
    """Return a ``status`` member: this index of the list at ``address``."""
    return {"status_list": {"idx": index, "uri": address}}


def w3c_reference(index: int, *, purpose: str = "revocation", address: str = f"{SG}/{BITSTRING}") -> dict[str, Any]:
    """Return a ``credentialStatus`` entry: this index of the bitstring at ``address``, whose index 1 is revoked."""
    return {
        "id": f"{address}#{index}",
        "type": "BitstringStatusListEntry",
        "statusPurpose": purpose,
        "statusListIndex": str(index),
        "statusListCredential": address,
    }


def documents(region: Region, *, at: datetime) -> Mapping[str, bytes]:
    """Return what the region's revocation services serve ``at`` an instant, by address; made once an hour."""
    made = at.replace(minute=0, second=0, microsecond=0)
    served: dict[str, bytes] = {}
    for service in map(region.service, _SERVICES):
        for address in service.source["status_lists"]:
            document = _document(service, Making(address, made, _LIFE))
            if document is not None:
                served[address] = document
    return served


def _document(service: Service, making: Making) -> bytes | None:
    kind = making.address.rpartition("/")[2]
    if kind == TOKENS:
        return issue.sign_jwt(issue.claims_of(making, _tokens(), BITS), making, service.signer)
    if kind == BITSTRING:
        said = issue.bitstring_of(making, _bitstring(), issuer=service.issuer, purpose="revocation")
        return issue.sign_bitstring(said, making, service.signer)
    return None


@cache
def _tokens() -> bytes:
    named = (GOOD, REVOKED, SUSPENDED, OWN_VALUE)
    return packed((*named, *(GOOD for _ in range(ENTRIES - len(named)))), BITS)


@cache
def _bitstring() -> bytes:
    return packed_bitstring(int(index == REVOKED) for index in range(LIMITS.status_list_entries))


@dataclass(frozen=True, slots=True)
class RegionHost:
    """The hosts of the region's revocation services, in memory; implements ``Source``."""

    region: Region
    clock: Clock

    def fetch(self, url: str, *, max_bytes: int) -> bytes:
        """Return what is served at ``url`` now.

        Raises:
            FetchError: Nothing is, or it is longer than ``max_bytes``.
        """
        octets = documents(self.region, at=self.clock.now()).get(url)
        if octets is None or len(octets) > max_bytes:
            raise FetchError("the pretend region serves nothing there that could be read")
        return octets


@dataclass(frozen=True, slots=True)
class _At:
    instant: datetime

    def now(self) -> datetime:
        """Return the one instant."""
        return self.instant


def statuses_of(region: Region, *, trust: TrustSnapshot, at: datetime) -> StatusSnapshot:
    """Return what a node that trusts ``trust`` knows of revocation, after it fetched ``at`` an instant."""
    fetched = fetch_all(RegionHost(region, _At(at)), trust)
    return take_up_all(fetched, trust, held=Held(), floors=CrlFloors(trust.environment), keep=bytes, at=at).statuses
