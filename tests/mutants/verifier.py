"""Broken verifiers: our own, with one check that it does not heed, or one function that does less than it should.

Most are deaf to one check: they make it, and let pass what it finds (``deaf_checks.csv``). The others wrap a function
of the real one. While one is at work, nobody else verifies in this process.
"""

import csv
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import Any, Final
from unittest.mock import patch

from idbridge.conformance.answer import Observation, Verdict
from idbridge.conformance.case import ConformanceCase
from idbridge.conformance.corpus import Corpus
from idbridge.conformance.node import Node
from idbridge.conformance.profiles import Profile
from idbridge.conformance.target import Target
from idbridge.conformance.targets.builtin import BuiltinVerifier
from idbridge.credential import sd_jwt, verified
from idbridge.crypto import signature
from idbridge.crypto.keys import JwkPublicKey
from idbridge.errors import InputError
from idbridge.model.check import Check, CheckPoint
from idbridge.model.region import AssuranceLevel
from idbridge.recognition import recognise
from idbridge.status.check import STATUS, StatusFinding, StatusState
from idbridge.verify import minimise, verifier
from idbridge.verify.report import Report
from tests.mutants.mutant import Mutant

_TABLE: Final = Path(__file__).parent / "deaf_checks.csv"
_refused: Final = CheckPoint.refused
_LEVEL: Final = 3  # where a recognised identity has its level


def mutants() -> Iterator[Mutant]:
    """Yield the broken verifiers."""
    with _TABLE.open(encoding="utf-8", newline="") as table:
        for row in csv.DictReader(table):
            yield _deaf(row["check"], row["code"], row["breaks"])
    yield from _wrapped()


def _deaf(check: str, code: str, breaks: str) -> Mutant:
    def refused(self: CheckPoint, found: str, note: str = "") -> Check:
        return self.passed if (self.id, found) == (check, code) else _refused(self, found, note)

    name = f"deaf-{check}-{code}".replace(".", "-").replace("_", "-")
    title = f"Makes the check {check}, and lets pass what is wrong by it ({code})"
    return _mutant(name, title, (breaks,), (CheckPoint, "refused", refused))


Change = tuple[Any, str, Any]


def _mutant(name: str, title: str, breaks: tuple[str, ...], *changes: Change) -> Mutant:
    return Mutant(name, title, Profile.VERIFIER, breaks, partial(_broken, changes))


@contextmanager
def _broken(changes: tuple[Change, ...], corpus: Corpus) -> Iterator[Target]:
    with ExitStack() as broken:
        for owner, name, instead in changes:
            broken.enter_context(patch.object(owner, name, instead))
        yield BuiltinVerifier(corpus)


def _wrapped() -> Iterator[Mutant]:
    yield _mutant(
        "signature-unchecked", "Verifies no signature at all", ("IDB-JOSE-014", "IDB-JOSE-015", "IDB-COSE-004"),
        (JwkPublicKey, "verify", _nothing),
    )  # fmt: skip
    yield _mutant(
        "algorithm-of-the-header", "Takes any algorithm that fits the key, listed or not", ("IDB-JOSE-003",),
        (signature, "permitted", _yes),
    )  # fmt: skip
    yield _mutant(
        "nonce-reusable", "Remembers no one-time value", ("IDB-HOLD-010", "IDB-HOLD-019"), (Node, "report", _forgetful)
    )
    yield _mutant(
        "spends-what-it-refuses", "Spends a one-time value before it has judged", ("IDB-HOLD-009", "IDB-HOLD-007"),
        (Node, "report", _hasty),
    )  # fmt: skip
    yield _mutant(
        "status-failure-is-valid", "Takes a status that says no, or nothing, for good",
        ("IDB-STAT-003", "IDB-STAT-001", "IDB-STAT-004", "IDB-STAT-009"), (verifier, "check_status", _all_good),
    )  # fmt: skip
    yield _mutant(
        "mapping-raises-a-level", "Counts every level as the highest that there is",
        ("IDB-POL-011", "IDB-RECOG-008"), (recognise, "RecognisedIdentity", _at_the_highest),
    )  # fmt: skip
    yield _mutant(
        "claims-too-wide", "Releases every claim that is asked for, allowed or not", ("IDB-POL-010",),
        (minimise, "_why_withheld", _nothing),
    )  # fmt: skip
    yield _mutant(
        "value-of-another-claim", "Releases a claim with another value than the credential has",
        ("IDB-POL-010", "IDB-OIDC-019", "IDB-OIDC-021"), (minimise, "_value", _another_value),
    )  # fmt: skip
    yield _mutant(
        "unreferenced-disclosure-skipped", "Passes over a disclosure that no digest refers to", ("IDB-SDJ-001",),
        (sd_jwt._Unfolding, "refuse_leftovers", _nothing),
    )  # fmt: skip
    yield _mutant(
        "bearer-counts-as-bound", "Counts a copy at the level of its owner", ("IDB-POL-011", "IDB-RECOG-020"),
        (verified, "bearer_ceiling", _as_it_is),
    )  # fmt: skip
    yield _mutant(
        "refuses-everything", "Refuses whatever it is shown", ("IDB-OIDC-019",), (Node, "report", _always_refused)
    )
    yield _mutant(
        "accepts-everything", "Accepts whatever it is shown", ("IDB-JOSE-001",), (BuiltinVerifier, "answer", _accepted)
    )


_report: Final = Node.report
_recognised: Final = recognise.__dict__["RecognisedIdentity"]


def _forgetful(self: Node, put: Mapping[str, Any], spent: set[bytes]) -> Report:
    del spent
    return _report(self, put, set())


def _hasty(self: Node, put: Mapping[str, Any], spent: set[bytes]) -> Report:
    found = _report(self, put, spent)
    if not found.accepted:
        spent.add(b"a value of what was refused")
    return found


def _nothing(*_: object, **__: object) -> None:
    """Find nothing wrong."""


def _yes(*_: object, **__: object) -> bool:
    return True


def _as_it_is(level: AssuranceLevel, **_: object) -> AssuranceLevel:
    return level


def _another_value(*_: object, **__: object) -> str:
    return "somebody else"


def _all_good(*_: object, **__: object) -> tuple[tuple[Check, ...], StatusFinding]:
    return (STATUS.passed,), StatusFinding(StatusState.VALID, None)


def _at_the_highest(*members: Any) -> Any:
    return _recognised(*members[:_LEVEL], AssuranceLevel.A3, *members[_LEVEL + 1 :])


def _always_refused(self: Node, put: Mapping[str, Any], spent: set[bytes]) -> Report:
    del self, put, spent
    raise InputError("input.malformed", "whatever it is")


def _accepted(self: BuiltinVerifier, case: ConformanceCase) -> Observation:
    del self, case
    return Observation(Verdict.passed(), {"spent": 0, "released": {}, "level": "A3"})
