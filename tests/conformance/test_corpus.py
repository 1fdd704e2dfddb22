"""The corpus is what its manifest says, its cases are what they say, and what is not in order is refused."""

import json
import shutil
from pathlib import Path

import pytest

from idbridge.conformance.case import read_case
from idbridge.conformance.corpus import VECTORS, Corpus, damaged_files, read_corpus, read_manifest, shipped
from idbridge.conformance.making.corpus import write_manifest
from idbridge.conformance.profiles import Profile
from idbridge.errors import ConfigurationError
from idbridge.limits import LIMITS

SOME = ("mdoc-expired",)


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """A corpus of two cases, one the twin of the other, with everything that they need."""
    whole = shipped()
    folder = tmp_path / "vectors"
    folder.mkdir()
    for name in [*SOME, *(str(whole.cases[one].twin) for one in SOME)]:
        case = whole.cases[name]
        shutil.copytree(whole.folder / case.profile.value / name, folder / case.profile.value / name)
        shutil.copytree(
            whole.folder / "material" / str(case.material), folder / "material" / str(case.material), dirs_exist_ok=True
        )
    shutil.copy(whole.folder / "requirements.csv", folder)
    write_manifest(folder)
    return folder


def changed(folder: Path, name: str, **members: object) -> Path:
    """Change members of a case's document."""
    place = folder / "verifier" / name / "case.json"
    place.write_text(json.dumps({**json.loads(place.read_bytes()), **members}))
    return folder


@pytest.mark.parametrize(
    "members",
    [
        {"schema": "idbridge-conformance-case-2"}, {"id": "another"}, {"profile": "wallet"}, {"profile": "nobody"},
        {"expect": {"indication": "PASSED", "code": None}}, {"expect": {"indication": "FAILED", "code": None}},
        {"twin": None}, {"twin": "nobody"}, {"twin": "mdoc-expired"}, {"requirements": []}, {"why": ""}, {"title": ""},
        {"requirements": ["IDB-NONE-001"]}, {"material": "nowhere"}, {"at": "noon"}, {"surplus": 1},
    ],
    ids=str,
)  # fmt: skip
def test_a_case_that_is_not_in_order_is_refused(small: Path, members: dict[str, object]) -> None:
    with pytest.raises(ConfigurationError):
        read_corpus(changed(small, "mdoc-expired", **members))


def test_every_case_that_comes_with_an_installation_has_the_form() -> None:
    asked = read_corpus(VECTORS)

    assert asked == shipped()


def test_a_case_that_came_with_us_and_is_another_than_the_manifest_says_has_to_have_the_form(small: Path) -> None:
    assert read_corpus(small, came_with_us=True).cases

    with pytest.raises(ConfigurationError, match="surplus"):
        read_corpus(changed(small, "mdoc-expired", surplus=1), came_with_us=True)


@pytest.mark.parametrize("name", ["case.json", "input.json"])
def test_a_case_without_one_of_its_files_is_refused(small: Path, name: str) -> None:
    (small / "verifier" / "mdoc-expired" / name).unlink()

    with pytest.raises(ConfigurationError):
        read_case(small / "verifier" / "mdoc-expired")


def test_a_file_of_a_case_that_is_too_long_is_refused(small: Path) -> None:
    place = small / "verifier" / "mdoc-expired" / "input.json"
    place.write_text(json.dumps({"request": "x" * LIMITS.conformance_file_bytes}))

    with pytest.raises(ConfigurationError):
        read_case(place.parent)


def test_a_manifest_that_is_too_long_is_refused(small: Path) -> None:
    (small / "manifest.json").write_bytes(b" " * (LIMITS.conformance_manifest_bytes + 1))

    with pytest.raises(ConfigurationError):
        read_manifest(small)


def test_a_file_that_is_changed_missing_or_added_is_found(small: Path) -> None:
    changed(small, "mdoc-expired", why="Somebody says another thing.")
    (small / "material" / "region" / "parties.json").unlink()
    (small / "material" / "region" / "more.json").write_text("{}")

    assert damaged_files(small) == (
        "material/region/more.json",
        "material/region/parties.json",
        "verifier/mdoc-expired/case.json",
    )


def test_the_shipped_corpus_is_what_its_manifest_says() -> None:
    assert damaged_files(shipped().folder) == ()


def test_a_small_corpus_reads(small: Path) -> None:
    corpus = read_corpus(small)

    assert {case.id for case in corpus.chosen(Profile)} == {*SOME, corpus.cases[SOME[0]].twin}
    assert corpus.digest() != shipped().digest()


def test_cases_are_chosen_by_profile_and_by_all_of_the_tags() -> None:
    corpus = shipped()
    refused = corpus.chosen([Profile.VERIFIER], ["mdoc", "negative"])

    assert refused
    assert all(case.is_negative and "mdoc" in case.tags for case in refused)
    assert corpus.chosen([Profile.VERIFIER], ["mdoc", "qr"]) == ()


def test_a_corpus_has_no_material_that_nobody_wrote() -> None:
    with pytest.raises(ConfigurationError):
        Corpus(shipped().folder, "1", {}, {}).material("nowhere")
