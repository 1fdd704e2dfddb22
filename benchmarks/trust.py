"""What it costs to go from trust lists on disk to a snapshot that answers, and to ask it.

The lists are those of the pretend region, grown: every service has keys or certificates of its own, so that no memory
of one key can better the figures, and all the rest of its entry is what the region's services say of themselves.
"""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from itertools import cycle, islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from benchmarks.harness import Subject
from idbridge.codec import base64url
from idbridge.limits import LIMITS
from idbridge.model.region import MemberState
from idbridge.sandbox.key_material import make_keys
from idbridge.sandbox.publication import LIST_LIFETIME, Published
from idbridge.sandbox.region import Region
from idbridge.sandbox.sources import Table, services_of
from idbridge.trust import files, pins
from idbridge.trust.publish import ServiceMaterial, lote_from_source, sign_list, write_plain
from idbridge.trust.repository import PlainRepository
from idbridge.trust.snapshot import TrustSnapshot, snapshot_of
from idbridge.trust.trusted_set import TrustedSet

START: Final = "first start: 11 states x 300 services"
RESTART: Final = "restart: 11 states x 300 services"
LARGE: Final = "one list of 3,000 services"
FIND: Final = "find: issuer, and status at"
FIND_KEY: Final = "find: key, and status at"
_EACH: Final = 300
_LARGE: Final = 3_000
_QUESTIONS: Final = 10_000


@dataclass(frozen=True, slots=True)
class Files:
    """A node's files: trust material and pins of a grown region, and memories to start from."""

    root: Path
    at: datetime

    def start(self, state: Path) -> TrustSnapshot:
        """Return what a process that has just started trusts; ``state`` is the directory of its memory."""
        return PlainRepository(self.root / "trust", self.root / "pins.json", state).load(at=self.at)

    def memory(self, name: str) -> Path:
        """Return the directory of a memory that knows of nothing yet."""
        folder = self.root / name
        folder.mkdir()
        PlainRepository(self.root / "trust", self.root / "pins.json", folder).initialise()
        return folder


@contextmanager
def trust_subjects(region: Region, *, at: datetime, rounds: int) -> Iterator[tuple[Subject, ...]]:
    """Yield the subjects; their files last as long as the context. ``rounds`` is how often each takes its turn."""
    with TemporaryDirectory(prefix="idbridge-bench-") as temporary:
        placed = _written(region, Path(temporary), at=at)
        snapshot = placed.start(placed.memory("restart"))
        fresh = iter([placed.memory(f"first-{number}") for number in range(rounds)])
        large = _list(region, MemberState.LA, _LARGE, at=at)

        def first() -> None:
            _require(placed.start(next(fresh)), len(MemberState) * _EACH)

        def again() -> None:
            _require(placed.start(placed.root / "restart"), len(MemberState) * _EACH)

        def one() -> None:
            held = TrustedSet(region.environment, region.pins())
            _require(snapshot_of(held.with_list(large, state=MemberState.LA, at=at)), _LARGE)

        yield (Subject(START, 1, first), Subject(RESTART, 1, again), Subject(LARGE, 1, one), *_finds(snapshot, at=at))


def _require(snapshot: TrustSnapshot, services: int) -> None:
    if sum(len(listed.entries) for listed in snapshot.lists.values()) != services or snapshot.refused:
        raise ValueError("a measured list was refused")


def _finds(snapshot: TrustSnapshot, *, at: datetime) -> tuple[Subject, Subject]:
    entries = [entry for listed in snapshot.lists.values() for entry in listed.entries]
    issuers = list(islice(cycle(entry.issuer for entry in entries), _QUESTIONS))
    thumbprints = list(islice(cycle(key.thumbprint for entry in entries for key in entry.keys), _QUESTIONS))

    def by_issuer() -> None:
        for issuer in issuers:
            for service in snapshot.by_issuer(issuer):
                service.status_at(at)

    def by_key() -> None:
        for thumbprint in thumbprints:
            for service in snapshot.by_thumbprint(thumbprint):
                service.status_at(at)

    return Subject(FIND, _QUESTIONS, by_issuer), Subject(FIND_KEY, _QUESTIONS, by_key)


def _written(region: Region, root: Path, *, at: datetime) -> Files:
    published: Published = region.published
    write_plain(
        root / "trust",
        lists={state: _list(region, state, _EACH, at=at).decode("ascii") for state in MemberState},
        arrangements=published.arrangements,
        purposes={region.sources.purposes["version"]: published.purposes},
    )
    states = {state: (dict(signer.public_jwk),) for state, signer in region.keys.lists.items()}
    files.write(root, "pins.json", pins.document(region.environment, states))
    return Files(root, at)


def _list(region: Region, state: MemberState, count: int, *, at: datetime) -> bytes:
    """Return the list of ``state`` with ``count`` services in turn like those that it has."""
    source = region.sources.lists[state]
    services = [_copy(service, number) for number, service in zip(range(count), cycle(services_of(source)))]
    material = {service["id"]: _material(service, state=state, at=at) for service in services}
    provider = {**source["provider"][0], "service": services}
    document = lote_from_source(
        {**source, "provider": [provider]},
        environment=region.environment,
        sequence=1,
        issued_at=at,
        next_update=at + LIST_LIFETIME,
        material=material.__getitem__,
    )
    return sign_list(document, region.keys.lists[state], at=at).encode("ascii")


def _copy(service: Table, number: int) -> Table:
    return {**service, "id": f"{service['id']}-{number}", "issuer": f"{service['issuer']}/{number}"}


def _material(service: Table, *, state: MemberState, at: datetime) -> ServiceMaterial:
    if service["algorithms"][0] in ("PS256", "RS256"):  # nobody signs with them here, and primes take long to find
        modulus = secrets.token_bytes(LIMITS.rsa_min_bits // 8 - 2)
        return ServiceMaterial(jwks=({"kty": "RSA", "e": "AQAB", "n": base64url.encode(b"\xff" + modulus + b"\xff")},))
    keys = make_keys(service, state=state, at=at)
    if keys.listed:
        return ServiceMaterial(certificates=keys.listed)
    return ServiceMaterial(jwks=tuple(dict(signer.public_jwk) for signer in keys.signers))
