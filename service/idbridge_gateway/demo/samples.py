"""Examples for the page `/try` of a sandbox node: cases of the catalogue, made for that page whenever somebody asks.

Each format has a good one; the others have one fault each, of those that people meet. A test puts every one of them
before the page of either node and compares with the catalogue.
"""

import json
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from idbridge.errors import ConfigurationError
from idbridge.model.randomness import Randomness
from idbridge.model.region import Environment, MemberState
from idbridge.model.request import RelyingParty
from idbridge.sandbox.case import Case
from idbridge.sandbox.catalogue import case_named
from idbridge.sandbox.mint import mint
from idbridge.sandbox.region import Region
from idbridge.sandbox.sources import shipped
from idbridge_gateway.pages.samples import Sample

CASES: Final = (
    "sg-login-opens-account", "sg-pid-opens-account", "sg-mdoc-opens-account", "sg-vc-opens-account",
    "sg-vc-sd-jwt-opens-account", "th-vc-opens-account", "th-wallet-answers-query", "assertion-of-node-sg-for-try-page",
    "la-code-visits-building", "ph-photocopy-visits-building", "vn-organisation-acts-for-company",
    "th-login-checks-age",
    "qr-name-changed", "payload-changed", "id-pid-expired", "sg-pid-revoked", "sg-pid-suspended",
    "photocopy-opens-account", "mm-card-in-singapore", "bn-login-for-health", "my-login-buys-property",
    "bound-by-another-wallet", "binding-of-another-request", "issuer-unknown", "th-broker-leaked-key",
    "mandate-for-less", "key-not-listed", "sg-pid-status-unreachable", "qr-cut",
)  # fmt: skip


class RegionSamples:
    """The examples that one node of the pretend region offers."""

    def __init__(self, region: Region, node: MemberState, *, randomness: Randomness) -> None:
        if region.environment is not Environment.SANDBOX:
            raise ConfigurationError("examples are made in a sandbox and nowhere else")
        self._region = region
        self._randomness = randomness
        self._party_id = _party_id(node)
        self._offered = tuple(_sample(case_named(name)) for name in CASES)

    @property
    def party(self) -> RelyingParty:
        """The registration of the page."""
        return self._region.registration(self._party_id).relying_party

    @property
    def offered(self) -> tuple[Sample, ...]:
        """What there is to choose from, the good ones first."""
        return self._offered

    def question(self, sample: Sample, *, at: datetime) -> dict[str, Any]:
        """Return the question of the case, with its input made for the page at the instant ``at``."""
        case = replace(case_named(sample.name), relying_party=self._party_id)
        minted = mint(case, region=self._region, at=at.replace(microsecond=0), randomness=self._randomness)
        members: dict[str, Any] = json.loads(minted.body)
        return members


def samples_of(region: Region, node: MemberState, *, randomness: Randomness) -> RegionSamples | None:
    """Return the examples of a node; ``None`` in a region that was stored before the page had a registration."""
    parties = {party["id"] for party in region.sources.relying_parties}
    return RegionSamples(region, node, randomness=randomness) if _party_id(node) in parties else None


def _party_id(node: MemberState) -> str:
    return f"{node.value.lower()}-try"


def _sample(case: Case) -> Sample:
    asking = next(party for party in shipped().relying_parties if party["id"] == case.relying_party)
    return Sample(
        name=case.name,
        title=case.title,
        format=case.format.value if case.format is not None else "",
        purpose=str(case.purpose),
        by=MemberState(asking["state"]),
        good=case.code is None,
    )
