"""The record of a run as JUnit XML, which every build server draws: a test suite for each profile.

A failure is a verdict that is another, an error is no verdict. What a target declares not to do, and what was expected
to fail, is skipped with its reason: neither counts as passed.
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final
from xml.etree import ElementTree as Xml

from idbridge.conformance.judge import Outcome
from idbridge.conformance.profiles import Profile
from idbridge.conformance.record import Record, Row
from idbridge.conformance.reports.minted import minted_words
from idbridge.conformance.reports.shown import address, in_one_line, shortened, visible
from idbridge.model.time import instant_text

_ELEMENTS: Final[Mapping[Outcome, str]] = MappingProxyType(
    {
        Outcome.FAILED: "failure",
        Outcome.UNEXPECTED_PASS: "failure",
        Outcome.ERROR: "error",
        Outcome.NOT_IMPLEMENTED: "skipped",
        Outcome.EXPECTED_FAILURE: "skipped",
    }
)


def junit(record: Record) -> str:
    """Return ``record`` as the text of one XML document."""
    whole = Xml.Element("testsuites", {"name": "idbridge conformance", **_sums(record.rows)})
    for profile in record.profiles:
        rows = [row for row in record.rows if row.profile is profile]
        suite = Xml.SubElement(whole, "testsuite", {"name": profile.value, **_sums(rows)})
        suite.set("timestamp", instant_text(record.at))
        _properties(suite, record, profile)
        for row in rows:
            _case(suite, row)
    Xml.indent(whole, space=" ")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{Xml.tostring(whole, encoding="unicode")}\n'


def _sums(rows: Sequence[Row]) -> dict[str, str]:
    kinds = [_ELEMENTS.get(row.outcome) for row in rows]
    return {
        "tests": str(len(rows)),
        "failures": str(kinds.count("failure")),
        "errors": str(kinds.count("error")),
        "skipped": str(kinds.count("skipped")),
        "time": _seconds(sum(row.milliseconds for row in rows)),
    }


def _properties(suite: Xml.Element, record: Record, profile: Profile) -> None:
    said = {
        "corpus.version": record.corpus_version,
        "corpus.digest": record.corpus_digest,
        "suite.version": record.suite_version,
        "target": address(record.target),
        "target.name": record.description.name,
        "target.version": record.description.version,
        "profile": profile.value,
        "chosen_by": " ".join(record.chosen_by),
        "minted": minted_words(record),
    }
    properties = Xml.SubElement(suite, "properties")
    for name, value in said.items():
        Xml.SubElement(properties, "property", {"name": name, "value": in_one_line(value)})


def _case(suite: Xml.Element, row: Row) -> None:
    named = {"classname": row.profile.value, "name": in_one_line(row.case), "time": _seconds(row.milliseconds)}
    case = Xml.SubElement(suite, "testcase", named)
    element = _ELEMENTS.get(row.outcome)
    if element is None:
        return
    told = {"message": in_one_line(f"{row.outcome.value}: {row.detail}")}
    if element == "skipped":
        Xml.SubElement(case, element, told)
        return
    lines = (
        row.title,
        f"requirements: {', '.join(row.requirements)}",
        f"expected: {row.expected}",
        f"got: {row.got}",
        f"sent: {shortened(row.sent)}",
        f"received: {shortened(row.received)}",
    )
    Xml.SubElement(case, element, {"type": row.outcome.value, **told}).text = visible("\n".join(lines))


def _seconds(milliseconds: float) -> str:
    return f"{milliseconds / 1000:.3f}"
