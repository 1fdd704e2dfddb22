"""A node that takes everything up, one that refuses everything and one that falls over pass none of what they must not.

Our own passes all, in this process and behind the command-line protocol.
"""

import json
import sys
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest

from idbridge.conformance.answer import Fault, FaultKind, Verdict
from idbridge.conformance.case import ConformanceCase
from idbridge.conformance.corpus import Corpus
from idbridge.conformance.judge import Outcome, Result, judged
from idbridge.conformance.looks import State, looks_of
from idbridge.conformance.run import run
from idbridge.conformance.targets.builtin_lists import BuiltinLists
from idbridge.conformance.targets.cli_lists import CliLists
from idbridge.conformance.targets.looking import observed
from idbridge.errors import ConfigurationError, IdBridgeError
from idbridge.reasons import Indication
from idbridge.trust.snapshot import TrustSnapshot
from idbridge.trust.tuf.repository import TufRepository

PASSED = Verdict(Indication.PASSED, None)
MEMBERS = ("arrangements", "contents", "denials", "lists", "root", "services")
ROLLBACK = "attack-01-rollback-sequence"
OURSELVES = [sys.executable, "-m", "idbridge.conformance.protocol"]


class Always:
    """A node that says the same at every look, and holds what it is told to hold."""

    def __init__(self, verdict: Verdict | Fault, state: State | Fault | None) -> None:
        self._verdict = verdict
        self._state = state

    def look(self, material: Path, *, at: datetime) -> Verdict | Fault:
        assert (material / "root.json").exists(), at
        return self._verdict

    def state(self) -> State | Fault | None:
        return self._state


def outcome(case: ConformanceCase, corpus: Corpus, node: Always) -> Result:
    return judged(case, observed(case, corpus, node))


def program(text: str) -> list[str]:
    return [sys.executable, "-S", "-c", text]


def test_our_own_node_passes_every_case(few: Corpus) -> None:
    target = BuiltinLists(few)

    results = list(run(few.cases.values(), target, description=target.describe()))

    assert {result.case.id: result.detail for result in results if result.outcome is not Outcome.PASSED} == {}


@pytest.mark.parametrize("told", [True, False])
def test_a_node_that_accepts_everything_fails_every_case_that_must_be_refused(few: Corpus, told: bool) -> None:
    refused = [case for case in few.cases.values() if case.is_negative]

    results = [outcome(case, few, Always(PASSED, case.state if told else None)) for case in refused]

    assert {result.outcome for result in results} == {Outcome.FAILED}


def test_a_node_that_refuses_everything_fails_what_it_refuses_rightly_because_of_what_came_before(few: Corpus) -> None:
    for case in few.cases.values():
        found = outcome(case, few, Always(Verdict(Indication.FAILED, "trust.rollback"), case.state))

        assert found.outcome is Outcome.FAILED
        assert found.detail.startswith("look 1 of "), case.id


class Losing(Always):
    """A node that says the right thing at each look of ``case``, and has lost its lists after the last."""

    def __init__(self, case: ConformanceCase) -> None:
        super().__init__(PASSED, None)
        self._looks = list(looks_of(case))

    def look(self, material: Path, *, at: datetime) -> Verdict | Fault:
        assert (material / "root.json").exists(), at
        look = self._looks.pop(0)
        self._state = look.state if self._looks else {**look.state, "lists": {}}
        return look.expect


def test_a_node_that_forgets_what_it_held_fails_though_its_verdict_is_right(few: Corpus) -> None:
    found = outcome(few.case(ROLLBACK), few, Losing(few.case(ROLLBACK)))

    assert (found.outcome, found.detail[:48]) == (Outcome.FAILED, "the state afterwards differs: lists is {} and no")


def test_a_node_that_falls_over_is_an_error_at_whichever_look_and_passes_nothing(few: Corpus) -> None:
    class Falling(TufRepository):
        """Falls over at its second look."""

        def load(self, *, at: datetime) -> TrustSnapshot:
            if self.store.current_id() is not None:
                raise RuntimeError("there is something here already")
            return super().load(at=at)

    for case in few.cases.values():
        result = judged(case, BuiltinLists(few, opened=Falling).answer(case))

        assert (result.outcome, result.detail) == (
            Outcome.ERROR,
            "crash: RuntimeError: there is something here already",
        )


def test_a_node_that_cannot_say_what_it_holds_is_an_error(few: Corpus) -> None:
    fault = Fault(FaultKind.EMPTY, "it wrote nothing")

    assert outcome(few.case(ROLLBACK), few, Always(PASSED, fault)).outcome is Outcome.ERROR


def test_a_node_with_floors_that_it_forgets_takes_the_rollback_up_and_is_caught(few: Corpus) -> None:
    class WithoutFloors(TufRepository):
        """Looks as a node that has never looked."""

        def load(self, *, at: datetime) -> TrustSnapshot:
            for place in sorted(self._state_directory.rglob("*"), reverse=True):
                place.rmdir() if place.is_dir() and not place.is_symlink() else place.unlink()
            self.initialise()
            return super().load(at=at)

    result = judged(few.case(ROLLBACK), BuiltinLists(few, opened=WithoutFloors).answer(few.case(ROLLBACK)))

    assert (result.outcome, result.detail) == (Outcome.FAILED, "expected FAILED trust.rollback, got PASSED")


def test_our_own_node_passes_behind_the_command_line_protocol(few: Corpus) -> None:
    target = CliLists(OURSELVES, few)
    chosen = [few.case(name) for name in (ROLLBACK, "honest-next-deny-list")]

    results = list(run(chosen, target, description=target.describe()))

    assert [result.detail for result in results] == ["", ""]


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("raise SystemExit(70)", FaultKind.CRASH),
        ("pass", FaultKind.EMPTY),
        ('print(\'{"indication": "PASSED", "code": "trust.rollback"}\')', FaultKind.MALFORMED),
        ("print('{\"lists\": {}}')", FaultKind.MALFORMED),
    ],
)
def test_a_program_that_gives_no_verdict_passes_nothing(few: Corpus, text: str, kind: FaultKind) -> None:
    describing = 'import sys\nif "describe" in sys.argv: print(\'{"name": "x", "version": "1"}\'); sys.exit()\n'

    found = CliLists(program(describing + text), few).answer(few.case(ROLLBACK))

    assert isinstance(found.answer, Fault)
    assert found.answer.kind is kind


@pytest.mark.parametrize("left", [["state"], ["state.lists"], [f"state.{one}" for one in MEMBERS]], ids=str)
def test_who_does_not_tell_what_it_holds_proves_no_case_of_a_consumer(few: Corpus, left: list[str]) -> None:
    said = json.dumps({"name": "x", "version": "1", "not_implemented": left})
    target = CliLists(program(f"print({said!r})"), few)

    results = list(run(few.cases.values(), target, description=target.describe()))

    assert {result.outcome for result in results} == {Outcome.NOT_IMPLEMENTED}


def test_a_node_that_tells_no_state_fails_at_its_first_look(few: Corpus) -> None:
    found = outcome(few.case("honest-next-list"), few, Always(PASSED, None))

    assert (found.outcome, found.detail[-21:]) == (Outcome.FAILED, "the target tells none")


@pytest.mark.parametrize(
    "said",
    ["[]", '{"name": "x"}', '{"name": "", "version": "1"}', '{"name": "x", "version": "1", "not_implemented": "all"}'],
)
def test_a_program_that_does_not_say_what_it_is_is_not_put_to_the_test(few: Corpus, said: str) -> None:
    with pytest.raises(ConfigurationError):
        CliLists(program(f"print({said!r})"), few).describe()


def test_a_program_is_asked_once_what_it_is(few: Corpus, tmp_path: Path) -> None:
    asked = tmp_path / "asked"
    said = '{"name": "theirs", "version": "2", "not_implemented": ["agreement"]}'
    target = CliLists(program(f"open({str(asked)!r}, 'a').write('x'); print({said!r})"), few)

    assert target.describe() == target.describe()
    assert target.describe().not_implemented == {"agreement"}
    assert asked.read_text() == "x"


def test_a_case_without_material_is_refused(few: Corpus) -> None:
    with pytest.raises(IdBridgeError, match="names no material"):
        BuiltinLists(few).answer(replace(few.case(ROLLBACK), material=None))
