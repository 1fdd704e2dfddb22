"""A record that contradicts itself, names a case twice or has another form is none; a true one reads as it was made."""

import copy
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from idbridge.cli.conformance_run import run_cases
from idbridge.conformance import schemas
from idbridge.conformance.judge import Outcome, judged
from idbridge.conformance.profiles import Profile
from idbridge.conformance.record import SCHEMA, read_record
from idbridge.errors import ConfigurationError
from tests.conformance.records import accepted, of_every_outcome, record, refused_case

Damage = Callable[[dict[str, Any]], object]


def _row(document: dict[str, Any]) -> dict[str, Any]:
    row: dict[str, Any] = document["results"][0]
    return row


DAMAGES: dict[str, Damage] = {
    "another-schema": lambda one: one.update(schema="idbridge-conformance-run-2"),
    "a-member-more": lambda one: one.update(note="x"),
    "without-summary": lambda one: one.pop("summary"),
    "summary-as-list": lambda one: one.update(summary=[]),
    "passed-turned-round": lambda one: one["summary"].update(passed=not one["summary"]["passed"]),
    "another-count": lambda one: one.update(failed=0),
    "without-count": lambda one: one.pop("errors"),
    "count-as-text": lambda one: one.update(cases="7"),
    "a-row-less": lambda one: one["results"].pop(),
    "a-row-twice": lambda one: (one["results"].append(_row(one)), one.update(cases=one["cases"] + 1)),
    "a-row-in-place-of-another": lambda one: one["results"].__setitem__(2, one["results"][1]),
    "of-a-profile-that-was-not-run": lambda one: one["summary"].update(profiles=["issuer"]),
    "of-no-profile": lambda one: one["summary"].update(profiles=[]),
    "outcome-unknown": lambda one: _row(one).update(outcome="fine"),
    "title-as-number": lambda one: _row(one).update(title=1),
    "time-as-text": lambda one: _row(one).update(ms="<script>"),
    "received-as-object": lambda one: _row(one).update(received={"a": 1}),
    "digest-cut": lambda one: one["summary"]["corpus"].update(digest="00"),
    "at-in-words": lambda one: one["summary"].update(at="yesterday"),
    "at-that-never-was": lambda one: one["summary"].update(at="2026-02-30T00:00:00Z"),
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_a_record_that_was_damaged_is_refused(damage: Damage) -> None:
    document = copy.deepcopy(of_every_outcome().document())
    damage(document)

    with pytest.raises(ConfigurationError, match="no record of a conformance run"):
        read_record(document)


@pytest.mark.parametrize(
    "document", [{}, {"schema": SCHEMA}, {"schema": SCHEMA, "summary": {}, "results": []}], ids=str
)
def test_what_is_no_record_is_refused(document: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError, match="no record"):
        read_record(document)


def test_a_case_that_stands_twice_with_two_outcomes_is_refused() -> None:
    case = refused_case()
    good, bad = judged(case, accepted(case), waiver="later"), judged(case, accepted(case))
    doubled = record([good, bad]).document()

    assert schemas.fault(doubled, schemas.RECORD) == ""
    with pytest.raises(ConfigurationError, match="twice"):
        read_record(doubled)


def test_a_record_reads_as_it_was_written() -> None:
    made = of_every_outcome()
    document = json.loads(json.dumps(made.document()))
    read = read_record(document)

    assert {row.outcome for row in made.rows} == set(Outcome)
    assert read.document() == document
    assert replace(read, rows=()) == replace(made, rows=())


def test_what_run_prints_can_be_read_again() -> None:
    told = CliRunner().invoke(run_cases, ["--target", "builtin", "--case", "mdoc-expired", "--json"])

    assert told.exit_code == 0, told.output
    assert read_record(json.loads(told.stdout)).rows[0].case == "mdoc-expired"


def test_the_schema_has_the_words_of_the_code() -> None:
    schema = schemas.documents()[schemas.RECORD]
    row = schema["$defs"]["row"]["properties"]

    assert schema["properties"]["schema"]["const"] == SCHEMA
    assert row["outcome"]["enum"] == [one.value for one in Outcome]
    assert schema["$defs"]["profile"]["enum"] == [one.value for one in Profile]
    assert Path(schemas.__file__).with_name(schemas.RECORD).is_file()
