"""What came of runs against programs that are not ours, as Markdown: generated from the records, and from nothing else.

Decides how a failed case is told: accepted though it must be refused, refused though it must be accepted, or refused
for another reason than the right one. It does not know which program is good.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from idbridge.conformance.judge import Outcome
from idbridge.conformance.record import Record, Row
from idbridge.conformance.requirements import Requirement
from idbridge.model.time import instant_text

_ACCEPTED: Final = "PASSED"
KINDS: Final[Mapping[str, str]] = {
    "accepted": "Accepted, and must be refused",
    "refused": "Refused or found wrong, and must be accepted",
    "otherwise": "Refused for another reason, or for one that cannot be told",
    "error": "No verdict",
}
INTRODUCTION: Final = """\
# What other programs make of the suite

Libraries and servers that others wrote, put to the suite as any implementation is: through adapters that call them as
their documentation says and judge nothing themselves. None is expected to pass everything. They show that the suite
tells implementations apart, and what is left to whoever builds on one of them.

An adapter declares what its library does not do, such as other formats, trust between states, policies, or the limits
that are ours; that is *not implemented*, and no failure. What the format demands of whoever verifies it is put to the
library, also where it has no option for that. Some requirements are stricter than the standard that a library was
written for: RFC 7515 lets a verifier pass over a key that stands in a header, and here that is refused.

A reason `unknown.…` is an error of the library that does not say which check failed, so that nobody could pass the
reason on. *Accepted wrongly* counts cases that were accepted and must be refused.
"""


def kind(row: Row) -> str:
    """Return in which way a case failed, a key of ``KINDS``."""
    if row.outcome is Outcome.ERROR:
        return "error"
    if row.got == _ACCEPTED:
        return "accepted" if row.negative else "otherwise"
    return "otherwise" if row.negative else "refused"


def page(
    records: Sequence[Record], requirements: Mapping[str, Requirement], *, command: str, reasons: Mapping[str, str]
) -> str:
    """Return the page about ``records``, which are of one corpus; ``command`` makes it anew.

    ``reasons`` say by the name of a program why single cases are not put to it.
    """
    first = records[0]
    made = (
        f"Made on {instant_text(first.at)[:10]} by `{command}`, "
        f"with corpus {first.corpus_version}, digest `{first.corpus_digest}`.\n"
    )
    parts = [
        INTRODUCTION,
        made,
        "\n".join(_overview(records)) + "\n",
        *("\n".join(_section(one, requirements, reasons.get(one.description.name, ""))) + "\n" for one in records),
    ]
    return "\n".join(parts)


def _overview(records: Iterable[Record]) -> Iterator[str]:
    yield "| program | version | profile | cases | passed | failed | accepted wrongly | no verdict | not implemented |"
    yield "|---|---|---|---:|---:|---:|---:|---:|---:|"
    for record in records:
        wrongly = sum(not row.is_good and kind(row) == "accepted" for row in record.rows)
        profiles = ", ".join(profile.value for profile in record.profiles)
        told = record.counts
        numbers = (
            told["cases"], told["passed"], told["failed"], wrongly, told["errors"], told["not_implemented"],
        )  # fmt: skip
        cells = (record.description.name, record.description.version, profiles, *map(str, numbers))
        yield f"| {' | '.join(cells)} |"


def _section(record: Record, requirements: Mapping[str, Requirement], reason: str) -> Iterator[str]:
    yield f"## {record.description.name} {record.description.version}"
    yield ""
    yield declared(record, reason)
    yield ""
    failed = [row for row in record.rows if not row.is_good]
    if not failed:
        yield "Nothing failed."
    for name, heading in KINDS.items():
        rows = [row for row in failed if kind(row) == name]
        if rows:
            yield f"### {heading}: {len(rows)}"
            yield ""
            yield from _by_requirement(rows, requirements)
            yield ""


def declared(record: Record, reason: str) -> str:
    """Return what is not implemented, as a sentence: tags, requirements and areas by name, single cases by number."""
    cases = {row.case for row in record.rows}
    names = sorted(record.description.not_implemented - cases)
    single = len(record.description.not_implemented & cases)
    told = ", ".join(f"`{name}`" for name in names) or "nothing"
    return f"Not implemented: {told}" + (f"; single cases: {single}{reason and ', '}{reason}." if single else ".")


def _by_requirement(rows: Sequence[Row], requirements: Mapping[str, Requirement]) -> Iterator[str]:
    for name in sorted({name for row in rows for name in row.requirements}):
        yield f"- **{name}** {requirements[name].text}"
        yield from (f"  - {_line(row)}" for row in rows if name in row.requirements)


def _line(row: Row) -> str:
    if row.outcome is Outcome.ERROR:
        return f"`{row.case}`: {row.title}. Expected {_words(row.expected)}, got no verdict."
    if row.expected == row.got:
        return f"`{row.case}`: {row.title}. {row.detail}."
    return f"`{row.case}`: {row.title}. Expected {_words(row.expected)}, got {_words(row.got)}."


def _words(verdict: str) -> str:
    """Return a verdict as words: ``FAILED time.expired`` as a reason in code font."""
    indication, _, code = verdict.partition(" ")
    if not code:
        return "acceptance" if indication == _ACCEPTED else f"`{indication}`"
    return f"`{code}`" if indication == "FAILED" else f"`{code}` ({indication.lower()})"
