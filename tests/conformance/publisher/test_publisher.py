"""The profile trust-list-publisher: every broken publisher is caught by its requirement, and an honest one passes."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from idbridge.clock import FixedClock, SystemClock
from idbridge.conformance.answer import Fault, FaultKind
from idbridge.conformance.case import ConformanceCase
from idbridge.conformance.judge import Outcome
from idbridge.conformance.making import publisher
from idbridge.conformance.requirements import Level
from idbridge.conformance.targets.publisher.publication import Publication
from idbridge.conformance.targets.publisher.target import PublisherTarget
from idbridge.limits import LIMITS
from idbridge.model.region import MemberState
from idbridge.sandbox.distribution import ROOT_FILE, TREE
from idbridge.sandbox.drill.arena import Arena, prepare
from idbridge.trust import pins
from idbridge.trust.tuf.client import DirectoryTree
from tests.conformance.live import bad, failing_requirements, naming, read_all, requirements, requirements_of, results
from tests.mutants.mutant import some
from tests.mutants.publisher import Mutant, mutants, target_of

LEAST_CASES = 40
LEAST_NEGATIVE = 0.5


@pytest.fixture(scope="module")
def arena(tmp_path_factory: pytest.TempPathFactory) -> Arena:
    """A region with a publication of today and one of the day before."""
    return prepare(tmp_path_factory.mktemp("arena"), at=SystemClock().now())


@pytest.fixture(scope="module")
def cases(tmp_path_factory: pytest.TempPathFactory) -> tuple[ConformanceCase, ...]:
    """Every case of the profile."""
    return read_all(publisher.cases(), tmp_path_factory.mktemp("cases"))


def test_a_file_that_is_too_large_to_be_looked_through_hides_no_private_key(
    arena: Arena, cases: tuple[ConformanceCase, ...]
) -> None:
    about = [case for case in cases if case.input["procedure"] == "no-private-keys"]
    with arena.scene() as scene:
        secret = b'{"kty": "EC", "d": "private"}'.ljust(LIMITS.trust_list_bytes + 1)
        scene.write("targets/lists/SG/keys.json", secret)

        found = results(about, target_of(scene))

    assert {one.outcome for one in found} == {Outcome.ERROR}
    assert all("keys.json" in one.detail for one in found)


def test_a_link_to_a_folder_hides_no_private_key(
    tmp_path: Path, arena: Arena, cases: tuple[ConformanceCase, ...]
) -> None:
    (tmp_path / "keys.json").write_text('{"kty": "EC", "d": "private"}', "utf-8")
    about = [case for case in cases if case.input["procedure"] == "no-private-keys"]
    outcomes = []
    for linked in (tmp_path, tmp_path / "keys.json"):
        with arena.scene() as scene:
            (scene.tree / "link").symlink_to(linked)
            outcomes.append({one.outcome for one in results(about, target_of(scene))})

    assert outcomes == [{Outcome.ERROR}, {Outcome.FAILED}]


@pytest.mark.parametrize("mutant", some(mutants()), ids=lambda one: one.name)
def test_a_broken_publisher_fails_by_the_requirement_that_it_breaks(
    mutant: Mutant, arena: Arena, cases: tuple[ConformanceCase, ...]
) -> None:
    with arena.scene() as scene:
        found = results(naming(cases, mutant.breaks), mutant.target(scene))

    assert set(mutant.breaks) <= failing_requirements(found), bad(found)


def test_nothing_at_the_address_is_an_error_and_no_refusal(
    tmp_path: Path, arena: Arena, cases: tuple[ConformanceCase, ...]
) -> None:
    root = (arena.folder / ROOT_FILE).read_bytes()
    target = PublisherTarget(Publication(DirectoryTree(tmp_path / "nowhere"), root=root), clock=FixedClock(arena.at))

    assert {one.outcome for one in results(cases, target)} == {Outcome.ERROR, Outcome.NOT_IMPLEMENTED}


def test_a_root_that_is_none_is_a_fault(arena: Arena, cases: tuple[ConformanceCase, ...]) -> None:
    target = PublisherTarget(Publication(DirectoryTree(arena.folder / TREE), root=b"{}"), clock=FixedClock(arena.at))

    answer = target.answer(cases[0]).answer

    assert isinstance(answer, Fault)
    assert answer.kind is FaultKind.UNREACHABLE


def test_a_procedure_that_nobody_knows_is_a_fault(arena: Arena, cases: tuple[ConformanceCase, ...]) -> None:
    with arena.scene() as scene:
        answer = target_of(scene).answer(replace(cases[0], input={"procedure": "magic"})).answer

    assert isinstance(answer, Fault)
    assert answer.kind is FaultKind.MALFORMED


def test_either_a_root_or_keys_are_pinned(arena: Arena) -> None:
    tree = DirectoryTree(arena.folder / TREE)

    with pytest.raises(ValueError, match="either a root"):
        Publication(tree)
    with pytest.raises(ValueError, match="in a folder"):
        Publication(tree, pins=pins.parse(pins.document(arena.region.environment, _pinned(arena))))


def _pinned(arena: Arena) -> dict[MemberState, tuple[dict[str, Any], ...]]:
    return {state: (dict(signer.public_jwk),) for state, signer in arena.region.keys.lists.items()}


def test_the_whole_tree_of_the_pretend_region_passes(
    tmp_path: Path, arena: Arena, cases: tuple[ConformanceCase, ...]
) -> None:
    arena.whole.distribute(tmp_path, at=arena.whole.made_at)
    tree = tmp_path / TREE
    publication = Publication(DirectoryTree(tree), root=(tmp_path / ROOT_FILE).read_bytes(), folder=tree)

    found = results(cases, PublisherTarget(publication, clock=FixedClock(arena.at)))

    assert bad(found) == []
    assert {one.case.id for one in found if one.outcome is Outcome.NOT_IMPLEMENTED} == {
        case.id for case in cases if "previous" in case.tags
    }


def test_a_publication_with_an_older_copy_passes(arena: Arena, cases: tuple[ConformanceCase, ...]) -> None:
    with arena.scene() as scene:
        found = results(cases, target_of(scene))

    assert bad(found) == []
    assert all(one.outcome is Outcome.PASSED for one in found)


def test_plain_lists_pass_and_what_only_a_tree_has_is_declared(
    tmp_path: Path, arena: Arena, cases: tuple[ConformanceCase, ...]
) -> None:
    arena.whole.publish(tmp_path)
    folder = tmp_path / "trust"
    pinned = pins.parse((tmp_path / "pins.json").read_bytes())
    publication = Publication(DirectoryTree(folder), pins=pinned, folder=folder)

    found = results(cases, PublisherTarget(publication, clock=FixedClock(arena.at)))

    assert bad(found) == []
    assert {one.case.id for one in found if one.outcome is Outcome.NOT_IMPLEMENTED} == {
        case.id for case in cases if {"tuf", "previous"} & set(case.tags)
    }


def test_every_must_has_a_case_and_every_case_a_requirement(cases: tuple[ConformanceCase, ...]) -> None:
    known = requirements("publisher")

    assert requirements_of(cases) <= known.keys()
    assert {name for name, one in known.items() if one.level is Level.MUST and not one.not_tested} <= requirements_of(
        cases
    )


def test_there_are_enough_cases_and_half_of_them_are_refused(cases: tuple[ConformanceCase, ...]) -> None:
    by_id = {case.id: case for case in cases}

    assert len(by_id) == len(cases) >= LEAST_CASES
    assert sum(case.is_negative for case in cases) / len(cases) >= LEAST_NEGATIVE
    assert all(case.twin is None or not by_id[case.twin].is_negative for case in cases)
