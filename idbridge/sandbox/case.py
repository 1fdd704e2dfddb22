"""Cases: what is put before a node, what must come of it, and why. One format for demo, drill, corpus and conformance.

A ``Case`` is data: it says nothing about how its input is made (``sandbox/recipe.py`` and its neighbours do). A
``MintedCase`` is the case with its input made for one region and one instant, ready to be sent. Every refused case
names its twin: the accepted case that differs in the attacked detail alone, so that a refusal proves something.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from enum import StrEnum
from typing import Any

from idbridge.model.region import Environment, Format, MemberState
from idbridge.reasons import Indication, reason


class Kind(StrEnum):
    """What a case puts on the table."""

    VERIFY = "verify"  # one credential, one verdict
    SEQUENCE = "sequence"  # as VERIFY, after other requests that the node must remember
    REQUEST = "request"  # a broken request, answered by a problem and never by a verdict
    TRUST = "trust"  # trust material as it is offered to a node, or as a node holds it
    ATTACK = "attack"  # an attack on trust material, carried out by the drill on a throwaway region
    FAULT = "fault"  # something wrong with the node itself; nobody outside can bring it about


@dataclass(frozen=True, slots=True)
class Case:
    """One case of the catalogue.

    ``state`` is the member state whose credential, list or node is on the table; ``node`` the one asked. ``code`` is
    ``None`` for an accepted case. ``environment`` is that of the node asked; a live one exists in process only.
    ``over_http`` tells whether the case can be put to a running sandbox node; the others run in process only.

    Raises:
        ValueError: The case contradicts itself: refused without a reason or a twin, or accepted with either.
    """

    name: str
    title: str
    state: MemberState
    format: Format | None
    kind: Kind
    node: MemberState
    relying_party: str | None
    purpose: str | None
    indication: Indication
    code: str | None
    twin: str | None
    why: str
    environment: Environment = Environment.SANDBOX
    over_http: bool = True

    def __post_init__(self) -> None:
        accepted = self.indication is Indication.PASSED
        if accepted is not (self.code is None) or accepted is not (self.twin is None):
            raise ValueError(f"case {self.name}: a refused case has a code and a twin, an accepted one has neither")
        if self.code is not None and reason(self.code).indication is not self.indication:
            raise ValueError(f"case {self.name}: the catalogue gives {self.code} another indication")

    def document(self) -> dict[str, Any]:
        """Return the case as plain JSON values, in the order of its members."""
        return {member.name: getattr(self, member.name) for member in fields(self)}


@dataclass(frozen=True, slots=True)
class Exchange:
    """One HTTP request. ``body`` is sent as it stands, because some cases are about bytes that are not JSON."""

    method: str
    path: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class MintedCase:
    """A case with its input made. Only the answer to the case itself is judged.

    ``before`` is sent first, in order, and ``after`` when the answer is there, so that the node is as it was.

    A verdict is judged by ``expect_indication`` and ``expect_code`` (the report's ``reason.code``, ``None`` for an
    accepted case). A problem has no indication and is judged by ``expect_code`` (the problem's ``code``).
    """

    case: Case
    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes
    expect_status: int
    expect_indication: Indication | None
    expect_code: str | None
    before: tuple[Exchange, ...] = ()
    after: tuple[Exchange, ...] = ()

    @property
    def exchange(self) -> Exchange:
        """The request that is judged."""
        return Exchange(self.method, self.path, self.headers, self.body)

    def document(self) -> dict[str, Any]:
        """Return the body's members, for the cases whose body is a JSON object.

        Raises:
            ValueError: The body is not JSON; such a case is about exactly that.
        """
        parsed: dict[str, Any] = json.loads(self.body)
        return parsed


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a node, or the library in process, answered to a case."""

    indication: Indication
    code: str | None
    status: int = 200

    def expected_of(self, case: Case) -> bool:
        """Tell whether this is what ``case`` demands, verdict and reason both."""
        return self.indication is case.indication and self.code == case.code
