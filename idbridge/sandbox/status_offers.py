"""Status lists and key sets as a node is offered them, and what is shown to it afterwards."""

import json
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Final

from idbridge.codec import base64url
from idbridge.crypto.crl import CrlFloor
from idbridge.crypto.signer import FileSigner
from idbridge.model.region import MemberState
from idbridge.sandbox.bench import Bench
from idbridge.sandbox.draft import Draft
from idbridge.sandbox.logins import Login
from idbridge.sandbox.questions import question
from idbridge.sandbox.recipe import Source
from idbridge.sandbox.region import Region
from idbridge.sandbox.seeded import SeededRandomness
from idbridge.sandbox.sources import Table
from idbridge.sandbox.statuses import BITS, ENTRIES, SG, TOKENS
from idbridge.status import issue
from idbridge.status.issue import Making
from idbridge.status.key_sets import read_key_set
from idbridge.status.list_round import verified_list
from idbridge.status.packing import packed
from idbridge.status.snapshot import status_snapshot
from idbridge.trust.crl_floors import CrlFloors
from idbridge.verify.verifier import Verifier

ADDRESS: Final = f"{SG}/{TOKENS}"
KEY_SET: Final = "https://sandbox.login.sg.example/jwks"
_LIFE: Final = timedelta(days=1)
_AGE: Final = timedelta(hours=1)
_LAST: Final = timedelta(hours=2)  # before now, the list was made that the node accepted last


@dataclass(frozen=True, slots=True)
class StatusListOffer:
    """A credential that refers to a status list of Singapore, at a node that is offered the list first.

    ``age`` is how long ago the list was made, ``altered`` whether somebody changed it on the way, ``signed_by`` the
    service whose key signed it.
    """

    source: Source
    to: str
    purpose: str
    age: timedelta = _AGE
    altered: bool = False
    signed_by: str = "sg-revocation"

    def made(self, region: Region, *, at: datetime) -> None:
        """Take the list up, then show the credential.

        Raises:
            StatusError: The list is refused.
            Refused: The credential is not accepted.
        """
        trust, place = region.snapshot(at=at), (MemberState.SG, ADDRESS)
        octets = self.octets(region, at=at)
        held = verified_list(octets, place, trust=trust, fetched_at=at, keep=bytes)
        floor = CrlFloor(int((at - _LAST).timestamp()), "0" * 64)
        CrlFloors(trust.environment).raised_list(*place, floor).raised_list(*place, held.floor)
        asking = region.registration(self.to)
        shown = self.source.shown(Bench(region, at, SeededRandomness(b"status")), to=asking)
        document = {"credential": shown.credential, "purpose": self.purpose, "expected": {"nonce": shown.nonce}}
        verifier = Verifier(trust=trust, status=status_snapshot(lists=[held.listed]))
        verifier.verify(question(document, relying_party=asking.relying_party), at=at).require_passed()

    def octets(self, region: Region, *, at: datetime) -> bytes:
        """Return the list as it is offered."""
        making = Making(ADDRESS, at.replace(microsecond=0) - self.age, _LIFE)
        claims = issue.claims_of(making, packed([0] * ENTRIES, BITS), BITS)
        octets = issue.sign_jwt(claims, making, region.service(self.signed_by).signer)
        if not self.altered:
            return octets
        header, payload, signature = octets.decode("ascii").split(".")
        said = json.loads(base64url.decode(payload)) | {"ttl": 86_400}
        return f"{header}.{base64url.encode(json.dumps(said).encode())}.{signature}".encode("ascii")


@dataclass(frozen=True, slots=True)
class KeySetOffer:
    """A login of Singapore under a key that its state does not list and that the service publishes itself.

    The list names the address of the key set. ``published`` tells whether the key is in the set, ``fetched`` how long
    ago the set was fetched, ``private`` whether the set gives a private key away.
    """

    to: str
    purpose: str
    published: bool = True
    fetched: timedelta = timedelta(hours=1)
    private: bool = False

    def made(self, region: Region, *, at: datetime) -> None:
        """Take the key set up, then show the login.

        Raises:
            StatusError: The key set is refused.
            Refused: The login is not accepted.
        """
        place, new = (MemberState.SG, KEY_SET), new_key(region)
        held = read_key_set(
            self.octets(region, new),
            place,
            algorithms=frozenset({"ES256"}),
            environment=region.environment,
            fetched_at=at - self.fetched,
        )
        asking = region.registration(self.to)
        shown = login_under(new).shown(Bench(region, at, SeededRandomness(b"key set")), to=asking)
        document = {"credential": shown.credential, "purpose": self.purpose, "expected": {"nonce": shown.nonce}}
        status = status_snapshot(polled=MappingProxyType({place: held.polled}))
        verifier = Verifier(trust=naming(region, at=at).snapshot(at=at), status=status)
        verifier.verify(question(document, relying_party=asking.relying_party), at=at).require_passed()

    def octets(self, region: Region, new: FileSigner) -> bytes:
        """Return the key set as it is served, with the key ``new`` or another one."""
        keys = [dict((new if self.published else _made(region, "other-key")).public_jwk)]
        if self.private:
            keys[0] |= {"d": base64url.encode(b"0" * 32)}
        return json.dumps({"keys": keys}).encode()


def new_key(region: Region) -> FileSigner:
    """Return a key that the login of Singapore publishes itself, and that no list has."""
    return _made(region, "new-key")


def login_under(new: FileSigner) -> Login:
    """Return a login of Singapore that ``new`` signs."""
    return Login("sg-login", "sg-tan", header={"kid": new.kid}, seal=lambda draft: resealed(draft, new))


def _made(region: Region, kid: str) -> FileSigner:
    """Return a key that no list has, under this key id."""
    made = region.keys.maker.make("ES256", name=f"key-set/{kid}")
    return replace(made, kid=kid, public_jwk={**made.public_jwk, "kid": kid})


def resealed(draft: Draft, signer: FileSigner) -> str:
    """Return the compact JWS of ``draft``, signed by another key than its own."""
    return f"{draft.signing_input}.{base64url.encode(signer.sign(draft.signing_input.encode('ascii')))}"


def naming(region: Region, *, at: datetime) -> Region:
    """Return the region in which the list of Singapore names where its login publishes its keys."""
    source = region.sources.lists[MemberState.SG]

    def named(service: Table) -> Table:
        return {**service, "key_set": KEY_SET} if service["id"] == "sg-login" else service

    providers = [{**one, "service": [named(service) for service in one["service"]]} for one in source["provider"]]
    lists = MappingProxyType({**region.sources.lists, MemberState.SG: {**source, "provider": providers}})
    return replace(region, sources=replace(region.sources, lists=lists)).reissued(MemberState.SG, at=at)
