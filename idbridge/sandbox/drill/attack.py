"""Attacks: cases of the catalogue with the act that carries each out on a scene of its own."""

import re
from dataclasses import dataclass, replace
from typing import Any, Final, Protocol

from idbridge.model.region import MemberState
from idbridge.reasons import Indication
from idbridge.sandbox.case import Case, Kind
from idbridge.sandbox.drill.arena import Scene
from idbridge.sandbox.drill.finding import Finding
from idbridge.sandbox.trial import differing, refused_case

_NUMBERED: Final = re.compile(r"(?:attack-(?P<attack>[0-9]{2})|deny-(?P<deny>[0-9]{2})|trap-(?P<trap>t[0-9]))-.+")


class Act(Protocol):
    """What is done, as a frozen value, so that a refused act is its accepted twin with one field changed."""

    def struck(self, scene: Scene) -> Finding:
        """Do it on ``scene``, and return what came of it."""
        ...


@dataclass(frozen=True, slots=True)
class Attack:
    """A case of the drill with its act; an accepted one is the honest twin of attacks."""

    case: Case
    act: Act

    @property
    def number(self) -> str | None:
        """The number in the attack catalogue: ``1`` to ``72``, ``D1`` for denials, ``T1`` for traps; twins have none.

        Clauses: reference on trust lists, section 7; reference on TUF, section 4.
        """
        found = _NUMBERED.fullmatch(self.case.name)
        if found is None:
            return None
        if found["attack"]:
            return str(int(found["attack"]))
        return f"D{int(found['deny'])}" if found["deny"] else found["trap"].upper()

    def refused(self, name: str, code: str, title: str, *, why: str, **changes: Any) -> "Attack":
        """Return the attack that differs from this one in ``changes``, fields of the act, and is refused."""
        act = replace(self.act, **changes)  # type: ignore[type-var]  # every act is a dataclass
        return Attack(refused_case(self.case, name, code, title, why=why), act)

    def differences(self, twin: "Attack") -> frozenset[str]:
        """Return the names of the fields in which two acts differ."""
        return differing(self.act, twin.act)


def accepted(name: str, title: str, *, why: str, act: Act, state: MemberState = MemberState.SG) -> Attack:
    """Return what is done honestly, and accepted."""
    case = Case(
        name=name,
        title=title,
        state=state,
        format=None,
        kind=Kind.ATTACK,
        node=MemberState.TH,
        relying_party=None,
        purpose=None,
        indication=Indication.PASSED,
        code=None,
        twin=None,
        why=why,
        over_http=False,
    )
    return Attack(case, act)
