"""Reports and assertions of the pretend region, for tests of what comes after a verdict."""

import hashlib
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from idbridge.assertion.issue import Assertion, issue
from idbridge.assertion.node import Node
from idbridge.assertion.pseudonym import PairwiseKey
from idbridge.codec import base64url
from idbridge.crypto.signer import Signer
from idbridge.model.randomness import Randomness, SystemRandomness
from idbridge.model.region import MemberState
from idbridge.sandbox.bench import Bench
from idbridge.sandbox.questions import question
from idbridge.sandbox.recipe import Source
from idbridge.sandbox.region import Region
from idbridge.status.snapshot import EMPTY_STATUS
from idbridge.trust.snapshot import TrustSnapshot
from idbridge.verify.report import Report
from idbridge.verify.verifier import Verifier

NOON = datetime(2026, 11, 24, 12, 0, 7, tzinfo=UTC)
TH = MemberState.TH
KEY = PairwiseKey(hashlib.sha256(b"a pairwise key for tests only").digest())


@cache
def region() -> Region:
    """One region for all tests of this folder; a region is a value, so nobody can spoil it."""
    return Region.generate(at=NOON)


@cache
def verifier() -> Verifier:
    """The verifier of a node of that region."""
    return Verifier(trust=region().snapshot(at=NOON), status=EMPTY_STATUS)


def report(
    source: Source,
    *,
    party: str = "th-bank",
    purpose: str = "building-visit",
    claims: tuple[str, ...] = ("name", "nationality"),
    nonce: bool = True,
    at: datetime = NOON,
    historical: bool = False,
    trust: TrustSnapshot | None = None,
) -> Report:
    """What the node says of what ``source`` shows to ``party``; ``trust`` if it holds something else than usual."""
    registration = region().registration(party)
    shown = source.shown(Bench(region(), at, SystemRandomness()), to=registration)
    expected = {"nonce": shown.nonce} if nonce and shown.nonce is not None else {}
    document = {"credential": shown.credential, "purpose": purpose, "claims": claims, "expected": expected}
    asked = replace(question(document, relying_party=registration.relying_party), purpose_text="Visiting a friend")
    asking = verifier() if trust is None else Verifier(trust=trust, status=EMPTY_STATUS)
    return asking.verify(asked, at=at, historical=historical)


def asserted(
    given: Report,
    *,
    node: Node | None = None,
    signer: Signer | None = None,
    audience: str | None = None,
    report_id: str = "report-1",
    at: datetime | None = None,
    key: PairwiseKey = KEY,
    randomness: Randomness | None = None,
) -> Assertion:
    """The assertion that the Thai node makes of a report, a moment after it."""
    party = given.request.relying_party
    return issue(
        given,
        audience=audience or region().registration(party.id).audience,
        node=node or region().node(TH),
        signer=signer or region().node_service(TH).signer,
        pairwise_key=key,
        report_id=report_id,
        at=at or given.at + timedelta(milliseconds=3),
        randomness=randomness or SystemRandomness(),
    )


def said(assertion: Assertion) -> dict[str, Any]:
    """The claims of an assertion; nobody checked its signature here."""
    claims: dict[str, Any] = json.loads(base64url.decode(assertion.jwt.split(".")[1]))
    return claims


def leaves(value: Any, path: str = "") -> dict[str, Any]:
    """Every value in ``value`` that has no parts, by its path."""
    if isinstance(value, dict) and value:
        return {place: leaf for name, part in value.items() for place, leaf in leaves(part, f"{path}/{name}").items()}
    if isinstance(value, list) and value:
        parts = enumerate(value)
        return {place: leaf for name, part in parts for place, leaf in leaves(part, f"{path}/{name}").items()}
    return {path: value}
