"""The page of results says of each failed case in which way it failed, from the record and from nothing else."""

import json
import re
from dataclasses import replace
from datetime import UTC, datetime
from typing import Final

import pytest

from idbridge.conformance.answer import Fault, FaultKind, Observation, Verdict
from idbridge.conformance.corpus import shipped
from idbridge.conformance.judge import judged
from idbridge.conformance.profiles import Profile
from idbridge.conformance.record import Record, Row, record_of
from idbridge.conformance.target import Description
from idbridge.reasons import Indication
from tests.engines import NODE_TESTS
from tests.interop.conformance.__main__ import PAGE
from tests.interop.conformance.environments import REQUIREMENTS
from tests.interop.conformance.results import kind, page
from tests.interop.conformance.targets import FOREIGN, Foreign

REFUSED: Final = "alg-none"
ACCEPTED: Final = "ph-login-opens-account"
ANOTHER: Final = Verdict(Indication.FAILED, "unknown.Error")
CRASH: Final = Fault(FaultKind.CRASH, "it ended with 70")


def record(*left_out: str, **answers: Verdict | Fault) -> Record:
    """Return the record of a run in which cases were answered so; a case is named with `_` for `-`."""
    corpus = shipped()
    results = [
        judged(corpus.case(name.replace("_", "-")), Observation(answer), untold=frozenset({"*"}))
        for name, answer in answers.items()
    ]
    return record_of(
        results, corpus=corpus, suite_version="1", target="cli:it",
        description=Description("PyPI it", "7", frozenset(left_out)),
        profiles=[Profile.VERIFIER], chosen_by=[], waivers={}, at=datetime(2026, 11, 29, tzinfo=UTC),
    )  # fmt: skip


def told(one: Record) -> str:
    return page([one], shipped().requirements, command="the command", reasons={"PyPI it": "it reads no dates"})


@pytest.mark.parametrize(
    ("answers", "name"),
    [
        ({"alg_none": Verdict.passed()}, "accepted"),
        ({"alg_none": ANOTHER}, "otherwise"),
        ({"alg_none": CRASH}, "error"),
        ({"ph_login_opens_account": ANOTHER}, "refused"),
        ({"ph_login_opens_account": CRASH}, "error"),
    ],
)
def test_each_way_to_fail_is_told_apart(answers: dict[str, Verdict | Fault], name: str) -> None:
    (row,) = record(**answers).rows

    assert kind(row) == name


def test_what_was_accepted_wrongly_is_counted_and_named_with_its_requirement() -> None:
    text = told(record(alg_none=Verdict.passed(), ph_login_opens_account=Verdict.passed()))

    assert "| PyPI it | 7 | verifier | 2 | 1 | 1 | 1 | 0 | 0 |" in text
    assert "### Accepted, and must be refused: 1" in text
    assert "- **IDB-JOSE-001** " in text
    assert f"  - `{REFUSED}`: " in text
    assert "Expected `jose.alg_none`, got acceptance." in text
    assert ACCEPTED not in text


def test_a_crash_is_no_refusal_on_the_page_either() -> None:
    text = told(record(alg_none=CRASH))

    assert "### No verdict: 1" in text
    assert "| 1 | 0 | 0 | 0 | 1 | 0 |" in text


def test_what_is_declared_is_named_and_single_cases_are_counted_with_the_reason() -> None:
    one = told(record("qr", "IDB-MDOC", REFUSED, alg_none=ANOTHER))

    assert "Not implemented: `IDB-MDOC`, `qr`; single cases: 1, it reads no dates." in one
    assert "Not implemented: `qr`." in told(record("qr", alg_none=ANOTHER))
    assert "Not implemented: nothing." in told(record(alg_none=ANOTHER))


def test_the_page_is_the_same_whenever_the_record_is_and_holds_no_timings() -> None:
    one = record(alg_none=ANOTHER)
    slower: list[Row] = [replace(row, milliseconds=9999.0) for row in one.rows]

    assert told(one) == told(replace(one, rows=tuple(slower)))
    assert "Made on 2026-11-29 by `the command`" in told(one)
    assert shipped().digest() in told(one)


@pytest.mark.parametrize("foreign", FOREIGN, ids=lambda one: one.package)
def test_the_published_page_is_about_the_version_that_is_pinned(foreign: Foreign) -> None:
    if foreign.registry == "npm":
        version = json.loads((NODE_TESTS / "package.json").read_text("utf-8"))["dependencies"][foreign.package]
    else:
        pins = (REQUIREMENTS / f"{foreign.package}.txt").read_text("utf-8")
        (version,) = re.findall(rf"^{re.escape(foreign.package)}==(\S+)", pins, re.MULTILINE)

    assert f"## {foreign.name} {version}\n" in PAGE.read_text("utf-8"), "run python -m tests.interop.conformance"
