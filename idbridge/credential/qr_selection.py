"""Which listed envelope a QR code is in: tried in a fixed order, bounded, and never two at once. Step V2.

Decides by what the code itself shows: the prefix, the layers, and the claim that names the issuer. A code that fits
the envelopes of two issuers counts as neither's, save that one which names its issuer where such a message does, as no
other state can list it, comes first: no state's list can take those of another away (``ListedQr.rank``).
"""

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

from idbridge.credential.qr_claims import flat
from idbridge.credential.qr_envelope import Opened, open_envelope
from idbridge.crypto.jws import HeaderCache
from idbridge.errors import CredentialError, InputError, IssuerError, Refusal, TrustError
from idbridge.limits import LIMITS
from idbridge.model.qr_profile import HEALTH, ListedQr, QrEnvelope
from idbridge.model.region import Format
from idbridge.trust.snapshot import TrustSnapshot

_UNKNOWN: Final = "qr.profile_unknown"
# Refusals by how far a code got: of several attempts, the one that got furthest tells most.
_PROGRESS: Final = {_UNKNOWN: 0, "qr.envelope_malformed": 1, "input.too_large": 2, "qr.claims_malformed": 4}
_PROGRESS_ISSUER: Final = 5
_PROGRESS_HEADER: Final = 3
# Refusals that a profile could lift which is not known here: the text may only not be what the known ones say.
_BY_PROFILE: Final = frozenset(
    {_UNKNOWN, "qr.envelope_malformed", "input.too_large", "issuer.missing", "issuer.unknown"}
)
# What begins as a prefix may begin (``trust/qr_listing``): no text of another format has a colon there.
_ADDRESSED: Final = re.compile(r"[A-Za-z0-9][!-9;-~]{0,125}:", re.ASCII)


class Chosen(NamedTuple):
    """A code in the envelope of one issuer. Nothing in it may be believed."""

    listed: ListedQr
    opened: Opened

    def __repr__(self) -> str:
        """Name the type alone: a ``repr`` ends in logs, and what this holds is about a person."""
        return f"{type(self).__name__}(...)"


def listed_in(snapshot: TrustSnapshot) -> tuple[ListedQr, ...]:
    """Return every way in which a state of ``snapshot`` lists that its codes are taken apart, each once.

    Longer prefixes come first, then the order is that of states and lists.
    """
    found: dict[ListedQr, None] = {}
    for state in sorted(snapshot.lists):
        for service in snapshot.services_of(state):
            profile = service.profile.qr
            if profile is not None and Format.QR in service.profile.formats:
                found[ListedQr(profile.envelope, service.issuer, state)] = None
    return tuple(sorted(found, key=lambda one: -len(one.envelope.prefix)))


def announced(text: str, listed: tuple[ListedQr, ...]) -> bool:
    """Tell whether ``text`` begins with a listed prefix, none of which begins a text of another format."""
    for one in listed:
        if not one.envelope.prefix:
            return False  # the longest prefixes come first
        if text.startswith(one.envelope.prefix):
            return True
    return False


def addressed(text: str) -> bool:
    """Tell whether ``text`` begins as a prefix may that a state lists, and as no text of another format does."""
    return _ADDRESSED.match(text) is not None


def choose(text: str, listed: tuple[ListedQr, ...], headers: HeaderCache, *, lost: str | None = None) -> Chosen:
    """Return ``text`` in the one listed envelope that it is in.

    While a state's list is lost, ``lost`` is the code that says so. A text that no known profile reads may then be in
    one of that state, so that it is undecided; what no profile could make good is refused all the same.

    Raises:
        TrustError: ``lost``.
        InputError: ``input.too_large``.
        CredentialError: ``qr.profile_unknown`` where no envelope of one issuer alone fits, ``qr.envelope_malformed`` or
            ``qr.claims_malformed``.
        IssuerError: ``issuer.missing`` or ``issuer.unknown``: another issuer is named than those that list it.
        JoseError: As for ``open_envelope``.
    """
    if text.startswith(HEALTH):
        raise CredentialError(_UNKNOWN, "a health certificate is no identity")
    fitting: list[Chosen] = []
    refusals: list[Refusal] = [CredentialError(_UNKNOWN, "no listed profile has this prefix")]
    for envelope, issuers in _matching(text, listed):
        try:
            opened = _read(text, envelope, headers)
            fitting += _named(opened, issuers)
        except Refusal as refusal:
            refusals.append(refusal)
    if not fitting:
        furthest = max(refusals, key=_progress)
        if lost is not None and furthest.code in _BY_PROFILE and len(text) <= LIMITS.qr_characters:
            raise TrustError(lost)
        raise furthest
    rank = max(one.listed.rank for one in fitting)
    own = [one for one in fitting if one.listed.rank == rank]
    if len({one.listed.issuer for one in own}) > 1:
        raise CredentialError(_UNKNOWN, "the profiles of several issuers fit, so that it counts as nobody's")
    return own[0]


def _matching(text: str, listed: tuple[ListedQr, ...]) -> Iterator[tuple[QrEnvelope, list[ListedQr]]]:
    """Yield the envelopes whose prefix ``text`` has, each once, with those who list it."""
    found: dict[QrEnvelope, list[ListedQr]] = {}
    for one in listed:
        if text.startswith(one.envelope.prefix):
            found.setdefault(one.envelope, []).append(one)
    yield from found.items()


def _read(text: str, envelope: QrEnvelope, headers: HeaderCache) -> Opened:
    opened = open_envelope(text, envelope, headers)
    return Opened(opened.message, flat(opened.claims, embedded=envelope.embedded))


def _named(opened: Opened, issuers: list[ListedQr]) -> list[Chosen]:
    """Return the code for each of ``issuers`` that it names; all list one envelope.

    Raises:
        IssuerError: ``issuer.missing`` or ``issuer.unknown``.
    """
    named = issuers[0].envelope.issuer
    if named is None:
        return [Chosen(one, opened) for one in issuers]
    stated = opened.claims.get(named.claim)
    if type(stated) is not str or not stated:
        raise IssuerError("issuer.missing")
    found = [Chosen(one, opened) for one in issuers if one.naming == stated]
    if not found:
        raise IssuerError("issuer.unknown")
    return found


def _progress(refusal: Refusal) -> int:
    if isinstance(refusal, IssuerError):
        return _PROGRESS_ISSUER
    if isinstance(refusal, InputError | CredentialError):
        return _PROGRESS.get(refusal.code, _PROGRESS_HEADER)
    return _PROGRESS_HEADER
