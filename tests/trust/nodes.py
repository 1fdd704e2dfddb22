"""A node's files on disk, for tests."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from idbridge.errors import ConfigurationError, TrustError
from idbridge.model.region import Environment, MemberState
from idbridge.trust import files, pins
from idbridge.trust.publish import write_plain
from idbridge.trust.repository import PlainRepository
from idbridge.trust.snapshot import TrustSnapshot
from tests.trust.agreements import arrangement, purposes
from tests.trust.editions import NOON, SIGNERS, TH, edition, jwk


@dataclass(frozen=True)
class Place:
    """A node's files: what is distributed, what is pinned, what it remembers."""

    root: Path

    @property
    def lists(self) -> Path:
        return self.root / "trust" / "lists"

    @property
    def agreed(self) -> Path:
        return self.root / "trust" / "arrangements" / "SG-TH"

    @property
    def registers(self) -> Path:
        return self.root / "trust" / "purposes"

    @property
    def floors(self) -> Path:
        return self.root / "state" / "floors.json"

    def repository(self) -> PlainRepository:
        """A node's process: each has its own."""
        return PlainRepository(self.root / "trust", self.root / "pins.json", self.root / "state")

    def load(self, *, at: datetime = NOON) -> TrustSnapshot:
        """What a process that has just started trusts."""
        return self.repository().load(at=at)

    def pin(
        self, states: Mapping[MemberState, tuple[Any, ...]], environment: Environment = Environment.SANDBOX
    ) -> None:
        files.write(self.root, "pins.json", pins.document(environment, states))

    def offer(self, state: MemberState, octets: bytes) -> None:
        (self.lists / f"{state}.jws").write_bytes(octets)


ALL_PINS = {state: (jwk(SIGNERS[state]),) for state in MemberState}


def new_place(root: Path) -> Place:
    """A node with a first edition of every list, an arrangement and a register, that was just initialised."""
    write_plain(
        root / "trust",
        lists={state: edition(1, state=state).decode() for state in MemberState},
        arrangements={"SG-TH": (arrangement(), arrangement(2, status="suspended", by=(TH,)))},
        purposes={1: purposes()},
    )
    (root / "state").mkdir()
    found = Place(root)
    found.pin(ALL_PINS)
    found.repository().initialise()
    return found


def code_of(place: Place, *, at: datetime = NOON) -> str:
    """The code with which nothing at all is loaded."""
    with pytest.raises((ConfigurationError, TrustError)) as caught:
        place.load(at=at)
    return caught.value.code
