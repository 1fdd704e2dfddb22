"""The looks of a case are read strictly, and a tree that is not the one which they name is found."""

import shutil
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from idbridge.conformance.answer import Verdict
from idbridge.conformance.corpus import Corpus, damaged_files, read_corpus
from idbridge.conformance.looks import BLOBS, Look, laid_out, looks_of
from idbridge.conformance.targets.builtin_lists import BuiltinLists
from idbridge.errors import ConfigurationError
from idbridge.reasons import Indication

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
PASSED = Verdict(Indication.PASSED, None)
DIGEST = "0" * 64
ATTACK = "attack-15-mix-and-match-list"


@pytest.mark.parametrize(
    ("files", "removed"),
    [
        ({"../root.json": DIGEST}, ()),
        ({"/etc/hostname": DIGEST}, ()),
        ({"metadata/../../root.json": DIGEST}, ()),
        ({"metadata//timestamp.json": DIGEST}, ()),
        ({}, ("../root.json",)),
        ({"metadata/timestamp.json": "../../root.json"}, ()),
        ({"metadata/timestamp.json": DIGEST.replace("0", "G")}, ()),
        ({"metadata/timestamp.json": DIGEST}, ("metadata/timestamp.json",)),
    ],
)
def test_a_look_that_leads_out_of_the_tree_or_contradicts_itself_is_none(
    files: dict[str, str], removed: tuple[str, ...]
) -> None:
    with pytest.raises(ValueError, match="tree"):
        Look(NOON, files, removed, PASSED, {})


def changed(look: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return {**look, **changes}


@pytest.mark.parametrize(
    "change",
    [
        lambda _looks: [],
        lambda looks: [*looks[:-1], changed(looks[-1], at="2026-11-24T12:00:01Z")],
        lambda looks: [*looks[:-1], changed(looks[-1], expect={"indication": "PASSED", "code": None})],
        lambda looks: [*looks[:-1], changed(looks[-1], expect={"indication": "PASSED", "code": "trust.rollback"})],
        lambda looks: [*looks[:-1], changed(looks[-1], state={})],
        lambda looks: [*looks[:-1], changed(looks[-1], more=1)],
        lambda looks: [*looks[:-1], changed(looks[-1], tree={"files": {}})],
        lambda looks: [*looks[:-1], changed(looks[-1], tree={"files": [], "removed": []})],
        lambda looks: [None, *looks[1:]],
        lambda looks: [changed(looks[0], at="noon"), *looks[1:]],
    ],
)
def test_looks_that_are_not_in_order_are_refused(few: Corpus, change: Any) -> None:
    case = few.case("attack-01-rollback-sequence")
    assert len(looks_of(case)) == 2

    with pytest.raises(ConfigurationError, match="not in order"):
        looks_of(replace(case, input={"looks": change(case.input["looks"])}))


@pytest.mark.parametrize("member", ["lists", "contents", "services", "denials", "arrangements", "root"])
def test_a_look_tells_all_that_is_held(few: Corpus, member: str) -> None:
    case = few.case("attack-01-rollback-sequence")
    first, last = case.input["looks"]
    less = {name: value for name, value in first["state"].items() if name != member}

    with pytest.raises(ConfigurationError, match="not in order"):
        looks_of(replace(case, input={"looks": [changed(first, state=less), last]}))


def test_an_input_that_is_no_sequence_of_looks_is_refused(few: Corpus) -> None:
    case = few.case("attack-01-rollback-sequence")

    with pytest.raises(ConfigurationError, match="not in order"):
        looks_of(replace(case, input={**case.input, "request": {}}))


def test_a_tree_is_laid_out_as_the_look_says(few: Corpus, tmp_path: Path) -> None:
    case = few.case("attack-03-rollback-bundle")
    first, last = looks_of(case)
    assert not first.files
    assert last.removed

    folders = [laid_out(few.material("tree"), look, tmp_path / name) for look, name in ((first, "1"), (last, "2"))]

    present = [{path.relative_to(one).as_posix() for path in one.rglob("*") if path.is_file()} for one in folders]
    assert present[0] - present[1] == {f"tree/{path}" for path in last.removed}
    assert all((one / "root.json").read_bytes() for one in folders)


def damaged(vectors: Path, to: Path) -> Path:
    """A copy of the corpus in which one file of the attack's tree has one octet more."""
    shutil.copytree(vectors, to)
    look = looks_of(read_corpus(to).case(ATTACK))[-1]
    blob = to / "material" / "tree" / BLOBS / min(look.files.values())
    blob.write_bytes(blob.read_bytes() + b" ")
    return blob


def test_a_damaged_file_of_a_tree_is_found_by_manifest_and_by_who_lays_it_out(vectors: Path, tmp_path: Path) -> None:
    blob = damaged(vectors, tmp_path / "vectors")

    corpus = read_corpus(tmp_path / "vectors")

    assert damaged_files(corpus.folder) == (f"material/tree/blobs/{blob.name}",)
    with pytest.raises(ConfigurationError, match="damaged"):
        BuiltinLists(corpus).answer(corpus.case(ATTACK))


def test_a_file_of_a_tree_that_is_missing_is_found(vectors: Path, tmp_path: Path) -> None:
    damaged(vectors, tmp_path / "vectors").unlink()
    corpus = read_corpus(tmp_path / "vectors")

    with pytest.raises(ConfigurationError, match="cannot be laid out"):
        BuiltinLists(corpus).answer(corpus.case(ATTACK))
