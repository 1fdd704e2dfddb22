"""Records of runs for tests: made of results of the corpus, with whatever a target might answer."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from idbridge.conformance.answer import Fault, FaultKind, Observation, Verdict
from idbridge.conformance.case import ConformanceCase
from idbridge.conformance.corpus import shipped
from idbridge.conformance.judge import Result, declined, judged
from idbridge.conformance.profiles import Profile
from idbridge.conformance.record import Record, record_of
from idbridge.conformance.target import Description
from idbridge.reasons import Indication

AT = datetime(2026, 11, 24, 12, tzinfo=UTC)
NASTY = "<script>alert(1)</script>\x1b[31m\x00\u202e]]>&\"'`|\n| a | b |\nhttps://evil.example @everybody \ufffe"
OURS = Description("a verifier", "2.1", frozenset())
ALTERED = Verdict(Indication.FAILED, "jose.signature_invalid")
CRASH = Observation(Fault(FaultKind.CRASH, "it fell over"))


def cases(number: int | None = None) -> tuple[ConformanceCase, ...]:
    """Return the cases of the profile of verifiers, all of them or the first ones."""
    return shipped().chosen([Profile.VERIFIER])[:number]


def refused_case() -> ConformanceCase:
    """Return a case that has to be refused, for another reason than ``ALTERED``."""
    return next(case for case in cases() if case.is_negative and case.expect != ALTERED)


def as_it_must(case: ConformanceCase, **more: Any) -> Observation:
    return Observation(case.expect, case.state, **more)


def accepted(case: ConformanceCase, **more: Any) -> Observation:
    return Observation(Verdict.passed(), case.state, **more)


def record(
    results: Sequence[Result] | None = None,
    *,
    description: Description = OURS,
    target: str = "cli:./verify",
    chosen_by: Sequence[str] = (),
    waivers: Mapping[str, str] | None = None,
    at: datetime = AT,
    profiles: Sequence[Profile] = (Profile.VERIFIER,),
) -> Record:
    """Return the record of ``results``; of a run in which everything passed without any."""
    all_good = [judged(case, as_it_must(case)) for case in cases()] if results is None else results
    return record_of(
        all_good, corpus=shipped(), suite_version="0.1.0", target=target, description=description, at=at,
        profiles=profiles, chosen_by=chosen_by, waivers=waivers or {},
    )  # fmt: skip


def of_every_outcome() -> Record:
    """Return a run in which everything happened that can happen, to a target that answers what it likes."""
    one = iter(cases())
    waivers = {}
    results = [judged(next(one), as_it_must(case)) for case in cases(1)]
    negative = (case for case in cases() if case.is_negative and case.expect != ALTERED)
    positive = (case for case in cases() if not case.is_negative)
    next(negative)
    results.append(judged(next(negative), accepted(next(positive), sent="{}", received=NASTY)))
    results.append(judged(next(negative), Observation(ALTERED, None, NASTY, NASTY)))
    results.append(judged(next(positive), Observation(Verdict(Indication.FAILED, NASTY), None, "{}", NASTY)))
    results.append(judged(next(negative), Observation(Fault(FaultKind.CRASH, NASTY), None, "{}", NASTY)))
    waived, passing = next(negative), next(negative)
    waivers[waived.id], waivers[passing.id] = f"until the next release {NASTY}", "wrongly waived"
    results.append(judged(waived, accepted(waived, received=NASTY), waiver=waivers[waived.id]))
    results.append(judged(passing, as_it_must(passing), waiver=waivers[passing.id]))
    described = Description(f"a verifier {NASTY}", "2.1", frozenset({"w3c-vc"}))
    results.append(declined(next(case for case in negative if described.declines(case)), described))
    return record(results, description=described, target="http://user:hush-hush@node.example/v1", waivers=waivers)
