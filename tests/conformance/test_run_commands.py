"""`conformance run` ends with 2 for what was called wrongly, before anything is run, and tells what is left."""

import shlex
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from idbridge.cli.exits import Exit
from idbridge.cli.main import root
from idbridge.conformance.corpus import Corpus, shipped
from idbridge.conformance.judge import declined, judged
from idbridge.conformance.reports.html import html
from idbridge.conformance.reports.markdown import markdown
from idbridge.conformance.reports.matrix import uncovered
from idbridge.conformance.requirements import Level
from idbridge.conformance.target import Description
from tests.conformance.records import as_it_must, cases, record

CASE = "mdoc-expired"
LOOK = "attack-01-rollback-sequence"  # of a profile whose cases nobody has to mint first


def said(*words: str) -> Result:
    return CliRunner().invoke(root, ["conformance", "run", *words])


@pytest.mark.parametrize("target", ["cli:'", 'cli:"a', "cli:", "cli:  ", "foo:bar", "foo", "", "builtin:x", "http:"])
def test_a_target_that_is_none_is_a_fault_of_whoever_called(target: str) -> None:
    told = said("--target", target, "--case", CASE)

    assert told.exit_code == Exit.USAGE
    assert "doctor" not in told.stderr


@pytest.mark.parametrize(
    "words",
    [
        ("--case", CASE, "--case", "mdoc-expird"),
        ("--case", CASE, "--case", "th-pid-in-force", "--tag", "mdoc"),
        ("--case", CASE, "--profile", "trust-list-consumer"),
        ("--case", "mdoc-expird"),
    ],
)
def test_a_case_that_is_not_among_those_that_are_run_is_not_left_out_silently(words: tuple[str, ...]) -> None:
    told = said("--target", "builtin", *words)

    assert told.exit_code == Exit.USAGE
    assert "passed" not in told.stdout


def test_a_misspelled_case_is_told_its_neighbour() -> None:
    assert "`mdoc-expired`" in said("--target", "builtin", "--case", "mdoc-expird").stderr


@pytest.mark.parametrize("option", ["--html", "--junit", "--markdown"])
def test_a_report_that_cannot_be_written_is_noticed_before_the_run(option: str, tmp_path: Path) -> None:
    asked = tmp_path / "asked"
    program = f"from pathlib import Path; Path({str(asked)!r}).touch()"
    target = f"cli:{shlex.join([sys.executable, '-S', '-c', program])}"
    told = said("--target", target, "--case", CASE, option, str(tmp_path / "nowhere" / "report"))

    assert told.exit_code == Exit.LOCAL
    assert "cannot be written" in told.stderr
    assert not asked.exists()


@pytest.mark.parametrize("target", ["cli:false", "cli:/nowhere/program", "http:http://127.0.0.1:1"])
def test_a_target_that_cannot_be_tested_sends_nobody_to_the_doctor_of_nodes(target: str) -> None:
    told = said("--target", target, "--profile", "verifier", "--case", CASE)

    assert told.exit_code == Exit.LOCAL
    assert "doctor" not in told.stderr


def test_the_headline_says_how_many_requirements_the_declaration_leaves_open() -> None:
    described = Description("a verifier", "2.1", frozenset({"qr", "mdoc"}))
    run = record(
        [declined(one, described) if described.declines(one) else judged(one, as_it_must(one)) for one in cases()],
        description=described,
    )
    put = {name for one in cases() if not described.declines(one) for name in one.requirements}
    left = {name for one in cases() if described.declines(one) for name in one.requirements}
    must = {one.id for one in shipped().requirements.values() if one.level is Level.MUST}
    words = f"{len(left & must - put)} MUST requirements are not covered, {len(left & must & put)} more in part"

    assert left & must - put
    assert uncovered(run, shipped()) == (len(left & must - put), len(left & must & put))
    assert words in markdown(run, shipped()).splitlines()[0]
    assert words in html(run, shipped()).partition("</h1>")[0]


def test_the_headline_of_a_whole_run_says_nothing_of_that() -> None:
    assert uncovered(record(), shipped()) == (0, 0)
    assert markdown(record(), shipped()).startswith("## Conformance: passed\n")


@pytest.mark.parametrize("declared", ["no-such-case", "IDB-TIME-999"])
def test_a_name_that_nothing_has_begins_no_run(declared: str, tmp_path: Path) -> None:
    asked = tmp_path / "asked"
    program = (
        f"import json, pathlib, sys; sys.argv[1] == 'describe' or pathlib.Path({str(asked)!r}).touch(); "
        f"print(json.dumps({{'name': 'x', 'version': '1', 'not_implemented': ['qr', {declared!r}]}}))"
    )
    told = said("--target", f"cli:{shlex.join([sys.executable, '-S', '-c', program])}", "--case", LOOK)

    assert told.exit_code == Exit.LOCAL
    assert f"`{declared}` is declared as not implemented, and nothing in the corpus is called so" in told.stderr
    assert not asked.exists()


def test_a_run_says_what_the_declaration_leaves_open(tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text(
        "import json, sys\n"
        "said = {'describe': {'name': 'x', 'version': '1', 'not_implemented': ['mdoc-expired', 'state']}}\n"
        "print(json.dumps(said.get(sys.argv[1], {'indication': 'PASSED', 'code': None})))\n",
        "utf-8",
    )
    target = f"cli:{shlex.join([sys.executable, '-S', str(program)])}"
    told = said("--target", target, "--case", CASE, "--case", "sg-mdoc-opens-account")

    assert "1 MUST requirements are not covered" in told.stdout


@pytest.mark.parametrize("left", ["", "pathlib.Path(folder).touch()"])
def test_a_program_that_removes_the_folder_of_the_run_ends_it_without_an_internal_error(
    left: str, tmp_path: Path
) -> None:
    program = tmp_path / "program.py"
    program.write_text(
        "import json, os, pathlib, shutil, sys\n"
        "if sys.argv[1] == 'verify':\n"
        "    folder = os.path.dirname(sys.argv[3])\n"
        "    shutil.rmtree(folder)\n"
        f"    {left or 'pass'}\n"
        "said = {'describe': {'name': 'x', 'version': '1', 'not_implemented': ['state']}}\n"
        "print(json.dumps(said.get(sys.argv[1], {'indication': 'PASSED', 'code': None})))\n",
        "utf-8",
    )
    target = f"cli:{shlex.join([sys.executable, '-S', str(program)])}"
    told = said("--target", target, "--case", CASE, "--case", "sg-mdoc-opens-account")

    assert told.exit_code == Exit.LOCAL
    assert "the folder that the run works in" in told.stderr
    assert "passed" not in told.stdout


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ('[expected-failures]\nno-such-case = "x"', "which there is not"),
        (f'[expected-failures]\n{CASE} = " "', "gives no reason"),
        ("x = 1", "waivers are one table"),
        ("[", "cannot be read as TOML"),
    ],
)
def test_waivers_that_are_not_in_order_are_told_as_such(written: str, told: str, tmp_path: Path) -> None:
    (tmp_path / "waivers.toml").write_text(written, "utf-8")
    found = said("--target", "builtin", "--case", CASE, "--waivers", str(tmp_path / "waivers.toml"))

    assert found.exit_code == Exit.LOCAL
    assert told in found.stderr
    assert "[expected-failures]" in found.stderr
    assert "doctor" not in found.stderr


def test_the_counts_of_a_run_with_waivers_add_up(tmp_path: Path) -> None:
    (tmp_path / "waivers.toml").write_text(f'[expected-failures]\n{CASE} = "due in May"', "utf-8")
    program = "import json, sys; print(json.dumps({'name': 'x', 'version': '1', 'not_implemented': ['state']} "
    program += "if sys.argv[1] == 'describe' else {'indication': 'PASSED', 'code': None}))"
    target = f"cli:{shlex.join([sys.executable, '-S', '-c', program])}"
    told = said("--target", target, "--case", CASE, "--waivers", str(tmp_path / "waivers.toml"))

    assert "1 cases, 0 passed, 0 failed, 0 errors, 0 not implemented, 1 failed as expected" in told.stdout
    assert told.exit_code == Exit.REFUSED  # nothing passed


@pytest.mark.parametrize("what", ["a file", "all of it"])
def test_a_corpus_that_is_changed_while_the_run_goes_on_ends_without_a_record(
    what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever is tested may be able to write there. Nothing is put in the place of the installed files here."""
    damaged, digests = iter([(), (CASE,) if what == "a file" else ()]), iter(["0" * 64, "1" * 64])
    monkeypatch.setattr("idbridge.cli.conformance_run.damaged_files", lambda _: next(damaged))
    if what == "all of it":
        monkeypatch.setattr(Corpus, "digest", lambda _: next(digests))
    told = said("--target", "builtin", "--profile", "verifier", "--case", CASE, "--json")

    assert told.exit_code == Exit.LOCAL
    assert "the corpus " in told.stderr
    assert told.stdout == ""
