"""Trials: cases that send nothing. What they try is done in process, to a trusted set or to a node."""

from dataclasses import dataclass, fields, replace
from datetime import datetime
from typing import Any, Protocol

from idbridge.model.region import Environment, Format, MemberState
from idbridge.reasons import Indication, reason
from idbridge.sandbox.case import Case, Kind
from idbridge.sandbox.region import Region


class Attempt(Protocol):
    """What is tried, as a frozen value, so that a refused trial is its accepted twin with one field changed."""

    def made(self, region: Region, *, at: datetime) -> None:
        """Return if what is tried is accepted in ``region`` at the instant ``at``.

        Raises:
            IdBridgeError: It is refused; ``code`` says why.
        """
        ...


@dataclass(frozen=True, slots=True)
class Trial:
    """A case of the catalogue with what is tried."""

    case: Case
    attempt: Attempt

    def refused(self, name: str, code: str, title: str, *, why: str, **changes: Any) -> "Trial":
        """Return the trial that differs from this one in ``changes``, fields of the attempt, and is refused."""
        case = refused_case(self.case, name, code, title, why=why)
        return Trial(case, replace(self.attempt, **changes))  # type: ignore[type-var]  # every attempt is a dataclass

    def differences(self, twin: "Trial") -> frozenset[str]:
        """Return the names of the fields in which two attempts differ."""
        return differing(self.attempt, twin.attempt)


def refused_case(twin: Case, name: str, code: str, title: str, *, why: str) -> Case:
    """Return the case that is refused with ``code``, where ``twin`` is accepted."""
    return replace(
        twin, name=name, title=title, why=why, indication=reason(code).indication, code=code, twin=twin.name
    )  # fmt: skip


def differing(one: Any, other: Any) -> frozenset[str]:
    """Return the names of the fields in which two frozen values of one type differ."""
    if type(one) is not type(other):
        return frozenset({"type"})
    return frozenset(field.name for field in fields(one) if getattr(one, field.name) != getattr(other, field.name))


def accepted(
    name: str,
    title: str,
    *,
    why: str,
    state: MemberState,
    attempt: Attempt,
    kind: Kind,
    form: Format | None = None,
    environment: Environment = Environment.SANDBOX,
) -> Trial:
    """Return the trial of what is accepted, by a node of ``environment``."""
    case = Case(
        name=name,
        title=title,
        state=state,
        format=form,
        kind=kind,
        node=MemberState.TH,
        relying_party=None,
        purpose=None,
        indication=Indication.PASSED,
        code=None,
        twin=None,
        why=why,
        environment=environment,
        over_http=False,
    )
    return Trial(case, attempt)
