"""The story of a verdict on a screen, and as JSON."""

from typing import Any, Final

from idbridge.cli import output
from idbridge.cli.story import Chapter, not_proven, told
from idbridge.model.check import Check, Result, Step
from idbridge.verify.report import Report

SCHEMA: Final = "idbridge-explanation-1"
_MARKS: Final = {
    Result.PASSED: ("passed", "green"),
    Result.FAILED: ("refused", "red"),
    Result.INDETERMINATE: ("cannot tell", "yellow"),
    Result.SKIPPED: ("not made", "dim"),
}
_INDENT: Final = 4
_UNREACHED: Final = "an earlier step refused"  # as the verifier says of steps after a refusal


def show(report: Report) -> None:
    """Print the nine chapters and what the verdict does not prove."""
    for chapter in told(report):
        output.line()
        words, colour = ("", "") if chapter.step is Step.V1 else _MARKS[chapter.result]
        output.styled_line(output.styled((f"{chapter.step}  {chapter.title}", "bold"), (f"  {words}", colour)))
        for sentence in chapter.said:
            output.indented(sentence, indent=_INDENT)
        _show_checks(chapter)
    output.line()
    output.styled_line(output.styled(("What this does not prove", "bold")))
    for sentence in not_proven(report):
        output.indented(f"- {sentence}", indent=_INDENT)


def _show_checks(chapter: Chapter) -> None:
    passed = [check.id for check in chapter.checks if check.result is Result.PASSED]
    if passed:
        output.indented(f"passed: {' '.join(passed)}", indent=_INDENT)
    unreached = [check.id for check in chapter.checks if check.note == _UNREACHED]
    if unreached:
        output.indented(f"not made: {' '.join(unreached)}", indent=_INDENT)
    rest = [check for check in chapter.checks if check.result is not Result.PASSED and check.note != _UNREACHED]
    output.grid([(check.id, _MARKS[check.result][0], _why(check)) for check in rest], indent=_INDENT)


def _why(check: Check) -> str:
    if check.reason is not None:
        return "; ".join(part for part in (check.reason.code, check.note, check.clause) if part)
    return check.note


def document(report: Report, *, report_id: str) -> dict[str, Any]:
    """Return the story as JSON values, in the envelope of every ``--json``."""
    reason = report.reason
    return {
        "schema": SCHEMA,
        "summary": {
            "report_id": report_id,
            "indication": str(report.indication),
            "accepted": report.accepted,
            "code": reason.code if reason is not None else None,
            "decided_by": report.decided_by.id if report.decided_by is not None else None,
            "not_proven": list(not_proven(report)),
        },
        "results": [_chapter(one) for one in told(report)],
    }


def _chapter(chapter: Chapter) -> dict[str, Any]:
    return {
        "step": str(chapter.step),
        "title": chapter.title,
        "result": str(chapter.result),
        "said": list(chapter.said),
        "checks": [_check(check) for check in chapter.checks],
    }


def _check(check: Check) -> dict[str, Any]:
    return {
        "id": check.id,
        "result": str(check.result),
        "clause": check.clause,
        "code": check.reason.code if check.reason is not None else None,
        "note": check.note or None,
    }
