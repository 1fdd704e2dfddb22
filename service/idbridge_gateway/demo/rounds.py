"""Rounds: each case put to a running node over HTTP, and what came of it beside what was expected."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from time import perf_counter
from typing import Any, Final

import httpx2

from idbridge.clock import Clock
from idbridge.model.randomness import Randomness
from idbridge.model.region import MemberState
from idbridge.sandbox.case import Case, Exchange, MintedCase
from idbridge.sandbox.catalogue import cases
from idbridge.sandbox.mint import mint
from idbridge.sandbox.region import Region

SCHEMA: Final = "idbridge-demo-1"
_PATIENCE_SECONDS: Final = 30.0


@dataclass(frozen=True, slots=True)
class Answered:
    """What a node answered: a verdict, a problem, or something that is neither."""

    status: int
    indication: str | None
    code: str | None

    @property
    def words(self) -> str:
        """The answer in one word: the indication, or the status of a problem."""
        return self.indication or f"HTTP {self.status}"


@dataclass(frozen=True, slots=True)
class Result:
    """One case, what was expected and what was answered."""

    case: Case
    expected: Answered
    got: Answered
    milliseconds: float

    @property
    def surprising(self) -> bool:
        """Tell whether verdict, reason or status is another than expected."""
        return self.got != self.expected

    def document(self) -> dict[str, Any]:
        """Return the row as JSON values."""
        return {
            "case": self.case.name,
            "title": self.case.title,
            "state": self.case.state.value,
            "format": self.case.format.value if self.case.format is not None else None,
            "kind": self.case.kind.value,
            "node": self.case.node.value,
            "purpose": self.case.purpose,
            "twin": self.case.twin,
            "expected": _answer_document(self.expected),
            "got": _answer_document(self.got),
            "unexpected": self.surprising,
            "ms": round(self.milliseconds, 2),
        }


def http_cases() -> tuple[Case, ...]:
    """Return the cases that can be put to a running sandbox node."""
    return tuple(case for case in cases() if case.over_http)


def play(
    region: Region, *, nodes: Mapping[MemberState, str], clock: Clock, randomness: Randomness, chosen: Sequence[Case]
) -> Iterator[Result]:
    """Yield the result of each of the ``chosen`` cases, in order; ``nodes`` are the addresses of the running nodes."""
    trust = region.snapshot(at=clock.now())
    with httpx2.Client(timeout=_PATIENCE_SECONDS, trust_env=False) as client:
        for case in chosen:
            minted = mint(case, region=region, at=clock.now(), randomness=randomness, trust=trust)
            yield _put(minted, base=nodes[case.node], client=client)


def summary(results: Sequence[Result]) -> dict[str, int]:
    """Return how many cases there were, of how many states, and how many of them surprised."""
    return {
        "cases": len(results),
        "states": len({result.case.state for result in results}),
        "unexpected": sum(result.surprising for result in results),
    }


def _put(minted: MintedCase, *, base: str, client: httpx2.Client) -> Result:
    for exchange in minted.before:
        _send(exchange, base=base, client=client)
    try:
        begun = perf_counter()
        response = _send(minted.exchange, base=base, client=client)
        spent = perf_counter() - begun
    finally:
        for exchange in minted.after:
            _send(exchange, base=base, client=client)
    indication = minted.expect_indication.value if minted.expect_indication is not None else None
    expected = Answered(minted.expect_status, indication, minted.expect_code)
    return Result(minted.case, expected, _answered(response), spent * 1000)


def _send(exchange: Exchange, *, base: str, client: httpx2.Client) -> httpx2.Response:
    return client.request(exchange.method, base + exchange.path, headers=dict(exchange.headers), content=exchange.body)


def _answered(response: httpx2.Response) -> Answered:
    """Read a report or a problem; anything else has neither indication nor code, and so is never what is expected."""
    try:
        document = json.loads(response.content)
    except ValueError:
        document = None
    if not isinstance(document, dict):
        return Answered(response.status_code, None, None)
    if "indication" in document:
        reason = document.get("reason") or {}
        accepted = document["indication"] if document.get("accepted") is (reason == {}) else "contradiction"
        return Answered(response.status_code, accepted, reason.get("code"))
    return Answered(response.status_code, None, document.get("code"))


def _answer_document(answered: Answered) -> dict[str, Any]:
    return {"status": answered.status, "indication": answered.indication, "code": answered.code}
