"""Damages that the suite made are counted apart from what the issuer made, and what was pinned stands in the record."""

from dataclasses import replace

import pytest

from idbridge.conformance.answer import Observation
from idbridge.conformance.corpus import shipped
from idbridge.conformance.judge import Outcome, judged
from idbridge.conformance.profiles import Profile
from idbridge.conformance.record import Record, read_record, record_of
from idbridge.conformance.reports.apart import DAMAGE, apart
from idbridge.conformance.reports.html import html
from idbridge.conformance.reports.markdown import markdown
from idbridge.conformance.target import Description
from idbridge.errors import ConfigurationError
from tests.conformance.records import ALTERED, AT, as_it_must, record

DIGEST = "ab" * 32
BAD = "isr-sd-jwt-signed"


def of_issuer() -> Record:
    """The run of an issuer who protects everything, and made one kind of samples badly."""
    cases = shipped().chosen([Profile.ISSUER])
    results = [judged(case, Observation(ALTERED) if case.id == BAD else as_it_must(case)) for case in cases]
    return record_of(
        results, corpus=shipped(), suite_version="0.1.0", target="issuer:card",
        description=Description("Card Office", "samples", pinned=DIGEST),
        profiles=[Profile.ISSUER], chosen_by=(), waivers={}, at=AT,
    )  # fmt: skip


def test_what_the_suite_damaged_does_not_stand_in_the_count_of_what_was_made() -> None:
    made, damaged = apart(of_issuer(), shipped())

    assert [row.case for row in made[1] if row.outcome is Outcome.FAILED] == [BAD]
    assert all(row.negative and row.outcome is Outcome.PASSED for row in damaged[1])
    assert all(DAMAGE in shipped().case(row.case).tags for row in damaged[1])
    assert len(made[1]) + len(damaged[1]) == len(shipped().chosen([Profile.ISSUER]))


def test_a_profile_in_which_nothing_is_damaged_is_counted_as_one() -> None:
    ((name, rows),) = apart(record(), shipped())

    assert (name, len(rows)) == ("verifier", len(record().rows))


def test_both_counts_and_what_was_pinned_stand_in_the_reports() -> None:
    made, damaged = (len(rows) for _, rows in apart(of_issuer(), shipped()))
    text, page = markdown(of_issuer(), shipped()), html(of_issuer(), shipped())

    assert f"| issuer, as made | {made} | {made - 1} | 1 |" in text
    assert f"| issuer, damaged by the suite | {damaged} | {damaged} | 0 |" in text
    assert DIGEST in text
    assert "issuer, damaged by the suite" in page
    assert DIGEST in page


def test_what_was_pinned_is_read_again_with_the_record_and_is_a_digest_or_nothing() -> None:
    document = of_issuer().document()
    nameless = replace(of_issuer(), description=Description("Card Office", "samples")).document()

    assert read_record(document) == of_issuer()
    assert "pinned" not in nameless["summary"]["target"]
    document["summary"]["target"]["pinned"] = "my own key"
    with pytest.raises(ConfigurationError, match="pinned"):
        read_record(document)
