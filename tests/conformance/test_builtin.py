"""Our own verifier answers every case of the corpus as the case says, and tells programs apart that give no verdict."""

import sys
from collections import Counter
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any, NoReturn

import pytest

from idbridge.conformance.answer import Fault, FaultKind, Observation, Verdict
from idbridge.conformance.case import ConformanceCase
from idbridge.conformance.corpus import shipped
from idbridge.conformance.judge import Outcome
from idbridge.conformance.node import Node
from idbridge.conformance.profiles import Profile
from idbridge.conformance.run import run
from idbridge.conformance.targets.builtin import BuiltinVerifier
from idbridge.conformance.targets.cli_verifier import CliVerifier
from idbridge.errors import ConfigurationError

ACCEPTED = {"indication": "PASSED", "code": None}
FEW = ("mdoc-expired", "my-presentation-replayed")


def test_a_verifier_that_always_falls_over_passes_nothing() -> None:
    def fallen(folder: Path, at: datetime) -> NoReturn:
        raise RuntimeError(f"there is nothing in {folder.name} at {at}")

    target = BuiltinVerifier(shipped(), load=fallen)
    results = list(run(shipped().chosen([Profile.VERIFIER]), target, description=target.describe()))

    assert {result.outcome for result in results} == {Outcome.ERROR}


def test_our_own_verifier_answers_every_case() -> None:
    target = BuiltinVerifier(shipped())
    results = list(run(shipped().chosen([Profile.VERIFIER]), target, description=target.describe()))

    assert [(one.case.id, one.detail) for one in results if one.outcome is not Outcome.PASSED] == []
    assert len(results) >= 548


def test_a_refused_case_spends_nothing_but_what_was_spent_before_it() -> None:
    spent = Counter(
        case.state["spent"]
        for case in shipped().chosen([Profile.VERIFIER], ["negative"])
        if case.state is not None and not case.input["before"]
    )

    assert set(spent) == {0}


@pytest.mark.parametrize(
    ("program", "kind"),
    [("import os; os._exit(1)", FaultKind.EMPTY), ("raise RuntimeError", FaultKind.EMPTY), ("print(1)", None)],
)
def test_a_program_that_falls_over_is_not_taken_up(program: str, kind: FaultKind | None, tmp_path: Path) -> None:
    target = CliVerifier([sys.executable, "-c", program], shipped(), tmp_path)

    with pytest.raises(ConfigurationError) as caught:
        target.describe()

    assert kind is None or kind.value in str(caught.value)


def test_a_program_that_answers_nothing_to_a_question_gives_no_verdict(tmp_path: Path) -> None:
    program = (
        "import json,sys; "
        "told = {'describe': {'name': 'a', 'version': '1'}, 'load': {'indication': 'PASSED', 'code': None}}; "
        "print(json.dumps(told.get(sys.argv[1], {})))"
    )
    target = CliVerifier([sys.executable, "-c", program], shipped(), tmp_path)
    observed = target.answer(shipped().case("mdoc-expired"))

    assert isinstance(observed.answer, Fault)
    assert observed.answer.kind is FaultKind.MALFORMED


def _saying(tmp_path: Path, verify: dict[str, Any], state: dict[str, Any]) -> Observation:
    """Return what the suite makes of a program that always answers so."""
    told = {
        "describe": {"name": "a", "version": "1"}, "load": {"indication": "PASSED", "code": None},
        "verify": verify, "state": state,
    }  # fmt: skip
    program = f"import json,sys; print(json.dumps({told!r}[sys.argv[1]]))"
    return CliVerifier([sys.executable, "-S", "-c", program], shipped(), tmp_path).answer(
        shipped().case("mdoc-expired")
    )


@pytest.mark.parametrize(
    ("verify", "state"),
    [
        ({**ACCEPTED, "level": True}, {"spent": 0}),
        ({**ACCEPTED, "level": "A9"}, {"spent": 0}),
        ({**ACCEPTED, "claims": []}, {"spent": 0}),
        ({**ACCEPTED, "note": "x"}, {"spent": 0}),
        ({**ACCEPTED, "reason": {"code": "time.expired"}}, {"spent": 0}),
        ({**ACCEPTED, "code": "time.expired"}, {"spent": 0}),
        ({"indication": "PASSED"}, {"spent": 0}),
        (ACCEPTED, {}),
        (ACCEPTED, {"spent": True}),
        (ACCEPTED, {"spent": -1}),
        (ACCEPTED, {"spent": 0, "released": {}}),
        (ACCEPTED, {"spent": 0, "level": None}),
    ],
    ids=str,
)
def test_an_answer_or_a_state_of_another_form_than_the_published_one_is_no_verdict(
    verify: dict[str, Any], state: dict[str, Any], tmp_path: Path
) -> None:
    found = _saying(tmp_path, verify, state)

    assert isinstance(found.answer, Fault)
    assert found.answer.kind is FaultKind.MALFORMED


def test_what_is_released_and_at_which_level_only_the_answer_says(tmp_path: Path) -> None:
    assert _saying(tmp_path, ACCEPTED, {"spent": 0}).state == {"spent": 0}
    told = _saying(tmp_path, {**ACCEPTED, "claims": {"name": "A"}, "level": "A2"}, {"spent": 1}).state

    assert told == {"spent": 1, "released": {"name": "A"}, "level": "A2"}


def _program(tmp_path: Path, verify: str) -> CliVerifier:
    """Return a program that notes the folders that it is told of at ``load``, and does ``verify`` at a question."""
    program = f"""
import json, pathlib, sys
told, noted = dict(zip(sys.argv[2::2], sys.argv[3::2])), pathlib.Path({str(tmp_path / "noted")!r})
if sys.argv[1] == "load":
    noted.write_text(json.dumps(told))
    pathlib.Path(told["--state"], "held").write_text("all of it")
if sys.argv[1] == "verify":
    at_load = json.loads(noted.read_text())
    {verify}
print(json.dumps({{"name": "a", "version": "1", "not_implemented": ["state"]}} if sys.argv[1] == "describe"
                 else {{"indication": "PASSED", "code": None}}))
"""
    (tmp_path / "work").mkdir()
    return CliVerifier([sys.executable, "-S", "-c", program], shipped(), tmp_path / "work")


@pytest.mark.parametrize(
    ("left", "why"),
    [
        ("os.mkfifo(state / 'pipe')", "pipe"),
        ("socket.socket(socket.AF_UNIX).bind(str(state / 's'))", "socket"),
        ("state.rmdir()", "no such file"),
        ("state.rmdir(); state.write_text('no folder')", "no folder"),
        ("state.rmdir(); state.symlink_to('/etc')", "no folder"),
    ],
)
def test_a_program_whose_folder_cannot_be_copied_gives_no_verdict(left: str, why: str, tmp_path: Path) -> None:
    found = _leaving(tmp_path, left)

    assert isinstance(found.answer, Fault)
    assert found.answer.kind is FaultKind.MALFORMED
    assert why in found.answer.detail


@pytest.mark.parametrize(
    "left",
    [r"os.mkdir(os.fsencode(state) + b'/\xff')", "(state / 'l').symlink_to('l')", "(state / 'gone').symlink_to('x')"],
)
def test_names_that_are_no_text_and_links_that_lead_nowhere_are_copied(left: str, tmp_path: Path) -> None:
    assert _leaving(tmp_path, left).answer == Verdict.passed()


def _leaving(tmp_path: Path, left: str) -> Observation:
    """Return what the suite makes of a program that does ``left`` with its folder at ``load``, and accepts."""
    program = f"""
import json, os, pathlib, socket, sys
state = pathlib.Path(sys.argv[3]) if sys.argv[1] != "describe" else None
if sys.argv[1] == "load":
    {left}
print(json.dumps({{"name": "a", "version": "1", "not_implemented": ["state"]}} if sys.argv[1] == "describe"
                 else {{"indication": "PASSED", "code": None}}))
"""
    return CliVerifier([sys.executable, "-S", "-c", program], shipped(), tmp_path).answer(
        shipped().case("mdoc-expired")
    )


def test_a_program_that_changes_what_it_took_up_for_other_cases_gives_no_verdict(tmp_path: Path) -> None:
    target = _program(tmp_path, 'pathlib.Path(at_load["--state"], "held").write_text("what the first case taught")')
    first, second = (target.answer(shipped().case("mdoc-expired")).answer for _ in range(2))

    assert first == Verdict.passed()
    assert second == Fault(FaultKind.MALFORMED, "it changed what it took up for other cases")


def test_beside_the_folder_of_a_case_lies_nothing_that_others_share_and_the_material_is_gone(tmp_path: Path) -> None:
    looking = (
        'beside = {one.name for one in pathlib.Path(told["--state"]).parent.iterdir()}; '
        'own = {pathlib.Path(told["--state"]).name, pathlib.Path(told["--input"]).parent.name}; '
        'assert beside == own and not pathlib.Path(at_load["--material"]).exists()'
    )

    assert _program(tmp_path, looking).answer(shipped().case("mdoc-expired")).answer == Verdict.passed()


def test_a_node_knows_only_the_parties_of_its_material() -> None:
    target = BuiltinVerifier(shipped())
    case = shipped().case("mdoc-expired")
    node: Node = target.node(case)

    with pytest.raises(ConfigurationError):
        node.report({**case.input, "relying_party": "nobody"}, set())


def test_a_program_that_falls_over_at_loading_errs_at_every_case_and_ends_no_run(tmp_path: Path) -> None:
    program = "import json,sys; print(json.dumps({'name': 'a', 'version': '1'})) if sys.argv[1] == 'describe' else 1/0"
    target = CliVerifier([sys.executable, "-c", program], shipped(), tmp_path)
    results = list(run(map(shipped().case, FEW), target, description=target.describe()))

    assert [result.outcome for result in results] == [Outcome.ERROR, Outcome.ERROR]


def test_a_replay_counts_only_if_the_first_use_was_accepted() -> None:
    observed = BuiltinVerifier(shipped()).answer(_with_another_question_before("my-presentation-replayed"))

    assert "before the judged one" in observed.before


def _with_another_question_before(name: str) -> ConformanceCase:
    case = shipped().case(name)
    refused = shipped().case("mdoc-expired").input["request"]
    return replace(case, input={**case.input, "before": [refused]})
