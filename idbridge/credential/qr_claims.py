"""The claims of a QR code under one name each, and the times among them.

A claim inside a map is called by its way there: ``169.8`` is what the map under 169 holds under 8. A code in which two
claims would share a name has two readings and is refused. Times are seconds, or dates where the profile says so; a
date is the instant at which it begins in UTC, so that a code ends with the first instant of its last day.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from types import MappingProxyType
from typing import Any, Final

from idbridge.codec import cbor
from idbridge.credential.validity import is_time
from idbridge.errors import CredentialError, InputError
from idbridge.limits import LIMITS
from idbridge.model.qr_profile import DateForm, QrContainer, QrProfile

SEPARATOR: Final = "."
_MALFORMED: Final = "qr.claims_malformed"
_MONTHS: Final = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip
_ISO: Final = re.compile(r"(?P<year>\d{4})-(?P<month>\d{2})-(?P<day>\d{2})", re.ASCII)
_COMPACT: Final = re.compile(r"(?P<year>\d{4})(?P<month>\d{2})(?P<day>\d{2})", re.ASCII)
_DAY_FIRST: Final = re.compile(r"(?P<day>\d{1,2}) (?P<month>[A-Z][a-z]+) (?P<year>\d{4})", re.ASCII)
_MONTH_FIRST: Final = re.compile(r"(?P<month>[A-Z][a-z]+) (?P<day>\d{1,2}), (?P<year>\d{4})", re.ASCII)
_FORMS: Final[Mapping[DateForm, re.Pattern[str]]] = MappingProxyType({
    DateForm.ISO: _ISO,
    DateForm.COMPACT: _COMPACT,
    DateForm.DAY_MONTH_YEAR: _DAY_FIRST,
    DateForm.MONTH_DAY_YEAR: _MONTH_FIRST,
})  # fmt: skip
# What the content itself calls the times, whatever a profile says: RFC 8392 section 3.1, RFC 7519 section 4.1. What is
# in CBOR could be a CWT, and what is in JSON the claims of a token: no list makes less of one by its name for it.
_CBOR: Final[Mapping[str, str]] = MappingProxyType({"exp": "4", "nbf": "5", "iat": "6"})
_JSON: Final[Mapping[str, str]] = MappingProxyType({"exp": "exp", "nbf": "nbf", "iat": "iat"})
_OWN: Final[Mapping[QrContainer, Mapping[str, str]]] = MappingProxyType({
    QrContainer.CWT: _CBOR,
    QrContainer.COSE_SIGN1: _CBOR,
    QrContainer.JWS: _JSON,
    QrContainer.JSON: _JSON,
})  # fmt: skip


def flat(claims: Mapping[Any, Any], *, embedded: frozenset[str] = frozenset()) -> Mapping[str, Any]:
    """Return ``claims`` with every claim inside a map under its own name too; those ``embedded`` are read as CBOR.

    Raises:
        CredentialError: ``qr.claims_malformed``.
    """
    found: dict[str, Any] = {}
    waiting = list(_named(claims, above=""))
    while waiting:
        name, value = waiting.pop()
        if name in found or len(found) >= LIMITS.qr_claims:
            raise CredentialError(_MALFORMED, f"two claims of one name, or more than {LIMITS.qr_claims} of them")
        if name in embedded and type(value) is bytes:
            value = _inside(value)
        found[name] = value
        if type(value) is dict:
            waiting += _named(value, above=f"{name}{SEPARATOR}")
    return MappingProxyType(found)


def _named(claims: Mapping[Any, Any], *, above: str) -> Iterator[tuple[str, Any]]:
    for key, value in claims.items():
        if type(key) is str and (not key or SEPARATOR in key or len(key) > LIMITS.identifier_characters):
            raise CredentialError(_MALFORMED, "the name of a claim is empty, too long or has a dot")
        yield f"{above}{key}", value


def _inside(octets: bytes) -> Any:
    try:
        return cbor.decode(octets, max_bytes=LIMITS.token_bytes)
    except InputError as refusal:
        fault = refusal.detail
    raise CredentialError(_MALFORMED, f"octets that are no CBOR: {fault}")


def times(claims: Mapping[str, Any], profile: QrProfile) -> Mapping[str, int]:
    """Return the times of a code as ``exp``, ``nbf`` and ``iat``, in seconds, each only if it is there.

    The names that the content itself gives them always count, beside those of ``profile``.

    Raises:
        CredentialError: ``time.claim_missing`` for a claim that the profile names and the code lacks,
            ``time.claim_malformed`` for what is no time, or two times that differ.
    """
    own = _OWN[profile.envelope.container]
    listed = {"exp": profile.expires, "nbf": profile.not_before, "iat": profile.issued}
    found: dict[str, int] = {}
    for role, name in listed.items():
        read = [_time(claims, one, profile) for one in {own[role], name} if one is not None and one in claims]
        if name is not None and name not in claims:
            raise CredentialError("time.claim_missing", f"the profile names `{name}`, and the code lacks it")
        if len(set(read)) > 1:
            raise CredentialError("time.claim_malformed", "two claims say different times")
        if read:
            found[role] = read[0]
    return found


def _time(claims: Mapping[str, Any], name: str, profile: QrProfile) -> int:
    value = claims[name]
    form = profile.dates.get(name)
    if form is None:
        if not is_time(value):
            raise CredentialError("time.claim_malformed", f"`{name}` is no whole number of seconds")
        return value
    day = calendar_day(value, form)
    if day is None:
        raise CredentialError("time.claim_malformed", f"`{name}` is no date as the profile says")
    seconds = int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp())
    if not is_time(seconds):
        raise CredentialError("time.claim_malformed", f"`{name}` is before 1970")
    return seconds


def with_dates(claims: Mapping[str, Any], profile: QrProfile) -> Mapping[str, Any]:
    """Return ``claims`` with the dates of ``profile`` as the region writes them; what is none in its form is left out.

    Another spelling of the same day: nothing is guessed, and a part of a date stays away.
    """
    changed = dict(claims)
    for name, form in profile.dates.items():
        day = calendar_day(changed.pop(name, None), form)
        if day is not None:
            changed[name] = day.isoformat()
    return changed


def calendar_day(value: Any, form: DateForm) -> date | None:
    """Return the day that ``value`` spells in ``form``; ``None`` if it spells none."""
    match = _FORMS[form].fullmatch(value) if type(value) is str else None
    if match is None:
        return None
    month = match["month"]
    if not month.isdecimal():
        if month not in _MONTHS:
            return None
        month = str(_MONTHS.index(month) + 1)
    try:
        return date(int(match["year"]), int(month), int(match["day"]))
    except ValueError:
        return None
