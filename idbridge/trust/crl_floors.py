"""Floors of revocation: the newest CRL of each part and the newest status list of each address that a node accepted.

None older is taken again. Of a status list the number is the second at which it was made; its floor is let go once no
list names the address and everything that it could refuse is out of date by itself.

The numbers of a CRL count within its authority and its scope (RFC 5280 section 5.2.3): its *part*. They stand in a file
of their own beside the floors of the trust lists, under the rules of ``memory``: a missing or damaged file is never
taken for an empty one. A node that is older than this file begins it on purpose, as it began the others.
"""

import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from idbridge.codec import length_prefixed
from idbridge.crypto.crl import CrlFloor, VerifiedCrl
from idbridge.errors import ConfigurationError, StatusError
from idbridge.limits import LIMITS
from idbridge.model.region import Environment, MemberState
from idbridge.trust import files, members, memory

SCHEMA: Final = "idbridge-revocation-floors-1"
FILE: Final = "revocation.json"
STORE: Final = "status-store"
_DOCUMENT: Final = frozenset({"schema", "environment", "parts"})
_PART: Final = frozenset({"state", "number", "digest"})
_KIND: Final = frozenset({"kind"})  # of a status list alone
_LIST: Final = "status-list"
_SECOND: Final = timedelta(seconds=1)  # a number has no fractions, an instant may
_NUMBER: Final = re.compile(r"0|[1-9][0-9]{0,47}")  # up to 159 bits, past what JSON readers keep of a number
_DIGEST: Final = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class PartFloor:
    """The floor of one part, the state whose list led to it, and whether it is that of a status list."""

    state: MemberState
    floor: CrlFloor
    listed: bool = False


@dataclass(frozen=True, slots=True)
class CrlFloors:
    """Every floor of one node's revocation lists, by part."""

    environment: Environment
    parts: Mapping[str, PartFloor] = field(default_factory=dict)

    def raised(self, state: MemberState, crl: VerifiedCrl) -> "CrlFloors":
        """Return floors that stand on ``crl``, to which the list of ``state`` led.

        Raises:
            StatusError: ``status.crl_rollback``: it is older than what was accepted, or another of that number; or
                ``status.crl_invalid``: the CRLs of the state have more parts than a node remembers.
        """
        part = part_of(crl)
        held = self.parts.get(part)
        if held is not None:
            held.floor.require(crl)
            if held.floor == crl.floor:
                return self
        elif self._is_full(state):
            raise StatusError("status.crl_invalid", f"the CRLs of one state have more than {LIMITS.crl_floors} parts")
        owner = held.state if held is not None else state
        return replace(self, parts=MappingProxyType({**self.parts, part: PartFloor(owner, crl.floor)}))

    def raised_list(self, state: MemberState, address: str, floor: CrlFloor) -> "CrlFloors":
        """Return floors that stand on the status list that ``state`` names at ``address``.

        Raises:
            StatusError: ``status.list_rollback``: it was made before the last that was accepted, or in the same second
                and says other things; or ``status.list_invalid``: the state has more parts than a node remembers.
        """
        part, raised = part_of_list(state, address), PartFloor(state, floor, listed=True)
        held = self.parts.get(part)
        if held == raised:
            return self
        if held is not None and floor.number <= held.floor.number and floor != held.floor:
            raise StatusError("status.list_rollback", "the list was not made after the one that was accepted last")
        if held is None and self._is_full(state):
            raise StatusError("status.list_invalid", f"one state has more than {LIMITS.crl_floors} parts")
        return replace(self, parts=MappingProxyType({**self.parts, part: raised}))

    def without_past(self, named: Iterable[tuple[MemberState, str]], *, at: datetime) -> "CrlFloors":
        """Return the floors that are still of use ``at`` an instant; ``named`` are the places of all lists demanded.

        A status list that is older than its longest lifetime is refused as out of date, whatever the floors say.
        """
        asked = {part_of_list(state, address) for state, address in named}
        # A difference of seconds, and no earlier instant: the first that a date can name has none before it.
        oldest = at.timestamp() - (LIMITS.status_list_lifetime + _SECOND).total_seconds()
        kept = {
            part: one
            for part, one in self.parts.items()
            if not one.listed or part in asked or one.floor.number >= oldest
        }
        return self if len(kept) == len(self.parts) else replace(self, parts=MappingProxyType(kept))

    def carry_list(self, state: MemberState, address: str, floor: CrlFloor) -> bool:
        """Tell whether the status list of ``floor`` is the very one on which its address stands."""
        held = self.parts.get(part_of_list(state, address))
        return held is not None and held.floor == floor

    def _is_full(self, state: MemberState) -> bool:
        return Counter(one.state for one in self.parts.values())[state] >= LIMITS.crl_floors

    def carry(self, crl: VerifiedCrl) -> bool:
        """Tell whether ``crl`` is the very one on which its part stands."""
        held = self.parts.get(part_of(crl))
        return held is not None and held.floor == crl.floor


def part_of(crl: VerifiedCrl) -> str:
    """Return of what ``crl`` is an edition: the SHA-256 (hex) of its authority, its scope and its points."""
    named = length_prefixed.encode(crl.authority, crl.scope.value, *sorted(crl.points))
    return hashlib.sha256(named).hexdigest()


def part_of_list(state: MemberState, address: str) -> str:
    """Return the name of the part of a status list: the SHA-256 (hex) of the state that names it, and its address."""
    return hashlib.sha256(length_prefixed.encode(_LIST, state.value, address)).hexdigest()


def initialise(folder: Path, environment: Environment) -> None:
    """Write the file of a node that never accepted a CRL, and make the folder in which it will keep them.

    Raises:
        ConfigurationError: There is one already, or it cannot be written.
    """
    memory.require_absent(folder, FILE)
    try:
        (folder / STORE).mkdir(mode=0o700, exist_ok=True)
    except OSError as unwritable:
        raise ConfigurationError(f"{STORE} cannot be made") from unwritable
    write(folder, CrlFloors(environment))


def read(folder: Path, environment: Environment) -> CrlFloors:
    """Return the floors that are written in ``folder``.

    Raises:
        ConfigurationError: The file is missing, damaged, or of another environment.
    """
    return memory.read(folder, FILE, _parse, environment=environment)


def write(folder: Path, floors: CrlFloors) -> None:
    """Write ``floors`` to ``folder``, wholly or not at all, and past a power failure.

    Raises:
        ConfigurationError: It cannot be written.
    """
    document = {
        "schema": SCHEMA,
        "environment": floors.environment.value,
        "parts": {part: _written(one) for part, one in floors.parts.items()},
    }
    text = json.dumps(document, separators=(",", ":"), sort_keys=True)
    files.write(folder, FILE, text.encode("ascii"), mode=0o600)


def _written(one: PartFloor) -> dict[str, str]:
    said = {"state": one.state.value, "number": str(one.floor.number), "digest": one.floor.digest}
    return said | {"kind": _LIST} if one.listed else said


def _parse(content: Any) -> CrlFloors:
    read_document = members.table(content, required=_DOCUMENT, where="the revocation floors")
    if read_document["schema"] != SCHEMA or type(read_document["parts"]) is not dict:
        raise ValueError("another schema")
    return CrlFloors(
        environment=members.word(read_document["environment"], Environment, where="environment"),
        parts=MappingProxyType({_digest(part): _parse_part(one) for part, one in read_document["parts"].items()}),
    )


def _parse_part(value: Any) -> PartFloor:
    said = members.table(value, required=_PART, optional=_KIND, where="a part")
    number = members.text(said["number"], where="number")
    if _NUMBER.fullmatch(number) is None:
        raise ValueError("number is not a whole number")
    if "kind" in said and said["kind"] != _LIST:
        raise ValueError("another kind")
    state = members.word(said["state"], MemberState, where="a state")
    return PartFloor(state, CrlFloor(int(number), _digest(said["digest"])), listed="kind" in said)


def _digest(value: Any) -> str:
    if _DIGEST.fullmatch(members.text(value, where="a digest")) is None:
        raise ValueError("a digest is 64 hexadecimal digits")
    return str(value)
