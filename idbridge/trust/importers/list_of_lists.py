"""Lists of trusted lists (the European LOTL): imported under pinned signers, or along the pivots that lead from them.

A list of lists changes its signers by *pivots*: editions that name the next signers and are signed by the present ones.
They are walked oldest first. A pivot that is missing, not signed by whom the one before it names, out of order, named
twice or one too many ends the import: to go on with a warning would let whoever can hide a file choose the signer.

Nothing is fetched here. The caller brings the pivots, by the addresses at which the list names them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final
from urllib.parse import urlsplit

from idbridge.crypto import xmldsig
from idbridge.crypto.xmldsig import SignedDocument
from idbridge.errors import TrustError
from idbridge.limits import LIMITS
from idbridge.trust.errors import violation
from idbridge.trust.importers import trusted_list
from idbridge.trust.importers.imported import ImportedList, ImportedPointer, ListKind, Offer, Terms
from idbridge.trust.importers.trusted_list import TrustedListContent

_NO_PIVOTS: Final[Mapping[str, bytes]] = MappingProxyType({})
_PIVOT: Final = ".xml"


@dataclass(frozen=True, slots=True)
class _Step:
    """How far the walk has come: who may sign the next list, above which number, of which list."""

    signers: tuple[bytes, ...]
    sequence: int
    territory: str | None


def import_list_of_lists(offer: Offer, terms: Terms, *, pivots: Mapping[str, bytes] = _NO_PIVOTS) -> ImportedList:
    """Return the list of lists in ``offer``, signed by one of ``terms.anchors`` or by whom ``pivots`` lead to.

    Raises:
        TrustError: As for ``import_trusted_list``; ``trust.signer_unknown`` also for a pivot that is missing.
        ConfigurationError: The extra ``xml`` is not installed.
    """
    try:
        signed = xmldsig.open_signed(offer.octets, signers=terms.anchors, at=offer.at)
        trail: tuple[str, ...] = ()
    except TrustError as refusal:
        if refusal.code != "trust.signer_unknown":
            raise
        signed, trail = _along_pivots(offer, terms, pivots)
    found = trusted_list.imported(ListKind.LOTL_XML, offer, terms, signed=signed, content=_of_lists(signed))
    return ImportedList(found.provenance, found.services, found.dropped, found.pointers, trail)


def _along_pivots(offer: Offer, terms: Terms, pivots: Mapping[str, bytes]) -> tuple[SignedDocument, tuple[str, ...]]:
    """Return the list as signed by whom the pivots lead to, and their addresses, oldest first.

    Where the walk goes is read before anything is verified, from the very octets that are verified at its end: but for
    the signature itself, they are signed as a whole.
    """
    unverified = trusted_list.read(xmldsig.unverified_content(offer.octets))
    trail = tuple(reversed(_pivot_addresses(unverified)))
    if not trail:
        raise TrustError("trust.signer_unknown", "the list names no pinned certificate and no pivot")
    step = _Step(signers=terms.anchors, sequence=0, territory=terms.territory)
    for address in trail:
        if address not in pivots:
            raise TrustError("trust.signer_unknown", f"the pivot {address} is missing")
        step = _after(step, pivots[address], offer)
    signed = xmldsig.open_signed(offer.octets, signers=step.signers, at=offer.at)
    last = _of_lists(signed)
    if last.sequence <= step.sequence or last.territory != step.territory:
        raise violation("the list does not follow its last pivot")
    return signed, trail


def _after(step: _Step, octets: bytes, offer: Offer) -> _Step:
    """Return where the pivot in ``octets`` leads: to the signers that it names for the next edition of itself.

    A pivot was good when it was issued; today its signer may have expired, and so it is judged by its own date.
    """
    issued_at = trusted_list.read(xmldsig.unverified_content(octets)).issued_at
    if issued_at > offer.at:
        raise TrustError("trust.issued_in_future", "a pivot is issued in the future")
    pivot = _of_lists(xmldsig.open_signed(octets, signers=step.signers, at=issued_at))
    if pivot.sequence <= step.sequence:
        raise violation("the pivots are not in order")
    if step.territory is not None and pivot.territory != step.territory:
        raise TrustError("trust.territory_mismatch", "a pivot of another list")
    own = [one for one in pivot.pointers if _to_itself(one, pivot)]
    signers = tuple(signer for one in own for signer in one.signers)
    if not signers:
        raise TrustError("trust.signer_unknown", "a pivot names no signer of the next list")
    return _Step(signers=signers, sequence=pivot.sequence, territory=pivot.territory)


def _to_itself(pointer: ImportedPointer, content: TrustedListContent) -> bool:
    return pointer.territory == content.territory and trusted_list.is_of_lists(pointer.list_type or "")


def _of_lists(signed: SignedDocument) -> TrustedListContent:
    content = trusted_list.read(signed.content)
    if not content.of_lists:
        raise violation("a list of services, where a list of lists is asked for")
    return content


def _pivot_addresses(content: TrustedListContent) -> tuple[str, ...]:
    """Return the addresses of the pivots, newest first, as the list names them (TS 119 615 clause 4.1)."""
    addresses = tuple(address for address in content.information if _path(address).endswith(_PIVOT))
    if len(set(addresses)) != len(addresses):
        raise violation("a pivot is named twice")
    if len(addresses) > LIMITS.import_pivots:
        raise violation(f"more than {LIMITS.import_pivots} pivots")
    return addresses


def _path(address: str) -> str:
    try:
        return urlsplit(address).path.lower()
    except ValueError:
        return ""
