"""Public vectors: no bad case is accepted, and every refusal of a good one was said in advance with its reason.

`make vectors` prints the same as a table.
"""

import json
import subprocess
import sys
from typing import Any

import pytest

from tests.judges.court import ACCEPTED, Case, Court, hear
from tests.judges.courts import COURTS
from tests.source import ROOT
from tests.vectors import VECTORS, shared_vectors

# How many good and bad cases of each file are judged; a file that shrinks, or a kind that nobody judges, shows here.
JUDGED = {
    "wycheproof_jose": (55, 430),
    "wycheproof_sig": (333, 446),
    "cookbook": (38, 0),
    "rfc9901": (7, 27),
    "dgc": (1249, 53),
    "crossborder": (238, 484),
    "pkits": (110, 134),
    "eutl": (9, 10),
    "lote": (5, 2),
    "vical": (2, 4),
    "statuslist": (144, 144),
    "cose": (11, 6),
    "mdoc": (2, 7),
    "vcdm2": (38, 24),
    "vc_jose_cose": (4, 9),
}
BAD = {"id": "bad", "kind": "x", "expected": "reject", "reason": "it is bad"}
GOOD = {"id": "good", "kind": "x", "expected": "accept", "reason": "it is good"}


@pytest.mark.parametrize("court", COURTS, ids=lambda court: court.file)
def test_no_case_is_judged_otherwise_than_published_or_said_in_advance(court: Court) -> None:
    tally = hear(court, shared_vectors(court.file))

    assert tally.false_accepts == {}
    assert tally.false_refusals == {}
    assert tally.stale == {}
    assert set(court.refused) == set(tally.by_design)
    assert tally.right == tally.cases


@pytest.mark.parametrize("court", COURTS, ids=lambda court: court.file)
def test_every_case_has_a_judge_or_a_reason_why_it_has_none(court: Court) -> None:
    cases = shared_vectors(court.file)
    judged = [case for case in cases if case["kind"] in court.judges and case["id"] not in court.unscored]
    verdicts = [case["expected"] for case in judged]

    assert {case["kind"] for case in cases} == court.judges.keys() | court.aside.keys()
    assert court.unscored.keys() <= {case["id"] for case in cases}
    assert (verdicts.count("accept"), verdicts.count("reject")) == JUDGED[court.file]


@pytest.mark.parametrize("court", COURTS, ids=lambda court: court.file)
def test_whatever_is_refused_or_set_aside_has_a_reason_in_words(court: Court) -> None:
    told = (*court.aside.values(), *court.refused.values(), *court.unscored.values())

    assert all(len(reason.split()) >= 3 for reason in told)


def raising(_case: Case) -> str:
    raise KeyError("x")


@pytest.mark.parametrize(
    ("case", "judge", "false_accepts", "false_refusals"),
    [
        (BAD, lambda _: ACCEPTED, 1, 0),
        (GOOD, lambda _: "jose.signature_invalid", 0, 1),
        (BAD, raising, 1, 0),
        (GOOD, raising, 0, 1),
        (BAD, lambda _: "because", 1, 0),  # no code of the catalogue
        (BAD, lambda _: "jose.signature_invalid", 0, 0),
        (GOOD, lambda _: ACCEPTED, 0, 0),
    ],
)
def test_a_court_counts_a_crash_and_a_refusal_without_a_code_as_wrong(
    case: Case, judge: Any, false_accepts: int, false_refusals: int
) -> None:
    tally = hear(Court("x", {"x": judge}), [case])

    assert (len(tally.false_accepts), len(tally.false_refusals)) == (false_accepts, false_refusals)
    assert tally.right == 1 - false_accepts - false_refusals


def test_the_table_ends_in_one_object_with_the_totals() -> None:
    shared_vectors("rfc9901")  # says clearly if they are absent

    ended = subprocess.run(
        [sys.executable, "-m", "tests.judges"], cwd=ROOT, capture_output=True, text=True, timeout=300, check=False
    )

    totals = json.loads(ended.stdout.splitlines()[-1])
    assert ended.returncode == 0
    assert totals["files"] == len(COURTS) == len(JUDGED)
    assert (totals["false_accepts"], totals["false_refusals"]) == (0, 0)
    assert totals["cases"] == sum(map(sum, JUDGED.values()))


def test_every_file_of_vectors_has_a_court() -> None:
    shared_vectors("rfc9901")

    assert {path.stem for path in VECTORS.glob("*.jsonl")} >= {court.file for court in COURTS}
