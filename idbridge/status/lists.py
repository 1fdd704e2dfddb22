"""Status lists of either kind: from octets to a list that counts, or a refusal; the one way in to all that are held.

Order: taken apart, then the signature of a service that may speak for the address, and only then is anything else read
or inflated, so that nobody without a listed key makes a node work (Token Status List section 8.3).
"""

from datetime import datetime

from idbridge.model.keys import PublicKey
from idbridge.status.bitstring import read_bitstring
from idbridge.status.signers import verified_signer, verified_with
from idbridge.status.status_list import Mechanism, Place, StatusList, Vouched
from idbridge.status.token_status_list import Keeper, UnverifiedList, parse_unverified, read_token_status_list
from idbridge.trust.snapshot import TrustSnapshot


def verify_status_list(
    octets: bytes, place: Place, *, trust: TrustSnapshot, fetched_at: datetime, keep: Keeper = bytes
) -> StatusList:
    """Return the list in ``octets``, fetched from ``place`` at an instant, as signed by whom its state lists for it.

    Raises:
        StatusError: ``status.list_invalid``, ``status.list_stale`` or ``status.signer_unauthorised``.
    """
    unverified = parse_unverified(octets)
    signer = verified_signer(unverified.message, unverified.unverified_claims, trust, place, at=fetched_at)
    return _read(unverified, place, signer=signer, fetched_at=fetched_at, keep=keep)


def verify_with_key(octets: bytes, place: Place, *, key: PublicKey, fetched_at: datetime) -> StatusList:
    """Return the list in ``octets`` as signed by ``key``, for whoever has a reason of their own to trust that key.

    Raises:
        StatusError: As for ``verify_status_list``.
    """
    unverified = parse_unverified(octets)
    signer = verified_with(unverified.message, unverified.unverified_claims, key)
    return _read(unverified, place, signer=signer, fetched_at=fetched_at, keep=bytes)


def _read(
    unverified: UnverifiedList, place: Place, *, signer: Vouched, fetched_at: datetime, keep: Keeper
) -> StatusList:
    read = read_token_status_list if unverified.mechanism is Mechanism.TOKEN else read_bitstring
    return read(unverified, place, signer=signer, fetched_at=fetched_at, keep=keep)
