"""``idbridge dispute replay`` and ``show``: a bundle made to speak again, for a machine and for a court."""

from datetime import datetime
from pathlib import Path
from typing import Any

import click

from idbridge import __version__
from idbridge.cli import dispute_files, output
from idbridge.cli.dispute_files import credential_option
from idbridge.cli.dispute_page import page
from idbridge.cli.exits import Exit
from idbridge.cli.material import at_option, instant
from idbridge.cli.output import Failure, json_option
from idbridge.cli.reading import STANDARD_INPUT
from idbridge.evidence.dispute import Bundle, DisputeError
from idbridge.evidence.dispute_findings import Finding, Findings, findings
from idbridge.evidence.dispute_replay import Replayed
from idbridge.evidence.dispute_replay import replay as made_again


@click.command("replay")
@click.argument("source", metavar="BUNDLE|-")
@credential_option
@json_option
def replay(*, source: str, credential: str | None, as_json: bool) -> Exit:
    """Make a decision again, with nothing but what the bundle holds.

    Ends with 0 if the same comes of it: octet for octet by the version that decided, and in meaning by another one,
    which then says what differs. Ends with 1 if it differs, and with 3 if it cannot be made again.
    """
    bundle = dispute_files.read_bundle(source)
    try:
        again = made_again(bundle, brought=dispute_files.brought_by(credential))
    except DisputeError as refusal:
        raise Failure(str(refusal), exit_code=Exit.INDETERMINATE) from refusal
    if as_json:
        output.document("idbridge-dispute-replay-1", summary=_summary(bundle, again), results=_differences(again))
    else:
        _tell(bundle, again)
    return Exit.DONE if again.same else Exit.REFUSED


def _summary(bundle: Bundle, again: Replayed) -> dict[str, Any]:
    return {
        "report_id": bundle.report_id,
        "indication": again.report.indication.value,
        "same": again.same,
        "identical": again.identical,
        "decided_by": bundle.verifier_version,
        "made_again_by": __version__,
    }


def _differences(again: Replayed) -> list[dict[str, str | None]]:
    return [{"place": one.place, "was": one.was, "now": one.now} for one in again.differences]


def _tell(bundle: Bundle, again: Replayed) -> None:
    output.facts(
        (
            ("report", bundle.report_id),
            ("decision", again.report.indication.value),
            ("decided by", bundle.verifier_version),
            ("made again by", __version__),
            ("octet for octet", "the same" if again.identical else "not the same"),
            ("in meaning", "the same" if not again.differences else f"differs in {len(again.differences)} places"),
        )
    )
    if again.differences:
        output.line()
        rows = [(one.place, one.was or "-", one.now or "-") for one in again.differences]
        output.table(("PLACE", "WAS", "IS NOW"), rows, wrap={"WAS", "IS NOW"})


@click.command("show")
@click.argument("source", metavar="BUNDLE|-")
@credential_option
@click.option("--html", "target", metavar="FILE", help="Write one page that needs nothing else; `-` prints it.")
@at_option
@json_option
def show(*, source: str, credential: str | None, target: str | None, at: datetime | None, as_json: bool) -> Exit:
    """Say what a bundle proves, and what it does not.

    The page holds no claim about the person, only the names of what was released. Ends as `replay` does.
    """
    bundle = dispute_files.read_bundle(source)
    try:
        found = findings(bundle, now=instant(at), brought=dispute_files.brought_by(credential))
    except DisputeError as refusal:
        raise Failure(str(refusal), exit_code=Exit.INDETERMINATE) from refusal
    if target is not None:
        _write(target, page(found, at=instant(at)))
    elif as_json:
        _print(found)
    else:
        _say(found)
    if found.replayed is None:
        return Exit.INDETERMINATE
    return Exit.DONE if found.replayed.same else Exit.REFUSED


def _write(target: str, text: str) -> None:
    if target == STANDARD_INPUT:
        output.raw_text(text)
        return
    dispute_files.write_private(Path(target), text.encode())
    output.line(f"wrote {target}")


def _print(found: Findings) -> None:
    results = [
        {"about": one.about, "proven": one.proven, "statement": one.statement, "by": one.by, "time": one.time}
        for one in found.findings
    ]
    summary = {"report_id": found.bundle.report_id, "proven": len(found.proven), "not_proven": len(found.not_proven)}
    output.document("idbridge-dispute-show-1", summary=summary, results=results)


def _say(found: Findings) -> None:
    output.facts((("report", found.bundle.report_id), ("decision", found.decided.get("indication"))))
    for title, ones in (("proven", found.proven), ("not proven", found.not_proven)):
        output.line()
        output.emphasis(title, colour="green" if title == "proven" else "yellow")
        for one in ones:
            _one(one)


def _one(one: Finding) -> None:
    output.paragraph(f"- {one.statement}")
    output.indented(one.by, indent=2)
    if one.time is not None:
        output.indented(f"when: {one.time}", indent=2)
