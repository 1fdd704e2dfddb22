"""A program under test gets cases that were minted for the run: who looks answers up in the corpus finds none."""

import hashlib
import json
import shlex
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import pytest
from click.testing import CliRunner, Result

from idbridge.cli.exits import Exit
from idbridge.cli.main import root
from idbridge.clock import SystemClock
from idbridge.conformance.corpus import Corpus, shipped
from idbridge.conformance.judge import judged
from idbridge.conformance.looks import laid_out, looks_of
from idbridge.conformance.making import occasion
from idbridge.conformance.making.occasion import Occasion, minted_for
from idbridge.conformance.material import MATERIAL_FILE
from idbridge.conformance.opening import Surroundings, for_the_occasion
from idbridge.conformance.profiles import Profile
from idbridge.conformance.record import Record, read_record
from idbridge.conformance.reports.html import html
from idbridge.conformance.reports.junit import junit
from idbridge.conformance.reports.markdown import markdown
from idbridge.conformance.reports.minted import minted_words
from idbridge.conformance.run import drawn, grouped, run
from idbridge.conformance.targets.builtin import BuiltinVerifier
from idbridge.conformance.targets.builtin_lists import BuiltinLists
from idbridge.conformance.targets.cli_lists import CliLists
from idbridge.conformance.targets.cli_verifier import CliVerifier
from idbridge.crypto.seeded_keys import SEED_OCTETS
from idbridge.errors import ConfigurationError
from tests.conformance.records import accepted, as_it_must, cases, record, refused_case

SEED: Final = bytes(range(SEED_OCTETS))
LOOKED_UP: Final = ("mdoc-expired", "sg-mdoc-opens-account", "my-presentation-replayed", "th-pid-in-force")
# One of an edition of the material, one of each format, one under RSA, one that is encrypted, one that is always alike.
FEW: Final = (*LOOKED_UP, "certificate-revoked", "crl-current-and-silent", "qr-bomb", "sg-login-opens-account")
OURSELVES: Final = f"cli:{shlex.join([sys.executable, '-m', 'idbridge.conformance.protocol'])}"
ANSWERING: Final = """
import hashlib, json, pathlib, sys
told = dict(zip(sys.argv[2::2], sys.argv[3::2]))
ends = {"PASSED": 0, "FAILED": 1, "INDETERMINATE": 3}
if sys.argv[1] == "describe":
    said = {"name": "a table", "version": "1", "not_implemented": ["state.spent"]}
elif sys.argv[1] == "load":
    said = {"indication": "PASSED", "code": None}
else:
    asked = json.loads(pathlib.Path(told["--input"]).read_text("utf-8"))["request"]
    digest = hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()
    said = json.loads(pathlib.Path(sys.argv[0]).with_name("table.json").read_text("utf-8"))[digest]
print(json.dumps(said))
sys.exit(ends[said.get("indication", "PASSED")])
"""
LOOKS: Final = ("attack-01-rollback-sequence", "honest-next-list")
LOOKING_UP: Final = """
import json, pathlib, sys
told = dict(zip(sys.argv[2::2], sys.argv[3::2]))
table = json.loads(pathlib.Path(sys.argv[0]).with_name("table.json").read_text("utf-8"))
ends = {"PASSED": 0, "FAILED": 1, "INDETERMINATE": 3}
said = {"name": "a table", "version": "1"}
if sys.argv[1] == "load":
    pathlib.Path(told["--state"], "at").write_text(told["--at"])
    said = table.get(told["--at"], {}).get("expect", {"indication": "PASSED", "code": None})
elif sys.argv[1] == "state":
    said = table.get(pathlib.Path(told["--state"], "at").read_text(), {}).get("state", {"lists": {}})
print(json.dumps(said))
sys.exit(ends[said.get("indication", "PASSED")])
"""
ORDERED: Final = ("crl-missing", "mdoc-expired", "sg-login-opens-account", "sg-mdoc-opens-account")
COUNTING: Final = """
import json, pathlib, sys
ends = {"PASSED": 0, "FAILED": 1, "INDETERMINATE": 3}
count = pathlib.Path(sys.argv[0]).with_name("count")
if sys.argv[1] == "describe":
    said = {"name": "a counter", "version": "1", "not_implemented": ["state"]}
elif sys.argv[1] == "load":
    said = {"indication": "PASSED", "code": None}
else:
    asked = len(count.read_text()) if count.exists() else 0
    count.write_text("x" * (asked + 1))
    said = json.loads(pathlib.Path(sys.argv[0]).with_name("table.json").read_text("utf-8"))[asked]
print(json.dumps(said))
sys.exit(ends[said.get("indication", "PASSED")])
"""


@pytest.fixture(scope="module")
def minted(tmp_path_factory: pytest.TempPathFactory) -> Corpus:
    """The cases of ``FEW`` as the seed makes them."""
    return minted_for(shipped(), [*map(shipped().case, FEW)], seed=SEED, folder=tmp_path_factory.mktemp("minted"))


def ran(target: str, *words: str, names: tuple[str, ...]) -> tuple[Result, Record]:
    chosen = (word for name in names for word in ("--case", name))
    told = CliRunner().invoke(root, ["conformance", "run", "--target", target, *chosen, "--json", *words])
    return told, read_record(json.loads(told.stdout))


def looking_up(folder: Path) -> list[str]:
    """Return the command of a program that checks nothing, and has the answers of the corpus by what is asked."""
    table = {}
    for case in map(shipped().case, LOOKED_UP):
        answer = {"indication": case.expect.indication.value, "code": case.expect.code}
        told = {"claims": (case.state or {})["released"], "level": (case.state or {})["level"]}
        for earlier in case.input["before"]:
            table[digest_of(earlier)] = {"indication": "PASSED", "code": None}
        table.setdefault(digest_of(case.input["request"]), {**answer, **told})
    (folder / "table.json").write_text(json.dumps(table), "utf-8")
    (folder / "program.py").write_text(ANSWERING, "utf-8")
    return [sys.executable, "-S", str(folder / "program.py")]


def digest_of(asked: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()


def test_a_program_that_answers_from_the_installed_corpus_passes_no_case(tmp_path: Path) -> None:
    told, run_of = ran(f"cli:{shlex.join(looking_up(tmp_path))}", names=LOOKED_UP[:2])

    assert told.exit_code == Exit.REFUSED
    assert {row.outcome.value for row in run_of.rows} == {"error"}
    assert all(row.fresh for row in run_of.rows)


def test_against_the_installed_corpus_the_same_program_passes_what_is_asked_once(tmp_path: Path) -> None:
    program = CliVerifier(looking_up(tmp_path), shipped(), tmp_path)
    asked = [case for case in map(shipped().case, LOOKED_UP) if not case.input["before"]]
    results = list(run(asked, program, description=program.describe()))

    assert {result.outcome.value for result in results} == {"passed"}


def test_our_own_program_passes_the_cases_of_an_occasion() -> None:
    told, run_of = ran(OURSELVES, "--seed", SEED.hex(), names=("certificate-revoked",))

    assert told.exit_code == Exit.DONE, told.stdout
    assert [(row.outcome.value, row.fresh) for row in run_of.rows] == [("passed", True)]
    assert run_of.seed == SEED.hex()
    for page in (html(run_of, shipped()), markdown(run_of, shipped()), junit(run_of)):
        assert "1 of 1 cases were minted for this run, from the seed" in page
        assert SEED.hex() in page


def test_two_runs_ask_different_things_of_different_people_at_different_instants(
    minted: Corpus, tmp_path: Path
) -> None:
    names = ("sg-login-opens-account", "certificate-revoked")
    other = minted_for(shipped(), [*map(shipped().case, names)], seed=SEED[::-1], folder=tmp_path)

    for name in names:
        asked = [corpus.case(name) for corpus in (shipped(), minted, other)]
        assert len({case.input["request"]["credential"] for case in asked}) == len(asked)
        assert len({case.input["request"]["expected"]["nonce"] for case in asked}) == len(asked)
        assert len({case.at for case in asked}) == len(asked)
    lists = {(corpus.material("region").held or {})["trust/lists/SG.jws"] for corpus in (minted, other)}
    assert len(lists) == len((minted, other))


def test_what_is_alike_on_every_occasion_is_not_called_fresh(minted: Corpus) -> None:
    assert [name for name in FEW if not minted.case(name).fresh] == ["qr-bomb"]


def test_what_must_come_of_a_case_stays_as_the_corpus_says(minted: Corpus) -> None:
    for name in FEW:
        fresh, installed = minted.case(name), shipped().case(name)
        told = fresh.expect, fresh.twin, fresh.title, fresh.requirements, fresh.material
        assert told == (installed.expect, installed.twin, installed.title, installed.requirements, installed.material)


def test_our_own_verifier_answers_the_cases_of_an_occasion(minted: Corpus) -> None:
    target = BuiltinVerifier(minted)
    results = list(run(map(minted.case, FEW), target, description=target.describe()))

    assert [(one.case.id, one.detail) for one in results if one.outcome.value != "passed"] == []


def test_a_refused_case_is_made_of_the_same_drawing_as_its_twin(minted: Corpus) -> None:
    refused, twin = minted.case("certificate-revoked"), minted.case("crl-current-and-silent")

    assert refused.input == twin.input


def test_a_case_that_our_own_verifier_answers_otherwise_is_put_to_nobody(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(occasion, "answered", lambda *_: (shipped().case("sg-login-opens-account").expect, {}, ""))

    with pytest.raises(ConfigurationError, match="case mdoc-expired, made anew"):
        Occasion(SEED).corpus(shipped(), ["mdoc-expired"], tmp_path)


def test_nothing_is_made_anew_without_a_seed_or_of_another_profile(tmp_path: Path) -> None:
    samples = shipped().chosen([Profile.ISSUER])[:1]

    assert minted_for(shipped(), samples, seed=SEED, folder=tmp_path) is shipped()
    with pytest.raises(ConfigurationError, match="there is none"):
        for_the_occasion(samples, Surroundings(shipped(), tmp_path, SystemClock()))


@pytest.fixture(scope="module")
def looked_at(tmp_path_factory: pytest.TempPathFactory) -> Corpus:
    """Two looks as the seed makes them: what was rolled back, and its twin."""
    return minted_for(shipped(), [*map(shipped().case, LOOKS)], seed=SEED, folder=tmp_path_factory.mktemp("looked-at"))


def test_looks_are_made_anew_too(looked_at: Corpus) -> None:
    installed = shipped().material("tree").folder
    fresh = looked_at.material("tree").held or {}

    for name in LOOKS:
        made, case = looked_at.case(name), shipped().case(name)
        assert (made.expect, made.twin, made.requirements) == (case.expect, case.twin, case.requirements)
        assert made.fresh
        assert made.at != case.at
        assert made.state != case.state
    assert fresh["root.json"] != (installed / "root.json").read_bytes()


def test_nothing_that_lies_about_tells_which_look_of_an_occasion_it_is(tmp_path: Path) -> None:
    """Files that trees have in place of others would: they are made in the order of the corpus."""
    made = minted_for(shipped(), [shipped().case(LOOKS[0])], seed=SEED, folder=tmp_path)
    assert list(tmp_path.iterdir()) == []

    look = looks_of(made.case(LOOKS[0]))[-1]
    laid = laid_out(made.material("tree"), look, tmp_path / "laid")
    begun = laid.stat().st_mtime - 1
    files = [one for one in laid.rglob("*") if one.is_file()]
    assert files
    assert all(one.stat().st_mtime > begun for one in files)


def test_our_own_node_answers_the_looks_of_an_occasion(looked_at: Corpus) -> None:
    target = BuiltinLists(looked_at)
    results = list(run(map(looked_at.case, LOOKS), target, description=target.describe()))

    assert [(one.case.id, one.detail) for one in results if one.outcome.value != "passed"] == []


def test_a_consumer_that_answers_as_the_installed_corpus_says_passes_none_of_its_looks(tmp_path: Path) -> None:
    table = {look["at"]: look for look in shipped().case(LOOKS[0]).input["looks"]}
    (tmp_path / "table.json").write_text(json.dumps(table), "utf-8")
    (tmp_path / "program.py").write_text(LOOKING_UP, "utf-8")
    program = [sys.executable, "-S", str(tmp_path / "program.py")]
    target = CliLists(program, shipped())
    known = list(run(map(shipped().case, LOOKS[:1]), target, description=target.describe()))
    told, run_of = ran(f"cli:{shlex.join(program)}", names=LOOKS)

    assert [one.outcome.value for one in known] == ["passed"]
    assert told.exit_code == Exit.REFUSED
    assert all(row.fresh and not row.is_good for row in run_of.rows)


def test_the_order_of_the_questions_is_another_each_time() -> None:
    asked = [[case.id for case in drawn(cases(), seed)] for seed in (SEED, SEED, SEED[::-1])]

    assert asked[0] == asked[1] != asked[2]
    assert sorted(asked[0]) == sorted(asked[2]) == sorted(case.id for case in cases())


def test_a_program_that_counts_what_it_was_asked_knows_no_answer(tmp_path: Path) -> None:
    """It has the answers of the corpus in their order, and a counter that no folder of the suite holds."""
    put = grouped(map(shipped().case, ORDERED))
    said = [{"indication": one.expect.indication.value, "code": one.expect.code} for one in put]
    (tmp_path / "table.json").write_text(json.dumps(said), "utf-8")
    (tmp_path / "program.py").write_text(COUNTING, "utf-8")
    program = [sys.executable, "-S", str(tmp_path / "program.py")]
    target = CliVerifier(program, shipped(), tmp_path)
    known = list(run(put, target, description=target.describe()))
    (tmp_path / "count").unlink()
    told, run_of = ran(f"cli:{shlex.join(program)}", "--seed", SEED.hex(), names=ORDERED)

    assert {one.outcome.value for one in known} == {"passed"}
    assert told.exit_code == Exit.REFUSED
    assert [row.case for row in run_of.rows] == [case.id for case in put]


def test_nothing_that_lies_about_tells_what_a_case_is_about(minted: Corpus, tmp_path: Path) -> None:
    """Neither a name of a folder, nor what the corpus says of its material, nor when a file was written."""
    laid = minted.material(str(minted.case("certificate-revoked").material)).laid_out(tmp_path / "laid")
    installed = shipped().material("sg-crl-revoking").laid_out(tmp_path / "installed")
    begun = (tmp_path / "laid").stat().st_mtime - 1

    for folder in (laid, installed):
        assert not (folder / MATERIAL_FILE).exists()
        assert all(one.stat().st_mtime > begun for one in folder.rglob("*") if one.is_file())
    assert not minted.material("region").folder.exists()


def test_a_program_that_says_another_thing_of_itself_each_time_is_not_tested(tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text(
        "import json, pathlib, sys\n"
        "count = pathlib.Path(sys.argv[0]).with_name('count')\n"
        "count.write_text(count.read_text() + 'x' if count.exists() else 'x')\n"
        "print(json.dumps({'name': 'x', 'version': count.read_text()}))\n",
        "utf-8",
    )
    words = ["conformance", "run", "--target", f"cli:{shlex.join([sys.executable, '-S', str(program)])}"]
    told = CliRunner().invoke(root, [*words, "--case", "mdoc-expired"])

    assert told.exit_code == Exit.LOCAL
    assert "says another thing of itself each time" in told.stderr


@pytest.mark.parametrize("seed", ["", "00", "0" * 63, "0" * 65, "g" * 64, "A" * 64])
def test_a_seed_that_is_none_is_a_fault_of_whoever_called(seed: str) -> None:
    told = CliRunner().invoke(root, ["conformance", "run", "--target", "builtin", "--seed", seed])

    assert told.exit_code == Exit.USAGE
    assert "64 hexadecimal digits" in told.stderr


def test_the_built_in_verifier_is_asked_what_is_installed() -> None:
    _, run_of = ran("builtin", names=("mdoc-expired",))

    assert not run_of.seed
    assert not any(row.fresh for row in run_of.rows)
    assert "minted" not in markdown(run_of, shipped())


def test_a_report_names_what_was_asked_as_it_is_installed() -> None:
    told = record([judged(case, as_it_must(case, fresh=not number % 2)) for number, case in enumerate(cases(20))])
    known = [row.case for row in told.rows if not row.fresh]

    assert minted_words(told) == (
        f"10 of 20 cases were minted for this run; as they are installed: {', '.join(known[:6])} and 4 more"
    )
    assert minted_words(record([])) == ""


def test_a_failed_case_says_that_its_question_was_minted() -> None:
    case = refused_case()
    pages = [html(record([judged(case, accepted(case, fresh=fresh))]), shipped()) for fresh in (True, False)]

    assert ["minted for this run, and stands in no corpus" in page for page in pages] == [True, False]
