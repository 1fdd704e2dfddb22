"""Minimise: which claims leave with a report.

Released is what was requested and is registered for the relying party, allowed by arrangement and purpose, and present
in the credential: the intersection of all four, and nothing at all unless the report is PASSED or counts in grace.
Everything else that was asked for is named with the reason, never with a value.

``age_over_NN`` is answered from a date of birth without releasing it; wherever the date may be released, so may the
answer. A day begins in the region before it begins in UTC, so reckoning in UTC never makes anyone older than they are.
"""

import math
import re
from collections.abc import Mapping
from datetime import date, datetime
from enum import StrEnum
from typing import Any, Final

from idbridge.model.credential import PersonName, RecognisedIdentity, VerifiedCredential
from idbridge.model.request import VerifyRequest

NAME: Final = "name"
BIRTHDATE: Final = "birthdate"
_AGE_PREFIX: Final = "age_over_"
_AGE = re.compile(r"age_over_([1-9][0-9]{0,2})", re.ASCII)
_PARTIAL_DATE = re.compile(r"(\d{4})(?:-(\d{2}))?", re.ASCII)
_FULL_DATE: Final = len("2000-01-01")
_AFTER_THE_LAST: Final = 32
_EXACT_INTEGER: Final = 2**53 - 1  # RFC 8785 section 3.2.2.3: what every reader of JSON holds exactly
_ABSENT: Final = object()


class Withheld(StrEnum):
    """Why a requested claim was not released."""

    NOT_ACCEPTED = "not_accepted"
    NOT_REGISTERED = "not_registered"
    NOT_ALLOWED = "not_allowed"  # by the purpose, or by the arrangement
    ABSENT = "absent"
    OTHER_CREDENTIAL = "other_credential"  # has it, and is not shown to be of the same person and no weaker


_MAYBE_ELSEWHERE: Final = frozenset({Withheld.ABSENT, Withheld.NOT_ALLOWED})


def minimise(
    request: VerifyRequest,
    recognised: RecognisedIdentity | None,
    *,
    at: datetime,
    kin: tuple[RecognisedIdentity, ...] = (),
    strangers: tuple[RecognisedIdentity, ...] = (),
) -> tuple[dict[str, Any], list[dict[str, str]]]:
    """Return the claims to release and, for each other one requested, ``{claim, why}``; both in the order requested.

    ``recognised`` is ``None`` unless the report is PASSED or counts in grace, and then nothing is released. ``kin`` are
    other credentials of the same person: a claim is that of the first that has it. Of ``strangers`` nothing is
    released.
    """
    released: dict[str, Any] = {}
    withheld: list[dict[str, str]] = []
    for claim in dict.fromkeys(request.claims):
        why, value = _found(claim, request.relying_party.claims, recognised, at=at)
        for other in kin if why is not None and recognised is not None else ():
            found, value = _found(claim, request.relying_party.claims, other, at=at)
            if found is None:
                why = None
                break
        if why is None:
            released[claim] = value
            continue
        if why in _MAYBE_ELSEWHERE and any(
            _found(claim, request.relying_party.claims, other, at=at)[0] is None for other in strangers
        ):
            why = Withheld.OTHER_CREDENTIAL
        withheld.append({"claim": claim, "why": str(why)})
    return released, withheld


def _found(
    claim: str, registered: frozenset[str], recognised: RecognisedIdentity | None, *, at: datetime
) -> tuple[Withheld | None, Any]:
    """Return the value of a claim that may be released, or why there is none."""
    why = _why_withheld(claim, registered, recognised)
    if why is not None or recognised is None:
        return why, _ABSENT
    value = _value(claim, recognised.credential, at=at)
    return (Withheld.ABSENT if value is _ABSENT else None), value


def _why_withheld(claim: str, registered: frozenset[str], recognised: RecognisedIdentity | None) -> Withheld | None:
    if claim not in registered and not _by_birthdate(claim, registered):
        return Withheld.NOT_REGISTERED
    if recognised is None:
        return Withheld.NOT_ACCEPTED
    if claim not in recognised.claims and not _by_birthdate(claim, recognised.claims):
        return Withheld.NOT_ALLOWED
    return None


def _by_birthdate(claim: str, claims: frozenset[str]) -> bool:
    """Tell whether ``claim`` is an age that ``claims`` allow; who may have a date of birth may have less than it."""
    return BIRTHDATE in claims and _AGE.fullmatch(claim) is not None


def _value(claim: str, credential: VerifiedCredential, *, at: datetime) -> Any:
    if claim == NAME:
        name = credential.name
        return name_document(name) if name is not None else _ABSENT
    value = credential.claims.get(claim, _ABSENT)
    if claim[: len(_AGE_PREFIX)] == _AGE_PREFIX:
        return _age_over(claim, credential.claims, stated=value, at=at)
    if value is _ABSENT or value is None:
        return _ABSENT
    try:
        return _plain(value)
    except ValueError:  # a number that not every reader holds exactly would make two reports of one
        return _ABSENT


def _plain(value: Any) -> Any:
    """Return a copy of a JSON value that canonical JSON can write.

    Raises:
        ValueError: A number in it cannot be written exactly, or it is no JSON value.
    """
    if type(value) is str:
        return value
    if isinstance(value, str | bool) or value is None:
        return value
    if isinstance(value, int) and abs(value) <= _EXACT_INTEGER:
        return value
    if isinstance(value, float) and math.isfinite(value):
        return value
    if isinstance(value, Mapping):
        return {str(name): _plain(member) for name, member in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(member) for member in value]
    raise ValueError("no value that canonical JSON writes exactly")


def _age_over(claim: str, claims: Mapping[str, Any], *, stated: Any, at: datetime) -> Any:
    """Return what the source states, else reckon it; absent where the source says nothing usable."""
    if stated is not _ABSENT:
        return stated if isinstance(stated, bool) else _ABSENT
    asked = _AGE.fullmatch(claim)
    born = claims.get(BIRTHDATE)
    if asked is None or not isinstance(born, str):
        return _ABSENT
    latest = _latest_day(born)
    return _ABSENT if latest is None else (at.year - int(asked.group(1)), at.month, at.day) >= latest


def _latest_day(born: str) -> tuple[int, int, int] | None:
    """Return the last day that a date of birth can mean, as numbers that compare; ``None`` if it says no date.

    A date without day or month may be the last one of its month or year, whose day is past when the next one begins:
    day 32 stands for that. Who is born on 29 February is a year older on 1 March.
    """
    try:
        if len(born) == _FULL_DATE and born[4] == born[7] == "-":
            day = date.fromisoformat(born)  # a day that never was is no date of birth
            return day.year, day.month, day.day
        partial = _PARTIAL_DATE.fullmatch(born)
        if partial is None:
            return None
        year, month = int(partial.group(1)), int(partial.group(2) or 12)
        date(year, month, 1)
    except ValueError:
        return None
    return year, month, _AFTER_THE_LAST


def name_document(name: PersonName) -> dict[str, Any]:
    """Return a name as report and assertion write it, in the source's order."""
    return {
        "display": name.display,
        "native": name.native,
        "latin": name.latin,
        "parts": [{"kind": part.kind, "native": part.native, "latin": part.latin} for part in name.parts],
    }
