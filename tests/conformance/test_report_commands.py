"""`report` and `compare` read records, write what is asked for, and end as the table of exit codes says."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from idbridge.cli.conformance_report import compare, report
from idbridge.cli.conformance_run import run_cases
from idbridge.cli.exits import Exit
from idbridge.cli.main import root
from idbridge.conformance.judge import judged
from idbridge.conformance.record import Record
from idbridge.limits import LIMITS
from tests.conformance.records import as_it_must, cases, of_every_outcome, record
from tests.docs.walk import Walk


def written(folder: Path, name: str, made: Record) -> str:
    path = folder / name
    path.write_text(json.dumps(made.document()), "utf-8")
    return str(path)


def said(*words: str, given: str | None = None) -> Result:
    return CliRunner().invoke(root, ["conformance", *words], input=given)


@pytest.fixture
def broken(tmp_path: Path) -> str:
    return written(tmp_path, "broken.json", of_every_outcome())


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "{}", '{"schema": "idbridge-conformance-run-1"}', '{"a":1,"a":2}', "\x00"]
)
def test_what_is_no_record_is_refused_before_anything_is_written(text: str, tmp_path: Path) -> None:
    source, page = tmp_path / "record.json", tmp_path / "page.html"
    source.write_text(text, "utf-8")
    told = said("report", str(source), "--html", str(page))

    assert told.exit_code == Exit.LOCAL
    assert "no record of a conformance run" in told.stderr
    assert "run --json" in told.stderr
    assert "doctor" not in told.stderr
    assert not page.exists()


def test_a_record_that_is_too_large_is_refused(tmp_path: Path) -> None:
    source = tmp_path / "record.json"
    with source.open("wb") as file:
        file.truncate(LIMITS.conformance_record_bytes + 1)
    told = said("report", str(source))

    assert told.exit_code == Exit.LOCAL
    assert "no record" in told.stderr


def test_no_report_is_written_over_the_record_or_over_another_report(broken: str, tmp_path: Path) -> None:
    before, page = Path(broken).read_bytes(), str(tmp_path / "page")

    over_it = said("report", broken, "--html", f"{tmp_path}/./broken.json")
    twice = said("report", broken, "--html", page, "--junit", page)

    assert (over_it.exit_code, twice.exit_code) == (Exit.USAGE, Exit.USAGE)
    assert Path(broken).read_bytes() == before
    assert not Path(page).exists()


def test_a_report_that_cannot_be_written_says_so(broken: str, tmp_path: Path) -> None:
    told = CliRunner().invoke(report, [broken, "--html", str(tmp_path / "nowhere" / "page.html")])

    assert told.exit_code != 0
    assert "cannot be written" in told.output


def test_reports_are_written_where_they_are_asked_for(broken: str, tmp_path: Path) -> None:
    files = {kind: tmp_path / f"report.{kind}" for kind in ("junit", "html", "markdown")}
    told = said("report", broken, *(word for kind, path in files.items() for word in (f"--{kind}", str(path))))

    assert told.exit_code == Exit.DONE
    assert files["junit"].read_text("utf-8").startswith("<?xml")
    assert files["html"].read_text("utf-8").startswith("<!doctype html>")
    assert files["markdown"].read_text("utf-8").startswith("## Conformance: not passed")


def test_without_a_file_a_summary_is_printed_of_a_record_on_standard_input() -> None:
    told = said("report", "-", given=json.dumps(of_every_outcome().document()))

    assert told.output.startswith("## Conformance: not passed")


def test_a_run_writes_the_same_reports_beside_its_record(tmp_path: Path) -> None:
    files = [tmp_path / name for name in ("a.xml", "a.html", "a.md")]
    words = ["--junit", str(files[0]), "--html", str(files[1]), "--markdown", str(files[2])]
    told = CliRunner().invoke(run_cases, ["--target", "builtin", "--case", "mdoc-expired", "--json", *words])
    again = said("report", "-", "--html", str(tmp_path / "b.html"), given=told.stdout)

    assert (told.exit_code, again.exit_code) == (0, 0)
    assert files[1].read_text("utf-8") == (tmp_path / "b.html").read_text("utf-8")
    assert 'tests="1"' in files[0].read_text("utf-8")
    assert "mdoc-expired" in files[2].read_text("utf-8") or "chosen by" in files[2].read_text("utf-8")


def test_two_runs_that_differ_end_with_1_and_equal_ones_with_0(broken: str, tmp_path: Path) -> None:
    good = written(tmp_path, "good.json", record())
    copy = written(tmp_path, "copy.json", record())

    assert said("compare", good, broken).exit_code == Exit.REFUSED
    assert said("compare", good, copy).exit_code == Exit.DONE


def test_a_difference_is_one_object_for_a_program(broken: str, tmp_path: Path) -> None:
    few = written(tmp_path, "few.json", record([judged(case, as_it_must(case)) for case in cases(2)]))
    told = json.loads(said("compare", few, broken, "--json").output)

    assert told["schema"] == "idbridge-conformance-compare-1"
    assert told["summary"]["equal"] is False
    assert {"name": "target version", "before": "2.1", "after": "2.1"} not in told["summary"]["facts"]
    assert {"target", "target name", "not implemented", "waived cases"} == {
        one["name"] for one in told["summary"]["facts"]
    }
    assert told["summary"]["new"] == sum(one["kind"] == "new" for one in told["results"])


def test_one_input_is_not_two_records() -> None:
    told = CliRunner().invoke(compare, ["-", "-"])

    assert "standard input" in told.output


def test_on_a_terminal_a_summary_has_lines(broken: str, tmp_path: Path) -> None:
    code, told = Walk(tmp_path).run(f"idbridge conformance report {broken}", tmp_path)

    assert code == Exit.DONE
    assert "\n| profile |" in told
    assert "\\n" not in told
