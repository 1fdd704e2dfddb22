"""Bundles of recorded requests: one JSON object a line, the body of a verify request and who asks.

Whoever runs a simulation is the relying party's own authority, as with ``idbridge verify``: what a line says of who
asks is registered. Nothing of a credential is ever printed, only the name of its line and the verdict.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from idbridge.cli.exits import Exit
from idbridge.cli.material import open_region
from idbridge.cli.output import Failure
from idbridge.cli.question import Presented, asker, presented, question
from idbridge.codec import strict_json
from idbridge.errors import FetchError, InputError
from idbridge.limits import LIMITS
from idbridge.model.region import MemberState
from idbridge.model.request import Detail, RelyingParty
from idbridge.model.time import parse_instant
from idbridge.sandbox.simulation import Question
from idbridge.trust import files
from idbridge.trust.snapshot import TrustSnapshot

_REQUIRED: Final = frozenset({"request", "for"})
_KNOWN: Final = _REQUIRED | {"as", "audiences", "clients", "at", "name"}


@dataclass(frozen=True, slots=True)
class Bundle:
    """A file of recorded requests under the name by which its verdicts are told."""

    name: str
    file: Path


def questions(bundle: Bundle, *, region: Path, present: TrustSnapshot, at: datetime) -> Iterator[Question]:
    """Yield the recorded requests of a bundle; a line without an instant is asked ``at``.

    Raises:
        Failure: The file cannot be read, or a line is not in its form.
    """
    lines = enumerate(_octets(bundle.file).split(b"\n"), start=1)
    written = {f"line {number} of `{bundle.file}`": line for number, line in lines if line.strip()}
    read = {place: _members(line, place) for place, line in written.items()}
    registered = _registered(region) if any("as" in members for members in read.values()) else {}
    for place, members in read.items():
        yield _question(members, bundle, place, registered=registered, present=present, at=at)


def _registered(region: Path) -> dict[str, RelyingParty]:
    return {party.id: party for party, _ in open_region(region).relying_parties()}


def _octets(file: Path) -> bytes:
    try:
        return files.read(file.parent, file.name, max_bytes=LIMITS.batch_body_bytes)
    except (FetchError, InputError) as unreadable:
        raise Failure(f"the bundle `{file}` cannot be read: {unreadable}") from unreadable


def _members(line: bytes, place: str) -> dict[str, Any]:
    try:
        members = strict_json.parse_object(line, max_bytes=LIMITS.body_bytes)
    except InputError:
        raise _malformed(place) from None
    if not members.keys() >= _REQUIRED or not members.keys() <= _KNOWN:
        raise _malformed(place)
    return members


def _malformed(place: str) -> Failure:
    hint = 'a line is `{"request": ..., "for": "TH", "as": "th-bank"}`'
    return Failure(f"{place} is no recorded request", hint=hint, exit_code=Exit.REFUSED)


def _question(
    members: dict[str, Any],
    bundle: Bundle,
    place: str,
    *,
    registered: Mapping[str, RelyingParty],
    present: TrustSnapshot,
    at: datetime,
) -> Question:
    shown = presented(json.dumps(members["request"], ensure_ascii=False))
    if shown.purpose is None:
        raise _malformed(place)
    try:
        party = _party(members, shown, registered=registered, present=present)
        moment = parse_instant(members["at"]) if "at" in members else at
    except (LookupError, ValueError, TypeError, AttributeError):
        raise _malformed(place) from None
    asked = question(
        shown, relying_party=party, purpose=shown.purpose, level=None, nonce=None, claims=(), detail=Detail.SIMPLE
    )
    return Question(bundle.name, str(members.get("name", place.partition(" of ")[0])), asked, moment)


def _party(
    members: Mapping[str, Any], shown: Presented, *, registered: Mapping[str, RelyingParty], present: TrustSnapshot
) -> RelyingParty:
    """Return who asks: a relying party of the pretend region, or whom the line describes.

    Raises:
        LookupError, ValueError, TypeError, AttributeError: There is none, or it belongs to another state.
    """
    state = MemberState(members["for"])
    if "as" in members:
        party = registered[members["as"]]
        if party.state is not state:
            raise ValueError("a relying party of another state")
        return party
    return asker(
        state=state,
        environment=present.environment,
        purpose=str(shown.purpose),
        claims=shown.claims,
        audiences=tuple(members.get("audiences", ())),
        clients=tuple(members.get("clients", {}).items()),
    )
