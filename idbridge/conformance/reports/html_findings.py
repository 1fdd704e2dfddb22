"""One failed case on the page of a run: what was sent, what was due, what came, by which clause, and what to do."""

from collections.abc import Iterator

from idbridge.conformance.corpus import Corpus
from idbridge.conformance.record import Record, Row
from idbridge.conformance.reports.element import Html, Part, coded, parts, tag, together
from idbridge.conformance.reports.findings import Finding, waived
from idbridge.conformance.reports.shown import shortened
from idbridge.conformance.requirements import Requirement
from idbridge.limits import LIMITS


def finding_card(found: Finding) -> Html:
    """Return the card of one finding."""
    facts = (parts(tag("dt", name), tag("dd", value)) for name, value in _facts(found) if value)
    title = parts(found.row.title, " ", tag("code", found.row.case))
    return tag("article", tag("h3", title), tag("dl", together(facts)), class_="card failed")


def waived_section(record: Record, corpus: Corpus) -> Html:
    """Return the part about cases that were expected to fail, each with its waiver."""
    rows = waived(record)
    cards = [_waived(row, record, corpus) for row in rows[: LIMITS.conformance_findings]]
    more = len(rows) - len(cards)
    rest = [tag("p", f"And {more} more, which the record of the run has.", class_="note")] if more else []
    words = "These failed, as was written down before the run. They do not count as passed."
    return tag("section", tag("h2", f"Expected failures ({len(rows)})", id="waivers"), tag("p", words), *cards, *rest)


def _waived(row: Row, record: Record, corpus: Corpus) -> Html:
    known = [corpus.requirements[name] for name in row.requirements if name in corpus.requirements]
    said: dict[str, Part] = {
        "Waiver": record.waivers.get(row.case, row.detail),
        "Expected": tag("code", row.expected),
        "Got": tag("code", row.got),
        "Requirement": _requirements(known),
    }
    facts = (parts(tag("dt", name), tag("dd", value)) for name, value in said.items())
    title = parts(row.title, " ", tag("code", row.case))
    return tag("article", tag("h3", title), tag("dl", together(facts)), class_="card waived")


def _facts(found: Finding) -> Iterator[tuple[str, Part | None]]:
    row, case, reason = found.row, found.case, found.reason
    yield "What is wrong", f"It {found.kind.value}."
    yield "In detail", row.detail if row.detail != f"expected {row.expected}, got {row.got}" else None
    yield "Expected", tag("code", row.expected)
    yield "Got", tag("code", row.got) if row.got else None
    yield "What to do", found.to_do
    yield "Why it matters", case.why if case is not None else None
    yield "Requirement", _requirements(found.requirements) if found.requirements else ", ".join(row.requirements)
    if reason is not None:
        yield (
            "What the reason means",
            parts(tag("code", reason.code), ": ", coded(reason.developer), f" ({reason.clause})"),
        )
        yield "Remedy in the catalogue", coded(reason.remedy)
    if found.twin is not None:
        more = f", and in {', '.join(case.beside)} too" if case is not None and case.beside else ""
        words = f" is accepted, and differs in what is attacked{more}: "
        yield "Accepted twin", parts(tag("code", found.twin.id), words, found.twin.title)
    yield "Question", "It was minted for this run, and stands in no corpus." if row.fresh else None
    yield "Sent", _quoted("Sent", row.sent)
    yield "Received", _quoted("Received", row.received)


def _requirements(known: list[Requirement] | tuple[Requirement, ...]) -> Html:
    return together(map(_requirement, known))


def _requirement(one: Requirement) -> Html:
    clause = tag("span", f"({one.clause})", class_="quiet")
    return tag("p", tag("code", one.id), f" {one.level.value}: ", coded(one.text), " ", clause)


def _quoted(name: str, text: str) -> Html | None:
    """Return a text as it was sent; it can be scrolled, so that a keyboard has to reach it."""
    return tag("pre", shortened(text), tabindex=0, role="group", aria_label=name) if text else None
