"""Status lists in files: read within their bound, placed where they say that they belong, and taken up as by a node.

A list that is handed over counts as fetched at the instant asked about and is judged by the very rules of a round of
fetching (``status/list_round``). What is refused says nothing: it is told, and a credential that needs it stays open.
Nothing is fetched and nothing is remembered.
"""

import sys
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Final

from idbridge.cli import output
from idbridge.cli.output import Failure
from idbridge.crypto.crl import CrlFloor
from idbridge.errors import StatusError
from idbridge.limits import LIMITS
from idbridge.status.list_round import KIND, HeldList, take_up_lists
from idbridge.status.prefetch import Demand, Fetched
from idbridge.status.signers import UNAUTHORISED, places_of
from idbridge.status.snapshot import StatusSnapshot, status_snapshot
from idbridge.status.status_list import Mechanism, Place
from idbridge.status.token_status_list import UnverifiedList, parse_unverified
from idbridge.trust.crl_floors import CrlFloors
from idbridge.trust.snapshot import TrustSnapshot

STANDARD_INPUT: Final = "-"
_BOUND: Final = LIMITS.status_list_bytes + 1


def read_list(source: str) -> bytes:
    """Return the octets of a list, or one more than any list may have, which its reader refuses.

    Raises:
        Failure: The file cannot be read.
    """
    return sys.stdin.buffer.read(_BOUND) if source == STANDARD_INPUT else _file(Path(source))


def _file(path: Path) -> bytes:
    try:
        with path.open("rb") as opened:
            return opened.read(_BOUND)
    except OSError as unreadable:
        raise Failure(f"`{path}` cannot be read: {(unreadable.strerror or 'no such file').lower()}") from None


def unverified_address(unverified: UnverifiedList) -> str:
    """Return where a list says that it belongs; what is refused if that is no text."""
    member = "sub" if unverified.mechanism is Mechanism.TOKEN else "id"
    return str(unverified.unverified_claims.get(member, ""))


def places_at(address: str, trust: TrustSnapshot) -> tuple[Place, ...]:
    """Return for which states ``address`` is one that their revocation services name, at least one.

    Raises:
        StatusError: ``status.signer_unauthorised``: it is none.
    """
    places = tuple(place for place in places_of(trust) if place[1] == address)
    if not places:
        raise StatusError(UNAUTHORISED, "no state lists this address")
    return places


def statuses_of(paths: Iterable[Path], trust: TrustSnapshot, *, at: datetime) -> StatusSnapshot:
    """Return what the lists in ``paths`` say, as ``held_of`` takes them up.

    Raises:
        Failure: A file cannot be read.
    """
    return status_snapshot(lists=(one.listed for one in held_of(paths, trust, at=at)))


def held_of(paths: Iterable[Path], trust: TrustSnapshot, *, at: datetime) -> tuple[HeldList, ...]:
    """Return the lists in ``paths`` as held, as far as a node would take them up ``at`` an instant.

    Of two lists of one address the younger counts, in whichever order they come; of two that were made in one second
    and say different things neither does. Each that is refused is told on standard error.

    Raises:
        Failure: A file cannot be read.
    """
    youngest: dict[Place, HeldList] = {}
    contradicted: set[tuple[Place, CrlFloor]] = set()
    for path in paths:
        for one in _taken_up(path, trust, beside=youngest.values(), at=at):
            last = youngest.setdefault(one.place, one)
            if one.floor.number > last.floor.number:
                youngest[one.place] = one
            elif one.floor.number < last.floor.number:
                _tell(path, "status.list_rollback", "a younger one of this address was handed over")
            elif one.floor != last.floor:
                contradicted.add((one.place, last.floor))
                _tell(path, "status.list_rollback", "another one of the same second says other things: neither counts")
    return tuple(one for place, one in youngest.items() if (place, one.floor) not in contradicted)


def _taken_up(path: Path, trust: TrustSnapshot, *, beside: Iterable[HeldList], at: datetime) -> tuple[HeldList, ...]:
    """Return the list in a file as held, for each state that names its address; it has to find room ``beside`` others.

    Each is judged by itself, without a floor: what it is worth beside another one of its address, the caller decides.
    """
    octets = _file(path)
    try:
        places = places_at(unverified_address(parse_unverified(octets)), trust)
    except StatusError as refusal:
        _tell(path, refusal.code, refusal.detail)
        return ()
    fetched = Fetched({Demand(*place, (), KIND): octets for place in places}, ())
    others = tuple(one for one in beside if one.place not in places)
    floors = CrlFloors(trust.environment)
    taken = take_up_lists(fetched, trust, held=others, floors=floors, keep=bytes, at=at)
    for offer in taken.refused:
        _tell(path, offer.code, offer.detail)
    return tuple(one for one in taken.held if one.place in places)


def _tell(path: Path, code: str, detail: str) -> None:
    output.words("warning", f"the status list in `{path}` says nothing, {code}: {detail}")
