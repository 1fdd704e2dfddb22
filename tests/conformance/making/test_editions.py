"""Editions of the material: each is the region's own with one thing otherwise, and is laid out whole."""

from pathlib import Path
from typing import Any

import pytest

from idbridge.conformance.corpus import MATERIAL_FOLDER, shipped
from idbridge.conformance.making.editions import editions
from idbridge.conformance.making.verifier_editions import TWINS
from idbridge.conformance.material import MATERIAL_FILE, REGION, UPON, WITHOUT, Material
from idbridge.conformance.node import write_object
from idbridge.conformance.profiles import Profile
from idbridge.errors import ConfigurationError

NAMES = [edition.name for edition in editions()]
CASES = {case.id: case for case in shipped().chosen([Profile.VERIFIER])}
OF_EDITIONS = [case for case in CASES.values() if case.material != REGION]


def files(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_material_that_lies_upon_nothing_or_lacks_what_is_not_there_is_not_laid_out(tmp_path: Path) -> None:
    wrong: list[dict[str, Any]] = [{UPON: "nowhere", WITHOUT: []}, {UPON: "base"}, {UPON: "base", WITHOUT: ["x"]}]
    for number, about in enumerate(wrong):
        folder = tmp_path / str(number) / "edition"
        for place in (folder, folder.parent / "base"):
            place.mkdir(parents=True)
            write_object(place / MATERIAL_FILE, about if place is folder else {})

        with pytest.raises(ConfigurationError, match="cannot be laid out"):
            Material("edition", folder).laid_out(tmp_path / f"laid-{number}")


def test_material_that_does_not_say_what_it_is_is_not_laid_out(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="does not say what it is"):
        Material("edition", tmp_path).laid_out(tmp_path / "laid")


@pytest.mark.parametrize("name", NAMES)
def test_an_edition_is_the_material_of_the_region_with_one_part_otherwise(name: str, tmp_path: Path) -> None:
    base = files(shipped().material(REGION).folder)
    whole = files(shipped().material(name).laid_out(tmp_path / "whole"))

    other = {path for path in base.keys() | whole.keys() if base.get(path) != whole.get(path)} - {MATERIAL_FILE}
    assert other
    assert len({path.split("/")[0] for path in other} - {"status"}) <= 1
    assert len([path for path in other if path.endswith(".jws")]) <= 1


def test_every_edition_is_asked_and_every_material_of_a_case_is_there() -> None:
    folders = {path.name for path in (shipped().folder / MATERIAL_FOLDER).iterdir()}

    assert {case.material for case in OF_EDITIONS} == set(NAMES)
    assert folders == {*NAMES, REGION, "tree"}


@pytest.mark.parametrize("name", [case.id for case in OF_EDITIONS if case.is_negative] + sorted(TWINS))
def test_where_the_attack_is_in_the_material_the_question_is_that_of_the_twin(name: str) -> None:
    case = CASES[name]
    twin = CASES[str(case.twin)]

    same_question, same_material = case.input == twin.input, case.material == twin.material
    assert same_question is not same_material
