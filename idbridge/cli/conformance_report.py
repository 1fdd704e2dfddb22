"""``idbridge conformance report`` and ``compare``: a run that was made is shown to people, or held against another."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from idbridge.cli import output
from idbridge.cli.conformance_files import check_places, open_record, report_options, write_reports
from idbridge.cli.exits import Exit
from idbridge.cli.output import Failure, json_option
from idbridge.cli.reading import STANDARD_INPUT
from idbridge.conformance.comparison import Change, Comparison, compared
from idbridge.conformance.corpus import shipped


@click.command("report")
@click.argument("source", metavar="RECORD")
@report_options
def report(*, source: str, junit: Path | None, page: Path | None, markdown: Path | None) -> Exit:
    """Make reports of a run from its record, which `run --json` prints.

    RECORD is a file, or `-` for standard input. Without an option, a short summary is printed.
    Texts of requirements are those of the corpus that came with this installation.
    """
    check_places(junit, page, markdown, spared=(source,))
    record, corpus = open_record(source), shipped()
    written = write_reports(record, corpus, junit=junit, page=page, markdown=markdown)
    for path in written:
        output.line(f"wrote {path}")
    if not written:
        from idbridge.conformance.reports.markdown import markdown as summary

        for line in summary(record, corpus).splitlines():
            output.raw_text(line)
    return Exit.DONE


@click.command("compare")
@click.argument("before", metavar="RECORD")
@click.argument("after", metavar="RECORD")
@json_option
def compare(*, before: str, after: str, as_json: bool) -> Exit:
    """Tell how the second of two runs differs from the first.

    Ends with 0 if nothing differs, with 1 if anything does: a case came out otherwise, is new or
    gone, or the corpus, the target or what was chosen is another.
    """
    if before == after == STANDARD_INPUT:
        raise Failure("only one of two records can come from standard input", exit_code=Exit.USAGE)
    found = compared(open_record(before), open_record(after))
    if as_json:
        output.document("idbridge-conformance-compare-1", summary=_summary(found), results=list(_documents(found)))
    else:
        _show(found)
    return Exit.DONE if found.is_equal else Exit.REFUSED


def _summary(found: Comparison) -> dict[str, Any]:
    return {
        "equal": found.is_equal,
        "changed": len(found.changed),
        "new": len(found.new),
        "gone": len(found.gone),
        "facts": [{"name": one.name, "before": one.before, "after": one.after} for one in found.facts],
    }


def _documents(found: Comparison) -> Iterator[dict[str, Any]]:
    for kind, changes in (("changed", found.changed), ("new", found.new), ("gone", found.gone)):
        yield from ({"kind": kind, **one.document()} for one in changes)


def _show(found: Comparison) -> None:
    if found.is_equal:
        output.emphasis("the two runs came out alike", colour="green")
        return
    if found.facts:
        rows = ((one.name, one.before or "-", one.after or "-") for one in found.facts)
        output.table(("WHAT IS ANOTHER", "FIRST", "SECOND"), rows, wrap={"FIRST", "SECOND"})
        output.line()
    changes = (*found.changed, *found.new, *found.gone)
    if changes:
        output.table(("CASE", "FIRST", "SECOND"), map(_row, changes), wrap={"FIRST", "SECOND"})
        output.line()
    words = f"{len(found.changed)} cases came out otherwise, {len(found.new)} new, {len(found.gone)} gone"
    output.emphasis(words, colour="red")


def _row(one: Change) -> tuple[str, str, str]:
    told = [
        f"{row.outcome.value}: {row.got or '-'}" if row is not None else "not run" for row in (one.before, one.after)
    ]
    return one.case, told[0], told[1]
