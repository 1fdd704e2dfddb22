"""The pretend region for tests of the whole pipeline, with logins and presentations made in it."""

from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from typing import Any

from idbridge.model.request import Expectations, RelyingParty, Session, VerifyRequest
from idbridge.sandbox.bench import Bench
from idbridge.sandbox.recipe import Source
from idbridge.sandbox.region import Region
from idbridge.sandbox.seeded import SeededRandomness
from idbridge.status.snapshot import EMPTY_STATUS
from idbridge.verify.report import Report
from idbridge.verify.verifier import Verifier

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)


@cache
def region() -> Region:
    """One region for all tests; it is a value and nobody can change it."""
    return Region.generate(at=NOON)


@cache
def verifier() -> Verifier:
    """A verifier of that region's node at noon."""
    return Verifier(trust=region().snapshot(at=NOON), status=EMPTY_STATUS)


def registered(party_id: str, **changes: Any) -> RelyingParty:
    """The registration of a relying party of the region, with the test's changes."""
    return replace(region().registration(party_id).relying_party, **changes)


def asked(
    source: Source,
    *,
    party_id: str = "th-bank",
    purpose: str = "account-opening",
    claims: tuple[str, ...] = ("name", "birthdate", "age_over_20"),
    expected: dict[str, Any] | None = None,
    party: dict[str, Any] | None = None,
    seed: bytes = b"question",
    **changes: Any,
) -> VerifyRequest:
    """The question of a relying party to which ``source`` was shown, answering the nonce that it sent."""
    shown = source.shown(Bench(region(), NOON, SeededRandomness(seed)), to=region().registration(party_id))
    session = Session(**shown.expected["session"]) if "session" in shown.expected else None
    expectations = Expectations(**{"nonce": shown.nonce, "session": session, **(expected or {})})
    values: dict[str, Any] = {"credential": shown.credential, "expected": expectations, "claims": claims, **changes}
    return VerifyRequest(relying_party=registered(party_id, **(party or {})), purpose=purpose, **values)


def answered(source: Source, *, at: datetime = NOON, **changes: Any) -> Report:
    """The report on that question."""
    return verifier().verify(asked(source, **changes), at=at)


def reasons(report: Report) -> list[str]:
    """The codes of every reason, in order."""
    return [check.reason.code for check in report.checks if check.reason is not None]
