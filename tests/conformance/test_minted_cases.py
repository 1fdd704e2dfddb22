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
from idbridge.conformance.making import occasion
from idbridge.conformance.making.occasion import Occasion, minted_for
from idbridge.conformance.opening import Surroundings, for_the_occasion
from idbridge.conformance.profiles import Profile
from idbridge.conformance.record import Record, read_record
from idbridge.conformance.reports.html import html
from idbridge.conformance.reports.junit import junit
from idbridge.conformance.reports.markdown import markdown
from idbridge.conformance.reports.minted import minted_words
from idbridge.conformance.run import run
from idbridge.conformance.targets.builtin import BuiltinVerifier
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
    lists = {(corpus.material("region").folder / "trust/lists/SG.jws").read_bytes() for corpus in (minted, other)}
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
    looks = shipped().chosen([Profile.TRUST_LIST_CONSUMER])[:1]

    assert minted_for(shipped(), looks, seed=SEED, folder=tmp_path) is shipped()
    with pytest.raises(ConfigurationError, match="there is none"):
        for_the_occasion(looks, Surroundings(shipped(), tmp_path, SystemClock()))


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
