"""Cases of the corpus: a folder of data with an input, what must come of it, and why.

``case.json`` says everything but the input, which stands beside it in ``input.json`` so that it can be looked at. A
refused case names its twin, an accepted case. One of a verifier differs from it in the attacked member of its input,
and in those that ``beside`` names with a reason; in the other profiles the twin does the same thing properly. Reads and
checks the form; whether an answer is right is for ``judge``.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from idbridge.codec import strict_json
from idbridge.conformance import schemas
from idbridge.conformance.answer import Verdict
from idbridge.conformance.profiles import Profile
from idbridge.errors import ConfigurationError, IdBridgeError
from idbridge.limits import LIMITS
from idbridge.model.time import parse_instant
from idbridge.reasons import Indication

SCHEMA: Final = "idbridge-conformance-case-1"
CASE_FILE: Final = "case.json"
INPUT_FILE: Final = "input.json"
NEGATIVE: Final = "negative"
_NOTHING: Final[Mapping[str, str]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class ConformanceCase:
    """One case.

    ``material`` names what is loaded first (``None`` where the target brings its own), ``at`` is the instant at which
    it is asked (``None``: now). ``state`` is the state afterwards as far as it matters. ``frozen`` says that the input
    cannot be made again octet by octet, because an algorithm in it is randomised. ``fresh`` is a case whose input was
    minted for one run, and stands in no corpus. ``beside`` says by member of the input in what else it differs from its
    twin than in the attacked one, and why.

    Raises:
        ValueError: It contradicts itself: refused without a twin, accepted with one, or no requirement is named.
    """

    id: str
    profile: Profile
    tags: tuple[str, ...]
    title: str
    why: str
    requirements: tuple[str, ...]
    material: str | None
    at: datetime | None
    expect: Verdict
    twin: str | None
    state: Mapping[str, Any] | None
    frozen: bool
    input: Mapping[str, Any]
    fresh: bool = False
    beside: Mapping[str, str] = field(default_factory=lambda: _NOTHING)

    def __post_init__(self) -> None:
        if self.is_negative is (self.twin is None):
            raise ValueError(f"case {self.id}: a refused case has a twin, an accepted one has none")
        if not self.requirements or not self.why or not self.title:
            raise ValueError(f"case {self.id}: it names no requirement, no title or no reason")

    @property
    def is_negative(self) -> bool:
        """Tell whether something has to be refused."""
        return self.expect.code is not None


def read_case(folder: Path, *, known: str | None = None) -> ConformanceCase:
    """Return the case in ``folder``. If ``known`` is the SHA-256 of its file, that is known to have the form.

    Raises:
        ConfigurationError: Its files are not there or not in order, or it contradicts itself.
    """
    octets = _octets(folder / CASE_FILE)
    document, put = _object(folder / CASE_FILE, octets), _object(folder / INPUT_FILE, _octets(folder / INPUT_FILE))
    try:
        if hashlib.sha256(octets).hexdigest() != known:
            _require_form(document)
        return _case(document, put, folder=folder)
    except (ValueError, TypeError, KeyError, IdBridgeError) as malformed:
        raise ConfigurationError(f"the case in {folder.name} is not in order: {malformed}") from malformed


def _require_form(document: Mapping[str, Any]) -> None:
    if wrong := schemas.fault(document, schemas.CASE):
        raise ValueError(wrong)


def _case(document: Mapping[str, Any], put: Mapping[str, Any], *, folder: Path) -> ConformanceCase:
    if document["id"] != folder.name or document["profile"] != folder.parent.name:
        raise ValueError("it stands in another folder than its own")
    expect = document["expect"]
    return ConformanceCase(
        id=document["id"],
        profile=Profile(document["profile"]),
        tags=tuple(document["tags"]),
        title=document["title"],
        why=document["why"],
        requirements=tuple(document["requirements"]),
        material=document["material"],
        at=parse_instant(document["at"]) if document["at"] is not None else None,
        expect=Verdict(Indication(expect["indication"]), expect["code"]),
        twin=document["twin"],
        state=document["state"],
        frozen=document["frozen"],
        input=put,
        beside=MappingProxyType(dict(document.get("beside", {}))),
    )


def _octets(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as unreadable:
        raise ConfigurationError(f"{path.parent.name}/{path.name} cannot be read as one JSON object") from unreadable


def _object(path: Path, octets: bytes) -> dict[str, Any]:
    try:
        return strict_json.parse_object(octets, max_bytes=LIMITS.conformance_file_bytes)
    except IdBridgeError as unreadable:
        raise ConfigurationError(f"{path.parent.name}/{path.name} cannot be read as one JSON object") from unreadable
