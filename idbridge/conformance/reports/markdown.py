"""The record of a run in Markdown, for the summary of a build or a message: short, and only what failed in rows.

What a target answered stands in code spans, in which nothing is a link, a mention or an element.
"""

from collections.abc import Iterator
from typing import Final

from idbridge.conformance.corpus import Corpus
from idbridge.conformance.judge import Outcome
from idbridge.conformance.record import Record, Row
from idbridge.conformance.reports.apart import apart
from idbridge.conformance.reports.findings import Finding, findings, tallied, waived
from idbridge.conformance.reports.matrix import uncovered_words
from idbridge.conformance.reports.minted import minted_words
from idbridge.conformance.reports.shown import address, in_one_line, shortened
from idbridge.limits import LIMITS
from idbridge.model.time import instant_text

_CELL_CHARACTERS: Final = 300


def markdown(record: Record, corpus: Corpus) -> str:
    """Return ``record`` as Markdown, with titles and clauses of ``corpus``."""
    found = findings(record, corpus)
    return "\n".join([*_summary(record, corpus, found), *_failures(found), *_waived(waived(record))]) + "\n"


def _summary(record: Record, corpus: Corpus, found: tuple[Finding, ...]) -> Iterator[str]:
    target = record.description
    left = uncovered_words(record, corpus)
    yield f"## Conformance: {'passed' if record.is_good else 'not passed'}{f' ({left})' if left else ''}"
    yield ""
    yield (
        f"{code(target.name)} {code(target.version)} at {code(address(record.target))}, {instant_text(record.at)}, "
        f"corpus {code(record.corpus_version)} ({code(record.corpus_digest)}), suite {code(record.suite_version)}."
    )
    if target.pinned:
        yield ""
        yield f"Verified under the keys that were pinned for it, SHA-256 {code(target.pinned)}."
    if minted := minted_words(record):
        yield ""
        yield f"Of what was asked, {minted}."
    if record.chosen_by:
        yield ""
        yield f"Only cases chosen by {', '.join(map(code, record.chosen_by))}: this proves no profile as a whole."
    yield ""
    yield "| profile | cases | passed | failed | errors | not implemented | expected failures |"
    yield "| --- | ---: | ---: | ---: | ---: | ---: | ---: |"
    for name, rows in apart(record, corpus):
        yield _profile(name, [row.outcome for row in rows])
    if found:
        yield ""
    for kind, number in tallied(found):
        yield f"- {number} × it {kind.value}"


def _profile(name: str, outcomes: list[Outcome]) -> str:
    failed = outcomes.count(Outcome.FAILED) + outcomes.count(Outcome.UNEXPECTED_PASS)
    rest = (Outcome.ERROR, Outcome.NOT_IMPLEMENTED, Outcome.EXPECTED_FAILURE)
    numbers = [len(outcomes), outcomes.count(Outcome.PASSED), failed, *map(outcomes.count, rest)]
    return f"| {name} | {' | '.join(map(str, numbers))} |"


def _failures(found: tuple[Finding, ...]) -> Iterator[str]:
    if not found:
        return
    yield ""
    yield "### What failed"
    yield ""
    yield "| case | requirements | expected | got | what was wrong |"
    yield "| --- | --- | --- | --- | --- |"
    for one in found[: LIMITS.conformance_findings]:
        row = one.row
        names = ", ".join(map(code, row.requirements))
        yield f"| {code(row.case)} | {names} | {code(row.expected)} | {code(row.got)} | {code(row.detail)} |"
    more = len(found) - LIMITS.conformance_findings
    if more > 0:
        yield ""
        yield f"And {more} more, which the record has."


def _waived(rows: tuple[Row, ...]) -> Iterator[str]:
    if not rows:
        return
    yield ""
    yield "### Expected failures"
    yield ""
    for row in rows[: LIMITS.conformance_findings]:
        yield f"- {code(row.case)}: {code(row.detail)}"


def code(text: str) -> str:
    """Return ``text`` as a code span that may stand in a cell; nothing in it ends the span, the cell or the line."""
    plain = shortened(in_one_line(text), most=_CELL_CHARACTERS).replace("`", "'").replace("|", "¦")
    return f"`{plain}`" if plain else ""
