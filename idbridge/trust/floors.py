"""The floors file: what a node accepted before, written down so that it outlives the process.

Decides whether the file is in order. A file that is missing, cannot be read or breaks its form is never taken for an
empty one: that would hand every node back to the first old bundle that comes along after a full disk. The only way to
an empty floors file is ``initialise``, once, on purpose.
"""

import json
import marshal
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from idbridge.errors import ConfigurationError
from idbridge.limits import LIMITS
from idbridge.model.region import Environment, MemberState
from idbridge.model.time import instant_text
from idbridge.model.trust import ServiceStatus
from idbridge.trust import deny, files, history, members, memory
from idbridge.trust.deny import DenyBook
from idbridge.trust.floor import Floor
from idbridge.trust.history import History
from idbridge.trust.ledger import Ledger, Line, LineName
from idbridge.trust.trusted_set import TrustedSet

SCHEMA: Final = "idbridge-floors-1"
FILE: Final = "floors.json"
_DOCUMENT: Final = frozenset({"schema", "environment", "states", "arrangements", "purposes"})
_OPTIONAL: Final = frozenset({"denials"})  # absent in a file of a node that never heard of them
_NUMBERED: Final = frozenset({"sequence", "digest"})
_STATE: Final = _NUMBERED | {"issued_at", "issuers", "ledger"}
_LINE: Final = frozenset({"key", "type", "issuer", "dropped", "histories"})


@dataclass(frozen=True, slots=True)
class Floors:
    """Every floor of one node: of the states' lists, of the arrangements by id, and of the purpose register.

    The denials held are written down with them: no restart, and no list that cannot be had, may lose one.
    """

    environment: Environment
    states: Mapping[MemberState, Floor] = field(default_factory=dict)
    arrangements: Mapping[str, Floor] = field(default_factory=dict)
    purposes: Floor | None = None
    denials: DenyBook = field(default_factory=DenyBook)

    @property
    def latest_issue(self) -> datetime | None:
        """The youngest instant that a state ever signed for here; no true clock shows an earlier one."""
        return max((floor.issued_at for floor in self.states.values() if floor.issued_at is not None), default=None)


def of(trusted: TrustedSet) -> Floors:
    """Return the floors on which ``trusted`` stands."""
    return Floors(
        trusted.environment, trusted.floors, trusted.arrangement_floors, trusted.purposes_floor, trusted.denials
    )


def initialise(folder: Path, environment: Environment) -> None:
    """Write the floors file of a node that never accepted anything.

    Raises:
        ConfigurationError: There is a floors file already, or it cannot be written.
    """
    memory.require_absent(folder, FILE)
    write(folder, Floors(environment))


def read(folder: Path, environment: Environment) -> Floors:
    """Return the floors that are written in ``folder``.

    Raises:
        ConfigurationError: The file is missing, cannot be read, breaks its form, or is of another environment.
    """
    return memory.read(folder, FILE, parse, environment=environment)


def write(folder: Path, floors: Floors) -> None:
    """Write ``floors`` to ``folder``, wholly or not at all, and past a power failure.

    Raises:
        ConfigurationError: It cannot be written, or could not be read again.
    """
    octets = json.dumps(render(floors), separators=(",", ":"), sort_keys=True).encode("ascii")
    if len(octets) > LIMITS.floors_bytes:
        raise ConfigurationError(f"{FILE} would be larger than anybody could read it")
    files.write(folder, FILE, octets, mode=0o600)


def render(floors: Floors) -> dict[str, Any]:
    """Return the content of the floors file."""
    return {
        "schema": SCHEMA,
        "environment": floors.environment.value,
        "states": {state.value: _state(floor) for state, floor in floors.states.items()},
        "arrangements": {name: _numbered(floor) for name, floor in floors.arrangements.items()},
        "purposes": _numbered(floors.purposes) if floors.purposes is not None else None,
        "denials": floors.denials.document() if floors.denials.number else None,
    }


def _numbered(floor: Floor) -> dict[str, Any]:
    return {"sequence": floor.sequence, "digest": floor.digest}


def _state(floor: Floor) -> dict[str, Any]:
    return {
        **_numbered(floor),
        "issued_at": instant_text(floor.issued_at) if floor.issued_at is not None else None,
        "issuers": sorted(floor.issuers),
        "ledger": _lines(floor.ledger),
    }


def _lines(ledger: Ledger) -> list[dict[str, Any]]:
    written: dict[int, list[Any]] = {}  # by the identity of the histories, which many lines share
    lines = []
    for name in sorted(ledger):
        (key, service_type, issuer), line = name, ledger[name]
        histories = written.get(id(line.histories))
        if histories is None:
            histories = written[id(line.histories)] = _histories(line)
        lines.append({
            "key": key, "type": service_type, "issuer": issuer, "dropped": line.dropped, "histories": histories,
        })  # fmt: skip
    return lines


def _histories(line: Line) -> list[Any]:
    return sorted(
        [[period.status.value, instant_text(period.validity.start)] for period in told] for told in line.histories
    )


def parse(content: Any) -> Floors:
    """Return the floors that ``content``, parsed from strict JSON, holds.

    Raises:
        TrustError, ValueError: It is not in the form that ``render`` writes.
    """
    read = members.table(content, required=_DOCUMENT, optional=_OPTIONAL, where="the floors file")
    if read["schema"] != SCHEMA or type(read["states"]) is not dict or type(read["arrangements"]) is not dict:
        raise ValueError("another schema")
    return Floors(
        environment=members.word(read["environment"], Environment, where="environment"),
        states={
            members.word(state, MemberState, where="a state"): _parse_state(floor)
            for state, floor in read["states"].items()
        },
        arrangements={name: _parse_numbered(floor) for name, floor in read["arrangements"].items()},
        purposes=_parse_numbered(read["purposes"]) if read["purposes"] is not None else None,
        denials=deny.parse(read["denials"]) if read.get("denials") is not None else DenyBook(),
    )


def _sequence(value: Any) -> int:
    return members.count(value, where="sequence", least=1, most=LIMITS.list_sequence)


def _parse_numbered(value: Any) -> Floor:
    read = members.table(value, required=_NUMBERED, where="a floor")
    return Floor(_sequence(read["sequence"]), members.text(read["digest"], where="digest"))


def _parse_state(value: Any) -> Floor:
    read = members.table(value, required=_STATE, where="the floor of a state")
    if type(read["ledger"]) is not list:
        raise ValueError("the ledger is not a list")
    told: dict[bytes, frozenset[History]] = {}
    ledger: Ledger = MappingProxyType(dict([_parse_line(line, told) for line in read["ledger"]]))
    if len(ledger) != len(read["ledger"]):
        raise ValueError("the ledger names a line twice")
    return Floor(
        sequence=_sequence(read["sequence"]),
        digest=members.text(read["digest"], where="digest"),
        issued_at=members.instant(read["issued_at"], where="issued_at"),
        issuers=members.several(read["issuers"], lambda one: members.issuer(one, where="issuers"), where="issuers"),
        ledger=ledger,
    )


def _parse_line(value: Any, told: dict[bytes, frozenset[History]]) -> tuple[LineName, Line]:
    """Return a line by its name; ``told`` holds the histories of the lines before it, which are mostly the same few."""
    read = members.table(value, required=_LINE, where="a line of the ledger")
    if type(read["dropped"]) is not bool:
        raise ValueError("dropped is true or false")
    name = (
        members.text(read["key"], where="key"),
        members.text(read["type"], where="type"),
        members.text(read["issuer"], where="issuer"),
    )
    spelled = marshal.dumps(read["histories"], 0)  # one string of octets for one plain value, and for no other
    histories = told.get(spelled)
    if histories is None:
        histories = told[spelled] = frozenset(members.array(read["histories"], _history, where="histories"))
    return name, Line(histories, read["dropped"])


def _history(value: Any) -> History:
    return history.periods(members.array(value, _period, where="a history"))


def _period(value: Any) -> tuple[ServiceStatus, datetime]:
    if type(value) is not list or len(value) != 2:
        raise ValueError("a period is a status and an instant")
    return members.word(value[0], ServiceStatus, where="a status"), members.instant(value[1], where="an instant")
