"""A small corpus of looks, made of a few attacks as the whole one is made, once for all tests."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from idbridge.conformance.corpus import MATERIAL_FOLDER, VECTORS, Corpus, read_corpus
from idbridge.conformance.making import consumer
from idbridge.conformance.making.corpus import FROZEN_KEYS, write_manifest, write_requirements
from idbridge.conformance.making.writing import write_case
from idbridge.conformance.node import read_object
from idbridge.conformance.requirements import REQUIREMENTS_FILE
from idbridge.conformance.seed import corpus_keys
from idbridge.crypto.seeded_keys import SeededKeys
from idbridge.sandbox.drill.arena import Arena

FEW = (
    "honest-next-list",
    "attack-01-rollback-sequence",
    "attack-03-rollback-bundle",
    "attack-15-mix-and-match-list",
    "attack-17-clock-backwards",
    "attack-31-twenty-certificates",
    "attack-41-key-set-handed-over-by-itself",
    "honest-key-exchange",
    "honest-next-deny-list",
    "deny-01-entry-dropped",
    "honest-two-new-roots",
    "attack-43-root-withheld",
    "next-list-after-a-broken-signature",
    "denial-of-another-state-lapses",
    "list-with-unknown-status",
)


def keys() -> SeededKeys:
    """The keys of the corpus, asked for none yet."""
    return corpus_keys(read_object(VECTORS / FROZEN_KEYS))


def write_few(arena: Arena, vectors: Path) -> None:
    """Write the cases named above to ``vectors``, as a corpus."""
    maker = consumer.Maker.of(arena, vectors / MATERIAL_FOLDER / consumer.MATERIAL)
    for attack, requirements in consumer.told():
        if attack.case.name in FEW:
            case = maker.case(attack, requirements)
            assert case.input is not None
            write_case(case.document(), case.input, vectors)
    write_requirements(vectors / REQUIREMENTS_FILE)
    write_manifest(vectors)


@pytest.fixture(scope="session")
def arena() -> Iterator[Arena]:
    with consumer.arena_of(keys()) as prepared:
        yield prepared


@pytest.fixture(scope="session")
def vectors(arena: Arena, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("few") / "vectors"
    folder.mkdir()
    write_few(arena, folder)
    return folder


@pytest.fixture(scope="session")
def few(vectors: Path) -> Corpus:
    return read_corpus(vectors)
