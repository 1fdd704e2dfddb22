"""Making the corpus: all profiles, their material, the requirements and the manifest, in one directory."""

import csv
import io
import shutil
import tempfile
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from idbridge.conformance import node_keys
from idbridge.conformance.case import INPUT_FILE
from idbridge.conformance.corpus import MANIFEST_FILE, MANIFEST_SCHEMA, MATERIAL_FOLDER, digests
from idbridge.conformance.making.consumer import MATERIAL as LOOKS
from idbridge.conformance.making.consumer import make_consumer
from idbridge.conformance.making.editions import editions, write_edition
from idbridge.conformance.making.live import ROWS, Written, written_cases
from idbridge.conformance.making.material import write_plain_material
from idbridge.conformance.making.twins import beside
from idbridge.conformance.making.verifier import verifier_cases
from idbridge.conformance.making.writing import WrittenCase, write_case
from idbridge.conformance.material import REGION, Material
from idbridge.conformance.node import Node, load_node, read_object, write_object
from idbridge.conformance.profiles import Profile
from idbridge.conformance.requirements import COLUMNS, REQUIREMENTS_FILE
from idbridge.conformance.seed import CORPUS_INSTANT, corpus_keys, corpus_region
from idbridge.conformance.targets.builtin import answered
from idbridge.crypto.seeded_keys import SeededKeys
from idbridge.errors import ConfigurationError
from idbridge.sandbox.region import Region

VERSION: Final = "1.0.0"
LIVE: Final = tuple(profile for profile in Profile if (ROWS / f"{profile.value}.toml").is_file())
"""Profiles in which the suite acts: their cases stand in tables of ``rows``, called as the profile is."""
FROZEN_KEYS: Final = "frozen-keys.json"
_REQUIREMENTS: Final = Path(__file__).parent / "requirements"


def make_corpus(vectors: Path, only: Collection[Profile] = frozenset(Profile)) -> None:
    """Write the corpus to ``vectors``; frozen inputs that stand there are kept, all else is made anew.

    ``only`` are the profiles to make, for whoever works on one of them; what stands of the others is kept as it is.

    Raises:
        ConfigurationError: A frozen input is missing, a case proves no requirement, or our own verifier answers a case
            otherwise than the case says.
    """
    vectors.mkdir(parents=True, exist_ok=True)
    keys = corpus_keys(_frozen(vectors))
    if Profile.VERIFIER in only:
        _make_verifier(keys, vectors)
    if Profile.TRUST_LIST_CONSUMER in only:
        looks = make_consumer(keys, vectors / MATERIAL_FOLDER / LOOKS)
        _write_cases(Profile.TRUST_LIST_CONSUMER, [case.written() for case in looks], vectors)
    for profile in LIVE:
        if profile in only:
            _write_cases(profile, list(written_cases(profile.value)), vectors)
    write_requirements(vectors / REQUIREMENTS_FILE)
    write_manifest(vectors)


def _make_verifier(keys: SeededKeys, vectors: Path) -> None:
    region = corpus_region(keys)
    made = _with_twins([_with_input(case, vectors) for case in verifier_cases(region, keys)])
    _write_material(region, vectors)
    nodes = {name: _node(vectors, name) for name in sorted({str(case.material) for case in made})}
    told = [_with_state(case, nodes[str(case.material)]).written() for case in made]
    _write_cases(Profile.VERIFIER, told, vectors)
    write_object(vectors / FROZEN_KEYS, keys.rsa_keys)


def _write_material(region: Region, vectors: Path) -> None:
    materials = vectors / MATERIAL_FOLDER
    for gone in [path for path in materials.glob("*") if path.name != LOOKS]:
        shutil.rmtree(gone)
    write_plain_material(region, materials / REGION, why="What a verifier of the pretend region holds.")
    for edition in editions():
        write_edition(edition, region, materials)


def _write_cases(profile: Profile, cases: Sequence[Written], vectors: Path) -> None:
    """Write the cases of a profile, and remove the folders of those that there are no more."""
    gone = {path.name for path in (vectors / profile.value).glob("*")} - {document["id"] for document, _ in cases}
    for name in gone:
        shutil.rmtree(vectors / profile.value / name)
    for document, put in cases:
        write_case(document, put, vectors)


def write_requirements(path: Path, sources: Path = _REQUIREMENTS) -> None:
    """Write the one table of requirements, of the tables of all areas in the order of their names."""
    told = io.StringIO()
    table = csv.DictWriter(told, COLUMNS, lineterminator="\n")
    table.writeheader()
    for source in sorted(sources.glob("*.csv")):
        with source.open(encoding="utf-8", newline="") as rows:
            table.writerows(csv.DictReader(rows, strict=True))
    path.write_text(told.getvalue(), "utf-8")


def write_manifest(vectors: Path) -> None:
    """Write the manifest of what stands in ``vectors`` now."""
    write_object(
        vectors / MANIFEST_FILE, {"schema": MANIFEST_SCHEMA, "version": VERSION, "files": digests(vectors)}
    )  # fmt: skip


def _frozen(vectors: Path) -> Mapping[str, Mapping[str, Any]]:
    place = vectors / FROZEN_KEYS
    return read_object(place) if place.exists() else {}


def _with_input(case: WrittenCase, vectors: Path) -> WrittenCase:
    """Return ``case`` with the input that is frozen in its folder, if it is and there is one.

    Without the keys that were frozen with it such an input is worth nothing, and is made anew with new ones.
    """
    folder = vectors / case.profile.value / case.id
    kept = (folder / INPUT_FILE).exists() and (vectors / FROZEN_KEYS).exists()
    if not case.frozen or not kept:
        return case
    return replace(case, input=read_object(folder / INPUT_FILE))


def _with_twins(cases: Sequence[WrittenCase]) -> list[WrittenCase]:
    """Return ``cases``, each with what it differs from its twin in beside the attacked member.

    Raises:
        ConfigurationError: One differs in more than that, and nothing says why.
    """
    named = {case.id: case for case in cases}
    try:
        return [case if case.twin is None else replace(case, beside=beside(case, named[case.twin])) for case in cases]
    except ValueError as unlike:
        raise ConfigurationError(str(unlike)) from unlike


def _node(vectors: Path, name: str) -> Node:
    with tempfile.TemporaryDirectory(prefix="idbridge-material-") as folder:
        material = Material(name, vectors / MATERIAL_FOLDER / name)
        return load_node(node_keys.laid_out(material, Path(folder) / "material"), at=CORPUS_INSTANT)


def _with_state(case: WrittenCase, node: Node) -> WrittenCase:
    """Return ``case`` with the state that our own verifier is in afterwards.

    Raises:
        ConfigurationError: It has no input, or our own verifier answers otherwise than the case says.
    """
    if case.input is None:
        raise ConfigurationError(f"case {case.id} is frozen, and no input stands in its folder")
    spent: set[bytes] = set()
    for earlier in case.input["before"]:
        node.report({**case.input, "request": earlier}, spent)
    answer, told, _ = answered(node, case.input, spent)
    if answer != case.expect:
        raise ConfigurationError(f"case {case.id} says {case.expect}, and our own verifier {answer}")
    return replace(case, state={"spent": len(spent), **told})
