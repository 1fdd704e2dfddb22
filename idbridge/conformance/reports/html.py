"""The record of a run as one page of HTML, for a manager and a developer. It needs no script and asks nobody anything.

A policy in the page forbids scripts and every address, so that even a text that was not escaped could do nothing.
"""

import base64
import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Final

from idbridge.conformance.corpus import Corpus
from idbridge.conformance.judge import Outcome
from idbridge.conformance.profiles import PROFILES, Profile
from idbridge.conformance.record import Record, Row
from idbridge.conformance.reports.apart import apart
from idbridge.conformance.reports.element import Html, Part, coded, constant, empty, parts, tag, together
from idbridge.conformance.reports.findings import Finding, findings, tallied
from idbridge.conformance.reports.html_findings import finding_card, waived_section
from idbridge.conformance.reports.matrix import Line, Standing, matrix, uncovered_words
from idbridge.conformance.reports.minted import minted_words
from idbridge.conformance.reports.shown import address, in_one_line, shortened
from idbridge.conformance.reports.style import STYLE
from idbridge.limits import LIMITS
from idbridge.model.time import instant_text

_WIDTH: Final = 1000
_NAME_CHARACTERS: Final = 120
_SEGMENTS: Final[Mapping[Outcome, str]] = MappingProxyType(
    {
        Outcome.PASSED: "passed",
        Outcome.FAILED: "failed",
        Outcome.ERROR: "errors",
        Outcome.EXPECTED_FAILURE: "expected failures",
        Outcome.NOT_IMPLEMENTED: "not implemented",
    }
)
_MARKS: Final[Mapping[Standing, str]] = MappingProxyType(
    {
        Standing.FAILED: "bad",
        Standing.WAIVED: "open",
        Standing.IN_PART: "open",
        Standing.PASSED: "good",
        Standing.NOT_IMPLEMENTED: "none",
        Standing.NOT_TESTED: "none",
    }
)


def html(record: Record, corpus: Corpus) -> str:
    """Return the page of ``record``, with the texts of ``corpus``."""
    title = f"Conformance of {_name(record.description.name)}: {_headline(record).lower()}"
    digest = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode("ascii")
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    head = tag(
        "head",
        empty("meta", charset="utf-8"),
        empty("meta", http_equiv="Content-Security-Policy", content=policy),
        empty("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("title", title),
        tag("style", constant(STYLE)),
    )
    body = tag("body", _header(), tag("main", *_sections(record, corpus)), _footer(record))
    return f"<!doctype html>\n{tag('html', head, body, lang='en').text}\n"


def _sections(record: Record, corpus: Corpus) -> Iterator[Html]:
    found = findings(record, corpus)
    yield _verdict(record, corpus, found)
    yield from _notes(record, corpus)
    yield _contents(record, found)
    yield _facts(record)
    yield _numbers(record, corpus)
    if found:
        yield _failures(found)
    if any(row.outcome is Outcome.EXPECTED_FAILURE for row in record.rows):
        yield waived_section(record, corpus)
    yield _requirements(record, corpus)


def _header() -> Html:
    return tag("header", "IdBridge conformance report")


def _footer(record: Record) -> Html:
    words = (
        "This page shows a run, and proves nothing to anybody else: idbridge conformance attest signs it with your "
        "key, and idbridge conformance check tells whether such a signature still counts."
    )
    return tag("footer", tag("p", words), tag("p", f"Made by the suite {record.suite_version}."))


def _name(told: str) -> str:
    """Return what a target calls itself, which it may do at any length."""
    return shortened(in_one_line(told), most=_NAME_CHARACTERS)


def _headline(record: Record) -> str:
    return "Passed" if record.is_good else "Not passed"


def _verdict(record: Record, corpus: Corpus, found: tuple[Finding, ...]) -> Html:
    counts, target = record.counts, record.description
    put = counts["cases"] - counts["not_implemented"]
    words = f"{_name(target.name)} {_name(target.version)} answered {counts['passed']} of {put} cases as it has to."
    if counts["not_implemented"]:
        words += f" It declares not to do {counts['not_implemented']} more."
    listed = [
        tag("li", tag("b", str(number)), f" time{'s' if number > 1 else ''} it {kind.value}")
        for kind, number in tallied(found)
    ]
    kinds: list[Part] = [tag("ul", *listed)] if listed else []
    left = uncovered_words(record, corpus)
    verdict = tag("h1", _headline(record), tag("span", f" ({left})", class_="left") if left else "")
    return tag("section", verdict, tag("p", words), *kinds, class_=f"verdict {'good' if record.is_good else 'bad'}")


def _notes(record: Record, corpus: Corpus) -> Iterator[Html]:
    if record.chosen_by:
        chosen = ", ".join(record.chosen_by)
        yield tag("p", f"Only some cases were put to it, chosen by {chosen}. No profile is proved.", class_="note")
    if record.corpus_digest != corpus.digest():
        words = "The run was made with another corpus than the one that this page takes its texts from."
        yield tag("p", words, class_="note")


def _contents(record: Record, found: tuple[Finding, ...]) -> Html:
    names = [("about", "What was tested"), ("numbers", "In numbers")]
    names += [("failures", "What failed")] if found else []
    names += [("waivers", "Expected failures")] if record.counts["expected_failures"] else []
    links = (tag("a", words, href=f"#{name}") for name, words in [*names, ("requirements", "Requirements")])
    return tag("nav", together(links), aria_label="Parts of this page")


def _facts(record: Record) -> Html:
    target = record.description
    profiles = "; ".join(f"{one.value} ({PROFILES[one].about})" for one in record.profiles)
    said: dict[str, Part] = {
        "Implementation": f"{_name(target.name)} {_name(target.version)}",
        "Reached at": tag("code", address(record.target)),
        "Profiles": profiles,
        "Tested at": instant_text(record.at),
        "Tested by": f"idbridge conformance, suite {record.suite_version}",
        "Corpus": parts(f"{record.corpus_version}, SHA-256 of its manifest ", tag("code", record.corpus_digest)),
    }
    if minted := minted_words(record):
        said["Questions"] = coded(minted)
    if target.pinned:
        said["Keys pinned for it"] = parts("SHA-256 of the pins ", tag("code", target.pinned))
    if target.not_implemented:
        said["Declared as not implemented"] = ", ".join(sorted(target.not_implemented))
    listed = (parts(tag("dt", name), tag("dd", value)) for name, value in said.items())
    return tag("section", tag("h2", "What was tested", id="about"), tag("dl", together(listed)))


def _numbers(record: Record, corpus: Corpus) -> Html:
    legend = (
        tag("li", tag("svg", _rect(0, 20, kind), viewBox="0 0 20 20", aria_hidden="true"), words)
        for kind, words in _SEGMENTS.items()
    )
    counted = {name: _outcomes(rows) for name, rows in apart(record, corpus)}
    bars = [_bar(name, outcomes) for name, outcomes in counted.items()]
    head = ("Profile", "Cases", *(words.capitalize() for words in _SEGMENTS.values()))
    heads = (tag("th", words, scope="col", class_="number" if number else None) for number, words in enumerate(head))
    rows = [_number_row(name, outcomes, head) for name, outcomes in counted.items()]
    table = tag("table", tag("thead", tag("tr", together(heads))), tag("tbody", *rows), class_="counts")
    title = tag("h2", "In numbers", id="numbers")
    return tag("section", title, *bars, tag("ul", together(legend), class_="legend"), table)


def _outcomes(rows: Iterable[Row]) -> dict[Outcome, int]:
    found = [row.outcome for row in rows]
    counted = {kind: found.count(kind) for kind in _SEGMENTS}
    counted[Outcome.FAILED] += found.count(Outcome.UNEXPECTED_PASS)
    return counted


def _bar(name: str, counted: Mapping[Outcome, int]) -> Html:
    whole, begins, segments = max(sum(counted.values()), 1), 0, []
    for kind, number in counted.items():
        width = number * _WIDTH // whole
        if number:
            width = max(width, 4)  # one failure among thousands is seen
            segments.append(_rect(begins, width, kind))
            begins += width
    said = ", ".join(f"{number} {_SEGMENTS[kind]}" for kind, number in counted.items() if number)
    box = f"0 0 {max(begins, 1)} 20"
    drawn = tag("svg", *segments, viewBox=box, preserveAspectRatio="none", role="img", aria_label=said or "nothing")
    return tag("div", tag("span", name), drawn, class_="bar")


def _rect(begins: int, width: int, kind: Outcome) -> Html:
    return tag("rect", x=begins, y=0, width=width, height=20, class_=kind.value)


def _number_row(name: str, counted: Mapping[Outcome, int], head: Sequence[str]) -> Html:
    """Return the row of one profile; each number has its head beside it, which a narrow screen shows."""
    numbers = zip(head[1:], (sum(counted.values()), *counted.values()), strict=True)
    cells = (tag("td", str(number), class_="number", data_head=words) for words, number in numbers)
    return tag("tr", tag("th", name, scope="row"), together(cells))


def _failures(found: tuple[Finding, ...]) -> Html:
    cards = [finding_card(one) for one in found[: LIMITS.conformance_findings]]
    more = len(found) - len(cards)
    rest = [tag("p", f"And {more} more, which the record of the run has.", class_="note")] if more else []
    return tag("section", tag("h2", f"What failed ({len(found)})", id="failures"), *cards, *rest)


def _requirements(record: Record, corpus: Corpus) -> Html:
    tables = (_requirement_table(profile, lines) for profile, lines in matrix(record, corpus).items())
    return tag("section", tag("h2", "Requirements", id="requirements"), together(tables))


def _requirement_table(profile: Profile, lines: tuple[Line, ...]) -> Html:
    counted = ", ".join(
        f"{number} {one.value}" for one in Standing if (number := sum(line.standing is one for line in lines))
    )
    heads = (tag("th", words, scope="col") for words in ("Requirement", "What must be so", "Outcome"))
    table = tag(
        "table",
        tag("thead", tag("tr", together(heads))),
        tag("tbody", together(map(_requirement_row, lines))),
        class_="matrix",
    )
    return parts(tag("h3", f"{profile.value}: {counted or 'none'}"), table)


def _requirement_row(line: Line) -> Html:
    named = tag("th", tag("code", line.id), " ", tag("span", line.level, class_="quiet"), scope="row")
    clause = tag("div", line.clause, class_="quiet")
    mark = tag("span", line.standing.value, class_=f"mark {_MARKS[line.standing]}")
    told = f"{line.passed} of {line.cases} cases" if line.cases else ""
    why = tag("div", f"Why not: {line.why}", class_="quiet") if line.why else ""
    return tag("tr", named, tag("td", coded(line.text), clause, why), tag("td", mark, tag("div", told, class_="quiet")))
