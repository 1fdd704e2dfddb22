"""Running cases in process: what the library answers to each, without a gateway.

A broken request is the gateway's to answer, and a fault that is switched on is a gateway's own; those cases run over
HTTP only.
"""

import json
from collections.abc import Callable
from datetime import datetime

from idbridge.errors import IdBridgeError
from idbridge.model.randomness import Randomness
from idbridge.reasons import Indication
from idbridge.sandbox.case import Case, Exchange, Kind, MintedCase, Outcome
from idbridge.sandbox.catalogue import trials
from idbridge.sandbox.mint import mint
from idbridge.sandbox.questions import question
from idbridge.sandbox.region import Region
from idbridge.sandbox.statuses import statuses_of
from idbridge.status.snapshot import StatusSnapshot
from idbridge.trust.snapshot import TrustSnapshot
from idbridge.verify.report import Report
from idbridge.verify.verifier import Verifier


def in_process(case: Case) -> bool:
    """Tell whether the library alone can answer the case."""
    return case.name in trials() or case.kind in (Kind.VERIFY, Kind.SEQUENCE)


def run_case(
    case: Case, *, region: Region, at: datetime, randomness: Randomness, trust: TrustSnapshot | None = None
) -> Outcome:
    """Return what the library answers to ``case``, put to a node of ``region`` at the instant ``at``.

    ``trust`` is the region's snapshot, for callers that run many cases and make it once.

    Raises:
        LookupError: Only a gateway can answer the case.
        ValueError: The case is put to a node of another environment than the region's.
    """
    trial = trials().get(case.name)
    if trial is not None:
        return _tried(lambda: trial.attempt.made(region, at=at))
    if not in_process(case):
        raise LookupError(f"only a gateway can answer case {case.name}")
    trust = trust or region.snapshot(at=at)
    minted = mint(case, region=region, at=at, randomness=randomness, trust=trust)
    report = reported(minted, region=region, trust=trust, statuses=statuses_of(region, trust=trust, at=at), at=at)
    return Outcome(report.indication, report.reason.code if report.reason is not None else None)


def reported(
    minted: MintedCase, *, region: Region, trust: TrustSnapshot, statuses: StatusSnapshot, at: datetime
) -> Report:
    """Return the report on a minted case, after what was sent before it, each one-time value spent as by a node."""
    verifier = Verifier(trust=trust, status=statuses)
    spent: set[bytes] = set()
    for exchange in minted.before:
        _spend(_asked(exchange, minted.case, verifier=verifier, region=region, at=at), spent)
    return _spend(_asked(minted.exchange, minted.case, verifier=verifier, region=region, at=at), spent)


def _asked(exchange: Exchange, case: Case, *, verifier: Verifier, region: Region, at: datetime) -> Report:
    relying_party = region.registration(str(case.relying_party)).relying_party
    keys = region.decryption_keys(case.node)
    return verifier.verify(question(json.loads(exchange.body), relying_party=relying_party, keys=keys), at=at)


def _spend(report: Report, spent: set[bytes]) -> Report:
    """Spend the one-time values of ``report``; one that was spent before refuses it."""
    keys = {value.key for value in report.one_time}
    again = bool(keys & spent)
    spent |= keys
    return report.spent() if again else report


def _tried(attempt: Callable[[], None]) -> Outcome:
    try:
        attempt()
    except IdBridgeError as refusal:
        return Outcome(refusal.reason.indication, refusal.code)
    return Outcome(Indication.PASSED, None)
