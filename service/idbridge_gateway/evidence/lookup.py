"""A receipt made again, for the relying party that the leaf is about and for nobody else.

Decides whose a leaf is. Looked for is a leaf with this report id *and* this relying party, so that one of somebody else
is found no sooner and told no differently than one that never was. It sees what is published, all but the last second.
"""

import hmac
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final

from idbridge.evidence import places, reading, recovery
from idbridge.evidence.day_keys import DayKeys
from idbridge.evidence.errors import LogError
from idbridge.evidence.reading import Entry
from idbridge.evidence.recovery import Signed
from idbridge.limits import LIMITS
from idbridge.tlog import tile
from idbridge.tlog.commitment import Opening
from idbridge.tlog.leaf import Leaf, LeafType
from idbridge.tlog.receipt import Proof
from idbridge.tlog.tile import WIDTH, Bundle
from idbridge_gateway.evidence.leaves import short

_ANSWERS: Final = frozenset({LeafType.VERIFY, LeafType.ASSERT, LeafType.REJECT})


@dataclass(frozen=True, slots=True)
class Found:
    """A receipt that was made again, and what opens it; ``None`` where that is not known here any more."""

    index: int
    proof: Proof
    opening: Opening | None


def find_receipt(
    folder: Path,
    days: DayKeys,
    *,
    report_id: str,
    party: str,
    assertion_digest: bytes | None,
    cosigned: Signed | None = None,
    bundles: int = LIMITS.receipt_bundles,
) -> Found | None:
    """Return the receipt of the last leaf about ``report_id`` that is of ``party``. It reads files, and so blocks.

    A leaf about an assertion opens with the digest of it, which only who has the assertion can name. ``cosigned`` is a
    checkpoint that witnesses have signed, which counts for more than the newest one if the leaf is in it. Looked
    through are the newest ``bundles``.

    Raises:
        LogError: The log cannot be read.
    """
    signed = reading.newest(folder)
    found = _find(folder, report_id, short(party), size=signed.checkpoint.size, bundles=bundles)
    if found is None:
        return None
    if cosigned is not None and found.index < cosigned.checkpoint.size <= signed.checkpoint.size:
        signed = cosigned
    opening = _opening(days, found, report_id, assertion_digest)
    return Found(found.index, reading.prove(folder, found, signed, opening=opening), opening)


def answer_at(folder: Path, index: int, report_id: str) -> Leaf | None:
    """Return the leaf at ``index``, proven to stand in the log, if it is of the answer that ``report_id`` names.

    Raises:
        LogError: The log cannot be read, or does not add up.
    """
    signed = reading.newest(folder)
    size = signed.checkpoint.size
    if not reading.pruned_below(folder) <= index < size:
        return None
    found = reading.entry(folder, index, size=size)
    told = str(found.leaf.members.get("req", ""))
    if found.leaf.type not in _ANSWERS or not hmac.compare_digest(told.encode(), report_id.encode()):
        return None
    reading.prove(folder, found, signed)
    return found.leaf


def _find(folder: Path, report_id: str, party: str, *, size: int, bundles: int) -> Entry | None:
    """Return the last entry about ``report_id`` of ``party`` in the newest ``bundles``."""
    about = f'"req":"{report_id}"'.encode()
    last = (size - 1) // WIDTH
    first = max(reading.pruned_below(folder) // WIDTH, last - bundles + 1)
    for number in range(last, first - 1, -1):
        octets = places.read_bundle(folder, Bundle(number, tile.width_at(size, 0, number)))
        if octets is not None and about not in octets:
            continue
        found = [
            one
            for index in range(number * WIDTH, min(size, (number + 1) * WIDTH))
            if (one := reading.entry(folder, index, size=size)).leaf.members.get("req") == report_id
            and one.leaf.members.get("rp") == party
        ]
        if found:
            return found[-1]
    return None


def _opening(days: DayKeys, found: Entry, report_id: str, assertion_digest: bytes | None) -> Opening | None:
    day = str(found.leaf.members.get("day", ""))
    try:
        key = days.kept(date.fromisoformat(day))
    except ValueError:
        return None
    if key is None or (found.leaf.type is LeafType.ASSERT and assertion_digest is None):
        return None
    made = key.opening(report_id)
    return made if assertion_digest is None else Opening(made.key, assertion_digest)


def read_cosigned(folder: Path, name: str, log: Path) -> Signed | None:
    """Return the cosigned checkpoint that is kept in the file ``name``; ``None`` if there is none in order."""
    octets = places.read(folder, name, max_bytes=LIMITS.note_bytes)
    if octets is None:
        return None
    try:
        return recovery.signed_by(octets, (reading.key_of(log),))
    except LogError:
        return None
