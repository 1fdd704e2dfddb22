"""The corpus: every case and all trust material of one version, read from one folder, each file by its digest.

Reads and checks the form: a case names requirements and material that exist, and a twin that is accepted. Whether
the corpus covers what it should is for ``coverage``.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from idbridge.codec import strict_json
from idbridge.conformance import schemas
from idbridge.conformance.case import CASE_FILE, ConformanceCase, read_case
from idbridge.conformance.material import Material
from idbridge.conformance.profiles import Profile
from idbridge.conformance.requirements import REQUIREMENTS_FILE, Requirement, read_requirements
from idbridge.errors import ConfigurationError, IdBridgeError
from idbridge.limits import LIMITS

VECTORS: Final = Path(__file__).parent / "vectors"
MANIFEST_FILE: Final = "manifest.json"
MANIFEST_SCHEMA: Final = "idbridge-conformance-manifest-1"
MATERIAL_FOLDER: Final = "material"
_NONE: Final[Mapping[str, Material]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Corpus:
    """All cases by id, all requirements by id, and the material by name; ``held`` is what was made for one run."""

    folder: Path
    version: str
    cases: Mapping[str, ConformanceCase]
    requirements: Mapping[str, Requirement]
    held: Mapping[str, Material] = field(default_factory=lambda: _NONE)

    def chosen(self, profiles: Iterable[Profile], tags: Iterable[str] = ()) -> tuple[ConformanceCase, ...]:
        """Return the cases of ``profiles`` that carry every one of ``tags``, in the order of their ids."""
        wanted, all_of = frozenset(profiles), frozenset(tags)
        return tuple(case for case in self.cases.values() if case.profile in wanted and all_of <= set(case.tags))

    def case(self, name: str) -> ConformanceCase:
        """Return the case with this id.

        Raises:
            LookupError: There is none.
        """
        return self.cases[name]

    def material(self, name: str) -> Material:
        """Return trust material by name.

        Raises:
            ConfigurationError: There is none.
        """
        if name in self.held:
            return self.held[name]
        folder = self.folder / MATERIAL_FOLDER / name
        if not folder.is_dir():
            raise ConfigurationError(f"the corpus has no trust material {name}")
        return Material(name, folder)

    def digest(self) -> str:
        """Return the SHA-256 of the manifest, which names the digest of every other file."""
        return hashlib.sha256((self.folder / MANIFEST_FILE).read_bytes()).hexdigest()


def read_corpus(folder: Path, *, came_with_us: bool = False) -> Corpus:
    """Return the corpus in ``folder``.

    One that ``came_with_us`` had the form of its cases asked for when it was made: here it is asked for only of a case
    that is another than the manifest names. To ask all of them takes longer than all else that most commands do.

    Raises:
        ConfigurationError: A file is not in order, or a case names what is not there.
    """
    manifest = read_manifest(folder)
    known: Mapping[str, str] = manifest["files"] if came_with_us else {}
    requirements = read_requirements(folder / REQUIREMENTS_FILE)
    cases = {}
    for profile in Profile:
        for path in sorted((folder / profile.value).glob(f"*/{CASE_FILE}")):
            case = read_case(path.parent, known=known.get(path.relative_to(folder).as_posix()))
            if case.id in cases:
                raise ConfigurationError(f"two cases are called {case.id}")
            cases[case.id] = case
    corpus = Corpus(folder, manifest["version"], MappingProxyType(cases), requirements)
    for case in cases.values():
        _check(case, corpus)
    return corpus


@dataclass(frozen=True, slots=True)
class CorpusFacts:
    """What identifies a corpus: its version, its digest, and how many cases of each profile it has."""

    version: str
    digest: str
    cases: Mapping[Profile, int]


def facts_of(folder: Path) -> CorpusFacts:
    """Return what identifies the corpus in ``folder``, from its manifest alone: no case of it is read.

    Raises:
        ConfigurationError: There is no manifest that can be read.
    """
    manifest = read_manifest(folder)
    places = [path.split("/") for path in manifest["files"] if path.endswith(f"/{CASE_FILE}")]
    counted = {profile: sum(place[0] == profile for place in places) for profile in Profile}
    digest = hashlib.sha256((folder / MANIFEST_FILE).read_bytes()).hexdigest()
    return CorpusFacts(manifest["version"], digest, MappingProxyType(counted))


@cache
def shipped_facts() -> CorpusFacts:
    """Return what identifies the corpus that came with this installation, read once.

    Raises:
        ConfigurationError: Its manifest cannot be read.
    """
    return facts_of(VECTORS)


@cache
def shipped() -> Corpus:
    """Return the corpus that came with this installation, read once.

    Raises:
        ConfigurationError: It is damaged.
    """
    return read_corpus(VECTORS, came_with_us=True)


def read_manifest(folder: Path) -> Mapping[str, Any]:
    """Return the manifest of the corpus in ``folder``: ``schema``, ``version`` and ``files``, digests by path.

    Raises:
        ConfigurationError: There is none, or it is not in order.
    """
    try:
        octets = (folder / MANIFEST_FILE).read_bytes()
        document = strict_json.parse_object(octets, max_bytes=LIMITS.conformance_manifest_bytes)
    except (OSError, IdBridgeError) as unreadable:
        raise ConfigurationError("the corpus has no manifest that can be read") from unreadable
    if wrong := schemas.fault(document, schemas.MANIFEST):
        raise ConfigurationError(f"the manifest of the corpus is not in order: {wrong}")
    return document


def damaged_files(folder: Path) -> tuple[str, ...]:
    """Return the paths that are other than the manifest of ``folder`` says: changed, missing, or not named in it.

    Raises:
        ConfigurationError: There is no manifest that can be read.
    """
    named: Mapping[str, str] = read_manifest(folder)["files"]
    present = digests(folder)
    return tuple(sorted(path for path in named.keys() | present.keys() if named.get(path) != present.get(path)))


def digests(folder: Path) -> dict[str, str]:
    """Return the SHA-256 of every file below ``folder`` by its path there; the manifest and its signature left out."""
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.name.startswith("manifest.") and "__pycache__" not in path.parts
    }


def _check(case: ConformanceCase, corpus: Corpus) -> None:
    strange = [name for name in case.requirements if name not in corpus.requirements]
    if strange:
        raise ConfigurationError(f"case {case.id} names a requirement that there is not: {strange[0]}")
    if case.material is not None:
        corpus.material(case.material)
    if case.twin is not None:
        twin = corpus.cases.get(case.twin)
        if twin is None or twin.is_negative or twin.profile is not case.profile:
            raise ConfigurationError(f"case {case.id} has no accepted twin in its profile")
