"""Recognition documents from a shelf: the versions of each arrangement, and of the purpose register.

Decides what becomes of what the trusted set refuses. Each arrangement is judged for itself: its versions are taken as
far as they are acceptable, and what is refused is named and holds up nothing else, least of all another arrangement's
suspension. Two things stop a node that holds nothing from before. What it accepted once is not there in full: which
pairs it was about cannot be known, and a lost suspension must not become recognition. And at its very first start,
anything that cannot be read; but not what merely lacks signatures, or else one state could keep every new node out.
"""

import re
from collections.abc import Iterator
from typing import Final

from idbridge.errors import ConfigurationError, FetchError, InputError, TrustError
from idbridge.limits import LIMITS
from idbridge.recognition.members import NotAgreedError, UnknownSignerError, invalid
from idbridge.trust.errors import RollbackError
from idbridge.trust.shelf import Shelf
from idbridge.trust.snapshot import RefusedOffer
from idbridge.trust.trusted_set import TrustedSet

ARRANGEMENTS: Final = "arrangements"
PURPOSES: Final = "purposes"
UNREACHABLE: Final = "trust.unreachable"
_VERSION = re.compile(r"([1-9]\d{0,8})\.json", re.ASCII)
_ARRANGEMENT = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}", re.ASCII)

_Refusals = list[tuple[str, TrustError]]  # by what was offered


def read(shelf: Shelf, trusted: TrustedSet) -> tuple[TrustedSet, tuple[RefusedOffer, ...]]:
    """Return ``trusted`` with the recognition documents on ``shelf``, and what of them was refused.

    Raises:
        ConfigurationError: A folder is not there.
        TrustError: What was accepted before is neither offered nor held, or a first start meets what cannot be read.
    """
    first_start = not trusted.arrangement_floors and trusted.purposes_floor is None
    grown, refusals = _arrangements(shelf, trusted)
    grown, more = _purposes(shelf, grown)
    refusals += more
    for _, refusal in refusals:
        if first_start and not isinstance(refusal, NotAgreedError):
            raise refusal
    refused = tuple(RefusedOffer(subject, refusal.code, refusal.detail) for subject, refusal in refusals)
    return grown.require_whole(), (*refused, *_contested(grown))


def _arrangements(shelf: Shelf, trusted: TrustedSet) -> tuple[TrustedSet, _Refusals]:
    """Return ``trusted`` with every arrangement on ``shelf`` as far as it is acceptable, and the refusals.

    Raises:
        TrustError: Less of an arrangement is acceptable than was accepted before, and nothing is held.
    """
    refusals: _Refusals = []
    offered = shelf.names(ARRANGEMENTS)
    for name in sorted({*offered, *trusted.arrangement_floors}):
        if _ARRANGEMENT.fullmatch(name) is None:
            refusals.append((ARRANGEMENTS, invalid("a file that is not the folder of an arrangement")))
            continue
        trusted, refusal = _arrangement(shelf, name, trusted, offered=name in offered)
        if refusal is not None:
            if trusted.lags(name):
                raise refusal
            refusals.append((f"{ARRANGEMENTS}/{name}", refusal))
    return trusted, refusals


def _arrangement(
    shelf: Shelf, name: str, trusted: TrustedSet, *, offered: bool
) -> tuple[TrustedSet, TrustError | None]:
    """Return ``trusted`` with the versions of an arrangement up to the first that is refused, and that refusal.

    Of an arrangement that a state signed whose keys nobody knows, no version is taken up that was not accepted before:
    the one that cannot be read may be a suspension.
    """
    before = trusted
    try:
        versions, odd = _versions(_names(shelf, name) if offered else ())
        for expected, version in enumerate(versions, start=1):
            if version != expected:
                raise invalid(f"version {expected} of arrangement {name} is missing")
            trusted = trusted.with_arrangement(
                _document(shelf, ARRANGEMENTS, name, version=version), named=(name, version)
            )
    except UnknownSignerError as refusal:
        return before, refusal
    except TrustError as refusal:
        return trusted, refusal
    floor = trusted.arrangement_floors.get(name)
    if floor is not None and len(versions) < floor.sequence:
        return trusted, RollbackError(held=floor.sequence, offered=len(versions))
    if odd or not versions:
        return trusted, invalid(f"{odd} files of arrangement {name} are not named by a version, {len(versions)} are")
    return trusted, None


def _purposes(shelf: Shelf, trusted: TrustedSet) -> tuple[TrustedSet, _Refusals]:
    """Return ``trusted`` with the newest register on ``shelf`` that is acceptable, and the refusals of newer ones.

    Raises:
        TrustError: No register is acceptable that is as new as the one accepted before, and none is held.
    """
    versions, odd = _versions(shelf.names(PURPOSES))
    refusals: _Refusals = [(PURPOSES, invalid("a file that is not named by its version"))] if odd else []
    floor = trusted.purposes_floor
    lowest = floor.sequence if floor is not None else 1
    offered = [version for version in reversed(versions) if version >= lowest]
    if floor is not None and not offered:
        refusals.append((PURPOSES, RollbackError(held=lowest, offered=max(versions, default=0))))
    for version in offered:
        try:
            accepted = trusted.with_purposes(_document(shelf, PURPOSES, version=version))
            if accepted.purposes.version != version:
                raise invalid("the purpose register is not of the version of its name")
        except TrustError as refusal:
            refusals.append((f"{PURPOSES}/{version}", refusal))
        else:
            return accepted, refusals
    if floor is not None and trusted.purposes.version < lowest:
        raise refusals[-1][1]
    return trusted, refusals


def _names(shelf: Shelf, name: str) -> tuple[str, ...]:
    try:
        return shelf.names(ARRANGEMENTS, name)
    except ConfigurationError as unreadable:
        raise TrustError(UNREACHABLE, f"{name} is no folder, or cannot be read") from unreadable


def _versions(names: tuple[str, ...]) -> tuple[tuple[int, ...], int]:
    """Return the versions that ``names`` offer, in order, and how many of them name none."""
    found = [match for name in names if (match := _VERSION.fullmatch(name)) is not None]
    return tuple(sorted(int(match[1]) for match in found)), len(names) - len(found)


def _document(shelf: Shelf, *folders: str, version: int) -> bytes:
    try:
        return shelf.read(*folders, f"{version}.json", max_bytes=LIMITS.recognition_document_bytes)
    except FetchError as unreadable:
        raise TrustError(UNREACHABLE, f"version {version} in {folders[-1]} cannot be read") from unreadable
    except InputError as oversized:
        raise invalid(oversized.detail) from oversized


def _contested(trusted: TrustedSet) -> Iterator[RefusedOffer]:
    """Name the arrangements that claim one pair together, and so decide nothing for it."""
    for claimants, pairs in trusted.arrangements.contested().items():
        told = ", ".join("-".join(pair) for pair in pairs if pair[0] < pair[1])
        detail = f"{' and '.join(claimants)} both decide for {told}, so that neither does"
        yield RefusedOffer(f"{ARRANGEMENTS}/{','.join(claimants)}", "trust.arrangement_invalid", detail)
