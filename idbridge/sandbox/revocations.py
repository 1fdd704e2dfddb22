"""Revocation lists of a state's certification authority: what a node is offered, and what it holds when it is asked."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Final

from idbridge.crypto.certificates import Authority, make_crl, serial_number
from idbridge.crypto.crl import CrlFloor, VerifiedCrl, verify_crl
from idbridge.model.time import Validity
from idbridge.sandbox.bench import Bench
from idbridge.sandbox.questions import question
from idbridge.sandbox.recipe import Source
from idbridge.sandbox.region import Region
from idbridge.sandbox.seeded import SeededRandomness
from idbridge.sandbox.sources import Table
from idbridge.status.snapshot import status_snapshot
from idbridge.verify.verifier import Verifier

ADDRESS: Final = "https://crl.sg.example/1.crl"
_AGE: Final = timedelta(hours=1)
_LIFE: Final = timedelta(days=1)
_HELD_NUMBER: Final = 7


@dataclass(frozen=True, slots=True)
class RevocationOffer:
    """A credential under a certificate, at a node that is offered a CRL of the authority after it once held number 7.

    The state's list demands that the node knows. ``offered`` tells whether there is a CRL at all, ``revoked`` whether
    it names the certificate of the credential, ``altered`` whether somebody changed it on the way; ``age`` is how long
    ago it was made.
    """

    source: Source
    service: str
    to: str
    purpose: str
    offered: bool = True
    number: int = _HELD_NUMBER + 1
    revoked: bool = False
    age: timedelta = _AGE
    altered: bool = False

    def made(self, region: Region, *, at: datetime) -> None:
        """Take the CRL up, then show the credential.

        Raises:
            StatusError: The CRL is refused.
            Refused: The credential is not accepted.
        """
        asking = region.registration(self.to)
        shown = self.source.shown(Bench(region, at, SeededRandomness(b"revocation")), to=asking)
        document = {"credential": shown.credential, "purpose": self.purpose, "expected": {"nonce": shown.nonce}}
        held = status_snapshot([self._crl(region, at=at)] if self.offered else [])
        verifier = Verifier(trust=self.demanding(region, at=at).snapshot(at=at), status=held)
        verifier.verify(question(document, relying_party=asking.relying_party), at=at).require_passed()

    def demanding(self, region: Region, *, at: datetime) -> Region:
        """Return the region in which the list says where the authority publishes its CRLs."""
        state = region.service(self.service).state
        source = region.sources.lists[state]

        def demanding(service: Table) -> Table:
            return {**service, "crl": [ADDRESS]} if service["id"] == self.service else service

        providers = [
            {**provider, "service": [demanding(service) for service in provider["service"]]}
            for provider in source["provider"]
        ]
        lists = MappingProxyType({**region.sources.lists, state: {**source, "provider": providers}})
        return replace(region, sources=replace(region.sources, lists=lists)).reissued(state, at=at)

    def _crl(self, region: Region, *, at: datetime) -> VerifiedCrl:
        keys = region.service(self.service).keys
        octets = self.octets(region, at=at)
        return verify_crl(octets, issuer=keys.listed[0], at=at, floor=CrlFloor(_HELD_NUMBER, "0" * 64))

    def octets(self, region: Region, *, at: datetime) -> bytes:
        """Return the CRL as it is offered."""
        keys = region.service(self.service).keys
        if keys.authority is None:
            raise LookupError(f"service {self.service} has no authority")
        start = at.replace(microsecond=0) - self.age
        crl = make_crl(
            Authority(keys.listed[0], keys.authority),
            number=self.number,
            validity=Validity(start, start + _LIFE),
            revoked={serial_number(keys.chain[0]): start} if self.revoked else {},
        )
        return crl[:-1] + bytes([crl[-1] ^ 1]) if self.altered else crl
