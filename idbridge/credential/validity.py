"""Validity in time: ``iat``, ``nbf`` and ``exp`` of a JWT (RFC 7519, section 4.1).

Times are integers of seconds since 1970: a fraction, a text or a truth value is refused, because two readers could
round it to two verdicts. The leeway is the service's own (architecture D2) and widens every bound by the same amount.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final, TypeGuard

from idbridge.model.check import Check, CheckPoint

_LAST: Final = 253_402_300_799  # 9999-12-31T23:59:59Z, the last second that a datetime holds


def is_time(value: Any) -> TypeGuard[int]:
    """Tell whether ``value`` is a whole number of seconds that names an instant."""
    return type(value) is int and 0 <= value <= _LAST


def times_are_whole(claims: Mapping[str, Any], names: tuple[str, ...]) -> bool:
    """Tell whether each of the time claims ``names`` is absent or a whole number of seconds."""
    for name in names:  # noqa: SIM110 - on the hot path, and a generator costs twice as much
        if name in claims and not is_time(claims[name]):
            return False
    return True


def instant(claims: Mapping[str, Any], name: str) -> datetime | None:
    """Return the UTC instant of the time claim ``name``; ``None`` if it is absent, or no time."""
    value = claims.get(name)
    return datetime.fromtimestamp(value, UTC) if is_time(value) else None


def in_window(point: CheckPoint, claims: Mapping[str, Any], *, now: float, leeway: float) -> Check:
    """Return whether ``now`` lies between ``nbf`` and ``exp``, and not before ``iat``; each only if present.

    The claims have to be whole already. An expiry is the first instant at which a token is no longer good.
    """
    expiry, start, issued = claims.get("exp"), claims.get("nbf"), claims.get("iat")
    if expiry is not None:
        if (issued is not None and expiry <= issued) or (start is not None and expiry <= start):
            return point.refused("time.claim_malformed", "it ends before it begins")
        if now >= expiry + leeway:
            return point.refused("time.expired")
    if start is not None and now < start - leeway:
        return point.refused("time.not_yet_valid")
    if issued is not None and now < issued - leeway:
        return point.refused("time.issued_in_future")
    return point.passed
