"""The folder of samples of a credential issuer: what each file is, and the trust material that it is verified under.

``samples.toml`` says what every file is; nothing is guessed from a file. The trust material is a folder of plain lists,
the status lists are files that stand for their addresses. Which keys sign those lists the folder does not say: whoever
pinned them itself would be verified under keys of its own choice. Reads and judges no sample.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from idbridge.conformance.declaration import read_declaration
from idbridge.conformance.targets.publisher.publication import Publication, look
from idbridge.errors import ConfigurationError, FetchError, IdBridgeError
from idbridge.limits import LIMITS
from idbridge.model.region import Format
from idbridge.status.rounds import Held, fetch_all, take_up_all
from idbridge.status.snapshot import StatusSnapshot
from idbridge.trust import files
from idbridge.trust.crl_floors import CrlFloors
from idbridge.trust.pins import Pins
from idbridge.trust.snapshot import TrustSnapshot, snapshot_of
from idbridge.trust.tuf.client import DirectoryTree

FILE: Final = "samples.toml"
SCHEMA: Final = "idbridge-issuer-samples-1"
VALID: Final = "valid"
REVOKED: Final = "revoked"
KINDS: Final[Mapping[Format, str]] = {
    Format.SD_JWT_VC: "sd-jwt",
    Format.MDOC: "mdoc",
    Format.VC_JWT: "w3c",
    Format.JWT_VC_JSON: "w3c",
    Format.VC_SD_JWT: "w3c",
    Format.QR: "qr",
}  # the word by which cases are about a kind


@dataclass(frozen=True, slots=True)
class Sample:
    """One credential: its text as a verifier receives it, whose it is, and what a verifier has to find in it.

    ``status`` is ``valid`` or ``revoked`` where it refers to a status list, else empty.
    """

    id: str
    format: Format
    text: str = field(repr=False)
    person: str
    claims: Mapping[str, Any]
    status: str

    @property
    def kind(self) -> str:
        """The word by which cases are about its kind."""
        return KINDS[self.format]


@dataclass(frozen=True, slots=True)
class Photo:
    """A picture of a code, and the sample whose text stands in it."""

    id: str
    octets: bytes = field(repr=False)
    sample: str


@dataclass(frozen=True, slots=True)
class Samples:
    """Everything in the folder."""

    name: str
    at: datetime
    trust: TrustSnapshot = field(repr=False)
    statuses: StatusSnapshot = field(repr=False)
    samples: tuple[Sample, ...]
    photos: tuple[Photo, ...]
    not_implemented: frozenset[str]

    def of(self, kind: str) -> tuple[Sample, ...]:
        """Return the samples of a kind.

        Raises:
            ConfigurationError: There is none, and the folder does not declare that.
        """
        found = tuple(one for one in self.samples if one.kind == kind)
        if not found:
            raise ConfigurationError(f"there is no sample of the kind {kind}, and none is declared missing")
        return found


class _FileSource:
    """Status lists by their addresses, from files; implements ``Source``."""

    def __init__(self, folder: Path, named: Mapping[str, str]) -> None:
        self._folder = folder
        self._named = named

    def fetch(self, url: str, *, max_bytes: int) -> bytes:
        """Return the file that stands for ``url``."""
        if url not in self._named:
            raise FetchError("no file stands for this address")
        return _octets(self._folder, self._named[url], max_bytes=max_bytes)


def read_samples(folder: Path, *, pinned: Pins, at: datetime) -> Samples:
    """Return the samples in ``folder``, with the trust and status that count ``at`` an instant, under ``pinned`` keys.

    Raises:
        ConfigurationError: ``samples.toml`` or a file that it names is not there or not in order, or it pins keys.
    """
    try:
        table = tomllib.loads(_octets(folder, FILE, max_bytes=LIMITS.conformance_file_bytes).decode("utf-8"))
        if table["schema"] != SCHEMA:
            raise ConfigurationError(f"{FILE} is of another schema")
        if "pins" in table:
            raise ConfigurationError("which keys are pinned says `--settings FILE`, and not who is verified under them")
        trust = _trust(folder, table, pinned, at=at)
        return Samples(
            name=str(table["name"]),
            at=at,
            trust=trust,
            statuses=_statuses(folder, table, trust, at=at),
            samples=tuple(_sample(folder, row) for row in table["sample"]),
            photos=tuple(_photo(folder, row) for row in table.get("photo", ())),
            not_implemented=read_declaration(table.get("not_implemented", [])),
        )
    except (KeyError, TypeError, ValueError, AttributeError, IdBridgeError) as odd:
        raise ConfigurationError(f"the samples are not in order: {odd}") from odd


def _trust(folder: Path, table: Mapping[str, Any], pinned: Pins, *, at: datetime) -> TrustSnapshot:
    place = _inside(folder, table["trust"])
    seen = look(Publication(DirectoryTree(place), pins=pinned, folder=place), at=at)
    if seen.trusted is None or not seen.trusted.lists:
        raise ConfigurationError("no trust list in the folder can be taken up")
    return snapshot_of(seen.trusted)


def _statuses(folder: Path, table: Mapping[str, Any], trust: TrustSnapshot, *, at: datetime) -> StatusSnapshot:
    named = {str(row["address"]): str(row["file"]) for row in table.get("status_list", ())}
    fetched = fetch_all(_FileSource(folder, named), trust)
    return take_up_all(fetched, trust, held=Held(), floors=CrlFloors(trust.environment), keep=bytes, at=at).statuses


def _sample(folder: Path, row: Mapping[str, Any]) -> Sample:
    text = _octets(folder, row["file"], max_bytes=LIMITS.body_bytes).decode("utf-8").strip()
    return Sample(row["id"], Format(row["format"]), text, row["person"], row.get("claims", {}), row.get("status", ""))


def _photo(folder: Path, row: Mapping[str, Any]) -> Photo:
    return Photo(row["id"], _octets(folder, row["file"], max_bytes=LIMITS.picture_bytes), row["sample"])


def _inside(folder: Path, name: str) -> Path:
    """Return the place ``name`` in ``folder``, if no step of it leads out of there.

    Raises:
        ConfigurationError: A step is empty, is no name of a file, or is a symbolic link.
    """
    place = folder
    for step in name.split("/"):
        place = place / step
        if step in ("", ".", "..") or "\0" in step or place.is_symlink():
            raise ConfigurationError(f"{name} leads out of the folder of samples")
    return place


def _octets(folder: Path, name: str, *, max_bytes: int) -> bytes:
    try:
        place = _inside(folder, name)
        return files.read(place.parent, place.name, max_bytes=max_bytes)
    except (FetchError, IdBridgeError) as unreadable:
        raise ConfigurationError(f"{name} cannot be read: {unreadable}") from unreadable
