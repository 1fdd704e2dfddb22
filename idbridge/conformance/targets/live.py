"""Live targets: profiles in which the suite acts, and judges what the implementation under test produced or did.

A case names a procedure, and its parameters beside it. A procedure returns what was found: nothing, or a finding with
a code. What was demanded is for ``judge``: a refused case passes only by the very code that it names. Decides no
verdict of its own; what cannot be put to the test at all is a fault, which passes no case.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from idbridge.conformance.answer import Fault, FaultKind, Observation, Verdict
from idbridge.conformance.case import ConformanceCase
from idbridge.errors import ConfigurationError, FetchError, IdBridgeError
from idbridge.reasons import Indication

PROCEDURE: Final = "procedure"
_ODD: Final = (ValueError, LookupError, TypeError, AttributeError)  # of documents that are not what they should be
_PASSED: Final = Verdict(Indication.PASSED, None)


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong, or was refused: a code, and for people what of the thing under test it is about."""

    code: str
    words: str

    @classmethod
    def of(cls, refusal: IdBridgeError, about: str = "") -> "Finding":
        """Return the finding that a refusal of our own library is."""
        detail = getattr(refusal, "detail", "") or str(refusal)
        return cls(refusal.code, f"{about}: {detail}" if about else detail)


Subject = TypeVar("Subject")
Procedure = Callable[[Subject, Mapping[str, Any]], Finding | None]


def observed(case: ConformanceCase, subject: Subject, procedures: Mapping[str, Procedure[Subject]]) -> Observation:
    """Return what the procedure that ``case`` names found; one that nobody knows is a fault."""
    sent = json.dumps(dict(case.input), sort_keys=True)
    name = case.input.get(PROCEDURE)
    procedure = procedures.get(name) if isinstance(name, str) else None
    if procedure is None:
        return Observation(Fault(FaultKind.MALFORMED, f"this target knows no procedure {name!r}"), sent=sent)
    parameters = {member: value for member, value in case.input.items() if member != PROCEDURE}
    try:
        finding = procedure(subject, parameters)
    except FetchError as gone:
        return Observation(Fault(FaultKind.UNREACHABLE, str(gone)), sent=sent)
    except ConfigurationError as unusable:
        return Observation(Fault(FaultKind.MALFORMED, str(unusable)), sent=sent)
    except IdBridgeError as refusal:  # what was to be looked at is refused itself
        finding = Finding.of(refusal)
    except _ODD as odd:
        return Observation(Fault(FaultKind.MALFORMED, f"what was looked at is not in form: {odd!r}"[:500]), sent=sent)
    if finding is None:
        return Observation(_PASSED, sent=sent)
    return Observation(Verdict(Indication.FAILED, finding.code), sent=sent, received=finding.words)


def agreed(findings: Mapping[str, Finding | None]) -> Finding | None:
    """Return what several things that had to be refused alike were refused for; nothing if one of them was not.

    Where they differ, the code names all of them, so that no right one hides a wrong one.
    """
    if not findings or not all(findings.values()):
        return None
    found = {name: one for name, one in findings.items() if one is not None}
    codes = sorted({one.code for one in found.values()})
    return Finding(",".join(codes), "; ".join(f"{name}: {one.words}" for name, one in found.items())[:2000])
